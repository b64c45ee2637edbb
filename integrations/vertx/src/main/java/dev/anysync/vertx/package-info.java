/** Vert.x in either style: {@link dev.anysync.vertx.AnySyncVertx}. */
package dev.anysync.vertx;
