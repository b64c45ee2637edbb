package dev.anysync.javafx;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import dev.anysync.AnySync;
import dev.anysync.Unfuture;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import javafx.application.Platform;
import javafx.beans.InvalidationListener;
import javafx.beans.Observable;
import javafx.concurrent.Task;
import javafx.concurrent.Worker;
import org.jspecify.annotations.Nullable;

/**
 * JavaFX's workers ({@code Task}, {@code Service}) in either style.
 *
 * <p>Four facts of each conversion:
 *
 * <table>
 *   <caption>Conversions</caption>
 *   <tr><th></th><th>cold or hot</th><th>who runs it</th><th>failure</th><th>cancelling</th></tr>
 *   <tr><td>{@link #fromWorker}, {@link #await}, {@link #run(Worker) run}</td>
 *     <td>hot: somebody else starts it, and may have done so</td><td>whoever starts it</td>
 *     <td>the very exception that it failed with</td><td>cancels it</td></tr>
 *   <tr><td>{@link #toTask}</td><td>cold: runs when the task is run</td>
 *     <td>the thread that runs the task</td><td>the body's exception</td>
 *     <td>stops the body</td></tr>
 * </table>
 *
 * <p>All methods may be called on any thread. JavaFX must have been started.
 */
@CheckReturnValue
public final class AnySyncFx {
  private AnySyncFx() {}

  /**
   * In a coroutine: suspends it until {@code worker} has ended, and returns its value or throws the
   * exception that it failed with. Cancelling the coroutine cancels {@code worker}.
   *
   * @throws CancellationException if {@code worker} is cancelled
   * @throws IllegalStateException if the current thread is not in the body of a coroutine
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T await(Worker<T> worker) {
    return AnySync.await(fromWorker(worker));
  }

  /**
   * Waits for {@code worker} from synchronous code, and returns its value or throws the exception
   * that it failed with. On the JavaFX application thread events are dispatched meanwhile. An
   * interrupt of the current thread cancels {@code worker}.
   *
   * @throws CancellationException if {@code worker} is cancelled
   * @throws IllegalStateException on the JavaFX application thread where it cannot dispatch events,
   *     in an animation or layout, unless {@code worker} has ended: it could never hear of that
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T run(Worker<T> worker) {
    Unfuture<T> following = fromWorker(worker);
    checkThatItCanEnd(following);
    try {
      return AnySync.<T>coroutine(() -> AnySync.await(following)).run();
    } catch (CancellationException e) {
      following.cancel(true); // if the wait was given up before it began
      throw e;
    }
  }

  /** As {@link #run(Worker)}, but if that takes longer than {@code timeout} cancels it. */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object> T run(Worker<T> worker, Duration timeout)
      throws TimeoutException {
    Objects.requireNonNull(timeout, "timeout");
    Unfuture<T> following = fromWorker(worker);
    checkThatItCanEnd(following);
    try {
      return AnySync.<T>coroutine(() -> AnySync.await(following)).run(timeout);
    } catch (CancellationException | TimeoutException e) {
      following.cancel(true);
      throw e;
    }
  }

  /**
   * Returns the unfuture that is completed when {@code worker} succeeds, fails or is cancelled, by
   * the JavaFX application thread, and that cancels it when cancelled. It does not start it. If it
   * has ended already, that is the outcome: a service is to be started, or restarted, before.
   */
  public static <T extends @Nullable Object> Unfuture<T> fromWorker(Worker<T> worker) {
    Objects.requireNonNull(worker, "worker");
    Unfuture<T> unfuture = new Unfuture<>();
    onFxThread(() -> new Following<>(worker, unfuture).start());
    return unfuture;
  }

  /**
   * Returns a task that runs {@code coroutine}: for a {@code Service}, or to be run by a thread or
   * executor, once. The task's value or exception is the body's result or exception. Cancelling the
   * task interrupts the thread that runs it, and so cancels the body; the task is then cancelled,
   * whatever the body throws.
   */
  public static <T extends @Nullable Object> Task<T> toTask(AnySync<T> coroutine) {
    Objects.requireNonNull(coroutine, "coroutine");
    return new Task<>() {
      @Override
      @SuppressWarnings("NullAway") // of a task that has been cancelled nobody gets it
      protected T call() {
        try {
          return coroutine.run();
        } catch (Throwable e) {
          if (isCancelled()) {
            return null; // thrown, it could overtake the cancellation, and the task would fail
          }
          throw e;
        }
      }
    };
  }

  private static void checkThatItCanEnd(Unfuture<?> following) {
    if (!following.isDone()
        && Platform.isFxApplicationThread()
        && !Platform.canStartNestedEventLoop()) {
      throw new IllegalStateException(
          "the JavaFX application thread would wait for a worker that it is to complete itself, and"
              + " can dispatch no events here, in an animation or layout: use Platform.runLater");
    }
  }

  private static void onFxThread(Runnable action) {
    if (Platform.isFxApplicationThread()) {
      action.run();
    } else {
      Platform.runLater(action);
    }
  }

  /** Has an unfuture completed as a worker ends; confined to the JavaFX application thread. */
  private static final class Following<T extends @Nullable Object> implements InvalidationListener {
    private final Worker<T> worker;
    private final Unfuture<T> unfuture;
    private boolean ended; // a service may be started anew, and that is another run

    Following(Worker<T> worker, Unfuture<T> unfuture) {
      this.worker = worker;
      this.unfuture = unfuture;
    }

    void start() {
      worker.stateProperty().addListener(this);
      invalidated(worker.stateProperty());
      var _ = unfuture.whenComplete((_, _) -> onFxThread(this::stop));
    }

    @Override
    public void invalidated(Observable state) {
      switch (worker.getState()) {
        case SUCCEEDED -> {
          end();
          unfuture.complete(worker.getValue());
        }
        case FAILED -> {
          end();
          unfuture.completeExceptionally(worker.getException());
        }
        case CANCELLED -> {
          end();
          unfuture.cancel(false);
        }
        case READY, SCHEDULED, RUNNING -> {}
      }
    }

    private void end() {
      ended = true;
      worker.stateProperty().removeListener(this);
    }

    private void stop() {
      if (!ended) {
        end();
        worker.cancel();
      }
    }
  }
}
