package dev.anysync.twins;

import java.util.Objects;

/**
 * The other form of an object whose type cannot be annotated: through a <em>view</em>, an interface
 * that declares its methods with the results that are wished.
 *
 * <p>Each method of the view calls the one of the same name and parameters: exactly the same, or
 * else the most specific one that takes them, variable arity last. Generic types are compared as
 * far as they are known. The methods called are the public ones that the target's class has in
 * public types, or in types of the view's package, if that is open to this module; what the target
 * has besides does not matter. A default method of the view calls the target's if there is one that
 * fits, and runs itself if not. Static methods are left alone.
 *
 * <p>All of the view is checked when an object of it is made, and all that does not fit is in the
 * message of one {@link IllegalArgumentException}, with the reason. Calls are made by method
 * handles, which are prepared once for each view and class of targets, and keep neither of them
 * from being unloaded.
 *
 * <p>A view may be generic, extend others, and be nested or not public. In a named module that does
 * not export it to all, its package must be open to {@code dev.anysync.twins}. It may not be
 * sealed.
 *
 * <p>Two views of the same object are equal if they are of the same interface and form. {@code
 * toString} names the view and what it views.
 *
 * <p>The types known as async are {@link java.util.concurrent.CompletionStage}, {@link
 * java.util.concurrent.Future}, {@link java.util.concurrent.Flow.Publisher}, {@link
 * dev.anysync.AnySync}, {@link dev.anysync.AnySyncIterator} and what extends them, and those of the
 * {@linkplain dev.anysync.spi.AsyncType integrations} that are there.
 *
 * <p>All methods may be called on any thread, and so may those of views if those of the target may.
 */
public final class Twins {
  private Twins() {}

  /**
   * Returns the blocking form of {@code async}: methods that return {@code T} where those of {@code
   * async} return an async type of {@code T}.
   *
   * <ul>
   *   <li>Of a single result: its value. The wait is that of {@link dev.anysync.AnySync#run()},
   *       legal on every thread; where bodies do not run, {@code async} is called on a virtual
   *       thread. An interrupt of the caller cancels what {@code async} has returned.
   *   <li>Of many: {@link dev.anysync.AnySyncIterator}, {@link java.util.Iterator}, {@link
   *       Iterable} or {@link java.util.stream.Stream}, as the elements come; {@link
   *       java.util.List} or {@link java.util.Collection}, when all are there. Closing the iterator
   *       or stream cancels.
   *   <li>{@code void}: waits for the end, whatever the results are.
   * </ul>
   *
   * <p>A method that is not async, or whose async result is what the view wishes, is called as it
   * is. What may be anything, {@code Object} or a type variable, is the value.
   *
   * <p>A failure is thrown as it is: the very exception, and not its wrapper, also if it is checked
   * and the method of the view does not declare it; {@code catch (Exception e)} catches it.
   *
   * @throws IllegalArgumentException if {@code view} is not an interface that can be implemented,
   *     or has a method without a counterpart
   */
  public static <V> V sync(Class<V> view, Object async) {
    return twin(view, Form.SYNC, Objects.requireNonNull(async, "async"));
  }

  /**
   * Returns the async form of {@code blocking}: methods that return an async type of {@code T}
   * where those of {@code blocking} return {@code T}.
   *
   * <ul>
   *   <li>{@link dev.anysync.AnySync}: cold, each run calls {@code blocking}.
   *   <li>{@link java.util.concurrent.CompletionStage}, {@link
   *       java.util.concurrent.CompletableFuture}, {@link java.util.concurrent.Future}, {@link
   *       dev.anysync.Unfuture}: called at once, by {@link dev.anysync.Unsync#call}. Cancelling it
   *       interrupts the call.
   *   <li>{@link dev.anysync.AnySyncIterator}, {@link java.util.concurrent.Flow.Publisher}, for an
   *       {@link Iterable}, {@link java.util.Iterator} or {@link java.util.stream.Stream}: called
   *       when the first element is asked for. What is {@link AutoCloseable} of these is closed at
   *       the end, and if the elements are not wanted any more.
   *   <li>A type of an integration: as it makes one of a coroutine or an iterator.
   * </ul>
   *
   * <p>A method of {@code blocking} that is async already, or whose result is not to be, is called
   * as it is. What {@code blocking} throws is what the result fails with.
   *
   * @throws IllegalArgumentException as {@link #sync}
   */
  public static <V> V async(Class<V> view, Object blocking) {
    return twin(view, Form.ASYNC, Objects.requireNonNull(blocking, "blocking"));
  }

  private static <V> V twin(Class<V> view, Form form, Object target) {
    return view.cast(ViewClass.of(Objects.requireNonNull(view, "view")).twin(form, target));
  }
}
