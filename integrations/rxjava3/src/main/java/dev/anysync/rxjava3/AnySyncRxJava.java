package dev.anysync.rxjava3;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.plugins.RxJavaPlugins;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.FlowAdapters;

/**
 * RxJava's {@link Single}, {@link Maybe}, {@link Completable} and {@link Flowable} in either style.
 *
 * <p>Four facts of each conversion:
 *
 * <table>
 *   <caption>Conversions</caption>
 *   <tr><th></th><th>cold or hot</th><th>who runs it</th><th>failure</th><th>cancelling</th></tr>
 *   <tr><td>{@link #from(Single) from}, {@link #await(Single) await} and {@link #run(Single) run}
 *     of a single, maybe or completable</td>
 *     <td>cold: each run subscribes anew</td>
 *     <td>whom the source says; it is subscribed to where the coroutine runs</td>
 *     <td>the very exception of its error signal</td><td>disposes of the subscription</td></tr>
 *   <tr><td>{@link #from(Flowable)}</td>
 *     <td>subscribes with the first element asked for; once</td>
 *     <td>the same</td><td>the same, after the elements before it</td>
 *     <td>closing the iterator cancels the subscription</td></tr>
 *   <tr><td>{@link #toSingle}, {@link #toMaybe}, {@link #toCompletable}</td>
 *     <td>cold: each subscription starts the coroutine</td>
 *     <td>a virtual thread</td><td>the body's exception is the error signal</td>
 *     <td>stops the body</td></tr>
 *   <tr><td>{@link #toFlowable(AnySyncIterator.Body)}</td><td>cold: a new iterator each time</td>
 *     <td>a virtual thread, which waits while there is no demand</td><td>the same</td>
 *     <td>closes the iterator</td></tr>
 * </table>
 *
 * <p>A maybe that is empty gives null, and a coroutine whose result is null an empty maybe. An
 * observable has no back-pressure: say what is to be done about that with its {@code toFlowable}.
 * What a source signals after it was disposed of goes where RxJava sends it, to {@link
 * RxJavaPlugins#onError}. All methods may be called on any thread, unless they say otherwise.
 */
@CheckReturnValue
public final class AnySyncRxJava {
  private AnySyncRxJava() {}

  /**
   * Replaces RxJava's computation and single schedulers by ones that have another thread for each
   * of theirs that waits in a call of this library, so that what it waits for may be scheduled
   * there as well. What is scheduled already stays where it is: call it once, before RxJava is
   * used. It takes the place of the handlers of these two schedulers, and {@link
   * RxJavaPlugins#reset()} takes it back; other schedulers stay as they are.
   *
   * @throws IllegalStateException if RxJava's plugins are locked
   */
  public static void install() {
    WaitingScheduler.install();
  }

  /**
   * In a coroutine: subscribes to {@code single}, suspends the coroutine until it ends, and returns
   * its value or throws its error. Cancelling the coroutine disposes of the subscription.
   *
   * @throws IllegalStateException if the current thread is not in the body of a coroutine
   */
  @CanIgnoreReturnValue
  public static <T> T await(Single<T> single) {
    return AnySync.await(from(single));
  }

  /** As {@link #await(Single)}, and returns null if {@code maybe} is empty. */
  @CanIgnoreReturnValue
  public static <T> @Nullable T await(Maybe<T> maybe) {
    return AnySync.await(from(maybe));
  }

  /** As {@link #await(Single)}, without a value. */
  public static void await(Completable completable) {
    AnySync.await(from(completable));
  }

  /**
   * Subscribes to {@code single} and waits, on any thread, until it ends; returns its value or
   * throws its error. An interrupt of the current thread disposes of the subscription.
   */
  @CanIgnoreReturnValue
  public static <T> T run(Single<T> single) {
    return from(single).run();
  }

  /** As {@link #run(Single)}, but disposes of it if that takes longer than {@code timeout}. */
  @CanIgnoreReturnValue
  public static <T> T run(Single<T> single, Duration timeout) throws TimeoutException {
    return from(single).run(timeout);
  }

  /** As {@link #run(Single)}, and returns null if {@code maybe} is empty. */
  @CanIgnoreReturnValue
  public static <T> @Nullable T run(Maybe<T> maybe) {
    return from(maybe).run();
  }

  /** As {@link #run(Maybe)}, but disposes of it if that takes longer than {@code timeout}. */
  @CanIgnoreReturnValue
  public static <T> @Nullable T run(Maybe<T> maybe, Duration timeout) throws TimeoutException {
    return from(maybe).run(timeout);
  }

  /** As {@link #run(Single)}, without a value. */
  public static void run(Completable completable) {
    from(completable).run();
  }

  /** As {@link #run(Completable)}, but disposes of it if that takes longer than {@code timeout}. */
  public static void run(Completable completable, Duration timeout) throws TimeoutException {
    from(completable).run(timeout);
  }

  /** Returns a coroutine that subscribes to {@code single}, once a run, and awaits its end. */
  public static <T> AnySync<T> from(Single<T> single) {
    Objects.requireNonNull(single, "single");
    return AnySync.<T>coroutine(
        () -> {
          Unfuture<T> end = new Unfuture<>();
          return await(end, single.subscribe(end::complete, end::completeExceptionally));
        });
  }

  /** As {@link #from(Single)}; the coroutine's result is null if {@code maybe} is empty. */
  public static <T> AnySync<@Nullable T> from(Maybe<T> maybe) {
    Objects.requireNonNull(maybe, "maybe");
    return AnySync.<@Nullable T>coroutine(
        () -> {
          Unfuture<@Nullable T> end = new Unfuture<>();
          return await(
              end,
              maybe.subscribe(end::complete, end::completeExceptionally, () -> end.complete(null)));
        });
  }

  /** As {@link #from(Single)}; the coroutine's result is null. */
  public static AnySync<@Nullable Void> from(Completable completable) {
    Objects.requireNonNull(completable, "completable");
    return AnySync.<@Nullable Void>coroutine(
        () -> {
          Unfuture<@Nullable Void> end = new Unfuture<>();
          return await(
              end, completable.subscribe(() -> end.complete(null), end::completeExceptionally));
        });
  }

  private static <T extends @Nullable Object> T await(Unfuture<T> end, Disposable subscription) {
    var _ = end.whenComplete((_, _) -> subscription.dispose());
    return AnySync.await(end);
  }

  /**
   * Returns an iterator over what {@code flowable} emits. It asks for elements as far ahead as
   * {@link AnySyncIterator#prefetch} says.
   */
  public static <Y> AnySyncIterator<Y> from(Flowable<? extends Y> flowable) {
    return AnySyncIterator.from(
        FlowAdapters.toFlowPublisher(Objects.requireNonNull(flowable, "flowable")));
  }

  /**
   * Returns a single that starts {@code call} with each subscription. If the result is null, the
   * single fails with a {@link NullPointerException}.
   */
  public static <T> Single<T> toSingle(AnySync<T> call) {
    Objects.requireNonNull(call, "call");
    return Single.create(
        emitter -> {
          Unfuture<T> future = call.start();
          emitter.setCancellable(() -> future.cancel(true));
          var _ =
              future.whenComplete(
                  (value, error) -> {
                    if (error == null) {
                      emitter.onSuccess(value);
                    } else {
                      boolean _ = emitter.tryOnError(error); // not if it was disposed of
                    }
                  });
        });
  }

  /** As {@link #toSingle}, but a maybe that is empty if the result is null. */
  public static <T> Maybe<T> toMaybe(AnySync<? extends @Nullable T> call) {
    Objects.requireNonNull(call, "call");
    return Maybe.create(
        emitter -> {
          Unfuture<? extends @Nullable T> future = call.start();
          emitter.setCancellable(() -> future.cancel(true));
          var _ =
              future.whenComplete(
                  (value, error) -> {
                    if (error != null) {
                      boolean _ = emitter.tryOnError(error);
                    } else if (value == null) {
                      emitter.onComplete();
                    } else {
                      emitter.onSuccess(value);
                    }
                  });
        });
  }

  /** As {@link #toSingle}, but a completable, which drops the result. */
  public static Completable toCompletable(AnySync<?> call) {
    Objects.requireNonNull(call, "call");
    return Completable.create(
        emitter -> {
          Unfuture<?> future = call.start();
          emitter.setCancellable(() -> future.cancel(true));
          var _ =
              future.whenComplete(
                  (_, error) -> {
                    if (error == null) {
                      emitter.onComplete();
                    } else {
                      boolean _ = emitter.tryOnError(error);
                    }
                  });
        });
  }

  /** Returns a flowable of what {@code body} yields; each subscription runs it anew. */
  public static <Y> Flowable<Y> toFlowable(AnySyncIterator.Body<Y> body) {
    Objects.requireNonNull(body, "body");
    return toFlowable(() -> AnySync.iterator(body));
  }

  /** Returns a flowable of the elements of a new iterator for each subscription. */
  public static <Y> Flowable<Y> toFlowable(Supplier<AnySyncIterator<Y>> iterators) {
    Objects.requireNonNull(iterators, "iterators");
    return Flowable.defer(
        () ->
            FlowAdapters.toPublisher(
                Objects.requireNonNull(iterators.get(), "iterators returned null").publisher()));
  }
}
