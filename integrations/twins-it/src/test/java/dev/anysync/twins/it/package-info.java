/** Both forms of Lettuce's commands, generated from one, against a real Redis server. */
@NullMarked
package dev.anysync.twins.it;

import org.jspecify.annotations.NullMarked;
