package dev.anysync.reactor;

import static dev.anysync.AnySync.coroutine;
import static dev.anysync.reactor.AnySyncReactor.await;
import static dev.anysync.reactor.AnySyncReactor.run;
import static dev.anysync.reactor.AnySyncReactor.toFlux;
import static dev.anysync.reactor.AnySyncReactor.toMono;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.testkit.ReactiveStreams;
import dev.anysync.testkit.Readme;
import dev.anysync.testkit.TimeLimits;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

class AnySyncReactorTest {
  private final CountDownLatch subscribed = new CountDownLatch(1);
  private final CountDownLatch cancelled = new CountDownLatch(1);

  private <T> Mono<T> never() {
    return Mono.<T>never()
        .doOnSubscribe(_ -> subscribed.countDown())
        .doOnCancel(cancelled::countDown);
  }

  private static Mono<String> greet(String name) {
    return Mono.delay(Duration.ofMillis(1)).map(_ -> "Hello " + name);
  }

  @Test
  void readme() throws Exception {
    String greeting = AnySyncReactor.run(greet("Ann")); // synchronous code, any thread
    assertThat(greeting).isEqualTo("Hello Ann");
    AnySync<String> both =
        AnySync.coroutine(
            () -> AnySyncReactor.await(greet("Ann")) + ", " + AnySyncReactor.await(greet("Bob")));
    assertThat(both.run()).isEqualTo("Hello Ann, Hello Bob");
    Mono<String> mono = AnySyncReactor.toMono(both); // each subscription runs it anew
    assertThat(mono.block()).isEqualTo("Hello Ann, Hello Bob");
    var seen = new ArrayList<Integer>();
    try (AnySyncIterator<Integer> numbers = AnySyncReactor.from(Flux.range(1, 1_000_000))) {
      for (int number : numbers) {
        if (number > 3) {
          break; // cancels the subscription
        }
        seen.add(number);
      }
    }
    assertThat(seen).containsExactly(1, 2, 3);
    Flux<Integer> squares =
        AnySyncReactor.toFlux(
            out -> {
              for (int i = 1; i <= 3; i++) {
                out.yield(i * i); // waits while there is no demand
              }
            });
    assertThat(squares.collectList().block()).containsExactly(1, 4, 9);
    Readme.assertThatItsCodeIsTested("java");
  }

  @Test
  void valuesAndNothing() {
    assertThat(run(Mono.just("x"))).isEqualTo("x");
    assertThat(run(greet("x"))).isEqualTo("Hello x");
    assertThat(run(Mono.<String>empty())).isNull();
    assertThat(coroutine(() -> await(Mono.just("x"))).run()).isEqualTo("x");
    try (EventLoop loop = EventLoop.create("l")) {
      assertThat(coroutine(() -> await(greet("x"))).start(loop).result()).isEqualTo("Hello x");
    }
    assertThat(toMono(coroutine(() -> "x")).block()).isEqualTo("x");
    assertThat(toMono(AnySync.<@Nullable String>coroutine(() -> null)).block()).isNull();
    assertThat(toMono(coroutine(() -> {})).hasElement().block()).isFalse();
  }

  @Test
  void failuresAreTheSameObject() {
    var checked = new IOException("x");
    var wrapper = new CompletionException(new IOException("inner"));
    for (Throwable failure : List.of(checked, wrapper, new AssertionError("e"))) {
      assertThat(catchThrowable(() -> run(Mono.error(failure)))).isSameAs(failure);
      assertThat(catchThrowable(() -> run(Mono.delay(Duration.ZERO).then(Mono.error(failure)))))
          .isSameAs(failure);
      AtomicInteger values = new AtomicInteger();
      assertThat(errorOf(toMono(failing(failure)), values)).isSameAs(failure);
      assertThat(values).hasValue(0);
      try (AnySyncIterator<Integer> elements =
          AnySyncReactor.from(Flux.range(0, 3).concatWith(Flux.error(failure)))) {
        assertThat(elements.next() + elements.next() + elements.next()).isEqualTo(3);
        assertThat(catchThrowable(elements::next)).isSameAs(failure);
      }
      Flux<Integer> flux =
          toFlux(
              out -> {
                out.yield(7);
                failing(failure).run();
              });
      assertThat(errorOf(flux.last(), values)).isSameAs(failure);
    }
  }

  private static AnySync<Integer> failing(Throwable failure) {
    return coroutine(
        () -> {
          switch (failure) {
            case Exception e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError(failure);
          }
        });
  }

  /** Not by block(), which wraps what is checked. */
  private static @Nullable Throwable errorOf(Mono<Integer> mono, AtomicInteger values) {
    var error = new CompletableFuture<@Nullable Throwable>();
    Disposable _ =
        mono.subscribe(_ -> values.incrementAndGet(), error::complete, () -> error.complete(null));
    return error.join();
  }

  @Test
  void anInterruptedWaiterCancelsTheSubscription() throws Exception {
    var waiting = new FutureTask<>(() -> catchThrowable(() -> run(never())));
    Thread thread = Thread.ofPlatform().start(waiting);
    subscribed.await();
    thread.interrupt();
    assertThat(waiting.get()).isInstanceOf(CancellationException.class);
    cancelled.await();
  }

  @Test
  void aTimeoutCancelsTheSubscription() throws Exception {
    TimeLimits.assertThatItIsExceeded(subscribed, limit -> run(never(), limit));
    cancelled.await();
  }

  @Test
  void aCancelledCoroutineCancelsTheSubscription() throws Exception {
    Unfuture<@Nullable String> future = AnySyncReactor.from(this.<String>never()).start();
    subscribed.await();
    assertThat(future.cancel(true)).isTrue();
    cancelled.await();
  }

  @Test
  void cancellingAMonoStopsTheBody() throws Exception {
    var stopped = new CountDownLatch(1);
    Disposable subscription =
        toMono(
                coroutine(
                    () -> {
                      try {
                        return await(never());
                      } finally {
                        stopped.countDown();
                      }
                    }))
            .subscribe();
    subscribed.await();
    subscription.dispose();
    stopped.await();
    cancelled.await();
  }

  @Test
  void closingAnIteratorCancelsTheFlux() throws Exception {
    var emitted = new AtomicInteger();
    try (AnySyncIterator<Integer> elements =
        AnySyncReactor.from(
                Flux.<Integer>generate(sink -> sink.next(emitted.getAndIncrement()))
                    .doOnCancel(cancelled::countDown))
            .prefetch(8)) {
      assertThat(elements.next()).isZero();
      assertThat(elements.next()).isOne();
    }
    cancelled.await();
    assertThat(emitted.get()).isLessThanOrEqualTo(32); // it is endless
  }

  @Test
  void cancellingAFluxClosesTheIterator() throws Exception {
    var yielded = new AtomicInteger();
    var closed = new CountDownLatch(1);
    Flux<Integer> endless =
        toFlux(
            out -> {
              try {
                while (true) {
                  out.yield(yielded.getAndIncrement());
                }
              } finally {
                closed.countDown();
              }
            });
    assertThat(endless.limitRate(4).take(3).collectList().block()).containsExactly(0, 1, 2);
    closed.await();
    assertThat(yielded.get()).isLessThanOrEqualTo(8);
    assertThat(endless.next().block()).isBetween(3, 8); // another subscription runs it anew
  }

  @Test
  void aFluxIsPulledAsItIsConsumed() {
    int count = 100_000;
    long sum = 0;
    try (AnySyncIterator<Integer> elements =
        AnySyncReactor.from(Flux.range(0, count).publishOn(Schedulers.parallel()))) {
      for (int element : elements) {
        sum += element;
      }
    }
    assertThat(sum).isEqualTo((count - 1L) * count / 2);
  }

  @Test
  void startedMonoIsAFuture() {
    Sinks.One<String> sink = Sinks.one();
    Unfuture<@Nullable String> future = AnySyncReactor.start(sink.asMono());
    assertThat(future.isDone()).isFalse();
    sink.tryEmitValue("x").orThrow();
    assertThat(future.result()).isEqualTo("x");
    Unfuture<@Nullable String> other = AnySyncReactor.start(never());
    assertThat(other.complete("by hand")).isTrue();
    assertThat(cancelled.getCount()).isZero();
  }

  /** Where block() throws. */
  @ParameterizedTest
  @ValueSource(strings = {"parallel", "single"})
  void runOnAThreadThatMustNotBlock(String kind) throws Exception {
    var scheduler = kind.equals("single") ? Schedulers.single() : Schedulers.parallel();
    var result = new CompletableFuture<String>();
    Disposable _ =
        scheduler.schedule(
            () -> {
              Throwable refused = catchThrowable(() -> greet("x").block());
              result.complete(run(Mono.fromCallable(() -> "Hello")) + ", " + refused);
            });
    assertThat(result.get()).startsWith("Hello, ").contains("IllegalStateException", "blocking");
  }

  @Test
  void reactiveStreams() {
    ReactiveStreams.assertThatItPasses(FluxVerification.class);
  }

  @Test
  @SuppressWarnings("NullAway")
  void badInput() {
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncReactor.from((Mono<String>) null))
        .withMessage("mono");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncReactor.from((Flux<String>) null))
        .withMessage("flux");
    assertThatNullPointerException().isThrownBy(() -> toMono(null)).withMessage("call");
    assertThatNullPointerException()
        .isThrownBy(() -> toFlux((AnySyncIterator.Body<String>) null))
        .withMessage("body");
    assertThatThrownBy(() -> await(Mono.just("x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }
}
