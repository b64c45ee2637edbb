package dev.anysync;

import module java.base;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.Nullable;

/**
 * An iterator over the elements that a body yields; the body is written in direct style and may
 * {@code await}.
 *
 * <p>It is cold: the body starts when the first element is asked for, and runs once. The iterator
 * is single use, like a {@link DirectoryStream}: it can be turned into one for loop, {@link
 * #forEach}, {@link #stream()} or {@link #publisher()}; what comes second is an {@link
 * IllegalStateException}. One thread at a time may consume it; any may {@link #close} it.
 *
 * <ul>
 *   <li>{@link #forEach}, {@link #forEachRemaining} and the operations of {@link #stream()} that
 *       take all elements run the body on the consumer's thread, where {@code yield} calls the
 *       consumer.
 *   <li>A for loop, {@link #next} and {@link #nextAsync} run it on a virtual thread, ahead of the
 *       consumer by as many elements as {@link #prefetch} allows, by default few at first and up to
 *       1,024 while the consumer keeps up. On the thread of an {@link EventLoop} the body runs as a
 *       part of the loop, in lock-step with the consumer, so that it needs no locks there.
 * </ul>
 *
 * <p>What the body throws reaches the consumer after the elements before it, unwrapped. Close an
 * iterator that is given up half-way, by try-with-resources; one that has become unreachable is
 * closed some time after. Elements may be null.
 */
// Single use, so being both cannot confuse iterations; and qualified, yield is a fine name.
@SuppressWarnings({"IterableAndIterator", "NamedLikeContextualKeyword"})
public interface AnySyncIterator<Y extends @Nullable Object>
    extends Iterator<Y>, Iterable<Y>, AutoCloseable {
  /** What an iterator runs: yields its elements to {@code out}, and ends by returning. */
  @FunctionalInterface
  interface Body<Y extends @Nullable Object> {
    /** Runs the body; what it throws, the consumer gets: the same object. */
    void run(Out<Y> out) throws Exception;
  }

  /** Where a body yields to. */
  @FunctionalInterface
  interface Out<Y extends @Nullable Object> {
    /**
     * Hands {@code element} to the consumer; waits until there is room for it.
     *
     * @throws CancellationException if the iterator was closed or its consumer gave up; the body
     *     should clean up and end
     * @throws IllegalStateException if the body yields again after that, or on another thread
     */
    void yield(Y element);
  }

  /**
   * Returns an iterator over the elements of a publisher, which it subscribes to when the first is
   * asked for. {@link #prefetch} is the demand that it keeps up; {@link #close} cancels it.
   */
  static <Y> AnySyncIterator<Y> from(Flow.Publisher<? extends Y> source) {
    Objects.requireNonNull(source, "source");
    return new Sequence<>(null, (strand, prefetch) -> new Inlet<>(source, prefetch));
  }

  /**
   * Returns whether there is another element; waits for it, or for the end.
   *
   * @throws CancellationException if an interrupt or another thread closes the iterator meanwhile
   */
  @Override
  boolean hasNext();

  /**
   * Returns the next element; waits for it.
   *
   * @throws NoSuchElementException if there are no more, or the iterator is closed
   * @throws CancellationException as {@link #hasNext}
   */
  @Override
  Y next();

  /** As {@link #next()}, but if that takes longer than {@code timeout} closes the iterator. */
  Y next(Duration timeout) throws TimeoutException;

  /**
   * Calls {@code action} with each element, on this thread. An exception of the action ends the
   * body as {@link #close} does, and is thrown.
   */
  @Override
  void forEach(Consumer<? super Y> action);

  /** As {@link #forEach}, for the elements that are left. */
  @Override
  void forEachRemaining(Consumer<? super Y> action);

  /** Returns a sequential stream of the elements. Closing the stream closes the body. */
  @CheckReturnValue
  Stream<Y> stream();

  /**
   * Returns a coroutine that yields the next element, or empty at the end. Unlike {@link #next} it
   * does not hold an {@link EventLoop} that it is awaited on.
   *
   * @throws NullPointerException when run, if the element is null
   */
  @CheckReturnValue
  AnySync<Optional<Y>> nextAsync();

  /**
   * Returns a publisher of the elements for one subscriber; another gets an error. The body runs on
   * a virtual thread and waits in {@code yield} while there is no demand. Cancelling the
   * subscription closes the iterator.
   */
  @CheckReturnValue
  Flow.Publisher<Y> publisher();

  /**
   * Sets how many elements the body may be ahead of the consumer, and returns this; zero if it is
   * to run only when it is asked for an element.
   *
   * @throws IllegalArgumentException if {@code elements} is negative
   * @throws IllegalStateException if the iterator has been started
   */
  AnySyncIterator<Y> prefetch(int elements);

  /**
   * Cancels the body, waits until its {@code finally} blocks have run, and wakes a thread that
   * waits for an element; a body that was not started never is. Elements not taken are dropped. A
   * body that {@link #forEach} runs on the consumer's thread learns of it at its next {@code
   * yield}; from another thread that is not waited for. Does nothing at the end of the iterator. If
   * this thread is interrupted, it stops waiting and keeps its interrupt flag. What the body throws
   * in response, other than the cancellation, is thrown.
   */
  @Override
  void close();
}
