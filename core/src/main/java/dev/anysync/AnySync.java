package dev.anysync;

import module java.base;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.Nullable;

/**
 * A coroutine: a call that has not been made yet, to be made in either style.
 *
 * <p>It is cold, like a {@link Callable}: nothing happens until it is {@linkplain #run() run} by
 * synchronous code, {@linkplain #await(AnySync) awaited} by another coroutine, or {@linkplain
 * #start() started} to get a future; each runs the body anew, as often as it is done, on any
 * thread.
 *
 * <p>The body is written in direct style: it waits by {@code await} and {@code sleep}, and may call
 * anything else. Where the calling thread may run it, {@code run()} and {@code await} are a
 * function call on that thread: thread locals and scoped values are there, and changes to them
 * stay. On the Swing thread, on threads whose {@linkplain dev.anysync.spi.WaitStrategy wait
 * strategy} says so, and where the calls have nested too deeply for the stack, the body hops to a
 * virtual thread and the caller waits for it; what the {@linkplain dev.anysync.spi.ContextCarrier
 * context carriers} carry travels in and back.
 *
 * <p>What the body throws is what the caller gets: the same object, checked or not, never wrapped.
 * If it crossed a thread, the caller's frames are attached to it as a suppressed exception.
 *
 * <p><b>Cancellation</b> is one contract for a timeout, an interrupt of the waiting thread, {@link
 * Unfuture#cancel} and the closing of an iterator, generator, loop or lanes: the body's thread is
 * interrupted; its current or next {@code await} or {@code sleep} throws {@link
 * CancellationException}, once, so that cleaning up may await again; what that await waited for is
 * cancelled too, unless {@linkplain #shield shielded}; {@code finally} blocks run. The waiter gets
 * its exception at once and does not wait for them. An interrupted waiter keeps its interrupt flag.
 */
@CheckReturnValue
public sealed interface AnySync<T extends @Nullable Object> permits Coroutine {
  /** Returns a coroutine that calls {@code body} each time it is run, awaited or started. */
  static <T extends @Nullable Object> AnySync<T> coroutine(Callable<? extends T> body) {
    return new Coroutine<>(Objects.requireNonNull(body, "body"));
  }

  /** As {@link #coroutine(Callable)}, for a body without a result; the coroutine's is null. */
  static AnySync<@Nullable Void> coroutine(VoidBody body) {
    Objects.requireNonNull(body, "body");
    return new Coroutine<@Nullable Void>(
        () -> {
          body.run();
          return null;
        });
  }

  /**
   * Returns a coroutine that calls an asynchronous function, once a run, and awaits the stage that
   * it returns, which must not be null. Cancelling it cancels that stage's future.
   */
  static <T extends @Nullable Object> AnySync<T> from(
      Supplier<? extends CompletionStage<T>> source) {
    Objects.requireNonNull(source, "source");
    return new Coroutine<T>(
        () ->
            await(Objects.requireNonNull(source.get(), "source returned null instead of a stage")));
  }

  /** Returns an iterator over what {@code body} yields. */
  static <Y extends @Nullable Object> AnySyncIterator<Y> iterator(AnySyncIterator.Body<Y> body) {
    return Sequence.ofBody(Objects.requireNonNull(body, "body"));
  }

  /** Returns a generator over {@code body}: an iterator whose body also receives. */
  static <Y extends @Nullable Object, S extends @Nullable Object> AnySyncGenerator<Y, S> generator(
      AnySyncGenerator.Body<Y, S> body) {
    return new BodyGenerator<>(Objects.requireNonNull(body, "body"));
  }

  /** Returns a context manager whose {@code body} enters, yields the resource once, and exits. */
  static <R extends @Nullable Object> AnySyncContextManager<R> contextManager(
      AnySyncContextManager.Body<R> body) {
    return AnySyncContextManager.of(Objects.requireNonNull(body, "body"));
  }

  /**
   * Runs {@code call} as a part of the current coroutine and returns its result: a function call.
   *
   * @throws IllegalStateException if the current thread is not in the body of a coroutine
   * @throws CancellationException if the current coroutine has been cancelled
   */
  @CanIgnoreReturnValue
  static <T extends @Nullable Object> T await(AnySync<T> call) {
    Coroutine<T> coroutine = (Coroutine<T>) Objects.requireNonNull(call, "call");
    return Strand.ofCoroutine("await(call)").await(coroutine.body);
  }

  /**
   * Suspends the current coroutine until {@code stage} is completed, and returns its result or
   * throws what it failed with, unwrapped. On an {@link EventLoop} other coroutines run meanwhile;
   * elsewhere the thread waits. If the coroutine is cancelled meanwhile, so is the stage's future.
   * Outside a coroutine, and in one that has been cancelled, throws as {@link #await(AnySync)}.
   */
  @CanIgnoreReturnValue
  static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    Objects.requireNonNull(stage, "stage");
    return Strand.ofCoroutine("await(stage)").await(stage.toCompletableFuture(), false);
  }

  /** As {@link #await(CompletionStage)}; there because a completable future is a future as well. */
  @CanIgnoreReturnValue
  static <T extends @Nullable Object> T await(CompletableFuture<T> future) {
    Objects.requireNonNull(future, "future");
    return Strand.ofCoroutine("await(future)").await(future.toCompletableFuture(), false);
  }

  /**
   * As {@link #await(CompletionStage)}, for a future that can only be waited for by blocking a
   * thread: the coroutine's own, which it gives up its event loop for.
   */
  @CanIgnoreReturnValue
  static <T extends @Nullable Object> T await(Future<T> future) {
    Objects.requireNonNull(future, "future");
    return future instanceof CompletableFuture<T> completable
        ? await(completable)
        : Strand.ofCoroutine("await(future)").await(future);
  }

  /**
   * Suspends the current coroutine for {@code duration}; zero gives the other coroutines of its
   * event loop a turn. Outside a coroutine, and in one that has been cancelled, throws as {@link
   * #await(AnySync)}.
   */
  static void sleep(Duration duration) {
    long nanos = Strand.nanos(duration, "duration");
    Strand.ofCoroutine("sleep(duration)").sleep(nanos);
  }

  /**
   * As {@link #await(CompletionStage)}, but if the current coroutine is cancelled meanwhile the
   * stage is left alone.
   */
  @CanIgnoreReturnValue
  static <T extends @Nullable Object> T shield(CompletionStage<T> stage) {
    Objects.requireNonNull(stage, "stage");
    return Strand.ofCoroutine("shield(stage)").await(stage.toCompletableFuture(), true);
  }

  /**
   * Returns a coroutine that runs all {@code calls} at the same time and yields their results in
   * the given order. The first to fail cancels the rest, and its exception is what the coroutine
   * throws. On an {@link EventLoop} the calls run on that loop, elsewhere each on a virtual thread.
   * The collection is copied now; it may be empty.
   */
  static <T extends @Nullable Object> AnySync<List<T>> all(
      Collection<? extends AnySync<? extends T>> calls) {
    List<AnySync<? extends T>> copy = Group.copy(calls);
    return new Coroutine<List<T>>(() -> Group.all(copy));
  }

  /**
   * Returns a coroutine that runs all {@code calls} at the same time and yields the first result;
   * the rest are cancelled. A call that fails is out of the race; if all fail, the coroutine throws
   * the first failure with the others suppressed in it. The collection is copied now.
   *
   * @throws IllegalArgumentException if {@code calls} is empty
   */
  static <T extends @Nullable Object> AnySync<T> race(
      Collection<? extends AnySync<? extends T>> calls) {
    List<AnySync<? extends T>> copy = Group.copy(calls);
    if (copy.isEmpty()) {
      throw new IllegalArgumentException("calls: is empty, so that there is no result to wait for");
    }
    return new Coroutine<T>(() -> Group.race(copy));
  }

  /** Returns a picture of all work in flight: who waits for whom, where and since when. */
  static Dump dump() {
    return new Dump();
  }

  /**
   * Runs the body and returns its result; legal on every thread. Called in a coroutine of an {@link
   * EventLoop} it holds the loop until it returns, as any other function call does; {@link
   * #await(AnySync)} does not.
   *
   * @throws CancellationException if this thread is interrupted while the body awaits
   */
  @CanIgnoreReturnValue
  T run();

  /**
   * As {@link #run()}, but if that takes longer than {@code timeout} cancels the body, which runs
   * on a virtual thread.
   */
  @CanIgnoreReturnValue
  T run(Duration timeout) throws TimeoutException;

  /**
   * As {@link #run()}, and lets the compiler know of a checked exception that the body throws; any
   * other exception is thrown all the same.
   */
  @CanIgnoreReturnValue
  <X extends Exception> T run(Class<X> declared) throws X;

  /** Starts the body on a virtual thread and returns the future of its result. */
  Unfuture<T> start();

  /** Starts the body as a coroutine of {@code loop} and returns the future of its result. */
  Unfuture<T> start(EventLoop loop);
}
