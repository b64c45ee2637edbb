@NullMarked
package dev.anysync;

import org.jspecify.annotations.NullMarked;
