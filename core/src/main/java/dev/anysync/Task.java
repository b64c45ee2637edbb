package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** The future of a body, that body, and where it stands: one object for each call. */
final class Task<T extends @Nullable Object> extends Unfuture<T> implements Runnable {
  /*
   * Overview. `runner` is who runs the body:
   *
   *   null -> a strand       whoever wins this CAS: the lane's thread, or a waiter
   *   a strand -> its After  the body has returned, and what depends on the future runs
   *   -> ENDED               after that, or cancelled before it was started
   *
   * In place of null or of the strand there may be an Attention, which leads to it: somebody waits
   * for the body's end, or has told it to stop. For that, Attention.stop goes
   *
   *   0 -> INTERRUPTING -> INTERRUPTED   by somebody else, who is about to complete the future
   *   0 -> CLOSED                        the body returned first: no interrupt can come any more
   *
   * The last is what keeps a late interrupt off a thread that has gone on to other work; without an
   * Attention, that `runner` is After is the same. A body whose stop is INTERRUPTING when it ends
   * waits for that interrupt to arrive and clears it. Whoever wins the first step of `stop`, or of
   * `runner`, completes the future: what depends on it may be long, and the body is not to run on
   * meanwhile.
   */

  private static final int INTERRUPTING = 1;
  private static final int INTERRUPTED = 2;
  private static final int CLOSED = 3;

  private static final Object ENDED = "ended";

  @SuppressWarnings("rawtypes")
  private static final AtomicReferenceFieldUpdater<Task, @Nullable Object> RUNNER =
      AtomicReferenceFieldUpdater.newUpdater(Task.class, Object.class, "runner");

  /** The strand that has run a body, and runs now what depends on it. */
  record After(Strand strand) {}

  /** What there rarely is to know of a task. */
  private static final class Attention {
    private static final AtomicIntegerFieldUpdater<Attention> STOP =
        AtomicIntegerFieldUpdater.newUpdater(Attention.class, "stop");

    private static final AtomicReferenceFieldUpdater<Attention, @Nullable Object> RUNNER =
        AtomicReferenceFieldUpdater.newUpdater(Attention.class, Object.class, "runner");

    volatile @Nullable Object runner; // null, then the strand that runs the body, or ENDED
    volatile int stop;
    boolean delivered; // the strand's: the body was told of its cancellation
    volatile boolean isMissed; // somebody waits until the task has left its list
    private @Nullable Unfuture<@Nullable Void> stopped; // the body has ended; if asked for
    private boolean ended;

    Attention(@Nullable Strand strand) {
      this.runner = strand;
    }

    /** Makes {@code runner} the one, if there is none. */
    boolean start(Object runner) {
      return this.runner == null && RUNNER.compareAndSet(this, null, runner);
    }

    /** Returns the future of the body's end, or null if the body has ended. */
    synchronized @Nullable Unfuture<@Nullable Void> stopped(Task<?> task) {
      if (ended) {
        return null;
      }
      Unfuture<@Nullable Void> stopped = this.stopped;
      if (stopped == null) {
        stopped = new Unfuture<>();
        stopped.setSource(
            new WaitGraph.Link(new WaitGraph.End(task))); // not that of its dependents
        this.stopped = stopped;
      }
      return stopped;
    }

    void end() {
      Unfuture<@Nullable Void> stopped;
      synchronized (this) {
        ended = true;
        stopped = this.stopped;
      }
      if (stopped != null) {
        stopped.clearLink();
        stopped.complete(null);
      }
    }

    /** Interrupts the body, unless it has ended or somebody else does. */
    void interrupt() {
      if (runner instanceof Strand strand && STOP.compareAndSet(this, 0, INTERRUPTING)) {
        try {
          strand.thread.interrupt();
        } finally {
          stop = INTERRUPTED;
        }
      }
    }

    /** Returns whether the body has ended by itself; no interrupt comes any more. */
    boolean close() {
      return STOP.compareAndSet(this, 0, CLOSED);
    }

    boolean isStopped() {
      int stop = this.stop;
      return stop == INTERRUPTING || stop == INTERRUPTED;
    }

    /** Waits for an interrupt that is under way, and clears it. */
    @SuppressWarnings("ThreadPriorityCheck") // it is one instruction away
    void clearInterrupt() {
      while (stop == INTERRUPTING) {
        Thread.yield();
      }
      boolean _ = Thread.interrupted();
    }
  }

  final Lane lane;
  private @Nullable Callable<? extends T> body; // until it has ended
  private volatile @Nullable Object runner;
  private @Nullable Task<?> outer; // the runner's: the task below, of a waiter that claimed this
  Tasks.@Nullable Chunk chunk; // where it is listed until it has ended
  byte slot;
  volatile boolean timed; // stopped in time at the latest

  /** Creates a task without starting it. */
  Task(Callable<? extends T> body, Lane lane) {
    this.body = lane.lanes().recordsStarts ? new Recorded<T>(body) : body;
    this.lane = lane;
  }

  Lanes lanes() {
    return lane.lanes();
  }

  @Override
  public void run() {
    boolean _ = runOn(Strand.current());
  }

  @Override
  boolean claim(Strand strand) {
    return lane.claimable() && strand.runsBodies() && runOn(strand);
  }

  /** Runs the body on the current thread, unless it was started or cancelled before. */
  boolean runOn(Strand strand) {
    Callable<? extends T> body = this.body;
    Wait outerWait = strand.hideWait();
    if (body == null || !begin(strand)) {
      strand.showWait(outerWait);
      return false;
    }
    Lane lane = this.lane;
    Task<?> outer = strand.task;
    this.outer = outer;
    EventLoop outerLoop = strand.loop;
    int outerMode = strand.mode;
    boolean owed = strand.putAside();
    strand.task = this;
    strand.loop = lane.loop();
    strand.mode = lane.mode();
    strand.depth++;
    T value = null;
    Throwable error = null;
    try {
      value = lane.context().call(body);
    } catch (Throwable e) {
      error = e;
    }
    // What depends on the future runs here, but not as a part of this coroutine or of an outer one.
    strand.task = null;
    strand.mode = Strand.NONE;
    leave();
    Attention attention =
        RUNNER.getAndSet(this, strand.after) instanceof Attention found ? found : null;
    if (attention != null && attention.isMissed) {
      Tasks.checkEmptied(this);
    }
    if (attention == null || attention.close()) {
      if (!completeOn(strand, value, error)) {
        logLate(error);
      }
    } else {
      if (!attention.delivered) {
        attention.clearInterrupt();
      }
      awaitCompletion(error);
    }
    this.outer = null;
    settle(attention);
    strand.depth--;
    strand.mode = outerMode;
    strand.loop = outerLoop;
    strand.task = outer;
    strand.showWait(outerWait);
    if (outerMode == Strand.NONE && outer != null && outer.isStopDue()) {
      strand.thread.interrupt(); // the outer function is to see the flag, if this body took it
    }
    strand.payBack(outerMode, owed);
    return true;
  }

  private boolean begin(Strand strand) {
    if (runner == null && RUNNER.compareAndSet(this, null, strand)) {
      return true;
    }
    return runner instanceof Attention attention && attention.start(strand);
  }

  /** Takes the task off its list, and lets go of the body. */
  private void leave() {
    body = null;
    Tasks.remove(this);
  }

  /** Lets those know who wait for the body's end; the future is done. */
  private void settle(@Nullable Attention attention) {
    RUNNER.lazySet(this, ENDED);
    clearLink();
    if (attention != null) {
      attention.end();
    }
  }

  /** Stops the body before the future is completed. */
  @Override
  boolean complete(@Nullable T value, @Nullable Throwable error) {
    if (isDone()) {
      return false;
    }
    while (true) {
      Object found = runner;
      if (found == null
          ? RUNNER.compareAndSet(this, null, ENDED)
          : found instanceof Attention unstarted && unstarted.start(ENDED)) {
        lane.context().drop();
        leave();
        Tasks.checkEmptied(this);
        boolean completed = completeOn(Strand.current(), value, error);
        settle(found instanceof Attention attention ? attention : null);
        return completed;
      }
      Attention attention = found instanceof Attention known ? known : null;
      if (found instanceof Strand strand) {
        attention = new Attention(strand);
        if (!RUNNER.compareAndSet(this, strand, attention)) {
          continue;
        }
      }
      if (attention != null) {
        attention.interrupt();
      }
      if (found != null) {
        return completeOn(Strand.current(), value, error);
      }
    }
  }

  /** Waits until whoever has stopped the body has completed the future, which it is about to. */
  @SuppressWarnings("ThreadPriorityCheck") // it is a few instructions away
  private void awaitCompletion(@Nullable Throwable error) {
    while (!isDone()) {
      Thread.yield();
    }
    logLate(error);
  }

  private @Nullable Attention attention() {
    return runner instanceof Attention attention ? attention : null;
  }

  /** Returns whether the body is to be told that it has been cancelled. */
  boolean isStopDue() {
    Attention attention = attention();
    return attention != null && attention.stop != 0 && !attention.delivered;
  }

  /** Returns whether the thread of its body has been interrupted for it. */
  boolean isInterrupted() {
    Attention attention = attention();
    return attention != null && attention.stop == INTERRUPTED;
  }

  /** Returns whether its body was told to stop, or will be, before it has ended by itself. */
  boolean isStopped() {
    Attention attention = attention();
    return attention != null && attention.isStopped();
  }

  /** Returns whether the body has been told that it was cancelled; for its thread. */
  boolean isTold() {
    Attention attention = attention();
    return attention != null && attention.delivered;
  }

  /**
   * Tells the body, which is the innermost of its stack, that it has been cancelled, if that is so:
   * itself, or a task below that waits for it, with which it is cancelled. Returns whether it is.
   */
  boolean noteDelivered() {
    Task<?> stopped = this;
    while (stopped != null && !stopped.isStopped()) {
      stopped = stopped.outer;
    }
    if (stopped == null || (stopped != this && stopped.isTold())) {
      return false;
    }
    for (Task<?> task = this; task != stopped; task = Objects.requireNonNull(task.outer)) {
      var _ = task.cancel(true);
    }
    if (!isTold()) {
      Objects.requireNonNull(stopped.attention()).clearInterrupt();
      Attention attention = Objects.requireNonNull(attention());
      attention.clearInterrupt();
      attention.delivered = true;
    }
    return true;
  }

  /** Has the registry looked at when the task has left its list, if it has not yet. */
  void tellWhenGone() {
    while (true) {
      Object found = runner;
      if (found instanceof Attention attention) {
        attention.isMissed = true;
        if (runner == found) {
          return;
        }
      } else if (found == null || found instanceof Strand) {
        Attention attention = new Attention((Strand) found);
        attention.isMissed = true;
        if (RUNNER.compareAndSet(this, found, attention)) {
          return;
        }
      } else {
        return; // it has, or whoever has cancelled it before it was started tells
      }
    }
  }

  @Override
  public Unfuture<@Nullable Void> stopped() {
    return (Unfuture<@Nullable Void>) ended().copy();
  }

  /** As {@link #stopped}, for those who do not complete it. */
  Unfuture<@Nullable Void> ended() {
    while (true) {
      Object found = runner;
      if (found != null && !(found instanceof Strand) && !(found instanceof Attention)) {
        return super.stopped(); // as soon as it is done
      }
      Attention attention =
          found instanceof Attention known ? known : new Attention((Strand) found);
      Unfuture<@Nullable Void> stopped = attention.stopped(this);
      if (stopped != null && (attention == found || RUNNER.compareAndSet(this, found, attention))) {
        return stopped;
      }
    }
  }

  /**
   * Returns the strand that runs the body, or what depends on its future; null if there is none.
   */
  @Nullable Strand runner() {
    return switch (runner) {
      case Strand strand -> strand;
      case Attention attention -> attention.runner instanceof Strand strand ? strand : null;
      case After after -> after.strand;
      case null, default -> null;
    };
  }

  /** Returns the task below on the stack of its thread; for that, or for a glance. */
  @Nullable Task<?> outer() {
    return outer;
  }

  /** Returns whether something may wait for it, or for the end of its body. */
  boolean isNeeded() {
    return source() != null || attention() != null;
  }

  /** Returns whether its body runs, as far as can be seen, so that it may be done in a moment. */
  boolean isRunning() {
    return runner instanceof Strand strand && strand.wait == null;
  }

  boolean isStarted() {
    Object runner = this.runner;
    return runner != null && !(runner instanceof Attention attention && attention.runner == null);
  }

  @Override
  boolean isTimed() {
    return timed;
  }

  @Override
  void setTimed() {
    timed = true;
  }

  @Override
  WaitGraph.Link link() {
    return makeLink();
  }

  @Override
  void help() {
    failed(); // what waits for all of several may be what a callback waits for
    super.help();
  }

  @Override
  void failed() {
    Object source = source();
    Gathering<?> gathering =
        source instanceof Gathering<?> known
            ? known
            : source instanceof WaitGraph.Link link ? link.gathering : null;
    if (gathering != null) {
      gathering.failIf(this);
    }
  }

  @Override
  @Nullable Object origin() {
    return isDone() ? null : this;
  }

  @Override
  void carryBack() {
    lane.context().carryBack();
  }

  @Override
  public Executor defaultExecutor() {
    return lanes().thread;
  }

  /** Returns where it was started, if that was recorded and it has not ended. */
  @Nullable Recorded<?> recorded() {
    return body instanceof Recorded<?> recorded ? recorded : null;
  }
}
