/** Guava's {@code ListenableFuture} in either style: {@link dev.anysync.guava.AnySyncGuava}. */
package dev.anysync.guava;
