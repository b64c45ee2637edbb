/** What integrations implement: how a thread waits, what travels with a call, and async types. */
package dev.anysync.spi;
