package dev.anysync.mutiny;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Mutiny's {@link Uni} and {@link Multi} in either style.
 *
 * <p>Four facts of each conversion:
 *
 * <table>
 *   <caption>Conversions</caption>
 *   <tr><th></th><th>cold or hot</th><th>who runs it</th><th>failure</th><th>cancelling</th></tr>
 *   <tr><td>{@link #from(Uni)}, {@link #await}, {@link #run(Uni) run}</td>
 *     <td>cold: each run subscribes anew</td>
 *     <td>whom the uni says; it is subscribed to where the coroutine runs</td>
 *     <td>the very exception of its failure</td><td>cancels the subscription</td></tr>
 *   <tr><td>{@link #from(Multi)}</td><td>subscribes with the first element asked for; once</td>
 *     <td>the same</td><td>the same, after the elements before it</td>
 *     <td>closing the iterator cancels the subscription</td></tr>
 *   <tr><td>{@link #toUni}</td><td>cold: each subscription starts the coroutine</td>
 *     <td>a virtual thread</td><td>the body's exception is the failure</td>
 *     <td>stops the body</td></tr>
 *   <tr><td>{@link #toMulti(AnySyncIterator.Body)}</td><td>cold: a new iterator each time</td>
 *     <td>a virtual thread, which waits while there is no demand</td><td>the same</td>
 *     <td>closes the iterator</td></tr>
 * </table>
 *
 * <p>The item of a uni may be null, and so may a coroutine's result. All methods may be called on
 * any thread, unless they say otherwise, those included on which {@link Uni#await()} is refused.
 */
@CheckReturnValue
public final class AnySyncMutiny {
  private AnySyncMutiny() {}

  /**
   * In a coroutine: subscribes to {@code uni}, suspends the coroutine until it ends, and returns
   * its item, which may be null, or throws its failure. Cancelling the coroutine cancels the
   * subscription.
   *
   * @throws IllegalStateException if the current thread is not in the body of a coroutine
   */
  @CanIgnoreReturnValue
  public static <T> @Nullable T await(Uni<T> uni) {
    return AnySync.await(from(uni));
  }

  /**
   * Subscribes to {@code uni} and waits, on any thread, until it ends; returns its item, which may
   * be null, or throws its failure. An interrupt of the current thread cancels it.
   */
  @CanIgnoreReturnValue
  public static <T> @Nullable T run(Uni<T> uni) {
    return from(uni).run();
  }

  /**
   * As {@link #run(Uni)}, but if that takes longer than {@code timeout} cancels it.
   *
   * @throws TimeoutException that of the JDK, not Mutiny's, after {@code timeout}
   */
  @CanIgnoreReturnValue
  public static <T> @Nullable T run(Uni<T> uni, Duration timeout) throws TimeoutException {
    return from(uni).run(timeout);
  }

  /** Returns a coroutine that subscribes to {@code uni}, once a run, and awaits its end. */
  public static <T> AnySync<@Nullable T> from(Uni<T> uni) {
    Objects.requireNonNull(uni, "uni");
    return AnySync.<@Nullable T>coroutine(
        () -> {
          Unfuture<@Nullable T> end = new Unfuture<>();
          Cancellable subscription =
              uni.subscribe().with(end::complete, end::completeExceptionally);
          var _ = end.whenComplete((_, _) -> subscription.cancel());
          return AnySync.await(end);
        });
  }

  /**
   * Returns an iterator over what {@code multi} emits. It asks for elements as far ahead as {@link
   * AnySyncIterator#prefetch} says.
   */
  public static <Y> AnySyncIterator<Y> from(Multi<? extends Y> multi) {
    return AnySyncIterator.from(Objects.requireNonNull(multi, "multi"));
  }

  /** Returns a uni that starts {@code call} with each subscription. */
  public static <T extends @Nullable Object> Uni<T> toUni(AnySync<T> call) {
    Objects.requireNonNull(call, "call");
    return Uni.createFrom().emitter(emitter -> follow(call.start(), emitter));
  }

  private static <T extends @Nullable Object> void follow(
      Unfuture<T> future, UniEmitter<? super T> emitter) {
    var _ =
        future.whenComplete(
            (value, error) -> {
              if (error == null) {
                emitter.complete(value);
              } else {
                emitter.fail(error); // which nobody sees if it was cancelled
              }
            });
    var _ = emitter.onTermination(() -> future.cancel(true));
  }

  /** Returns a multi of what {@code body} yields; each subscription runs it anew. */
  public static <Y> Multi<Y> toMulti(AnySyncIterator.Body<Y> body) {
    Objects.requireNonNull(body, "body");
    return toMulti(() -> AnySync.iterator(body));
  }

  /** Returns a multi of the elements of a new iterator for each subscription. */
  public static <Y> Multi<Y> toMulti(Supplier<AnySyncIterator<Y>> iterators) {
    Objects.requireNonNull(iterators, "iterators");
    return Multi.createFrom()
        .deferred(
            () ->
                Multi.createFrom()
                    .publisher(
                        Objects.requireNonNull(iterators.get(), "iterators returned null")
                            .publisher()));
  }
}
