/** A server of Vert.x whose handlers call the reactive client of PostgreSQL and wait for it. */
@NullMarked
package dev.anysync.vertx.pg;

import org.jspecify.annotations.NullMarked;
