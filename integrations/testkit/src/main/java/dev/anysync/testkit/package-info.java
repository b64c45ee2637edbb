/** What the tests of the integrations share. */
@NullMarked
package dev.anysync.testkit;

import org.jspecify.annotations.NullMarked;
