package dev.anysync;

import dev.anysync.spi.ContextCarrier;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A body on a thread of its own that alternates with its consumer. */
final class Steps<Y extends @Nullable Object, S extends @Nullable Object>
    implements Source<Y>, AnySyncGenerator.Out<Y, S> {
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

  /** The strand that is taking a step. */
  private final AtomicReference<@Nullable Strand> consumer = new AtomicReference<>();

  private volatile @Nullable Unfuture<?> task;
  private volatile @Nullable Unfuture<Object> answer;
  private volatile @Nullable Throwable failure;

  // Handed over with each step
  private @Nullable Unfuture<S> request;
  private @Nullable EventLoop loop;
  private int mode;
  private ContextCarrier[] carriers = {};
  private @Nullable Object[] snapshots = {};

  Steps(AnySyncGenerator.Body<Y, S> body) {
    this.body = body;
  }

  // The consumer

  @Override
  public Object take(Strand strand, boolean async, long nanos)
      throws TimeoutException, InterruptedException {
    return step(strand, async, nanos, null, null);
  }

  /** Makes the body's yield return {@code value} or throw {@code error}, and returns the next. */
  @SuppressWarnings("NullAway") // null is a value of S where there is no error
  Object step(
      Strand strand, boolean async, long nanos, @Nullable S value, @Nullable Throwable error)
      throws TimeoutException, InterruptedException {
    if (!consumer.compareAndSet(null, strand)) {
      throw new DeadlockException(
          strand.task == task
              ? "the body, on thread '" + strand + "', asks itself for its next element"
              : "the body is taking a step already, for thread '" + consumer.get() + "'");
    }
    try {
      Unfuture<Object> answer = new Unfuture<>();
      this.answer = answer;
      loop = strand.loop;
      boolean suspends = async && strand.mode == Strand.BODY;
      mode = suspends || strand.loop == null ? Strand.BODY : Strand.HELD;
      snapshots = Context.snapshot(carriers);
      Unfuture<S> request = this.request;
      if (request == null) {
        Lanes lanes = strand.lanes();
        carriers = lanes.carriers();
        snapshots = Context.snapshot(carriers);
        task =
            lanes.start(
                () -> {
                  run();
                  return null;
                });
      } else if (error == null) {
        request.complete(value);
      } else {
        request.completeExceptionally(error);
      }
      Unfuture<?> task = this.task;
      if (task != null) {
        answer.linkTo(task);
      }
      if (async) {
        strand.suspend(answer);
      } else if (!strand.block(answer, nanos)) {
        throw new TimeoutException();
      }
      Context.restore(carriers, snapshots);
      return answer.outcome(CallerFrames.Observer.NEXT);
    } finally {
      consumer.set(null);
    }
  }

  @Override
  public void abort() {
    Unfuture<?> task = this.task;
    if (task != null) {
      task.cancel(true);
    }
    Unfuture<Object> answer = this.answer;
    if (answer != null) {
      answer.completeExceptionally(new CancellationException("closed"));
    }
  }

  @Override
  public @Nullable Unfuture<?> task() {
    return task;
  }

  @Override
  public @Nullable Throwable failure() {
    return failure;
  }

  // The body

  private void run() throws Exception {
    Strand strand = Strand.current();
    takeOver(strand);
    Object last = END;
    Throwable error = null;
    try {
      body.run(this);
    } catch (Throwable e) {
      error = e;
      failure = Yields.failure(e);
    }
    answer(strand, last, error);
  }

  @Override
  public @Nullable S yield(Y element) {
    Strand strand = Strand.current();
    Yields.check(strand, task);
    Unfuture<S> request = new Unfuture<>();
    this.request = request;
    answer(strand, element == null ? NULL : element, null);
    try {
      var _ = strand.block(request, -1);
    } catch (InterruptedException e) {
      throw strand.cancelled("yield()");
    }
    takeOver(strand);
    return request.outcome(CallerFrames.Observer.AWAIT);
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

  /** Stops acting for the consumer, and answers it. */
  private void answer(Strand strand, Object item, @Nullable Throwable error) {
    Unfuture<Object> answer = this.answer;
    snapshots = Context.snapshot(carriers);
    EventLoop loop = strand.loop;
    boolean suspends = strand.suspends();
    strand.loop = null;
    strand.mode = Strand.BODY;
    if (loop != null && suspends) {
      loop.release();
    }
    if (answer == null) {
      throw new AssertionError("no consumer");
    }
    if (error == null) {
      answer.complete(item);
    } else {
      answer.completeExceptionally(error);
    }
  }
}
