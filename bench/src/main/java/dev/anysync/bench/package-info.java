/** The library beside its peers and what the machine allows, measured. */
@NullMarked
package dev.anysync.bench;

import org.jspecify.annotations.NullMarked;
