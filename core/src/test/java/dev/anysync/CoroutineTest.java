package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an AnySync is: cold, to be run, awaited or started, on every kind of thread. */
class CoroutineTest {

  // The three styles

  @ParameterizedTest
  @EnumSource
  void resultRun(TestThread.Kind kind) throws Exception {
    assertThat(kind.call(() -> coroutine(() -> 42).run())).isEqualTo(42);
  }

  @ParameterizedTest
  @EnumSource
  void resultAwait(TestThread.Kind kind) throws Exception {
    AnySync<Integer> f = coroutine(() -> 42);
    assertThat(kind.call(() -> coroutine(() -> await(f) + 1).run())).isEqualTo(43);
  }

  @ParameterizedTest
  @EnumSource
  void resultStart(TestThread.Kind kind) throws Exception {
    assertThat(kind.call(() -> coroutine(() -> 42).start().result())).isEqualTo(42);
  }

  @Test
  void nullIsAResult() {
    AnySync<@Nullable String> f = AnySync.<@Nullable String>coroutine(() -> null);
    assertThat(f.run()).isNull();
    assertThat(f.start().result()).isNull();
    assertThat(AnySync.<@Nullable String>coroutine(() -> await(f)).run()).isNull();
  }

  @Test
  void bodyWithoutResult() {
    var calls = new AtomicInteger();
    AnySync<@Nullable Void> f =
        coroutine(
            () -> {
              calls.incrementAndGet();
            });
    assertThat(f.run()).isNull();
    assertThat(f.start().result()).isNull();
    coroutine(
            () -> {
              await(f);
            })
        .run();
    assertThat(calls).hasValue(3);
  }

  // Cold, and any number of times

  @Test
  void nothingHappensBeforeItIsRun() {
    var calls = new AtomicInteger();
    AnySync<Integer> f = coroutine(calls::incrementAndGet);
    AnySync<List<Integer>> all = AnySync.all(List.of(f, f));
    AnySync<Integer> race = AnySync.race(List.of(f));
    AnySync<Integer> from =
        AnySync.from(() -> CompletableFuture.completedFuture(calls.incrementAndGet()));

    assertThat(calls).hasValue(0);

    assertThat(f.run()).isEqualTo(1);
    assertThat(f.run()).isEqualTo(2);
    assertThat(f.start().result()).isEqualTo(3);
    assertThat(coroutine(() -> await(f) + await(f)).run()).isEqualTo(4 + 5);
    assertThat(from.run()).isEqualTo(6);
    assertThat(all.run()).containsExactlyInAnyOrder(7, 8);
    assertThat(race.run()).isEqualTo(9);
  }

  @Test
  void oneAnySyncRunsOnManyThreadsAtOnce() throws Exception {
    int count = 8;
    var together = new CyclicBarrier(count);
    AnySync<Thread> f =
        coroutine(
            () -> {
              together.await(); // returns only if all of them are inside
              return Thread.currentThread();
            });
    List<TestThread<Thread>> threads = new ArrayList<>();
    for (int i = 0; i < count / 2; i++) {
      for (TestThread.Kind kind : TestThread.Kind.values()) {
        threads.add(kind.start(() -> f.run()));
      }
    }
    for (TestThread<Thread> thread : threads) {
      assertThat(thread.join()).isSameAs(thread.thread);
    }
  }

  @Test
  void oneAnySyncIsStartedManyTimesAtOnce() {
    int count = 8;
    var together = new CyclicBarrier(count);
    AnySync<Integer> f = coroutine(() -> together.await());
    List<Unfuture<Integer>> futures = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      futures.add(f.start());
    }
    assertThat(Unfuture.all(futures).result()).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7);
  }

  // Where the body runs

  @ParameterizedTest
  @EnumSource
  void bodyRunsOnTheCallersThreadRun(TestThread.Kind kind) throws Exception {
    kind.run(
        () -> assertThat(coroutine(Thread::currentThread).run()).isSameAs(Thread.currentThread()));
  }

  @ParameterizedTest
  @EnumSource
  void bodyRunsOnTheCallersThreadAwait(TestThread.Kind kind) throws Exception {
    AnySync<Thread> f = coroutine(Thread::currentThread);
    kind.run(() -> assertThat(coroutine(() -> await(f)).run()).isSameAs(Thread.currentThread()));
  }

  @Test
  void bodyRunsOnAVirtualThreadStart() {
    Thread thread = coroutine(Thread::currentThread).start().join();
    assertThat(thread).isNotNull();
    var waitedFor = new CountDownLatch(1);
    Unfuture<Boolean> started =
        coroutine(
                () -> {
                  waitedFor.countDown();
                  return Thread.currentThread().isVirtual();
                })
            .start();
    assertThat(started).succeedsWithin(Duration.ofSeconds(30));
    assertThat(started.result()).isTrue();
  }

  @Test
  void nestedRunsAreCalls() {
    AnySync<Thread> inner = coroutine(Thread::currentThread);
    AnySync<Thread> middle = coroutine(() -> inner.run());
    AnySync<Thread> outer = coroutine(() -> await(middle));
    assertThat(coroutine(() -> outer.run()).run()).isSameAs(Thread.currentThread());
  }

  @Test
  void deepNestingRun() {
    assertThat(depth(2_000)).isEqualTo(2_000);
  }

  private static int depth(int levels) {
    return levels == 0 ? 0 : 1 + coroutine(() -> depth(levels - 1)).run();
  }

  @Test
  void deepNestingAwait() {
    assertThat(coroutine(() -> awaitDepth(2_000)).run()).isEqualTo(2_000);
  }

  @Test
  void deepNestingAwaitOnLoop() {
    try (EventLoop loop = EventLoop.create("deep")) {
      assertThat(loop.run(coroutine(() -> awaitDepth(2_000)))).isEqualTo(2_000);
    }
  }

  private static int awaitDepth(int levels) {
    return levels == 0 ? 0 : 1 + await(coroutine(() -> awaitDepth(levels - 1)));
  }

  // start(loop)

  @Test
  void startOnLoopRunsThere() {
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<Boolean> f = coroutine(loop::inLoop);
      assertThat(f.start(loop).result()).isTrue();
      assertThat(f.start().result()).isFalse();
      assertThat(f.run()).isFalse();
    }
  }

  @Test
  void startOnTwoLoops() {
    try (EventLoop one = EventLoop.create("one");
        EventLoop two = EventLoop.create("two")) {
      AnySync<List<Boolean>> where = coroutine(() -> List.of(one.inLoop(), two.inLoop()));
      assertThat(where.start(one).result()).containsExactly(true, false);
      assertThat(where.start(two).result()).containsExactly(false, true);
      // Each awaits the other loop's coroutine and is back on its own loop after.
      AnySync<List<Boolean>> there = coroutine(() -> await(where.start(two)));
      AnySync<Boolean> back =
          coroutine(() -> await(there).equals(List.of(false, true)) && one.inLoop());
      assertThat(back.start(one).result()).isTrue();
    }
  }

  // await, in its four forms

  @Test
  void awaitStage() {
    CompletionStage<String> stage = later("a");
    assertThat(coroutine(() -> await(stage)).run()).isEqualTo("a");
  }

  @Test
  void awaitCompletableFuture() {
    CompletableFuture<String> future = later("b");
    assertThat(coroutine(() -> await(future)).run()).isEqualTo("b");
  }

  @Test
  void awaitUnfuture() {
    Unfuture<String> future = Unsync.call(() -> "c");
    assertThat(coroutine(() -> await(future)).run()).isEqualTo("c");
  }

  @Test
  void awaitFuture() throws Exception {
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<String> future = executor.submit(() -> "d");
      assertThat(coroutine(() -> await(future)).run()).isEqualTo("d");
    }
  }

  @Test
  void awaitFutureThatIsACompletableFuture() {
    Future<String> future = later("e");
    assertThat(coroutine(() -> await(future)).run()).isEqualTo("e");
  }

  @Test
  void awaitEachFormOnLoop() {
    var task = new FutureTask<>(() -> 4);
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<Integer> sum =
          coroutine(
              () -> {
                CompletionStage<Integer> stage = later(1);
                int one = await(stage);
                int two = await(later(2));
                int three = await(coroutine(() -> 3));
                loop.execute(task); // needs the loop that this coroutine gives up while it awaits
                Future<Integer> future = task;
                int four = await(future);
                assertThat(loop.inLoop()).isTrue();
                return one + two + three + four;
              });
      assertThat(loop.run(sum)).isEqualTo(10);
    }
  }

  @Test
  void awaitDoneFuturesOfEachKind() {
    var done = new FutureTask<>(() -> 3);
    done.run();
    Future<Integer> future = done;
    CompletionStage<Integer> stage = CompletableFuture.completedStage(1);
    assertThat(
            coroutine(
                    () ->
                        await(stage)
                            + await(CompletableFuture.completedFuture(2))
                            + await(future)
                            + await(Unfuture.of(4)))
                .run())
        .isEqualTo(10);
  }

  // sleep

  @Test
  void sleepLastsAtLeastAsLongRun() {
    Duration duration = Duration.ofMillis(50);
    long start = System.nanoTime();
    coroutine(() -> AnySync.sleep(duration)).run();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(duration);
  }

  @Test
  void sleepLastsAtLeastAsLongOnLoop() {
    Duration duration = Duration.ofMillis(50);
    try (EventLoop loop = EventLoop.create("l")) {
      long start = System.nanoTime();
      loop.run(coroutine(() -> AnySync.sleep(duration)));
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(duration);
    }
  }

  @Test
  void sleepGivesUpTheLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var order = new ArrayList<String>(); // the loop is serial: no lock
      AnySync<@Nullable Void> first =
          coroutine(
              () -> {
                order.add("first sleeps");
                AnySync.sleep(Duration.ZERO);
                order.add("first wakes");
              });
      AnySync<@Nullable Void> second =
          coroutine(
              () -> {
                order.add("second");
              });
      AnySync<@Nullable Void> both =
          coroutine(
              () -> {
                Unfuture<@Nullable Void> one = first.start(loop);
                Unfuture<@Nullable Void> two = second.start(loop);
                await(one);
                await(two);
              });
      loop.run(both);
      assertThat(order).containsExactly("first sleeps", "second", "first wakes");
    }
  }

  // shield

  @Test
  void shieldReturnsTheResult() {
    assertThat(coroutine(() -> AnySync.shield(later("x"))).run()).isEqualTo("x");
    try (EventLoop loop = EventLoop.create("l")) {
      assertThat(loop.run(coroutine(() -> AnySync.shield(later("y"))))).isEqualTo("y");
    }
  }

  // from

  @Test
  void fromCallsTheSourceEachTime() {
    var calls = new AtomicInteger();
    Supplier<CompletionStage<Integer>> source = () -> later(calls.incrementAndGet());
    AnySync<Integer> f = AnySync.from(source);
    assertThat(f.run()).isEqualTo(1);
    assertThat(coroutine(() -> await(f)).run()).isEqualTo(2);
    assertThat(f.start().result()).isEqualTo(3);
  }

  @Test
  void fromThrowsWhatTheSourceThrows() {
    var thrown = new IllegalStateException("source");
    AnySync<Integer> f =
        AnySync.from(
            () -> {
              throw thrown;
            });
    assertThat(catchThrowable(f::run)).isSameAs(thrown);
    assertThat(catchThrowable(() -> f.start().result())).isSameAs(thrown);
  }

  @Test
  void cancellingFromCancelsItsFuture() throws Exception {
    var source = new CompletableFuture<String>();
    var asked = new CountDownLatch(1);
    Unfuture<String> started =
        AnySync.from(
                () -> {
                  asked.countDown();
                  return source;
                })
            .start();
    asked.await();
    started.cancel(true);
    started.stopped().result();
    assertThat(source).isCancelled();
  }

  // all

  @Test
  void allKeepsTheOrderRun() {
    var second = new CompletableFuture<Integer>();
    AnySync<List<Integer>> all =
        AnySync.all(
            List.of(
                coroutine(() -> await(second) - 1),
                coroutine(
                    () -> {
                      second.complete(2);
                      return 2;
                    })));
    assertThat(all.run()).containsExactly(1, 2);
  }

  @Test
  void allRunsOnTheLoopAwait() {
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<Boolean> f = coroutine(loop::inLoop);
      assertThat(loop.run(coroutine(() -> await(AnySync.all(List.of(f, f))))))
          .containsExactly(true, true);
    }
  }

  @Test
  void allOfNothing() {
    assertThat(AnySync.all(List.<AnySync<String>>of()).run()).isEmpty();
  }

  @Test
  void allTakesNullResults() {
    AnySync<@Nullable String> f = AnySync.<@Nullable String>coroutine(() -> null);
    assertThat(AnySync.<@Nullable String>all(List.of(f, f)).run()).containsExactly(null, null);
  }

  @Test
  void allCopiesItsArgument() {
    List<AnySync<Integer>> calls = new ArrayList<>(List.of(coroutine(() -> 1)));
    AnySync<List<Integer>> all = AnySync.all(calls);
    calls.add(coroutine(() -> 2));
    assertThat(all.run()).containsExactly(1);
  }

  @Test
  void allRunsAtTheSameTime() {
    var together = new CyclicBarrier(3);
    AnySync<Integer> f = coroutine(() -> together.await());
    assertThat(AnySync.all(List.of(f, f, f)).run()).containsExactlyInAnyOrder(0, 1, 2);
  }

  // race

  @Test
  void raceYieldsTheFirstResult() {
    AnySync<String> never = coroutine(() -> await(new CompletableFuture<String>()));
    assertThat(AnySync.race(List.of(never, coroutine(() -> "won"), never)).run()).isEqualTo("won");
  }

  @Test
  void raceYieldsTheFirstResultOnLoop() {
    AnySync<String> never = coroutine(() -> await(new CompletableFuture<String>()));
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<String> race = AnySync.race(List.of(never, coroutine(() -> "won"), never));
      assertThat(loop.run(coroutine(() -> await(race)))).isEqualTo("won");
    }
  }

  @Test
  void raceTakesANullResult() {
    AnySync<@Nullable String> f = AnySync.<@Nullable String>coroutine(() -> null);
    assertThat(AnySync.<@Nullable String>race(List.of(f)).run()).isNull();
  }

  @Test
  void raceOfNothingIsRefused() {
    assertThatThrownBy(() -> AnySync.race(List.<AnySync<String>>of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("calls");
  }

  // run(Duration), run(Class)

  @ParameterizedTest
  @EnumSource
  void runInTime(TestThread.Kind kind) throws Exception {
    assertThat(kind.call(() -> coroutine(() -> "x").run(Duration.ofSeconds(30)))).isEqualTo("x");
  }

  @Test
  void runWithTheLongestTimeout() throws Exception {
    assertThat(coroutine(() -> "x").run(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo("x");
  }

  @ParameterizedTest
  @EnumSource
  void runThatTakesTooLong(TestThread.Kind kind) throws Exception {
    AnySync<String> never = coroutine(() -> await(new CompletableFuture<String>()));
    kind.run(
        () ->
            assertThatThrownBy(() -> never.run(Duration.ofMillis(20)))
                .isInstanceOf(TimeoutException.class)
                .hasMessageContaining("20"));
  }

  @Test
  void runThatTakesTooLongOnLoop() {
    AnySync<String> never = coroutine(() -> await(new CompletableFuture<String>()));
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<@Nullable Throwable> f =
          AnySync.<@Nullable Throwable>coroutine(
              () -> catchThrowable(() -> never.run(Duration.ofMillis(20))));
      assertThat(loop.run(f)).isInstanceOf(TimeoutException.class);
    }
  }

  @Test
  void runWithADeclaredException() {
    var thrown = new IOException("declared");
    AnySync<String> f =
        coroutine(
            () -> {
              throw thrown;
            });
    try {
      f.run(IOException.class);
      throw new AssertionError("nothing was thrown");
    } catch (IOException e) {
      assertThat(e).isSameAs(thrown);
    }
  }

  @Test
  void runWithADeclaredExceptionReturnsTheResult() throws IOException {
    assertThat(coroutine(() -> "x").run(IOException.class)).isEqualTo("x");
  }

  // await belongs inside

  @Test
  void insideAndOutside() throws Exception {
    var future = new CompletableFuture<Integer>();
    assertThatThrownBy(() -> await(future))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
    coroutine(() -> await(CompletableFuture.completedFuture(1))).run();
    assertThatThrownBy(() -> await(future)) // outside again
        .isInstanceOf(IllegalStateException.class);
    assertThat(future).isNotDone();
  }

  @Test
  void aThreadStartedByABodyIsOutside() {
    var refused = new AtomicReference<@Nullable Throwable>();
    coroutine(
            () ->
                TestThread.start(() -> refused.set(catchThrowable(() -> await(Unfuture.of(1)))))
                    .join())
        .run();
    assertThat(refused.get()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFunctionOfTheThreadLaneIsOutside() {
    Callable<Integer> function = () -> await(Unfuture.of(1));
    assertThatThrownBy(() -> Unsync.call(function).result())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
    assertThat(Unsync.call(() -> coroutine(function).run()).result()).isEqualTo(1);
  }

  @Test
  void cancelledFutureAwaited() {
    var future = new CompletableFuture<String>();
    future.cancel(true);
    assertThatThrownBy(() -> coroutine(() -> await(future)).run())
        .isInstanceOf(CancellationException.class);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  /** A future that another thread completes, most likely while it is awaited. */
  private static <T> CompletableFuture<T> later(T value) {
    var future = new CompletableFuture<T>();
    var _ = Unsync.call(() -> future.complete(value));
    return future;
  }
}
