/** Twins of types with methods of all libraries, generated in this build. */
@NullMarked
package dev.anysync.processor.it;

import org.jspecify.annotations.NullMarked;
