package dev.anysync;

import java.util.List;

/**
 * A wait that can never end, because what is waited for is itself waiting for the waiter. Thrown by
 * the wait that would have closed the cycle, instead of blocking. The message has one line for each
 * wait of the cycle: which thread waits, for what, since when, and where; the stacks of the other
 * threads, ten at most, are suppressed in it. A wait for such a cycle, which would never end
 * either, throws as well; a continuation whose result closes one, and a race that is left with one,
 * fail with it. Also thrown by a wait on a foreign event loop's thread that is only suspected to be
 * one, if {@link Lanes.SuspicionPolicy#FAIL} says so.
 */
public final class DeadlockException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  private static final int STACKS = 10;

  DeadlockException(String message) {
    super(message);
  }

  DeadlockException(String message, List<Strand> strands) {
    super(message);
    strands.stream()
        .map(strand -> strand.thread)
        .filter(thread -> thread != Thread.currentThread())
        .limit(STACKS)
        .forEach(thread -> addSuppressed(new ThreadStack(thread, "waits here")));
  }
}
