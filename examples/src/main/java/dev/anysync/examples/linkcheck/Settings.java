package dev.anysync.examples.linkcheck;

import java.time.Duration;

/**
 * How to check.
 *
 * @param concurrency how many targets are visited at the same time, at most
 * @param timeout for one request and its whole answer
 * @param retries how often a request that failed for a reason that may pass is repeated
 * @param backOff the pause before the first repetition; each further one is twice as long
 * @param head whether a target that need not be read is asked for by HEAD first
 * @param external whether links that leave the start site are checked
 */
record Settings(
    int concurrency,
    Duration timeout,
    int retries,
    Duration backOff,
    boolean head,
    boolean external) {}
