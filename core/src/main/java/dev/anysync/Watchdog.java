package dev.anysync;

import module java.base;

import dev.anysync.spi.WaitStrategy;
import org.jspecify.annotations.Nullable;

/** Tells who holds an event loop, or blocks a foreign one, for too long; once per occurrence. */
final class Watchdog {
  /*
   * Overview. A loop that becomes busy gets a virtual thread that looks at it four times per
   * threshold, and ends when it finds the loop idle. All that costs the loop is a count of its
   * turns: if that has not changed since the fourth look back, somebody has kept the turn.
   *
   * The thread of a foreign loop looks for itself, from the park in which it waits.
   */

  private static final int LOOKS = 4;

  private Watchdog() {}

  /** Looks at {@code loop} until it is idle. */
  static void watch(EventLoop loop, long threshold) {
    int turn = 0;
    int looks = -1;
    do {
      Strand holder = loop.holder;
      int now = loop.turns;
      if (holder == null || now != turn) {
        turn = now;
        looks = -1;
      }
      if (holder != null && ++looks == LOOKS) {
        warn(
            "the event loop '%s' has been held for %d ms by %s, which does not await"
                .formatted(loop, millis(threshold), WaitGraph.label(holder)),
            holder.thread);
      }
      try {
        TimeUnit.NANOSECONDS.sleep(Math.max(1, threshold / LOOKS));
      } catch (InterruptedException e) {
        return; // the loop is closed
      }
    } while (loop.isWatched());
  }

  private static void warn(String message, Thread thread) {
    Lanes.LOG.log(
        System.Logger.Level.WARNING, message, new DeadlockException.Stack(thread, "is here"));
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }

  /** A wait that blocks the thread of a foreign event loop. */
  static final class Blocked {
    private final Wait wait;
    private final WaitStrategy strategy;
    private final Lanes lanes;
    private final long threshold;
    private long next = System.nanoTime();
    private boolean isReported;
    private boolean isSuspected;

    private Blocked(Wait wait, WaitStrategy strategy, Lanes lanes) {
      this.wait = wait;
      this.strategy = strategy;
      this.lanes = lanes;
      this.threshold = lanes.watchdog;
      this.next += threshold;
    }

    /** Returns what looks after {@code wait}, or null if nothing is to be. */
    static @Nullable Blocked of(Wait wait, Lanes lanes) {
      WaitStrategy strategy = wait.strand.strategy;
      return strategy == null || strategy.runsBodies() || lanes.watchdog == 0
          ? null
          : new Blocked(wait, strategy, lanes);
    }

    /** Returns the nanoseconds until the next look. */
    long left() {
      return isSuspected ? Long.MAX_VALUE : next - System.nanoTime();
    }

    /** Looks, if it is time: called by the thread itself, between its parks. */
    void look() {
      if (left() > 0) {
        return;
      }
      next += threshold;
      if (!isReported) {
        isReported = true;
        warn(WaitGraph.describe(wait) + ", and blocks its event loop", wait.strand.thread);
      }
      int queued = strategy.queued(wait.strand.thread);
      if (queued > 0 && WaitGraph.isLost(wait)) {
        isSuspected = true;
        String message =
            "suspected deadlock: nothing that is known goes on to end this wait, while "
                + queued
                + (queued == 1 ? " task is" : " tasks are")
                + " queued for its thread:\n  "
                + WaitGraph.describe(wait);
        if (lanes.suspicionPolicy == Lanes.SuspicionPolicy.FAIL) {
          throw new DeadlockException(message);
        }
        warn(message, wait.strand.thread);
      }
    }
  }
}
