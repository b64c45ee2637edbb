/** Callbacks of Lettuce that wait, against a real Redis server. */
@NullMarked
package dev.anysync.lettuce;

import org.jspecify.annotations.NullMarked;
