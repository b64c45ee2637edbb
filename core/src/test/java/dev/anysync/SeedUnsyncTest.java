package dev.anysync;

import static dev.anysync.AnySync.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.Threads.Endless;
import dev.anysync.spi.ContextCarrier;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What the documentation of Python's unsync shows, and the defects that were measured on it, which
 * are not here. Each behaviour in every style: {@code result}, {@code await} off a loop and {@code
 * await} on one.
 */
class SeedUnsyncTest {
  private static final Duration SOON = Duration.ofMillis(20);
  private static final Duration TENTH = Duration.ofMillis(100);

  private static <T> T awaitOffALoop(Unfuture<T> future) {
    return AnySync.coroutine(() -> await(future)).run();
  }

  private static <T> T awaitOnALoop(Unfuture<T> future) {
    return Unsync.async(() -> await(future)).result();
  }

  // Where things run

  @Test
  void asyncFunctionsRunOnTheAmbientLoopResult() {
    assertThat(Unsync.async(() -> Thread.currentThread().getName()).result())
        .isEqualTo("anysync-loop");
    assertThat(Unsync.async(() -> Unsync.lanes().loop().inLoop()).result()).isTrue();
  }

  @Test
  void asyncFunctionsRunOnTheAmbientLoopAwait() {
    assertThat(awaitOffALoop(Unsync.async(() -> Thread.currentThread().getName())))
        .isEqualTo("anysync-loop");
    assertThat(awaitOnALoop(Unsync.async(() -> Thread.currentThread().getName())))
        .isEqualTo("anysync-loop");
  }

  @Test
  void functionsRunOnThreadsResult() {
    assertThat(Unsync.call(() -> Unsync.lanes().loop().inLoop()).result()).isFalse();
    assertThat(Unsync.call(() -> "done").result()).isEqualTo("done");
  }

  @Test
  void functionsRunOnThreadsAwait() {
    Callable<Boolean> inLoop = () -> Unsync.lanes().loop().inLoop();
    assertThat(awaitOffALoop(Unsync.call(inLoop))).isFalse();
    assertThat(awaitOnALoop(Unsync.call(inLoop))).isFalse();
  }

  @Test
  void functionsRunOnVirtualThreadsWithATellingName() throws Exception {
    var thread = new CompletableFuture<Thread>();
    Unfuture<Boolean> future = Unsync.call(() -> thread.complete(Thread.currentThread()));
    assertThat(thread.get().isVirtual()).isTrue();
    assertThat(thread.get().getName()).matches("anysync-\\d+");
    assertThat(future.result()).isTrue();
  }

  @Test
  void cpuBoundFunctionsRunOnTheCpuLane() throws Exception {
    var thread = new CompletableFuture<Thread>();
    Unfuture<Boolean> future = Unsync.cpuBound(() -> thread.complete(Thread.currentThread()));
    assertThat(thread.get().isVirtual()).isFalse();
    assertThat(thread.get().isDaemon()).isTrue();
    assertThat(thread.get().getName()).matches("anysync-cpu-\\d+");
    assertThat(future.result()).isTrue();
  }

  @Test
  void cpuBoundResult() {
    assertThat(Unsync.cpuBound(() -> IntStream.rangeClosed(1, 100).sum()).result()).isEqualTo(5050);
  }

  @Test
  void cpuBoundAwait() {
    assertThat(awaitOffALoop(Unsync.cpuBound(() -> IntStream.rangeClosed(1, 100).sum())))
        .isEqualTo(5050);
    assertThat(awaitOnALoop(Unsync.cpuBound(() -> IntStream.rangeClosed(1, 100).sum())))
        .isEqualTo(5050);
  }

  @Test
  void functionIsWrappedOnceAndCalledOften() {
    Function<Integer, Unfuture<Integer>> increment = Unsync.function((Integer n) -> n + 1);
    assertThat(increment.apply(1).result()).isEqualTo(2);
    assertThat(awaitOffALoop(increment.apply(2))).isEqualTo(3);
    assertThat(awaitOnALoop(increment.apply(3))).isEqualTo(4);
  }

  // Unfutures from other futures

  @Test
  void unfutureFromACompletionStageResult() {
    var stage = new CompletableFuture<String>();
    Unfuture<String> future = Unfuture.from(stage.minimalCompletionStage());
    assertThat(future.isDone()).isFalse();
    stage.complete("value");
    assertThat(future.result()).isEqualTo("value");
  }

  @Test
  void unfutureFromACompletionStageAwait() {
    var stage = CompletableFuture.supplyAsync(() -> "value");
    assertThat(awaitOffALoop(Unfuture.from(stage))).isEqualTo("value");
    assertThat(awaitOnALoop(Unfuture.from(stage))).isEqualTo("value");
  }

  @Test
  void unfutureFromAFutureResult() {
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<String> future = executor.submit(() -> "value");
      assertThat(Unfuture.from(future).result()).isEqualTo("value");
    }
  }

  @Test
  void unfutureFromAFutureAwait() {
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      assertThat(awaitOffALoop(Unfuture.from(executor.submit(() -> "value")))).isEqualTo("value");
      assertThat(awaitOnALoop(Unfuture.from(executor.submit(() -> "value")))).isEqualTo("value");
    }
  }

  @Test
  void unfutureFromAValueResult() {
    assertThat(Unfuture.of("value").result()).isEqualTo("value");
  }

  @Test
  void unfutureFromAValueAwait() {
    assertThat(awaitOffALoop(Unfuture.of("value"))).isEqualTo("value");
    assertThat(awaitOnALoop(Unfuture.of("value"))).isEqualTo("value");
  }

  @Test
  void unfutureIsCompletedByAnyThreadResult() throws Exception {
    var future = new Unfuture<String>();
    var other = Threads.start(() -> future.complete("value"));
    assertThat(future.result()).isEqualTo("value");
    assertThat(other.join()).isTrue();
  }

  @Test
  void unfutureIsCompletedByAnyThreadAwait() throws Exception {
    var future = new Unfuture<String>();
    var waits = new CountDownLatch(1);
    Unfuture<String> onALoop =
        Unsync.async(
            () -> {
              waits.countDown();
              return await(future);
            });
    waits.await();
    var other = Threads.start(() -> future.complete("value"));
    assertThat(onALoop.result()).isEqualTo("value");
    assertThat(awaitOffALoop(future)).isEqualTo("value");
    assertThat(other.join()).isTrue();
  }

  /** In the seed an unfuture that was made on one loop cannot be awaited on another. */
  @Test
  void unfutureMadeOnOneLoopIsAwaitedOnAnother() {
    try (var a = EventLoop.create("a");
        var b = EventLoop.create("b")) {
      var gate = new CompletableFuture<String>();
      Unfuture<String> made = a.run(AnySync.coroutine(() -> gated(gate).start(a)));
      Unfuture<String> onB = AnySync.coroutine(() -> await(made)).start(b);
      Unfuture<String> onA = AnySync.coroutine(() -> await(made)).start(a);
      Unfuture<String> off = AnySync.coroutine(() -> await(made)).start();
      gate.complete("value");
      assertThat(onB.result()).isEqualTo("value");
      assertThat(onA.result()).isEqualTo("value");
      assertThat(off.result()).isEqualTo("value");
      assertThat(made.result()).isEqualTo("value");
      assertThat(awaitOnALoop(made)).isEqualTo("value");
    }
  }

  private static AnySync<String> gated(CompletableFuture<String> gate) {
    return AnySync.coroutine(() -> await(gate));
  }

  // result() in the loop is refused unless done; nested blocking calls work

  @Test
  void resultInTheLoopIsRefusedIfNotDone() {
    var future = new Unfuture<String>();
    assertThatThrownBy(Unsync.async(future::result)::result)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("await it");
    assertThatThrownBy(Unsync.async(() -> future.result(SOON))::result)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("await it");
    assertThat(future.isDone()).isFalse();
  }

  @Test
  void resultInTheLoopIsGivenIfDone() throws Exception {
    assertThat(Unsync.async(() -> Unfuture.of("value").result()).result()).isEqualTo("value");
    assertThat(Unsync.async(() -> Unfuture.of("value").result(SOON)).result()).isEqualTo("value");
  }

  @Test
  void resultInACallbackOfTheLoopIsRefusedIfNotDone() throws Exception {
    var future = new Unfuture<String>();
    var refused = new CompletableFuture<String>();
    Unsync.lanes()
        .loop()
        .execute(
            () -> {
              try {
                refused.complete(future.result());
              } catch (IllegalStateException e) {
                refused.completeExceptionally(e);
              }
            });
    assertThatThrownBy(refused::get).hasCauseInstanceOf(IllegalStateException.class);
  }

  /** A waiter may run what it waits for; one with a time limit has to wait. */
  private static int nestClaiming(int depth) {
    return depth == 0 ? 0 : 1 + Unsync.call(() -> nestClaiming(depth - 1)).result();
  }

  private static int nestWaiting(int depth) throws TimeoutException {
    return depth == 0
        ? 0
        : 1 + Unsync.call(() -> nestWaiting(depth - 1)).result(Duration.ofSeconds(50));
  }

  @Test
  void nestedBlockingOnThreadsToDepth500() {
    assertThat(Unsync.call(() -> nestClaiming(500)).result()).isEqualTo(500);
  }

  @Test
  void nestedBlockingOnThreadsToDepth500WhereEachWaits() throws Exception {
    assertThat(nestWaiting(500)).isEqualTo(500);
  }

  @Test
  void nestedBlockingOnThreadsToDepth500FromALoop() {
    assertThat(Unsync.async(() -> await(Unsync.call(() -> nestClaiming(500)))).result())
        .isEqualTo(500);
  }

  private static int nestCpuClaiming(int depth) {
    return depth == 0 ? 0 : 1 + Unsync.cpuBound(() -> nestCpuClaiming(depth - 1)).result();
  }

  private static int nestCpuWaiting(int depth) throws TimeoutException {
    return depth == 0
        ? 0
        : 1 + Unsync.cpuBound(() -> nestCpuWaiting(depth - 1)).result(Duration.ofSeconds(50));
  }

  private static int nestCpuJoining(int depth) {
    return depth == 0 ? 0 : 1 + Unsync.cpuBound(() -> nestCpuJoining(depth - 1)).join();
  }

  @Test
  void nestedBlockingOnTheCpuLaneToDepth50() {
    assertThat(Unsync.cpuBound(() -> nestCpuClaiming(50)).result()).isEqualTo(50);
    assertThat(Unsync.cpuBound(() -> nestCpuJoining(50)).join()).isEqualTo(50);
  }

  @Test
  void nestedBlockingOnTheCpuLaneToDepth50WhereEachWaits() {
    assertThat(Unsync.cpuBound(() -> nestCpuWaiting(50)).result()).isEqualTo(50);
  }

  /** More waiters than there are cores, for tasks that are queued behind all of them. */
  @Test
  void blockingOnTheCpuLaneForTasksQueuedBehind() {
    var gate = new CompletableFuture<String>();
    List<Unfuture<String>> waiters =
        IntStream.range(0, 4 * Runtime.getRuntime().availableProcessors())
            .mapToObj(i -> Unsync.cpuBound(() -> Unfuture.from(gate).result()))
            .toList();
    Unfuture<Boolean> last = Unsync.cpuBound(() -> gate.complete("value"));
    assertThat(Unfuture.all(waiters).result()).hasSameSizeAs(waiters).containsOnly("value");
    assertThat(last.result()).isTrue();
  }

  // then

  @Test
  void thenWithAFunctionResult() {
    assertThat(Unsync.call(() -> 20).then(source -> source.result() + 1).result()).isEqualTo(21);
  }

  @Test
  void thenWithAFunctionAwait() {
    Unfuture<Integer> fromAThread = Unsync.call(() -> 20).then(source -> source.result() + 1);
    assertThat(awaitOffALoop(fromAThread)).isEqualTo(21);
    Unfuture<Integer> fromALoop = Unsync.async(() -> 20).then(source -> source.result() + 1);
    assertThat(awaitOnALoop(fromALoop)).isEqualTo(21);
  }

  @Test
  void thenWithAnAsyncFunctionResult() {
    Unfuture<Integer> chain =
        Unsync.call(() -> 20).thenAsync(source -> Unsync.async(() -> source.result() + 1));
    assertThat(chain.result()).isEqualTo(21);
  }

  @Test
  void thenWithAnAsyncFunctionAwait() {
    Unfuture<Integer> fromAThread =
        Unsync.call(() -> 20).thenAsync(source -> Unsync.async(() -> await(source) + 1));
    assertThat(awaitOffALoop(fromAThread)).isEqualTo(21);
    Unfuture<Integer> fromALoop =
        Unsync.async(() -> 20).thenAsync(source -> Unsync.call(() -> source.result() + 1));
    assertThat(awaitOnALoop(fromALoop)).isEqualTo(21);
  }

  @Test
  void thenGetsASourceThatHasFailed() {
    var failure = new IOException("from the source");
    Unfuture<String> source =
        Unsync.call(
            () -> {
              throw failure;
            });
    assertThat(source.then(done -> done == source && done.isCompletedExceptionally()).result())
        .isTrue();
    assertThatThrownBy(source.then(Unfuture::result)::result).isSameAs(failure);
    assertThatThrownBy(() -> awaitOnALoop(source.thenAsync(done -> done))).isSameAs(failure);
  }

  @Test
  void thenThatFailsItself() {
    var failure = new IllegalArgumentException("from the continuation");
    Unfuture<Integer> one = Unfuture.of(1);
    Unfuture<Integer> then =
        one.then(
            done -> {
              throw failure;
            });
    assertThatThrownBy(then::result).isSameAs(failure);
    Unfuture<Integer> thenAsync =
        one.thenAsync(
            done -> {
              throw failure;
            });
    assertThatThrownBy(() -> awaitOnALoop(thenAsync)).isSameAs(failure);
  }

  // Limitation: context variables are lost in threaded functions

  private static final ThreadLocal<String> USER = new ThreadLocal<>();

  @Test
  void contextIsCarriedIntoEveryLane() throws Exception {
    Threads.sharing(
        Lanes.builder().carry(ContextCarrier.of(USER)).build(),
        () -> {
          USER.set("ada");
          assertThat(Unsync.call(USER::get).result()).isEqualTo("ada");
          assertThat(Unsync.cpuBound(USER::get).result()).isEqualTo("ada");
          assertThat(Unsync.async(USER::get).result()).isEqualTo("ada");
          assertThat(Unsync.async(() -> await(Unsync.call(USER::get))).result()).isEqualTo("ada");
          assertThat(Unfuture.of(1).then(done -> USER.get()).result()).isEqualTo("ada");
        });
  }

  @Test
  void contextIsCarriedIntoAContinuationThatRunsOnAnotherThread() throws Exception {
    Threads.sharing(
        Lanes.builder().carry(ContextCarrier.of(USER)).build(),
        () -> {
          var source = new Unfuture<Integer>();
          USER.set("ada");
          Unfuture<String> then = source.then(done -> USER.get());
          Unfuture<String> thenAsync = source.thenAsync(done -> Unsync.call(USER::get));
          USER.remove();
          var other = Threads.start(() -> source.complete(1));
          assertThat(then.result()).isEqualTo("ada");
          assertThat(thenAsync.result()).isEqualTo("ada");
          assertThat(other.join()).isTrue();
        });
  }

  // Defect: a timeout does not stop the work, and there is no cancel

  /** Blocks for ever, and knows whether it was interrupted. */
  private static final class Blocked implements Callable<String> {
    final CountDownLatch started = new CountDownLatch(1);
    final CompletableFuture<Throwable> stopped = new CompletableFuture<>();

    @Override
    public String call() throws Exception {
      started.countDown();
      try {
        new CountDownLatch(1).await();
        return "never";
      } catch (InterruptedException e) {
        stopped.complete(e);
        throw e;
      }
    }

    void assertStopped() throws Exception {
      assertThat(stopped.get()).isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void timeoutStopsTheWorkOnThreads() throws Exception {
    var blocked = new Blocked();
    Unfuture<String> future = Unsync.call(blocked);
    blocked.started.await();
    assertThatThrownBy(() -> future.result(SOON)).isInstanceOf(TimeoutException.class);
    blocked.assertStopped();
  }

  @Test
  void timeoutStopsTheWorkOnTheCpuLane() throws Exception {
    var blocked = new Blocked();
    Unfuture<String> future = Unsync.cpuBound(blocked);
    blocked.started.await();
    assertThatThrownBy(() -> future.result(SOON)).isInstanceOf(TimeoutException.class);
    blocked.assertStopped();
  }

  @Test
  void timeoutStopsTheWorkOnTheLoop() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = Unsync.async(endless.body);
    endless.started.await();
    assertThatThrownBy(() -> future.result(SOON)).isInstanceOf(TimeoutException.class);
    endless.assertStopped();
  }

  @Test
  void timeoutAwaitStopsTheWork() throws Exception {
    var blocked = new Blocked();
    AnySync<String> caller =
        AnySync.coroutine(
            () -> {
              Unfuture<String> future = Unsync.call(blocked);
              blocked.started.await();
              return await(future.orTimeout(SOON.toMillis(), TimeUnit.MILLISECONDS));
            });
    assertThatThrownBy(caller::run).isInstanceOf(TimeoutException.class);
    blocked.assertStopped();
  }

  @Test
  void cancelStopsTheWorkOnThreads() throws Exception {
    var blocked = new Blocked();
    Unfuture<String> future = Unsync.call(blocked);
    blocked.started.await();
    assertThat(future.cancel(true)).isTrue();
    blocked.assertStopped();
    assertThatThrownBy(future::result).isInstanceOf(CancellationException.class);
  }

  @Test
  void cancelStopsTheWorkOnTheCpuLane() throws Exception {
    var blocked = new Blocked();
    Unfuture<String> future = Unsync.cpuBound(blocked);
    blocked.started.await();
    assertThat(future.cancel(true)).isTrue();
    blocked.assertStopped();
    assertThatThrownBy(() -> awaitOffALoop(future)).isInstanceOf(CancellationException.class);
  }

  @Test
  void cancelStopsTheWorkOnTheLoop() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = Unsync.async(endless.body);
    endless.started.await();
    assertThat(future.cancel(true)).isTrue();
    endless.assertStopped();
    assertThatThrownBy(() -> awaitOnALoop(future)).isInstanceOf(CancellationException.class);
  }

  @Test
  void cancelOfTheLastOfAChainStopsTheFirst() throws Exception {
    var endless = new Endless();
    Unfuture<String> chain =
        Unsync.async(endless.body).then(Unfuture::result).thenAsync(done -> done);
    endless.started.await();
    chain.cancel(true);
    endless.assertStopped();
  }

  // The examples of its page; each takes less time than its steps one after the other

  private static double seconds(VoidBody work) throws Exception {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }

  @Test
  void exampleSimpleSleep() {
    Unfuture<String> task =
        Unsync.async(
            () -> {
              AnySync.sleep(TENTH);
              return "I like decorators";
            });
    assertThat(task.result()).isEqualTo("I like decorators");
  }

  @Test
  void exampleThreadingASynchronousFunction() throws Exception {
    Function<Duration, Unfuture<String>> nonAsyncFunction =
        Unsync.function(
            duration -> {
              try {
                Thread.sleep(duration);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return "Run in parallel!";
            });
    var results = new ArrayList<String>();
    double elapsed =
        seconds(
            () ->
                IntStream.range(0, 10)
                    .mapToObj(i -> nonAsyncFunction.apply(TENTH))
                    .toList()
                    .forEach(task -> results.add(task.result())));
    assertThat(results).hasSize(10).containsOnly("Run in parallel!");
    assertThat(elapsed).isBetween(0.1, 1.0);
  }

  private static Unfuture<Integer> initiate(int request) {
    return Unsync.async(
        () -> {
          AnySync.sleep(TENTH);
          return request + 1;
        });
  }

  private static Unfuture<Integer> process(Unfuture<Integer> task) {
    return Unsync.async(
        () -> {
          AnySync.sleep(TENTH);
          return task.result() * 2;
        });
  }

  @Test
  void exampleChainingContinuations() throws Exception {
    var results = new ArrayList<Integer>();
    double elapsed =
        seconds(
            () ->
                IntStream.range(0, 10)
                    .mapToObj(i -> initiate(3).thenAsync(SeedUnsyncTest::process))
                    .toList()
                    .forEach(task -> results.add(task.result())));
    assertThat(results).hasSize(10).containsOnly(8);
    assertThat(elapsed).isBetween(0.2, 2.0);
  }

  private record Pair(int num, int res) {}

  private static Unfuture<Pair> resultContinuation(Unfuture<Pair> task) {
    return Unsync.async(
        () -> {
          AnySync.sleep(TENTH);
          Pair pair = task.result();
          return new Pair(pair.num, pair.res * 2);
        });
  }

  @Test
  void exampleMixingMethods() throws Exception {
    Function<Integer, Unfuture<Pair>> nonAsyncFunction =
        Unsync.function(
            num -> {
              try {
                Thread.sleep(TENTH);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return new Pair(num, num + 1);
            });
    Function<List<Unfuture<Pair>>, Unfuture<Map<Integer, Integer>>> resultProcessor =
        tasks ->
            Unsync.async(
                () -> {
                  var output = new LinkedHashMap<Integer, Integer>();
                  for (Unfuture<Pair> task : tasks) {
                    Pair pair = await(task);
                    output.put(pair.num, pair.res);
                  }
                  return output;
                });
    var output = new LinkedHashMap<Integer, Integer>();
    double elapsed =
        seconds(
            () ->
                output.putAll(
                    resultProcessor
                        .apply(
                            IntStream.range(0, 10)
                                .mapToObj(
                                    i ->
                                        nonAsyncFunction
                                            .apply(i)
                                            .thenAsync(SeedUnsyncTest::resultContinuation))
                                .toList())
                        .result()));
    assertThat(output).hasToString("{0=2, 1=4, 2=6, 3=8, 4=10, 5=12, 6=14, 7=16, 8=18, 9=20}");
    assertThat(elapsed).isBetween(0.2, 2.0);
  }

  /** The claim behind its figures, without a clock: all are under way before any ends. */
  @Test
  void aHundredFunctionsAllStartBeforeAnyEnds() throws Exception {
    var allStarted = new CountDownLatch(100);
    var anyEnded = new AtomicBoolean();
    List<Unfuture<Boolean>> futures =
        IntStream.range(0, 100)
            .mapToObj(
                i ->
                    Unsync.call(
                        () -> {
                          allStarted.countDown();
                          boolean late = anyEnded.get();
                          Thread.sleep(TENTH);
                          allStarted.await();
                          anyEnded.set(true);
                          return late;
                        }))
            .toList();
    allStarted.await();
    assertThat(Unfuture.all(futures).result()).hasSize(100).containsOnly(false);
  }

  @Test
  void aFutureTaskIsAwaitedWithoutHoldingTheLoop() throws Exception {
    var task = new FutureTask<>(() -> "value");
    var waits = new CountDownLatch(1);
    Unfuture<String> awaiting =
        Unsync.async(
            () -> {
              waits.countDown();
              return await(task);
            });
    waits.await();
    assertThat(Unsync.async(() -> "another").result()).isEqualTo("another");
    task.run();
    assertThat(awaiting.result()).isEqualTo("value");
  }
}
