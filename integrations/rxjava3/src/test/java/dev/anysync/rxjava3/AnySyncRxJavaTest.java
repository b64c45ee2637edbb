package dev.anysync.rxjava3;

import static dev.anysync.AnySync.coroutine;
import static dev.anysync.rxjava3.AnySyncRxJava.await;
import static dev.anysync.rxjava3.AnySyncRxJava.run;
import static dev.anysync.rxjava3.AnySyncRxJava.toCompletable;
import static dev.anysync.rxjava3.AnySyncRxJava.toFlowable;
import static dev.anysync.rxjava3.AnySyncRxJava.toMaybe;
import static dev.anysync.rxjava3.AnySyncRxJava.toSingle;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.spi.ContextCarrier;
import dev.anysync.testkit.ReactiveStreams;
import dev.anysync.testkit.Readme;
import dev.anysync.testkit.TimeLimits;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.plugins.RxJavaPlugins;
import io.reactivex.rxjava3.schedulers.Schedulers;
import io.reactivex.rxjava3.subscribers.TestSubscriber;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnySyncRxJavaTest {
  private final CountDownLatch subscribed = new CountDownLatch(1);
  private final CountDownLatch disposed = new CountDownLatch(1);
  private final Queue<Throwable> undeliverable = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void recordWhatNobodyGets() {
    RxJavaPlugins.setErrorHandler(undeliverable::add);
  }

  @AfterEach
  void everythingWasDelivered() {
    RxJavaPlugins.reset();
    assertThat(undeliverable).isEmpty();
  }

  private Single<String> never() {
    return Single.<String>never()
        .doOnSubscribe(_ -> subscribed.countDown())
        .doOnDispose(disposed::countDown);
  }

  private static Single<String> greet(String name) {
    return Single.timer(1, TimeUnit.MILLISECONDS).map(_ -> "Hello " + name);
  }

  @Test
  void readme() throws Exception {
    String greeting = AnySyncRxJava.run(greet("Ann")); // synchronous code, any thread
    assertThat(greeting).isEqualTo("Hello Ann");
    AnySync<String> both =
        AnySync.coroutine(
            () -> AnySyncRxJava.await(greet("Ann")) + ", " + AnySyncRxJava.await(greet("Bob")));
    assertThat(both.run()).isEqualTo("Hello Ann, Hello Bob");
    Single<String> single = AnySyncRxJava.toSingle(both); // each subscription runs it anew
    assertThat(single.blockingGet()).isEqualTo("Hello Ann, Hello Bob");
    assertThat(single.blockingGet()).isEqualTo("Hello Ann, Hello Bob");
    var seen = new ArrayList<Integer>();
    try (AnySyncIterator<Integer> numbers = AnySyncRxJava.from(Flowable.range(1, 1_000_000))) {
      for (int number : numbers) {
        if (number > 3) {
          break; // cancels the subscription
        }
        seen.add(number);
      }
    }
    assertThat(seen).containsExactly(1, 2, 3);
    Flowable<Integer> squares =
        AnySyncRxJava.toFlowable(
            out -> {
              for (int i = 1; i <= 3; i++) {
                out.yield(i * i); // waits while there is no demand
              }
            });
    assertThat(squares.toList().blockingGet()).containsExactly(1, 4, 9);
    Readme.assertThatItsCodeIsTested("java");
  }

  @Test
  void valuesAndNothing() {
    assertThat(run(Single.just("x"))).isEqualTo("x");
    assertThat(run(greet("x"))).isEqualTo("Hello x");
    assertThat(run(Maybe.just("x"))).isEqualTo("x");
    assertThat(run(greet("x").toMaybe())).isEqualTo("Hello x");
    assertThat(run(Maybe.<String>empty())).isNull();
    var ran = new AtomicInteger();
    run(Completable.fromAction(ran::incrementAndGet));
    run(Completable.timer(1, TimeUnit.MILLISECONDS).doOnComplete(ran::incrementAndGet));
    assertThat(ran).hasValue(2);
    assertThat(AnySyncRxJava.from(Completable.complete()).run()).isNull();

    assertThat(toSingle(coroutine(() -> "x")).blockingGet()).isEqualTo("x");
    assertThat(toMaybe(coroutine(() -> "x")).blockingGet()).isEqualTo("x");
    assertThat(toMaybe(AnySync.<@Nullable String>coroutine(() -> null)).blockingGet()).isNull();
    toCompletable(coroutine(ran::incrementAndGet)).blockingAwait();
    toCompletable(coroutine(() -> {})).blockingAwait();
    assertThat(ran).hasValue(3);
    assertThat(toFlowable(() -> AnySyncRxJava.from(Flowable.range(0, 3))).toList().blockingGet())
        .containsExactly(0, 1, 2);
    Flowable<String> nothing = toFlowable(_ -> {});
    assertThat(nothing.isEmpty().blockingGet()).isTrue();
  }

  @Test
  void aSingleOfNull() {
    AnySync<String> nothing = coroutine(AnySyncRxJavaTest::nothing);
    assertThat(errorOf(toSingle(nothing).toFlowable())).isInstanceOf(NullPointerException.class);
  }

  @SuppressWarnings("NullAway") // what a caller without null checks may do
  private static String nothing() {
    return null;
  }

  static Stream<Throwable> failures() {
    return Stream.of(
        new IOException("checked"),
        new IllegalStateException("unchecked"),
        new CompletionException(new IOException("inner")),
        new CancellationException("somebody else's"),
        new AssertionError("error"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void failuresAreTheSameObject(Throwable failure) {
    for (Single<Integer> single :
        List.of(
            Single.<Integer>error(failure),
            Single.timer(1, TimeUnit.MILLISECONDS).flatMap(_ -> Single.<Integer>error(failure)))) {
      assertThat(catchThrowable(() -> run(single))).isSameAs(failure);
      assertThat(catchThrowable(() -> run(single.toMaybe()))).isSameAs(failure);
      assertThat(catchThrowable(() -> run(single.ignoreElement()))).isSameAs(failure);
      assertThat(catchThrowable(() -> coroutine(() -> await(single)).run())).isSameAs(failure);
      try (AnySyncIterator<Integer> elements =
          AnySyncRxJava.from(Flowable.range(0, 3).concatWith(single.toFlowable()))) {
        assertThat(elements.next() + elements.next() + elements.next()).isEqualTo(3);
        assertThat(catchThrowable(elements::next)).isSameAs(failure);
      }
    }
    assertThat(errorOf(toSingle(failing(failure)).toFlowable())).isSameAs(failure);
    assertThat(errorOf(toMaybe(failing(failure)).toFlowable())).isSameAs(failure);
    assertThat(errorOf(toCompletable(failing(failure)).toFlowable())).isSameAs(failure);
    Flowable<Integer> flowable =
        toFlowable(
            out -> {
              out.yield(7);
              failing(failure).run();
            });
    assertThat(errorOf(flowable.take(1))).isNull();
    assertThat(errorOf(flowable)).isSameAs(failure);
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

  /** Not by a blocking method, which wraps what is checked. */
  private static <T> @Nullable Throwable errorOf(Flowable<T> flowable) {
    var error = new CompletableFuture<@Nullable Throwable>();
    Disposable _ = flowable.subscribe(_ -> {}, error::complete, () -> error.complete(null));
    return error.join();
  }

  // Cancelling

  @Test
  void anInterruptedWaiterDisposes() throws Exception {
    var waiting = new FutureTask<>(() -> catchThrowable(() -> run(never())));
    Thread thread = Thread.ofPlatform().start(waiting);
    subscribed.await();
    thread.interrupt();
    assertThat(waiting.get()).isInstanceOf(CancellationException.class);
    disposed.await();
    thread.join();
  }

  @Test
  void aTimeoutDisposes() throws Exception {
    TimeLimits.assertThatItIsExceeded(subscribed, limit -> run(never(), limit));
    disposed.await();
    var maybe = new CountDownLatch(1);
    TimeLimits.assertThatItIsExceeded(
        maybe, limit -> run(Maybe.never().doOnDispose(maybe::countDown), limit));
    var completable = new CountDownLatch(1);
    TimeLimits.assertThatItIsExceeded(
        completable, limit -> run(Completable.never().doOnDispose(completable::countDown), limit));
    Duration late = Duration.ofSeconds(50);
    assertThat(run(greet("x"), late)).isEqualTo("Hello x");
    assertThat(run(greet("x").toMaybe(), late)).isEqualTo("Hello x");
    run(Completable.complete(), late);
  }

  @Test
  void aCancelledCoroutineDisposes() throws Exception {
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<String> future = coroutine(() -> await(never())).start(loop);
      subscribed.await();
      assertThat(future.cancel(true)).isTrue();
      disposed.await();
    }
    var entered = new CountDownLatch(2);
    var others = new CountDownLatch(2);
    Unfuture<?> maybe =
        AnySyncRxJava.from(
                Maybe.never()
                    .doOnSubscribe(_ -> entered.countDown())
                    .doOnDispose(others::countDown))
            .start();
    Unfuture<?> completable =
        AnySyncRxJava.from(
                Completable.never()
                    .doOnSubscribe(_ -> entered.countDown())
                    .doOnDispose(others::countDown))
            .start();
    entered.await();
    assertThat(maybe.cancel(true)).isTrue();
    assertThat(completable.cancel(true)).isTrue();
    others.await();
  }

  @ParameterizedTest
  @ValueSource(strings = {"single", "maybe", "completable"})
  void disposingStopsTheBody(String kind) throws Exception {
    var stopped = new CountDownLatch(1);
    AnySync<String> body =
        coroutine(
            () -> {
              try {
                return await(never());
              } finally {
                stopped.countDown();
              }
            });
    Disposable subscription =
        switch (kind) {
          case "single" -> toSingle(body).subscribe();
          case "maybe" -> toMaybe(body).subscribe();
          default -> toCompletable(body).subscribe();
        };
    subscribed.await();
    subscription.dispose();
    stopped.await();
    disposed.await();
  }

  /** See everythingWasDelivered. */
  @Test
  void aFailureAfterDisposingIsDropped() throws Exception {
    var thread = new CompletableFuture<Thread>();
    Disposable subscription =
        toSingle(
                coroutine(
                    () -> {
                      thread.complete(Thread.currentThread());
                      try {
                        return await(never());
                      } catch (CancellationException e) {
                        throw new IllegalStateException("while it cleans up", e);
                      }
                    }))
            .subscribe();
    subscribed.await();
    subscription.dispose();
    thread.get().join();
  }

  // Streams

  @Test
  void anIteratorIsAheadByItsPrefetch() throws Exception {
    var emitted = new AtomicInteger();
    try (AnySyncIterator<Integer> elements =
        AnySyncRxJava.from(
                Flowable.<Integer>generate(out -> out.onNext(emitted.getAndIncrement()))
                    .doOnCancel(disposed::countDown))
            .prefetch(8)) {
      for (int i = 0; i < 1_000; i++) { // it is endless
        assertThat(elements.next()).isEqualTo(i);
        assertThat(emitted.get()).isLessThanOrEqualTo(i + 1 + 8);
      }
    }
    disposed.await();
  }

  @Test
  void withoutPrefetchNothingIsAskedForInAdvance() {
    var emitted = new AtomicInteger();
    try (AnySyncIterator<Integer> elements =
        AnySyncRxJava.from(Flowable.<Integer>generate(out -> out.onNext(emitted.getAndIncrement())))
            .prefetch(0)) {
      assertThat(emitted).hasValue(0);
      assertThat(elements.next()).isZero();
      assertThat(elements.next()).isOne();
      assertThat(emitted).hasValue(2);
    }
  }

  @Test
  void closingWakesAConsumer() throws Exception {
    AnySyncIterator<String> elements = AnySyncRxJava.from(never().toFlowable());
    var consumer = new FutureTask<>(() -> catchThrowable(elements::next));
    Thread thread = Thread.ofVirtual().start(consumer);
    subscribed.await();
    elements.close();
    assertThat(consumer.get())
        .isInstanceOfAny(CancellationException.class, NoSuchElementException.class);
    disposed.await();
    thread.join();
  }

  @Test
  void aFlowableWaitsForDemandAndClosesTheIterator() throws Exception {
    var yielded = new AtomicInteger();
    var closed = new CountDownLatch(1);
    Flowable<Integer> endless =
        toFlowable(
            out -> {
              try {
                while (true) {
                  out.yield(yielded.getAndIncrement());
                }
              } finally {
                closed.countDown();
              }
            });
    TestSubscriber<Integer> slow = endless.test(3);
    slow.awaitCount(3);
    Awaitility.await().untilAsserted(() -> assertThat(yielded).hasValue(4)); // which waits
    assertThat(slow.values()).containsExactly(0, 1, 2);
    slow.request(2);
    slow.awaitCount(5);
    slow.cancel();
    closed.await();
    assertThat(slow.values()).containsExactly(0, 1, 2, 3, 4);
    assertThat(yielded.get()).isLessThanOrEqualTo(6);
    assertThat(endless.take(2).count().blockingGet()).isEqualTo(2); // runs it anew
  }

  @Test
  void throughOtherThreadsAndBack() {
    int count = 100_000;
    Flowable<Integer> numbers =
        toFlowable(
            out -> {
              try (AnySyncIterator<Integer> source =
                  AnySyncRxJava.from(
                      Flowable.range(0, count).observeOn(Schedulers.computation()))) {
                for (int number : source) {
                  out.yield(number);
                }
              }
            });
    assertThat(numbers.observeOn(Schedulers.single()).reduce(0L, Long::sum).blockingGet())
        .isEqualTo((count - 1L) * count / 2);
  }

  // Threads

  /** Where blockingGet() throws, if the application wants that. */
  @ParameterizedTest
  @ValueSource(strings = {"computation", "single", "computation installed", "single installed"})
  void runOnAThreadThatMustNotBlock(String kind) throws Exception {
    if (kind.endsWith("installed")) {
      AnySyncRxJava.install();
    }
    RxJavaPlugins.setFailOnNonBlockingScheduler(true);
    on(
        kind.startsWith("single") ? Schedulers.single() : Schedulers.computation(),
        () -> {
          Throwable refused = catchThrowable(() -> greet("x").blockingGet());
          assertThat(refused)
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("blocking");
          Thread bodies = run(Single.fromCallable(Thread::currentThread));
          assertThat(bodies.isVirtual()).isTrue();
          assertThat(new RxJavaThreads().blocksOthers(Thread.currentThread()))
              .isEqualTo(!kind.endsWith("installed"));
          assertThat(run(Single.just("x").delay(1, TimeUnit.MILLISECONDS, Schedulers.io())))
              .isEqualTo("x");
          return null;
        });
  }

  private static void on(Scheduler scheduler, Callable<?> action) throws Exception {
    var task = new FutureTask<>(action);
    Disposable _ = scheduler.scheduleDirect(task);
    Object _ = task.get();
  }

  @Test
  void runOnOtherThreads() throws Exception {
    Callable<@Nullable Object> action =
        () -> {
          Thread here = Thread.currentThread();
          assertThat(run(Single.fromCallable(Thread::currentThread))).isSameAs(here);
          assertThat(run(greet("x"))).isEqualTo("Hello x");
          assertThat(run(greet("x").toMaybe())).isEqualTo("Hello x");
          run(greet("x").ignoreElement());
          try (AnySyncIterator<Long> ticks =
              AnySyncRxJava.from(Flowable.intervalRange(0, 3, 0, 1, TimeUnit.MILLISECONDS))) {
            assertThat(ticks.stream().toList()).containsExactly(0L, 1L, 2L);
          }
          return null;
        };
    Object _ = action.call();
    on(Schedulers.io(), action);
    for (Thread.Builder builder : List.of(Thread.ofVirtual(), Thread.ofPlatform())) {
      var task = new FutureTask<>(action);
      builder.start(task).join();
      Object _ = task.get();
    }
    try (EventLoop loop = EventLoop.create("l")) {
      assertThat(AnySync.<@Nullable Object>coroutine(action).start(loop).result()).isNull();
    }
  }

  @Test
  void awaitLeavesTheLoopToOthers() {
    var source = new CompletableFuture<String>();
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<String> single =
          coroutine(() -> await(Single.fromCompletionStage(source))).start(loop);
      Unfuture<@Nullable String> maybe =
          AnySync.<@Nullable String>coroutine(() -> await(Maybe.fromCompletionStage(source)))
              .start(loop);
      Unfuture<@Nullable Void> completable =
          coroutine(() -> await(Completable.fromCompletionStage(source))).start(loop);
      assertThat(coroutine(() -> "the loop is free").start(loop).result()).isNotNull();
      assertThat(single.isDone() || maybe.isDone() || completable.isDone()).isFalse();
      source.complete("x");
      assertThat(single.result()).isEqualTo("x");
      assertThat(maybe.result()).isEqualTo("x");
      assertThat(completable.result()).isNull();
    }
  }

  @Test
  void contextGoesInAndBack() throws Exception {
    ThreadLocal<@Nullable String> user = new ThreadLocal<>();
    Lanes carrying = Lanes.builder().carry(ContextCarrier.of(user)).build();
    Lanes before = Unsync.share(carrying);
    try {
      AnySync<@Nullable String> body =
          AnySync.<@Nullable String>coroutine(
              () -> {
                String seen = user.get();
                user.set("changed");
                return seen;
              });
      user.set("ann");
      assertThat(toMaybe(body).blockingGet()).isEqualTo("ann"); // subscribed to here
      on(
          Schedulers.computation(),
          () -> {
            user.set("bob");
            assertThat(body.run()).isEqualTo("bob");
            assertThat(user.get()).isEqualTo("changed");
            user.remove();
            return null;
          });
    } finally {
      user.remove();
      Unsync.share(before).close();
    }
  }

  @Test
  void reactiveStreams() {
    ReactiveStreams.assertThatItPasses(FlowableVerification.class);
  }

  @Test
  @SuppressWarnings("NullAway")
  void badInput() {
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncRxJava.from((Single<String>) null))
        .withMessage("single");
    assertThatNullPointerException()
        .isThrownBy(() -> run((Maybe<String>) null))
        .withMessage("maybe");
    assertThatNullPointerException()
        .isThrownBy(() -> run((Completable) null))
        .withMessage("completable");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncRxJava.from((Flowable<String>) null))
        .withMessage("flowable");
    assertThatNullPointerException().isThrownBy(() -> toSingle(null)).withMessage("call");
    assertThatNullPointerException().isThrownBy(() -> toMaybe(null)).withMessage("call");
    assertThatNullPointerException().isThrownBy(() -> toCompletable(null)).withMessage("call");
    assertThatNullPointerException()
        .isThrownBy(() -> toFlowable((AnySyncIterator.Body<String>) null))
        .withMessage("body");
    assertThat(errorOf(AnySyncRxJava.<String>toFlowable(() -> (AnySyncIterator<String>) null)))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("iterators returned null");
    assertThatThrownBy(() -> await(Single.just("x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }
}
