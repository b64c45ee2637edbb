package dev.anysync.vertx;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.FutureInternal;
import io.vertx.core.streams.ReadStream;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Future} and {@link ReadStream} of Vert.x in either style.
 *
 * <p>Four facts of each conversion:
 *
 * <table>
 *   <caption>Conversions</caption>
 *   <tr><th></th><th>cold or hot</th><th>who runs it</th><th>failure</th><th>cancelling</th></tr>
 *   <tr><td>{@link #await}, {@link #run(Future) run}, {@link #fromFuture}</td>
 *     <td>hot: it goes on already</td><td>whoever completes it</td>
 *     <td>the very exception that it failed with</td>
 *     <td>ends the wait; a future of Vert.x cannot be cancelled, so its result is dropped</td></tr>
 *   <tr><td>{@link #from(Supplier)}</td><td>cold: asked for anew each time</td>
 *     <td>the source is called where the coroutine runs</td><td>the same</td><td>the same</td></tr>
 *   <tr><td>{@link #toFuture(AnySync)}</td><td>hot: starts the coroutine</td>
 *     <td>a virtual thread; handlers are called on the context of the caller, if it has one</td>
 *     <td>the body's exception, as the cause</td>
 *     <td>cannot be; cancel the unfuture given to {@link #toFuture(Unfuture)}</td></tr>
 *   <tr><td>{@link #from(ReadStream)}</td><td>hot, and paused by the call</td>
 *     <td>whom the stream says</td><td>the same object, after the elements before it</td>
 *     <td>closing the iterator takes its handlers away and leaves it paused</td></tr>
 *   <tr><td>{@link #toReadStream(AnySyncIterator.Body) toReadStream}</td>
 *     <td>cold: starts when it gets its handler; once</td>
 *     <td>a virtual thread, which waits while there is no demand; handlers are called on the
 *       context of who made it, if there was one</td>
 *     <td>its exception handler gets the body's exception</td>
 *     <td>{@code handler(null)} closes the iterator</td></tr>
 * </table>
 *
 * <p>All methods may be called on any thread, unless they say otherwise. Where that is an event
 * loop or a worker, the bodies of coroutines run on virtual threads that have no context of Vert.x,
 * so that the futures which are made there do not need the thread that waits for them.
 */
@CheckReturnValue
public final class AnySyncVertx {
  private AnySyncVertx() {}

  /**
   * In a coroutine: suspends it until {@code future} is done, and returns its result or throws the
   * exception that it failed with. Cancelling the coroutine ends the wait, and not the operation.
   *
   * @throws IllegalStateException if the current thread is not in the body of a coroutine
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T await(Future<T> future) {
    return AnySync.await(fromFuture(future));
  }

  /**
   * Waits for {@code future} from synchronous code and returns its result or throws the exception
   * that it failed with. An interrupt of the current thread ends the wait, and not the operation.
   *
   * @throws IllegalStateException if the current thread runs the context that the future, which is
   *     not done, belongs to, and so could never hear of it: an event loop, or a worker. Use {@link
   *     #from(Supplier)} there. On a virtual thread of Vert.x the context goes on meanwhile.
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T run(Future<T> future) {
    Unfuture<T> following = following(future);
    try {
      return AnySync.<T>coroutine(() -> AnySync.await(following)).run();
    } catch (CancellationException e) {
      following.cancel(true); // if the wait was given up before it began
      throw e;
    }
  }

  /**
   * As {@link #run(Future)}, for at most {@code timeout}.
   *
   * @throws TimeoutException if it takes longer; the operation goes on
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T run(Future<T> future, Duration timeout)
      throws TimeoutException {
    Unfuture<T> following = following(future);
    try {
      return AnySync.<T>coroutine(() -> AnySync.await(following)).run(timeout);
    } catch (CancellationException | TimeoutException e) {
      following.cancel(true);
      throw e;
    }
  }

  /** Returns the unfuture of {@code future}, which this thread is going to block for. */
  private static <T extends @Nullable Object> Unfuture<T> following(Future<T> future) {
    Objects.requireNonNull(future, "future");
    if (VertxThreads.isHeld(context(future)) && !future.isComplete()) {
      throw new IllegalStateException(
          "thread '%s' would wait for a future of the context that it runs, which cannot hear of it"
                  .formatted(Thread.currentThread().getName())
              + " meanwhile: make the future in AnySyncVertx.from(() -> ...), and run() that");
    }
    return fromFuture(future);
  }

  private static @Nullable ContextInternal context(Future<?> future) {
    return future instanceof FutureInternal<?> ofVertx ? ofVertx.context() : null;
  }

  /** Returns a coroutine that asks {@code source}, once a run, for a future and awaits it. */
  public static <T extends @Nullable Object> AnySync<T> from(Supplier<Future<T>> source) {
    Objects.requireNonNull(source, "source");
    return AnySync.coroutine(
        () ->
            await(
                Objects.requireNonNull(source.get(), "source returned null instead of a future")));
  }

  /** Returns the unfuture that is completed as {@code future} is. */
  public static <T extends @Nullable Object> Unfuture<T> fromFuture(Future<T> future) {
    Unfuture<T> unfuture = new Unfuture<>();
    if (Objects.requireNonNull(future, "future").isComplete()) {
      complete(unfuture, future); // here and now: its context may be busy waiting for this
    } else {
      VertxThreads.note(context(future), unfuture);
      var _ = future.onComplete(done -> complete(unfuture, done));
    }
    return unfuture;
  }

  private static <T extends @Nullable Object> void complete(
      Unfuture<T> unfuture, AsyncResult<T> done) {
    if (done.succeeded()) {
      unfuture.complete(done.result());
    } else {
      unfuture.completeExceptionally(done.cause());
    }
  }

  /** Starts {@code call} on a virtual thread and returns its future; which cannot be cancelled. */
  public static <T extends @Nullable Object> Future<T> toFuture(AnySync<T> call) {
    return toFuture(Objects.requireNonNull(call, "call").start());
  }

  /**
   * Returns the future that is completed as {@code unfuture} is. Its handlers are called on the
   * context that is current now, or, if there is none, by whoever completes the unfuture.
   */
  public static <T extends @Nullable Object> Future<T> toFuture(Unfuture<T> unfuture) {
    Objects.requireNonNull(unfuture, "unfuture");
    ContextInternal context = ContextInternal.current();
    Promise<T> promise = context == null ? Promise.promise() : context.promise();
    var _ = unfuture.whenComplete((value, error) -> follow(unfuture, promise, value, error));
    return promise.future();
  }

  private static <T extends @Nullable Object> void follow(
      Unfuture<T> done, Promise<T> promise, T value, @Nullable Throwable error) {
    switch (done.state()) {
      case SUCCESS -> promise.complete(value);
      case FAILED -> promise.fail(done.exceptionNow());
      case CANCELLED -> promise.fail(Objects.requireNonNull(error));
      case RUNNING -> throw new AssertionError("it is done");
    }
  }

  /**
   * Pauses {@code stream} and returns an iterator over its elements, which fetches as many as
   * {@link AnySyncIterator#prefetch} says, from the thread that consumes them. To be called in the
   * very handler that gets the stream, before anything is lost. Closing the iterator half-way takes
   * its handlers away, with which the rows of an SQL client are closed as well; closing any other
   * stream is the caller's.
   */
  public static <T> AnySyncIterator<T> from(ReadStream<? extends T> stream) {
    var _ = Objects.requireNonNull(stream, "stream").pause();
    return AnySyncIterator.from(new StreamPublisher<>(stream, ContextInternal.current()));
  }

  /** Returns a stream of what {@code body} yields. It starts when it gets its handler, once. */
  public static <T> ReadStream<T> toReadStream(AnySyncIterator.Body<T> body) {
    return toReadStream(AnySync.iterator(body));
  }

  /**
   * Returns a stream of what {@code elements} yields, which it alone uses from now on. It starts
   * when it gets its handler, once. Its handlers are called on the context that is current now, or,
   * if there is none, on the thread of the body or of who fetches.
   */
  public static <T> ReadStream<T> toReadStream(AnySyncIterator<T> elements) {
    return new ElementStream<>(Objects.requireNonNull(elements, "elements"));
  }
}
