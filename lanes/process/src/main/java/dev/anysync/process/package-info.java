/** A cpu lane of child processes. */
package dev.anysync.process;
