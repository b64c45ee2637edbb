/** Each kind of context on each library's own threads. */
@NullMarked
package dev.anysync.context;

import org.jspecify.annotations.NullMarked;
