package dev.anysync;

import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What an iterator takes its elements from. */
interface Source<Y extends @Nullable Object> {

  /** In place of an element: there are no more. */
  Object END = new Object();

  /** In place of a null element. */
  Object NULL = new Object();

  /**
   * Returns the next element, {@link #NULL} or {@link #END}, or throws what the body threw.
   *
   * @param async whether to suspend, on an event loop, rather than block
   * @param nanos how long to wait at most, or less than zero for as long as it takes
   */
  Object take(Strand strand, boolean async, long nanos)
      throws TimeoutException, InterruptedException;

  /** Cancels what makes the elements and wakes the consumer; does not wait. */
  void abort();

  /** The future of what makes the elements, or null if that is not a body. */
  @Nullable Unfuture<?> task();

  /** What the body threw in response to its cancellation; to be read when it has ended. */
  @Nullable Throwable failure();
}
