/** Reactor in either style: {@link dev.anysync.reactor.AnySyncReactor}. */
package dev.anysync.reactor;
