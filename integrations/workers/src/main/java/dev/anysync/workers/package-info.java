/** What the schedulers of two libraries have in common here. */
package dev.anysync.workers;
