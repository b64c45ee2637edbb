package dev.anysync;

import module java.base;

import dev.anysync.spi.WaitStrategy;
import org.jspecify.annotations.Nullable;

/** Tells who holds an event loop, or blocks a foreign one, for too long; once per occurrence. */
final class Watchdog {
  /*
   * Overview. A loop that becomes busy is looked at again and again, until it is found idle, by one
   * platform thread for all loops: on a virtual one it would wait for a core behind the very
   * coroutines that it is to tell of. All that costs a loop is a count of its turns: if that has not
   * changed for as long as the holder's lanes allow, somebody has kept the turn.
   *
   * The thread of a foreign loop looks for itself, from the park in which it waits.
   */

  private static final ScheduledThreadPoolExecutor THREAD = thread();

  private static final AtomicLong INTERVAL = // the least that any lanes ask for
      new AtomicLong(interval(Lanes.WATCHDOG));

  private final EventLoop loop;
  private @Nullable Strand holder;
  private int turn;
  private long since; // it has been seen with that
  private boolean isReported;

  private Watchdog(EventLoop loop) {
    this.loop = loop;
  }

  private static ScheduledThreadPoolExecutor thread() {
    var executor =
        new ScheduledThreadPoolExecutor(
            1,
            Thread.ofPlatform()
                .daemon()
                .name("anysync-watchdog")
                .inheritInheritableThreadLocals(false)
                .factory());
    executor.setKeepAliveTime(1, TimeUnit.SECONDS);
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  private static long interval(long threshold) {
    return Math.clamp(threshold / 4, 1_000_000, 500_000_000);
  }

  /** Prepares for lanes with this threshold. */
  static void expect(long threshold) {
    if (threshold > 0) {
      INTERVAL.accumulateAndGet(interval(threshold), Math::min);
    }
  }

  /** Looks at {@code loop} until it is idle. */
  static void watch(EventLoop loop) {
    new Watchdog(loop).lookLater();
  }

  private void lookLater() {
    var _ = THREAD.schedule(this::look, INTERVAL.get(), TimeUnit.NANOSECONDS);
  }

  private void look() {
    try {
      lookNow();
    } finally {
      if (loop.isWatched()) {
        lookLater();
      }
    }
  }

  private void lookNow() {
    Strand holder = loop.holder;
    int turn = loop.turns;
    long now = System.nanoTime();
    if (holder == null || holder != this.holder || turn != this.turn) {
      this.holder = holder;
      this.turn = turn;
      since = now;
      isReported = false;
    } else if (!isReported) {
      Task<?> task = holder.task;
      Lanes lanes = task != null ? task.lanes() : Unsync.knownLanes();
      long threshold = lanes == null ? Lanes.WATCHDOG : lanes.watchdog;
      if (threshold > 0 && now - since >= threshold) {
        isReported = true;
        warn(
            ("the event loop '%s' has been held for %d ms by %s: let that await, or move what it"
                    + " does to call() or cpuBound()")
                .formatted(loop, millis(now - since), WaitGraph.label(holder)),
            holder.thread);
      }
    }
  }

  private static void warn(String message, Thread thread) {
    try {
      Lanes.LOG.log(System.Logger.Level.WARNING, message, new ThreadStack(thread, "is here"));
    } catch (Throwable e) {
      // A log that fails is no reason not to go on looking.
    }
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
      if (!isReported && strategy.blocksOthers(wait.strand.thread)) {
        isReported = true;
        warn(
            "a foreign event loop's thread is blocked by a call that waits: await or start() it"
                + " instead, or make the call on another thread:\n  "
                + WaitGraph.describe(wait),
            wait.strand.thread);
      }
      int queued = strategy.queued(wait.strand.thread);
      if (queued > 0 && WaitGraph.isLost(wait)) {
        isSuspected = true;
        String message =
            "suspected deadlock: nothing that is known goes on to end this wait; it may wait for"
                + " what is queued for its own thread ("
                + queued
                + "):\n  "
                + WaitGraph.describe(wait);
        if (lanes.suspicionPolicy == Lanes.SuspicionPolicy.FAIL) {
          throw new DeadlockException(message);
        }
        warn(message, wait.strand.thread);
      }
    }
  }
}
