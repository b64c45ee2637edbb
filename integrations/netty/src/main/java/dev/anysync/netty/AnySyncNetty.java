package dev.anysync.netty;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import dev.anysync.AnySync;
import dev.anysync.DeadlockException;
import dev.anysync.Unfuture;
import io.netty.channel.ChannelFuture;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.FutureListener;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Netty's {@link Future} in either style.
 *
 * <p>Four facts of each conversion:
 *
 * <table>
 *   <caption>Conversions</caption>
 *   <tr><th></th><th>cold or hot</th><th>who runs it</th><th>failure</th><th>cancelling</th></tr>
 *   <tr><td>{@link #fromFuture}, {@link #await}, {@link #run(Future) run}</td>
 *     <td>hot: it goes on already</td><td>whoever completes it</td>
 *     <td>the very exception that it failed with</td>
 *     <td>cancels it, unless that is too late for it</td></tr>
 *   <tr><td>{@link #from}</td><td>cold: asked for anew each time</td>
 *     <td>the source is called where the coroutine runs</td><td>the same</td>
 *     <td>cancels what the source returned</td></tr>
 *   <tr><td>{@link #toFuture}</td><td>hot: starts the coroutine</td>
 *     <td>a virtual thread; it is completed on the executor</td>
 *     <td>the body's exception, as the cause</td><td>stops the body</td></tr>
 * </table>
 *
 * <p>All methods may be called on any thread, unless they say otherwise. While an event loop's
 * thread waits, what it alone can complete cannot come: the result of whatever is done in one of
 * its channels, and any promise of its own. A wait for that, there or in what is waited for there,
 * throws {@link DeadlockException}, as Netty's own waits throw {@link
 * io.netty.util.concurrent.BlockingOperationException}. A promise that is not of a channel is asked
 * for its executor by reflection; on the module path, unless the JVM is started with {@code
 * --add-opens io.netty.common/io.netty.util.concurrent=dev.anysync.netty}, a wait for it is only
 * suspected of a deadlock, after the watchdog's time.
 */
@CheckReturnValue
public final class AnySyncNetty {
  private AnySyncNetty() {}

  /**
   * In a coroutine: suspends it until {@code future} is done, and returns its result or throws the
   * exception that it failed with. Cancelling the coroutine cancels {@code future}.
   *
   * @throws IllegalStateException if the current thread is not in the body of a coroutine
   * @throws DeadlockException if the thread that is to complete {@code future} waits for the
   *     coroutine
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T await(Future<T> future) {
    return AnySync.await(fromFuture(future));
  }

  /**
   * Waits for {@code future} from synchronous code, on any thread, and returns its result or throws
   * the exception that it failed with. An interrupt of the current thread cancels {@code future}.
   *
   * @throws DeadlockException if this is the thread that is to complete {@code future}, which then
   *     goes on
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T run(Future<T> future) {
    Unfuture<T> following = fromFuture(future);
    refuseToWaitForThisThread(following, future);
    try {
      return AnySync.<T>coroutine(() -> AnySync.await(following)).run();
    } catch (CancellationException e) {
      following.cancel(true); // if the wait was given up before it began
      throw e;
    }
  }

  /** As {@link #run(Future)}, but if that takes longer than {@code timeout} cancels it. */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T run(Future<T> future, Duration timeout)
      throws TimeoutException {
    Objects.requireNonNull(timeout, "timeout");
    Unfuture<T> following = fromFuture(future);
    refuseToWaitForThisThread(following, future);
    try {
      return AnySync.<T>coroutine(() -> AnySync.await(following)).run(timeout);
    } catch (CancellationException | TimeoutException e) {
      following.cancel(true);
      throw e;
    }
  }

  private static void refuseToWaitForThisThread(Unfuture<?> following, Future<?> future) {
    if (!following.isDone() && new Completer(future).test(Thread.currentThread())) {
      Object _ = following.result(); // which throws
    }
  }

  /** Returns a coroutine that asks {@code source}, once a run, for a future and awaits it. */
  public static <T extends @Nullable Object> AnySync<T> from(Supplier<? extends Future<T>> source) {
    Objects.requireNonNull(source, "source");
    return AnySync.coroutine(
        () ->
            await(
                Objects.requireNonNull(source.get(), "source returned null instead of a future")));
  }

  /**
   * Returns the unfuture that is completed as {@code future} is, by a listener of it, and cancels
   * it when cancelled; not so a channel's {@code closeFuture()}, which is there for all.
   */
  public static <T extends @Nullable Object> Unfuture<T> fromFuture(Future<T> future) {
    if (Objects.requireNonNull(future, "future") instanceof Started<T> ours) {
      return ours.source;
    }
    Unfuture<T> unfuture = new Unfuture<>(new Completer(future));
    if (future.isDone()) { // its executor may be blocked, or gone
      complete(unfuture, future);
      return unfuture;
    }
    FutureListener<T> listener = done -> complete(unfuture, done);
    var _ = future.addListener(listener);
    var _ =
        unfuture.whenComplete(
            (_, _) -> {
              if (!future.isDone() && !isOfAll(future)) {
                future.cancel(true);
              }
            });
    return unfuture;
  }

  /** Returns whether it is its channel's end, which others wait for as well. */
  private static boolean isOfAll(Future<?> future) {
    return future instanceof ChannelFuture ofChannel
        && ofChannel == ofChannel.channel().closeFuture();
  }

  private static <T extends @Nullable Object> void complete(Unfuture<T> unfuture, Future<T> done) {
    Throwable cause = done.cause();
    if (cause == null) {
      unfuture.complete(done.getNow());
    } else {
      unfuture.completeExceptionally(cause);
    }
  }

  /**
   * Starts {@code call} on a virtual thread and returns its future, a promise that {@code executor}
   * completes and whose listeners it calls. It must not be completed by anybody else.
   */
  public static <T extends @Nullable Object> Future<T> toFuture(
      AnySync<T> call, EventExecutor executor) {
    Objects.requireNonNull(call, "call");
    Started<T> promise = new Started<>(call, Objects.requireNonNull(executor, "executor"));
    promise.follow();
    return promise;
  }

  /** The promise of a coroutine that has been started. */
  private static final class Started<T extends @Nullable Object> extends DefaultPromise<T> {
    private final Unfuture<T> source;

    Started(AnySync<T> call, EventExecutor executor) {
      super(executor);
      this.source = call.start();
    }

    void follow() {
      var _ =
          source.whenComplete(
              (value, error) -> {
                try {
                  executor().execute(() -> complete(value, error));
                } catch (RejectedExecutionException e) {
                  complete(value, error); // for those who wait
                }
              });
    }

    private void complete(T value, @Nullable Throwable error) {
      boolean _ = error == null ? trySuccess(value) : tryFailure(error);
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      boolean cancelled = super.cancel(mayInterruptIfRunning);
      if (cancelled) {
        source.cancel(mayInterruptIfRunning);
      }
      return cancelled;
    }
  }
}
