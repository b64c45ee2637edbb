package dev.anysync;

import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** What an iterator takes its elements from. */
interface Source {

  /** In place of an element: there are no more. */
  Object END = new Object();

  /** In place of a null element. */
  Object NULL = new Object();

  /**
   * Returns the next element, {@link #NULL}, {@link #END} or, if the time is up, null; or throws
   * what the body threw.
   *
   * @param async whether to suspend, on an event loop, rather than block; without a time limit
   * @param nanos how long to wait at most, or less than zero for as long as it takes
   */
  @Nullable Object take(Strand strand, boolean async, long nanos);

  /** Cancels what makes the elements and wakes the consumer; does not wait. */
  void abort();

  /** Returns what makes the elements, or null if that is not a body, or not started. */
  @Nullable Task<?> task();

  /** Returns what the body threw in response to its cancellation, after it has ended. */
  @Nullable Throwable failure();

  /**
   * What every yield does first: refuses a thread that does not run the body, tells a body that has
   * been cancelled, and refuses one that was told before.
   *
   * @param task the body's, if it is known by now
   */
  static void checkYield(Strand strand, @Nullable Task<?> task) {
    Task<?> current = strand.task;
    if (current == null || (task != null && current != task)) {
      throw wrongThread();
    }
    strand.checkCancelled();
    if (current.future.isDone()) {
      throw afterClose();
    }
  }

  /** Returns {@code error} if the current body has thrown it in response to its cancellation. */
  static @Nullable Throwable afterStop(Throwable error) {
    Task<?> task = Strand.current().task;
    boolean stopped = task != null && task.future.isDone();
    return stopped && !(error instanceof CancellationException) ? error : null;
  }

  static IllegalStateException wrongThread() {
    return new IllegalStateException(
        "yield on thread '"
            + Thread.currentThread().getName()
            + "', which does not run this body: yield in the body itself");
  }

  static IllegalStateException afterClose() {
    return new IllegalStateException(
        "the body yielded after it had been closed: let the CancellationException end it");
  }
}
