/** What integrations implement: how a thread waits, and what travels with a call. */
package dev.anysync.spi;
