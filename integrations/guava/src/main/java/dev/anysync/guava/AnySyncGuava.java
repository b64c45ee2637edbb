package dev.anysync.guava;

import com.google.common.util.concurrent.AbstractFuture;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import dev.anysync.AnySync;
import dev.anysync.Unfuture;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Guava's {@link ListenableFuture} (the futures of gRPC and others) in either style.
 *
 * <p>Four facts of each conversion:
 *
 * <table>
 *   <caption>Conversions</caption>
 *   <tr><th></th><th>cold or hot</th><th>who runs it</th><th>failure</th><th>cancelling</th></tr>
 *   <tr><td>{@link #fromListenableFuture}, {@link #await}, {@link #run(ListenableFuture) run}</td>
 *     <td>hot: it goes on already</td><td>whoever completes it</td>
 *     <td>the very exception that it failed with</td><td>cancels it</td></tr>
 *   <tr><td>{@link #from}</td><td>cold: asked for anew each time</td>
 *     <td>the source is called where the coroutine runs</td><td>the same</td>
 *     <td>cancels what the source returned</td></tr>
 *   <tr><td>{@link #toListenableFuture(AnySync)}</td><td>hot: starts the coroutine</td>
 *     <td>a virtual thread</td><td>the body's exception, as the cause</td>
 *     <td>stops the body</td></tr>
 *   <tr><td>{@link #toListenableFuture(Unfuture)}</td><td>hot</td><td>who runs it already</td>
 *     <td>the same</td><td>cancels the unfuture</td></tr>
 * </table>
 *
 * <p>All methods may be called on any thread, unless they say otherwise.
 */
@CheckReturnValue
public final class AnySyncGuava {
  private AnySyncGuava() {}

  /**
   * In a coroutine: suspends it until {@code future} is done, and returns its result or throws the
   * exception that it failed with. Cancelling the coroutine cancels {@code future}.
   *
   * @throws IllegalStateException if the current thread is not in the body of a coroutine
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T await(ListenableFuture<T> future) {
    return AnySync.await(fromListenableFuture(future));
  }

  /**
   * Waits for {@code future} from synchronous code, on any thread, and returns its result or throws
   * the exception that it failed with. An interrupt of the current thread cancels {@code future}.
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T run(ListenableFuture<T> future) {
    Unfuture<T> following = fromListenableFuture(future);
    try {
      return AnySync.<T>coroutine(() -> AnySync.await(following)).run();
    } catch (CancellationException e) {
      following.cancel(true); // if the wait was given up before it began
      throw e;
    }
  }

  /**
   * As {@link #run(ListenableFuture)}, but if that takes longer than {@code timeout} cancels it.
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T run(ListenableFuture<T> future, Duration timeout)
      throws TimeoutException {
    Objects.requireNonNull(timeout, "timeout");
    Unfuture<T> following = fromListenableFuture(future);
    try {
      return AnySync.<T>coroutine(() -> AnySync.await(following)).run(timeout);
    } catch (CancellationException | TimeoutException e) {
      following.cancel(true);
      throw e;
    }
  }

  /** Returns a coroutine that asks {@code source}, once a run, for a future and awaits it. */
  public static <T extends @Nullable Object> AnySync<T> from(
      Supplier<? extends ListenableFuture<T>> source) {
    Objects.requireNonNull(source, "source");
    return AnySync.coroutine(
        () ->
            await(
                Objects.requireNonNull(source.get(), "source returned null instead of a future")));
  }

  /** Returns the unfuture that is completed as {@code future} is, and cancels it when cancelled. */
  public static <T extends @Nullable Object> Unfuture<T> fromListenableFuture(
      ListenableFuture<T> future) {
    if (Objects.requireNonNull(future, "future") instanceof Listenable<T> ours) {
      return ours.source;
    }
    Unfuture<T> unfuture = new Unfuture<>();
    future.addListener(() -> complete(unfuture, future), MoreExecutors.directExecutor());
    var _ =
        unfuture.whenComplete(
            (_, _) -> {
              if (!future.isDone()) {
                future.cancel(true);
              }
            });
    return unfuture;
  }

  private static <T extends @Nullable Object> void complete(
      Unfuture<T> unfuture, ListenableFuture<T> done) {
    if (done.isCancelled()) {
      unfuture.cancel(true);
      return;
    }
    try {
      unfuture.complete(done.get());
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      unfuture.completeExceptionally(cause == null ? e : cause);
    } catch (InterruptedException | CancellationException e) {
      unfuture.completeExceptionally(e); // not of a future that is done and was not cancelled
    }
  }

  /** Starts {@code call} on a virtual thread and returns its future. */
  public static <T extends @Nullable Object> ListenableFuture<T> toListenableFuture(
      AnySync<T> call) {
    return toListenableFuture(Objects.requireNonNull(call, "call").start());
  }

  /** Returns the future that is completed as {@code unfuture} is, and cancels it when cancelled. */
  public static <T extends @Nullable Object> ListenableFuture<T> toListenableFuture(
      Unfuture<T> unfuture) {
    return new Listenable<>(Objects.requireNonNull(unfuture, "unfuture"));
  }

  /** Follows an unfuture, and cancels it. */
  private static final class Listenable<T extends @Nullable Object> extends AbstractFuture<T> {
    private final Unfuture<T> source;

    Listenable(Unfuture<T> source) {
      this.source = source;
      var _ = source.whenComplete((value, _) -> follow(value));
    }

    private void follow(T value) {
      switch (source.state()) {
        case SUCCESS -> set(value);
        case CANCELLED -> super.cancel(true);
        case FAILED -> setException(source.exceptionNow());
        case RUNNING -> throw new AssertionError("it is done");
      }
    }

    @Override
    protected void afterDone() {
      if (isCancelled() && source.state() == Future.State.RUNNING) {
        source.cancel(wasInterrupted());
      }
    }

    @Override
    protected String pendingToString() {
      return "follows " + source;
    }
  }
}
