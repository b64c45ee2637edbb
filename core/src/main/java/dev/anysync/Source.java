package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** What an iterator takes its elements from: a body on another thread, or a publisher. */
abstract class Source {
  // In place of an element
  static final Object END = new Object(); // there are no more
  static final Object NULL = new Object(); // it is null
  static final Object REFUSED = new Object(); // this one call; the iterator goes on

  /** Says why a consumer is refused: another waits for an element, or the body asks itself. */
  final IllegalStateException refusal(Strand strand) {
    return strand.task != null && strand.task == task
        ? new DeadlockException(
            "the body, on thread '"
                + strand.thread.getName()
                + "', asks itself for its next element")
        : refusedConsumer(strand);
  }

  static IllegalStateException refusedConsumer(Strand strand) {
    return new IllegalStateException(
        "thread '%s' asks for an element while another does: one consumer at a time"
            .formatted(strand.thread.getName()));
  }

  volatile @Nullable Task<?> task; // makes the elements, once it is started, if that is a body
  private @Nullable Strand runner; // of the body
  volatile boolean aborted;
  volatile @Nullable Throwable failure; // of the body, in response to its cancellation

  /**
   * Returns the next element, {@link #NULL}, {@link #END}, {@link #REFUSED} or, if the time is up,
   * null; or throws what the body threw. Waits for {@code nanos}, or, if they are negative, for as
   * long as it takes; then it may be {@code async}: suspend on an event loop rather than hold it.
   */
  abstract @Nullable Object take(Strand strand, boolean async, long nanos);

  /** Starts what makes the elements, unless that is started by the first step. */
  void open(Strand strand) {}

  /** Starts the body, unless the source was aborted; however it ends, {@link #end} hears of it. */
  final void start(Lanes lanes, Runnable body) {
    Task<?> started = lanes.startTask(body);
    task = started;
    var _ = started.whenComplete((value, error) -> end(error));
    if (aborted) {
      var _ = started.cancel(true);
    }
  }

  /** Ends the elements and wakes the consumer; only the first call counts. */
  abstract void end(@Nullable Throwable failure);

  /** Cancels what makes the elements and wakes the consumer; does not wait. */
  void abort() {
    aborted = true;
    end(new CancellationException("closed"));
    Task<?> task = this.task;
    if (task != null) {
      var _ = task.cancel(true);
    }
  }

  /** Runs a body and returns what it threw. */
  final @Nullable Throwable run(VoidBody body) {
    Strand strand = Strand.current();
    Task<?> task = strand.task;
    this.task = task; // the thread that has started it may not have come so far
    runner = strand;
    try {
      body.run();
      return null;
    } catch (Throwable e) {
      boolean stopped = task != null && task.isDone();
      boolean asTold = e instanceof CancellationException || e instanceof InterruptedException;
      failure = stopped && !asTold ? e : null;
      return e;
    }
  }

  /**
   * What every yield does first: refuses a thread that does not run the body, tells a body that has
   * been cancelled, and refuses one that was told before.
   */
  final Strand checkYield() {
    Strand runner = this.runner;
    return runner != null && runner.goesOnIn(task) ? runner : checkYieldSlowly();
  }

  private Strand checkYieldSlowly() {
    Strand strand = Strand.current();
    Task<?> current = strand.task;
    if (current == null || current != task) {
      throw wrongThread();
    }
    strand.checkCancelled(null);
    if (current.isTold()) { // whoever has stopped it may not have completed it yet
      throw afterClose();
    }
    if (current.isDone()) {
      strand.checkCancelled(null);
      throw new AssertionError("stopped by nobody");
    }
    return strand;
  }

  static IllegalStateException wrongThread() {
    return new IllegalStateException(
        "yield on thread '%s', which does not run this body: yield in the body itself"
            .formatted(Thread.currentThread().getName()));
  }

  static IllegalStateException afterClose() {
    return new IllegalStateException(
        "the body yielded after it had been closed: let the CancellationException end it");
  }
}
