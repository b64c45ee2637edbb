/**
 * JavaFX: its application thread goes on dispatching events while a call waits, see {@link
 * dev.anysync.javafx.JavaFxThread}; and its workers in either style, see {@link
 * dev.anysync.javafx.AnySyncFx}.
 */
package dev.anysync.javafx;
