package dev.anysync;

import module java.base;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.Nullable;

/**
 * An iterator whose body also receives: {@code yield} returns what the consumer {@linkplain #send
 * sends}. Body and consumer alternate, as in a Python generator; the body runs on a virtual thread,
 * and only while the consumer waits for it. The context that the carriers carry travels to the body
 * and back with each step. A body that asks itself for an element gets a {@link DeadlockException};
 * sending and raising while an element that {@code hasNext} has found was not taken is an {@link
 * IllegalStateException}.
 *
 * <p>{@link #next()} sends null. {@link #prefetch} takes only zero. {@link #close} throws {@link
 * CancellationException} at the yield.
 *
 * @param <Y> the type of the elements, which may be null
 * @param <S> the type of what is sent, which may be null
 */
@SuppressWarnings("NamedLikeContextualKeyword")
public interface AnySyncGenerator<Y extends @Nullable Object, S extends @Nullable Object>
    extends AnySyncIterator<Y> {
  /** What a generator runs. */
  @FunctionalInterface
  interface Body<Y extends @Nullable Object, S extends @Nullable Object> {
    /** Runs the body; what it throws, the consumer gets: the same object. */
    void run(Out<Y, S> out) throws Exception;
  }

  /** Where a body yields to. */
  @FunctionalInterface
  interface Out<Y extends @Nullable Object, S extends @Nullable Object> {
    /**
     * Hands {@code element} to the consumer, waits to be asked for the next one, and returns what
     * was sent or throws what was raised; throws also as {@link AnySyncIterator.Out#yield} does.
     */
    @Nullable S yield(Y element);
  }

  /**
   * Makes the body's yield return {@code value}, and returns what the body yields next.
   *
   * @param value null if the body has not been started, as there is no yield to receive it
   * @throws NoSuchElementException if the body ends, or has ended
   * @throws IllegalStateException if the body has not been started and {@code value} is not null
   */
  Y send(@Nullable S value);

  /**
   * Makes the body's yield throw {@code error}, and returns what the body yields next. A body that
   * was not started never is; the error is thrown here then.
   *
   * @param error what to throw; if the body does not catch it, it is thrown here, the same object
   * @throws NoSuchElementException if the body ends; if it has ended, with {@code error} as its
   *     cause
   */
  Y raise(Throwable error);

  /** Returns a coroutine that does {@link #send}, each time it is run. */
  @CheckReturnValue
  AnySync<Y> sendAsync(@Nullable S value);

  /** Returns a coroutine that does {@link #raise}, each time it is run. */
  @CheckReturnValue
  AnySync<Y> raiseAsync(Throwable error);
}
