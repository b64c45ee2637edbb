package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** One wait of a thread, published for others to see. */
final class Wait {
  /** Those outside of tasks, while they block: nothing else leads to them. */
  static final Set<Wait> OUTSIDE = ConcurrentHashMap.newKeySet();

  /** Those of foreign event loops' threads, while they block: one may be to complete a future. */
  static final Set<Wait> OF_LOOPS = ConcurrentHashMap.newKeySet();

  final Strand strand;
  final Object target; // a future, or the event loop whose turn it waits for
  final @Nullable EventLoop turn; // what it gave up, and needs again to go on
  final boolean timed; // it ends, whatever happens
  final @Nullable Task<?> task; // the strand's
  final @Nullable EventLoop held; // the strand's loop, if it keeps that
  private final long since = System.nanoTime();
  volatile boolean checked; // no deadlock was found; from here on the thread parks
  private volatile boolean interrupted;

  private final boolean told; // the task's cancellation had come before
  boolean asleep; // it does not wait for the turn yet
  @Nullable CompletableFuture<@Nullable Object> left; // ends it, if a strategy carries it out
  volatile @Nullable DeadlockException refusal; // it was found to be one later; ends it as well

  Wait(Strand strand, Object target, @Nullable EventLoop turn, boolean timed) {
    this.strand = strand;
    this.target = target;
    this.turn = turn;
    this.timed = timed;
    this.task = strand.task;
    this.held = target == strand.loop || turn != null ? null : strand.loop;
    this.told = turn == null && task != null && task.isInterrupted();
    if (target instanceof Task<?> awaited) {
      awaited.setNeeded();
    }
  }

  /** Returns the wait of a coroutine that will need its turn when it wakes up. */
  static Wait asleep(Strand strand, EventLoop loop) {
    Wait wait = new Wait(strand, loop, null, false);
    wait.asleep = true;
    wait.checked = true;
    return wait;
  }

  /** Looks for a deadlock once more, and has the wait refused if there is one; for its thread. */
  void lookAgain() {
    CompletableFuture<@Nullable Object> left = this.left;
    if (left != null) {
      try {
        WaitGraph.check(this);
      } catch (DeadlockException e) {
        refusal = e;
        left.complete(null);
      }
    }
  }

  /** Returns whether something may lead to this wait; for its thread. */
  boolean isNeeded() {
    if (strand.isNeeded() || strand.isForeignLoop()) {
      return true;
    }
    for (Task<?> task = this.task; task != null; task = task.outer()) {
      boolean suspends = task == this.task && turn != null;
      if (task.isNeeded() || !task.lane.isOwn() || (task.lane.loop() != null && !suspends)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether it does not need its target any more, or not for long. */
  boolean isEnding() {
    return timed
        || interrupted
        || strand.thread.isInterrupted()
        || (task != null && !told && task.isStopDue());
  }

  long millis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
  }

  /** Clears the thread's interrupt flag, which ends the wait; to be called by that thread. */
  void setInterrupted() {
    interrupted = true; // before others find the flag cleared
    boolean _ = Thread.interrupted();
  }

  /**
   * Returns whether the thread cannot but stay in this wait until something happens: it is parked,
   * or still looks for a deadlock. One that has seen that there is none and has not parked yet, or
   * has just been woken, is neither.
   */
  boolean isSettled() {
    if (!checked || strand.strategy != null) {
      return true; // a strategy's thread may do other work while it waits
    }
    Thread.State state = strand.thread.getState();
    return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
  }
}
