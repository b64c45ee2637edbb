package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** The body of an unfuture, and where it stands. */
final class Task<T extends @Nullable Object> implements Runnable {
  /*
   * Overview. `runner` is who runs the body:
   *
   *   null -> a strand   whoever wins this CAS: the lane's thread, or a waiter
   *   null -> ENDED      cancelled before it was started
   *   a strand -> ENDED  the body has returned, and what depends on the future has run
   *
   * `stop` is how it is told to stop:
   *
   *   0 -> INTERRUPTING -> INTERRUPTED   somebody else is about to complete the future
   *   0 -> CLOSED                        the body returned first: no interrupt can come any more
   *
   * The last is what keeps a late interrupt off a thread that has gone on to other work. A body whose
   * stop is INTERRUPTING when it ends waits for that interrupt to arrive and clears it. Whoever wins
   * the first step of `stop`, or of `runner`, completes the future: what depends on it may be long,
   * and the body is not to run on meanwhile.
   */

  private static final int INTERRUPTING = 1;
  private static final int INTERRUPTED = 2;
  private static final int CLOSED = 3;

  private static final Object ENDED = "ended";

  @SuppressWarnings("rawtypes")
  private static final AtomicReferenceFieldUpdater<Task, @Nullable Object> RUNNER =
      AtomicReferenceFieldUpdater.newUpdater(Task.class, Object.class, "runner");

  @SuppressWarnings("rawtypes")
  private static final AtomicIntegerFieldUpdater<Task> STOP =
      AtomicIntegerFieldUpdater.newUpdater(Task.class, "stop");

  private @Nullable Unfuture<T> future; // null once settled: a dependent keeps the task, not that
  final Lanes lanes;
  final @Nullable EventLoop loop; // of the coroutine (mode BODY), or held by its caller (HELD)
  final byte mode;
  final Context context;
  private final boolean claimable; // may run on any thread
  @Nullable Executor executor; // that it was given to, if it is no event loop's

  private @Nullable Callable<? extends T> body;
  private volatile @Nullable Object runner;
  private volatile int stop;
  private volatile boolean settled;
  volatile boolean timed; // stopped in time at the latest

  boolean delivered; // the runner's: the body was told of its cancellation
  private @Nullable Task<?> outer; // the runner's: the task below, of a waiter that claimed this
  private volatile WaitGraph.@Nullable Link link; // of those that depend on the future
  private volatile @Nullable Unfuture<@Nullable Void> stopped; // the body has ended; if asked for

  /** Creates a task without starting it; captures the current thread's context. */
  Task(
      Callable<? extends T> body,
      Lanes lanes,
      @Nullable EventLoop loop,
      int mode,
      boolean claimable) {
    this.body = lanes.recordsStarts ? new Recorded<T>(body) : body;
    this.lanes = lanes;
    this.loop = loop;
    this.mode = (byte) mode;
    this.claimable = claimable;
    this.context = Context.capture(lanes);
    this.future = new Unfuture<>(this);
  }

  /** Returns the future; for whoever has made the task and not started it yet. */
  Unfuture<T> future() {
    return Objects.requireNonNull(future);
  }

  void cancel() {
    Unfuture<T> future = this.future;
    if (future != null) {
      future.cancel(true);
    }
  }

  boolean isDone() {
    Unfuture<T> future = this.future;
    return future == null || future.isDone();
  }

  @Override
  public void run() {
    runOn(Strand.current());
  }

  /** Runs the body for a waiter on {@code strand}, if it was not started and may run there. */
  boolean claim(Strand strand) {
    return claimable && strand.runsBodies() && runOn(strand);
  }

  /** Runs the body on the current thread, unless it was started or cancelled before. */
  boolean runOn(Strand strand) {
    Callable<? extends T> body = this.body;
    if (body == null || !RUNNER.compareAndSet(this, null, strand)) {
      return false;
    }
    Unfuture<T> future = future();
    outer = strand.task;
    Wait outerWait = strand.wait;
    if (outerWait != null) {
      strand.wait = null; // its strategy has other work done meanwhile: this
    }
    EventLoop outerLoop = strand.loop;
    int outerMode = strand.mode;
    strand.task = this;
    strand.loop = loop;
    strand.mode = mode;
    strand.depth++;
    T value = null;
    Throwable error = null;
    try {
      value = context.call(body);
    } catch (Throwable e) {
      error = e;
    }
    // What depends on the future runs here, but not as a part of this coroutine or of an outer one.
    strand.task = null;
    strand.mode = Strand.NONE;
    boolean own = STOP.compareAndSet(this, 0, CLOSED);
    if (!own && !delivered) {
      clearInterrupt();
    }
    end();
    if (own) {
      future.finish(value, error);
    } else {
      awaitCompletion(future, error);
    }
    settle();
    strand.depth--;
    strand.mode = outerMode;
    strand.loop = outerLoop;
    Task<?> outer = this.outer;
    this.outer = null;
    strand.task = outer;
    if (outerWait != null) {
      strand.wait = outerWait;
    }
    if (outerMode == Strand.NONE && outer != null && outer.isStopDue()) {
      strand.thread.interrupt(); // the outer function is to see the flag, if this body took it
    }
    strand.leave(outerMode);
    return true;
  }

  /** Stops the body before the future is completed; if it never starts, the caller is to settle. */
  boolean stop() {
    if (RUNNER.compareAndSet(this, null, ENDED)) {
      context.drop();
      end();
      return true; // its future is the caller's to complete, and settle() to call
    }
    if (runner instanceof Strand strand && STOP.compareAndSet(this, 0, INTERRUPTING)) {
      try {
        strand.thread.interrupt();
      } finally {
        stop = INTERRUPTED;
      }
    }
    return false;
  }

  private void end() {
    body = null;
    if (loop != null && mode == Strand.BODY) {
      loop.tasks.remove(this);
    } else {
      lanes.tasks.remove(this);
    }
  }

  /** Lets those know who wait for the body's end; the future is done. */
  void settle() {
    settled = true;
    future = null;
    runner = ENDED;
    WaitGraph.Link link = this.link;
    if (link != null) {
      link.set(null);
    }
    Unfuture<@Nullable Void> stopped = this.stopped;
    if (stopped != null) {
      end(stopped);
    }
  }

  private static void end(Unfuture<@Nullable Void> stopped) {
    if (stopped.source instanceof WaitGraph.Link link) {
      link.set(null);
    }
    stopped.complete(null);
  }

  /** Waits until whoever has stopped the body has completed the future, which it is about to. */
  @SuppressWarnings("ThreadPriorityCheck") // it is a few instructions away
  private void awaitCompletion(Unfuture<T> future, @Nullable Throwable error) {
    while (!future.isDone()) {
      Thread.yield();
    }
    Unfuture.logLate(error);
  }

  /** Waits for an interrupt that is under way, and clears it. */
  @SuppressWarnings("ThreadPriorityCheck") // it is one instruction away
  private void clearInterrupt() {
    while (stop == INTERRUPTING) {
      Thread.yield();
    }
    boolean _ = Thread.interrupted();
  }

  /** Returns whether the body is to be told that it has been cancelled. */
  boolean isStopDue() {
    return stop != 0 && !delivered;
  }

  /**
   * Tells the body, which is the innermost of its stack, that it has been cancelled, if that is so:
   * itself, or a task below that waits for it, with which it is cancelled. Returns whether it is.
   */
  boolean noteDelivered() {
    Task<?> stopped = this;
    while (stopped != null && stopped.stop == 0) {
      stopped = stopped.outer;
    }
    if (stopped == null || (stopped != this && stopped.delivered)) {
      return false;
    }
    for (Task<?> task = this; task != stopped; task = Objects.requireNonNull(task.outer)) {
      task.cancel();
    }
    if (!delivered) {
      stopped.clearInterrupt();
      clearInterrupt();
      delivered = true;
    }
    return true;
  }

  /** Returns the future that is completed when the body has ended, or will never start. */
  synchronized Unfuture<@Nullable Void> stopped() {
    Unfuture<@Nullable Void> stopped = this.stopped;
    if (stopped == null) {
      stopped = new Unfuture<>();
      stopped.source = new WaitGraph.Link(this); // not the one of its dependents
      this.stopped = stopped;
      if (settled) {
        end(stopped);
      }
    }
    return stopped;
  }

  /** Returns the link of those that depend on the future. */
  WaitGraph.Link link() {
    WaitGraph.Link link = this.link;
    return link != null ? link : makeLink();
  }

  private synchronized WaitGraph.Link makeLink() {
    WaitGraph.Link link = this.link;
    if (link == null) {
      link = new WaitGraph.Link(this);
      this.link = link;
      if (settled) {
        link.set(null);
      }
    }
    return link;
  }

  /** Returns whether {@code link} is the one of what depends on the future, and that is done. */
  boolean isDoneFor(WaitGraph.Link link) {
    return this.link == link && isDone();
  }

  /**
   * Returns the strand that runs the body, or what depends on its future; null if there is none.
   */
  @Nullable Strand runner() {
    return runner instanceof Strand strand ? strand : null;
  }

  boolean isStarted() {
    return runner != null;
  }

  /** Returns whether the thread of its body has been interrupted for it. */
  boolean isInterrupted() {
    return stop == INTERRUPTED;
  }

  /** Returns whether its body was told to stop, or will be, before it has ended by itself. */
  boolean isStopped() {
    int stop = this.stop;
    return stop == INTERRUPTING || stop == INTERRUPTED;
  }

  /** Returns whether threads of the library start it, which are there for it whatever happens. */
  boolean isOnOwnThreads() {
    return loop != null || lanes.isOwn(executor);
  }

  /** Returns the pool that has to start it, if that is known. */
  @Nullable Pool pool() {
    Executor executor = this.executor;
    return executor == null ? null : lanes.pool(executor);
  }

  /** Says where it runs. */
  String lane() {
    return loop == null
        ? lanes.name(executor)
        : "event loop '" + loop + (mode == Strand.BODY ? "'" : "', which its caller holds");
  }

  /** Returns where it was started, if that was recorded and it has not ended. */
  @Nullable Recorded<?> recorded() {
    return body instanceof Recorded<?> recorded ? recorded : null;
  }
}
