/**
 * The annotation processor of {@link dev.anysync.AnySynced} and {@link dev.anysync.Unsynced}:
 * {@link dev.anysync.processor.AnySyncProcessor}, for the compiler to find.
 */
package dev.anysync.processor;
