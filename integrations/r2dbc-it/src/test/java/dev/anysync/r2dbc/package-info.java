/** Reactor's driver of PostgreSQL, called from synchronous code and from coroutines. */
@NullMarked
package dev.anysync.r2dbc;

import org.jspecify.annotations.NullMarked;
