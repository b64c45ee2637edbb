package dev.anysync;

import module java.base;

import dev.anysync.spi.ContextCarrier;
import org.jspecify.annotations.Nullable;

/** A body on a thread of its own that alternates with its consumer. */
final class Steps<Y extends @Nullable Object, S extends @Nullable Object> extends Source
    implements AnySyncGenerator.Out<Y, S> {
  /*
   * Overview. The consumer completes `request` and waits for `answer`; the body completes `answer`
   * and waits for `request`. Each is a new unfuture for each step, made by the side that will wait
   * for it, before it wakes the other. Everything else is handed over by those completions.
   *
   * During a step the body acts for its consumer: it takes over its context and its event loop. If
   * the consumer blocks, it keeps holding the loop, and the body is HELD as in a nested run(); if it
   * suspends, the body acquires the loop's turn for itself, and gives it up before it answers.
   *
   * A consumer that gives up cancels the task; the body is then on its own.
   */

  private final AnySyncGenerator.Body<Y, S> body;
  final AtomicReference<@Nullable Strand> consumer = new AtomicReference<>(); // in a step
  volatile boolean isWorking; // the body: in a step, be it that its consumer has given up
  private volatile Unfuture<Object> answer = new Unfuture<>();
  private final AtomicReference<@Nullable Object> end = new AtomicReference<>(); // END, Throwable

  // Handed over with each step
  private @Nullable Unfuture<S> request;
  private @Nullable EventLoop loop;
  private int mode;
  private ContextCarrier[] carriers = {};
  private @Nullable Object[] snapshots = {};

  Steps(AnySyncGenerator.Body<Y, S> body) {
    this.body = body;
  }

  @Override
  @Nullable Object take(Strand strand, boolean async, long nanos) {
    return step(strand, async, nanos, null, null);
  }

  /** Makes the body's yield return {@code value} or throw {@code error}, and takes the next. */
  @SuppressWarnings("NullAway") // null is a value of S where there is no error
  @Nullable Object step(
      Strand strand, boolean async, long nanos, @Nullable S value, @Nullable Throwable error) {
    if (!consumer.compareAndSet(null, strand)) {
      return REFUSED;
    }
    try {
      Unfuture<Object> answer = new Unfuture<>();
      this.answer = answer;
      isWorking = true;
      loop = strand.loop;
      boolean suspends = async && strand.mode == Strand.BODY;
      mode = suspends || strand.loop == null ? Strand.BODY : Strand.HELD;
      Unfuture<S> request = this.request;
      if (end.get() != null) { // it looks at the answer after it is set: one sees the other
        finish(answer);
      } else if (request == null) {
        Lanes lanes = strand.lanes();
        carriers = lanes.carriers;
        snapshots = Context.snapshot(carriers);
        start(lanes, this::runBody);
      } else {
        snapshots = Context.snapshot(carriers);
        request.finish(value, error);
      }
      answer.waitFor(task);
      if (!strand.waitOrCancel(answer, async, nanos, "next()")) {
        return null;
      }
      Context.restore(carriers, snapshots);
      return Unfuture.outcome(answer, "the body's consumer");
    } finally {
      consumer.set(null);
    }
  }

  @Override
  void end(@Nullable Throwable failure) {
    end.compareAndSet(null, failure == null ? END : failure);
    finish(answer);
  }

  private void finish(Unfuture<Object> answer) {
    answer.finish(END, end.get() instanceof Throwable failure ? failure : null);
  }

  private void runBody() {
    Strand strand = Strand.current();
    takeOver(strand);
    Throwable error = run(() -> body.run(this));
    giveBack(strand);
    end(error);
  }

  @Override
  public @Nullable S yield(Y element) {
    Strand strand = checkYield();
    Unfuture<S> request = new Unfuture<>();
    this.request = request;
    giveBack(strand);
    answer.finish(element == null ? NULL : element, null);
    strand.waitOrCancel(request, false, -1, "yield()");
    takeOver(strand);
    return Unfuture.outcome(request, "await()");
  }

  /** Starts to act for the consumer that has asked. */
  private void takeOver(Strand strand) {
    Context.restore(carriers, snapshots);
    strand.loop = loop;
    strand.mode = mode;
    if (loop != null && strand.suspends()) {
      loop.acquire(strand);
    }
  }

  /** Stops acting for the consumer. */
  private void giveBack(Strand strand) {
    snapshots = Context.snapshot(carriers);
    EventLoop loop = strand.loop;
    if (loop != null && strand.suspends()) {
      loop.release();
    }
    strand.loop = null;
    strand.mode = Strand.BODY;
    isWorking = false;
  }
}
