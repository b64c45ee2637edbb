/** Mutiny in either style: {@link dev.anysync.mutiny.AnySyncMutiny}. */
package dev.anysync.mutiny;
