package dev.anysync.reactor;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.CheckReturnValue;
import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.FlowAdapters;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;

/**
 * Reactor's {@link Mono} and {@link Flux} in either style.
 *
 * <p>Four facts of each conversion:
 *
 * <table>
 *   <caption>Conversions</caption>
 *   <tr><th></th><th>cold or hot</th><th>who runs it</th><th>failure</th><th>cancelling</th></tr>
 *   <tr><td>{@link #from(Mono)}, {@link #await}, {@link #run(Mono) run}</td>
 *     <td>cold: each run subscribes anew</td>
 *     <td>whom the mono says; it is subscribed to where the coroutine runs</td>
 *     <td>the very exception of its error signal</td><td>cancels the subscription</td></tr>
 *   <tr><td>{@link #start(Mono)}</td><td>subscribes now</td><td>the same, from this thread</td>
 *     <td>the same</td><td>the same</td></tr>
 *   <tr><td>{@link #from(Flux)}</td><td>subscribes with the first element asked for; once</td>
 *     <td>the same</td><td>the same, after the elements before it</td>
 *     <td>closing the iterator cancels the subscription</td></tr>
 *   <tr><td>{@link #toMono}</td><td>cold: each subscription starts the coroutine</td>
 *     <td>a virtual thread</td><td>the body's exception is the error signal</td>
 *     <td>stops the body</td></tr>
 *   <tr><td>{@link #toFlux(AnySyncIterator.Body)}</td><td>cold: a new iterator each time</td>
 *     <td>a virtual thread, which waits while there is no demand</td><td>the same</td>
 *     <td>closes the iterator</td></tr>
 * </table>
 *
 * <p>A mono that is empty gives null, and a coroutine whose result is null an empty mono. All
 * methods may be called on any thread, unless they say otherwise. Where {@code
 * io.micrometer:context-propagation} is there, what it finds on the subscribing thread goes into
 * Reactor's context.
 */
@CheckReturnValue
public final class AnySyncReactor {
  private AnySyncReactor() {}

  /**
   * Lets Reactor's parallel and single schedulers have another thread for each of theirs that waits
   * in a call of this library, so that what it waits for may be scheduled there as well. Those that
   * are shared are replaced, what is scheduled on them already stays there: call it once, before
   * Reactor is used. Other schedulers, and those that the application has made before, stay as they
   * are; {@link Schedulers#resetFactory()} takes it back.
   */
  public static void install() {
    Schedulers.setFactory(
        new Schedulers.Factory() {
          @Override
          public Scheduler newParallel(int parallelism, ThreadFactory factory) {
            return new WaitingScheduler("parallel", parallelism, factory);
          }

          @Override
          public Scheduler newSingle(ThreadFactory factory) {
            return new WaitingScheduler("single", 1, factory);
          }
        });
  }

  /**
   * In a coroutine: subscribes to {@code mono}, suspends the coroutine until it ends, and returns
   * its value, or null if it is empty, or throws its error.
   *
   * @throws IllegalStateException if the current thread is not in the body of a coroutine
   */
  @CanIgnoreReturnValue
  public static <T> @Nullable T await(Mono<T> mono) {
    return AnySync.await(from(mono));
  }

  /**
   * Subscribes to {@code mono} and waits, on any thread, until it ends; returns its value, or null
   * if it is empty, or throws its error. An interrupt of the current thread cancels it.
   */
  @CanIgnoreReturnValue
  public static <T> @Nullable T run(Mono<T> mono) {
    return from(mono).run();
  }

  /** As {@link #run(Mono)}, but if that takes longer than {@code timeout} cancels it. */
  @CanIgnoreReturnValue
  public static <T> @Nullable T run(Mono<T> mono, Duration timeout) throws TimeoutException {
    return from(mono).run(timeout);
  }

  /** Returns a coroutine that subscribes to {@code mono}, once a run, and awaits its end. */
  public static <T> AnySync<@Nullable T> from(Mono<T> mono) {
    Objects.requireNonNull(mono, "mono");
    return AnySync.<@Nullable T>coroutine(() -> AnySync.await(start(mono)));
  }

  /** Subscribes to {@code mono} and returns the unfuture of its end. */
  public static <T> Unfuture<@Nullable T> start(Mono<T> mono) {
    Unfuture<@Nullable T> future = new Unfuture<>();
    Disposable subscription =
        Objects.requireNonNull(mono, "mono")
            .contextCapture()
            .subscribe(
                future::complete, future::completeExceptionally, () -> future.complete(null));
    var _ = future.whenComplete((_, _) -> subscription.dispose());
    return future;
  }

  /**
   * Returns an iterator over what {@code flux} emits. It asks for elements as far ahead as {@link
   * AnySyncIterator#prefetch} says.
   */
  public static <Y> AnySyncIterator<Y> from(Flux<? extends Y> flux) {
    return AnySyncIterator.from(
        FlowAdapters.toFlowPublisher(Objects.requireNonNull(flux, "flux").contextCapture()));
  }

  /** Returns a mono that starts {@code call} with each subscription. */
  public static <T extends @Nullable Object> Mono<T> toMono(AnySync<T> call) {
    Objects.requireNonNull(call, "call");
    return Mono.create(sink -> follow(call.start(), sink));
  }

  private static <T extends @Nullable Object> void follow(Unfuture<T> future, MonoSink<T> sink) {
    boolean[] cancelled = {false}; // a cancelled sink would report what it is told as dropped
    var _ =
        sink.onCancel(
            () -> {
              cancelled[0] = true;
              future.cancel(true);
            });
    var _ =
        future.whenComplete(
            (value, error) -> {
              if (error == null) {
                sink.success(value);
              } else if (!cancelled[0]) {
                sink.error(error);
              }
            });
  }

  /** Returns a flux of what {@code body} yields; each subscription runs it anew. */
  public static <Y> Flux<Y> toFlux(AnySyncIterator.Body<Y> body) {
    Objects.requireNonNull(body, "body");
    return toFlux(() -> AnySync.iterator(body));
  }

  /** Returns a flux of the elements of a new iterator for each subscription. */
  public static <Y> Flux<Y> toFlux(Supplier<AnySyncIterator<Y>> iterators) {
    Objects.requireNonNull(iterators, "iterators");
    return Flux.defer(
        () ->
            FlowAdapters.toPublisher(
                Objects.requireNonNull(iterators.get(), "iterators returned null").publisher()));
  }

  /**
   * Returns {@code client} with event loops of its own, called {@code name}, which no server's
   * handlers run on: what it waits for comes although such a handler waits for it. Needs
   * reactor-netty. The loops are daemons and last as long as the JVM, so make one client and keep
   * it; of one that is to end, give it {@link LoopResources} of your own instead.
   */
  public static HttpClient withOwnLoops(HttpClient client, String name) {
    Objects.requireNonNull(client, "client");
    return client.runOn(LoopResources.create(Objects.requireNonNull(name, "name")));
  }
}
