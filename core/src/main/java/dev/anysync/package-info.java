/**
 * One async function, called either way: {@linkplain dev.anysync.AnySync#run run} it from
 * synchronous code, {@linkplain dev.anysync.AnySync#await(dev.anysync.AnySync) await} it from
 * asynchronous code, {@linkplain dev.anysync.AnySync#start() start} it to get a future; and
 * blocking functions called asynchronously through {@link dev.anysync.Unsync}.
 *
 * <p>Unless a parameter or result says otherwise nothing is null, and a null argument gets a {@link
 * NullPointerException} that names the parameter. Times are {@link java.time.Duration}s; a negative
 * one gets an {@link IllegalArgumentException}.
 */
package dev.anysync;
