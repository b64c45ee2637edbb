package dev.anysync.mutiny;

import static dev.anysync.AnySync.coroutine;
import static dev.anysync.mutiny.AnySyncMutiny.await;
import static dev.anysync.mutiny.AnySyncMutiny.run;
import static dev.anysync.mutiny.AnySyncMutiny.toMulti;
import static dev.anysync.mutiny.AnySyncMutiny.toUni;
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
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.smallrye.mutiny.subscription.Cancellable;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AnySyncMutinyTest {
  private final CountDownLatch subscribed = new CountDownLatch(1);
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private final Queue<Throwable> dropped = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void recordWhatNobodyGets() {
    Infrastructure.setDroppedExceptionHandler(dropped::add);
  }

  @AfterEach
  void everythingWasDelivered() {
    Infrastructure.resetDroppedExceptionHandler();
    assertThat(dropped).isEmpty();
  }

  private Uni<String> never() {
    return Uni.createFrom()
        .<String>nothing()
        .onSubscription()
        .invoke(subscribed::countDown)
        .onCancellation()
        .invoke(cancelled::countDown);
  }

  private static Uni<String> greet(String name) {
    return Uni.createFrom().item("Hello " + name).onItem().delayIt().by(Duration.ofMillis(1));
  }

  @Test
  void readme() throws Exception {
    String greeting = AnySyncMutiny.run(greet("Ann")); // synchronous code, any thread
    assertThat(greeting).isEqualTo("Hello Ann");
    AnySync<String> both =
        AnySync.coroutine(
            () -> AnySyncMutiny.await(greet("Ann")) + ", " + AnySyncMutiny.await(greet("Bob")));
    assertThat(both.run()).isEqualTo("Hello Ann, Hello Bob");
    Uni<String> uni = AnySyncMutiny.toUni(both); // each subscription runs it anew
    assertThat(uni.await().indefinitely()).isEqualTo("Hello Ann, Hello Bob");
    assertThat(uni.await().indefinitely()).isEqualTo("Hello Ann, Hello Bob");
    var seen = new ArrayList<Integer>();
    Multi<Integer> source = Multi.createFrom().range(1, 1_000_000);
    try (AnySyncIterator<Integer> numbers = AnySyncMutiny.from(source)) {
      for (int number : numbers) {
        if (number > 3) {
          break; // cancels the subscription
        }
        seen.add(number);
      }
    }
    assertThat(seen).containsExactly(1, 2, 3);
    Multi<Integer> squares =
        AnySyncMutiny.toMulti(
            out -> {
              for (int i = 1; i <= 3; i++) {
                out.yield(i * i); // waits while there is no demand
              }
            });
    assertThat(squares.collect().asList().await().indefinitely()).containsExactly(1, 4, 9);
    Readme.assertThatItsCodeIsTested("java");
  }

  @Test
  void valuesAndNothing() {
    assertThat(run(Uni.createFrom().item("x"))).isEqualTo("x");
    assertThat(run(greet("x"))).isEqualTo("Hello x");
    assertThat(run(Uni.createFrom().<String>nullItem())).isNull();
    assertThat(run(Uni.createFrom().voidItem())).isNull();
    assertThat(toUni(coroutine(() -> "x")).await().indefinitely()).isEqualTo("x");
    assertThat(toUni(coroutine(() -> {})).await().indefinitely()).isNull();
    Multi<Integer> numbers = toMulti(() -> AnySyncMutiny.from(Multi.createFrom().range(0, 3)));
    assertThat(numbers.collect().asList().await().indefinitely()).containsExactly(0, 1, 2);
    Multi<Integer> nothing = toMulti(_ -> {});
    assertThat(nothing.collect().asList().await().indefinitely()).isEmpty();
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
    Uni<Integer> now = Uni.createFrom().failure(failure);
    for (Uni<Integer> uni : List.of(now, greet("x").flatMap(_ -> now))) {
      assertThat(catchThrowable(() -> run(uni))).isSameAs(failure);
      assertThat(catchThrowable(() -> run(uni, Duration.ofSeconds(50)))).isSameAs(failure);
      assertThat(catchThrowable(() -> coroutine(() -> await(uni)).run())).isSameAs(failure);
      try (AnySyncIterator<Integer> elements =
          AnySyncMutiny.from(
              Multi.createBy()
                  .concatenating()
                  .streams(Multi.createFrom().range(0, 3), uni.toMulti()))) {
        assertThat(elements.next() + elements.next() + elements.next()).isEqualTo(3);
        assertThat(catchThrowable(elements::next)).isSameAs(failure);
      }
    }
    var outcome = new CompletableFuture<@Nullable Throwable>();
    Cancellable _ =
        toUni(failing(failure)).subscribe().with(_ -> outcome.complete(null), outcome::complete);
    assertThat(outcome.join()).isSameAs(failure);
    AssertSubscriber<Integer> subscriber =
        AnySyncMutiny.<Integer>toMulti(
                out -> {
                  out.yield(7);
                  failing(failure).run();
                })
            .subscribe()
            .withSubscriber(AssertSubscriber.create(10));
    assertThat(subscriber.awaitFailure().getFailure()).isSameAs(failure);
    assertThat(subscriber.getItems()).containsExactly(7);
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

  // Cancelling

  @Test
  void anInterruptedWaiterCancels() throws Exception {
    var waiting = new FutureTask<>(() -> catchThrowable(() -> run(never())));
    Thread thread = Thread.ofPlatform().start(waiting);
    subscribed.await();
    thread.interrupt();
    assertThat(waiting.get()).isInstanceOf(CancellationException.class);
    cancelled.await();
    thread.join();
  }

  /** With the JDK's exception, not Mutiny's of the same name. */
  @Test
  void aTimeoutCancels() throws Exception {
    TimeLimits.assertThatItIsExceeded(subscribed, limit -> run(never(), limit));
    cancelled.await();
    assertThat(run(greet("x"), Duration.ofSeconds(50))).isEqualTo("Hello x");
  }

  @Test
  void aCancelledCoroutineCancels() throws Exception {
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<@Nullable String> future = AnySyncMutiny.from(never()).start(loop);
      subscribed.await();
      assertThat(future.cancel(true)).isTrue();
      cancelled.await();
    }
  }

  @Test
  void cancellingAUniStopsTheBody() throws Exception {
    var stopped = new CountDownLatch(1);
    Cancellable subscription =
        toUni(
                coroutine(
                    () -> {
                      try {
                        return AnySyncMutiny.<String>await(never()) + "!";
                      } finally {
                        stopped.countDown();
                      }
                    }))
            .subscribe()
            .with(_ -> {});
    subscribed.await();
    subscription.cancel();
    stopped.await();
    cancelled.await();
  }

  /** See everythingWasDelivered. */
  @Test
  void aFailureAfterCancellingIsDropped() throws Exception {
    var thread = new CompletableFuture<Thread>();
    Cancellable subscription =
        toUni(
                coroutine(
                    () -> {
                      thread.complete(Thread.currentThread());
                      try {
                        return AnySyncMutiny.<String>await(never()) + "!";
                      } catch (CancellationException e) {
                        throw new IllegalStateException("while it cleans up", e);
                      }
                    }))
            .subscribe()
            .with(_ -> {});
    subscribed.await();
    subscription.cancel();
    thread.get().join();
  }

  // Streams

  private static Multi<Integer> counting(AtomicInteger emitted) {
    return Multi.createBy().repeating().supplier(emitted::getAndIncrement).indefinitely();
  }

  @Test
  void anIteratorIsAheadByItsPrefetch() throws Exception {
    var emitted = new AtomicInteger();
    try (AnySyncIterator<Integer> elements =
        AnySyncMutiny.from(counting(emitted).onCancellation().invoke(cancelled::countDown))
            .prefetch(8)) {
      for (int i = 0; i < 1_000; i++) { // it is endless
        assertThat(elements.next()).isEqualTo(i);
        assertThat(emitted.get()).isLessThanOrEqualTo(i + 1 + 8);
      }
    }
    cancelled.await();
  }

  @Test
  void withoutPrefetchNothingIsAskedForInAdvance() {
    var emitted = new AtomicInteger();
    try (AnySyncIterator<Integer> elements = AnySyncMutiny.from(counting(emitted)).prefetch(0)) {
      assertThat(emitted).hasValue(0);
      assertThat(elements.next()).isZero();
      assertThat(elements.next()).isOne();
      assertThat(emitted).hasValue(2);
    }
  }

  @Test
  void closingWakesAConsumer() throws Exception {
    Multi<String> never =
        Multi.createFrom()
            .<String>nothing()
            .onCancellation()
            .invoke(cancelled::countDown)
            .onRequest()
            .invoke(subscribed::countDown);
    AnySyncIterator<String> elements = AnySyncMutiny.from(never);
    var consumer = new FutureTask<>(() -> catchThrowable(elements::next));
    Thread thread = Thread.ofVirtual().start(consumer);
    subscribed.await();
    elements.close();
    assertThat(consumer.get())
        .isInstanceOfAny(CancellationException.class, NoSuchElementException.class);
    cancelled.await();
    thread.join();
  }

  @Test
  void aMultiWaitsForDemandAndClosesTheIterator() throws Exception {
    var yielded = new AtomicInteger();
    var closed = new CountDownLatch(1);
    Multi<Integer> endless =
        toMulti(
            out -> {
              try {
                while (true) {
                  out.yield(yielded.getAndIncrement());
                }
              } finally {
                closed.countDown();
              }
            });
    AssertSubscriber<Integer> slow =
        endless.subscribe().withSubscriber(AssertSubscriber.create(3)).awaitItems(3);
    Awaitility.await().untilAsserted(() -> assertThat(yielded).hasValue(4)); // which waits
    assertThat(slow.getItems()).containsExactly(0, 1, 2);
    slow.awaitNextItems(2).cancel();
    closed.await();
    assertThat(slow.getItems()).containsExactly(0, 1, 2, 3, 4);
    assertThat(yielded.get()).isLessThanOrEqualTo(6);
    assertThat(endless.select().first(2).collect().asList().await().indefinitely())
        .hasSize(2); // runs it anew
  }

  @Test
  void throughOtherThreadsAndBack() {
    int count = 100_000;
    Multi<Integer> numbers =
        toMulti(
            out -> {
              Multi<Integer> source =
                  Multi.createFrom().range(0, count).emitOn(Infrastructure.getDefaultExecutor());
              try (AnySyncIterator<Integer> elements = AnySyncMutiny.from(source)) {
                for (int number : elements) {
                  out.yield(number);
                }
              }
            });
    assertThat(
            numbers
                .emitOn(Infrastructure.getDefaultExecutor())
                .collect()
                .in(() -> new long[1], (sum, number) -> sum[0] += number)
                .await()
                .indefinitely())
        .containsExactly((count - 1L) * count / 2);
  }

  // Threads

  @Test
  void whereAwaitIsRefused() throws Exception {
    BooleanSupplier never = () -> false;
    Infrastructure.setCanCallerThreadBeBlockedSupplier(never);
    try {
      assertThatThrownBy(() -> greet("x").await().indefinitely())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cannot be blocked");
      assertThat(run(greet("x"))).isEqualTo("Hello x");
      assertThat(run(greet("x"), Duration.ofSeconds(50))).isEqualTo("Hello x");
      AnySyncIterator<Integer> elements = AnySyncMutiny.from(Multi.createFrom().range(0, 3));
      assertThat(elements.stream().toList()).containsExactly(0, 1, 2);
      var onMutinysThread = new CompletableFuture<@Nullable String>();
      Infrastructure.getDefaultExecutor().execute(() -> onMutinysThread.complete(run(greet("y"))));
      assertThat(onMutinysThread.get()).isEqualTo("Hello y");
    } finally {
      Infrastructure.resetCanCallerThreadBeBlockedSupplier();
    }
    assertThat(greet("x").await().indefinitely()).isEqualTo("Hello x");
  }

  @Test
  void runOnAnyThread() throws Exception {
    Callable<@Nullable Object> action =
        () -> {
          Thread here = Thread.currentThread();
          assertThat(run(Uni.createFrom().item(Thread::currentThread))).isSameAs(here);
          assertThat(run(greet("x"))).isEqualTo("Hello x");
          Multi<Long> ticks = Multi.createFrom().ticks().every(Duration.ofMillis(1));
          try (AnySyncIterator<Long> elements = AnySyncMutiny.from(ticks.select().first(3))) {
            assertThat(elements.stream().toList()).containsExactly(0L, 1L, 2L);
          }
          return null;
        };
    Object _ = action.call();
    var onMutinysThread = new FutureTask<>(action);
    Infrastructure.getDefaultExecutor().execute(onMutinysThread);
    Object _ = onMutinysThread.get();
    var onItsTimer = new FutureTask<>(action);
    Infrastructure.getDefaultWorkerPool().execute(onItsTimer);
    Object _ = onItsTimer.get();
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
      Unfuture<@Nullable String> awaiting =
          AnySync.<@Nullable String>coroutine(() -> await(Uni.createFrom().completionStage(source)))
              .start(loop);
      assertThat(coroutine(() -> "the loop is free").start(loop).result()).isNotNull();
      assertThat(awaiting.isDone()).isFalse();
      source.complete("x");
      assertThat(awaiting.result()).isEqualTo("x");
    }
  }

  @Test
  void contextGoesIn() {
    ThreadLocal<@Nullable String> user = new ThreadLocal<>();
    Lanes carrying = Lanes.builder().carry(ContextCarrier.of(user)).build();
    Lanes before = Unsync.share(carrying);
    try {
      user.set("ann");
      Uni<@Nullable String> uni = toUni(AnySync.<@Nullable String>coroutine(user::get));
      assertThat(uni.await().indefinitely()).isEqualTo("ann");
    } finally {
      user.remove();
      Unsync.share(before).close();
    }
  }

  @Test
  void reactiveStreams() {
    ReactiveStreams.assertThatItPasses(MultiVerification.class);
  }

  @Test
  @SuppressWarnings("NullAway")
  void badInput() {
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncMutiny.from((Uni<String>) null))
        .withMessage("uni");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncMutiny.from((Multi<String>) null))
        .withMessage("multi");
    assertThatNullPointerException().isThrownBy(() -> run(null)).withMessage("uni");
    assertThatNullPointerException().isThrownBy(() -> toUni(null)).withMessage("call");
    assertThatNullPointerException()
        .isThrownBy(() -> toMulti((AnySyncIterator.Body<String>) null))
        .withMessage("body");
    AssertSubscriber<String> subscriber =
        AnySyncMutiny.<String>toMulti(() -> (AnySyncIterator<String>) null)
            .subscribe()
            .withSubscriber(AssertSubscriber.create(1));
    assertThat(subscriber.awaitFailure().getFailure())
        .isInstanceOf(NullPointerException.class)
        .hasMessage("iterators returned null");
    assertThatThrownBy(() -> await(Uni.createFrom().item("x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }
}
