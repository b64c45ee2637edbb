package dev.anysync;

import static dev.anysync.AnySync.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.Threads.Endless;
import dev.anysync.Threads.Uncancellable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One thing at a time, in order, and what becomes of it when the loop is closed. */
class EventLoopTest {
  private static final int STRESS = Integer.getInteger("stress", 1);

  private final EventLoop loop = EventLoop.create("anysync-test");

  /** What has happened, in order; a queue so that a fault of the loop cannot damage it. */
  private final Queue<String> events = new ConcurrentLinkedQueue<>();

  @AfterEach
  void close() {
    loop.close();
  }

  /** A coroutine that holds the loop, without awaiting, until it is told to go on. */
  private final class Hold {
    final CountDownLatch held = new CountDownLatch(1);
    final CountDownLatch gate = new CountDownLatch(1);
    final Unfuture<@Nullable Void> future =
        AnySync.coroutine(
                () -> {
                  held.countDown();
                  gate.await();
                })
            .start(loop);

    Hold() throws InterruptedException {
      held.await();
    }

    void release() {
      gate.countDown();
      future.result();
    }
  }

  private Unfuture<@Nullable Void> start(VoidBody body) {
    return AnySync.coroutine(body).start(loop);
  }

  // One at a time

  /** Counts what is between two awaits, with a counter that is not safe for use by two threads. */
  private final class Alone {
    private final AtomicInteger inside = new AtomicInteger();
    private int steps;

    void step() {
      assertThat(loop.inLoop()).isTrue();
      assertThat(inside.incrementAndGet()).as("at once between two awaits").isEqualTo(1);
      steps++;
      assertThat(inside.decrementAndGet()).isEqualTo(0);
    }
  }

  @Test
  void twoHundredCoroutinesOfTwentyAwaitsAreNeverTwoAtOnce() {
    try (ExecutorService others = Executors.newFixedThreadPool(4)) {
      for (int round = 0; round < STRESS; round++) {
        var alone = new Alone();
        var coroutines = new ArrayList<Unfuture<Integer>>();
        for (int i = 0; i < 200; i++) {
          int number = i;
          coroutines.add(
              AnySync.coroutine(
                      () -> {
                        alone.step();
                        for (int n = 0; n < 20; n++) {
                          awaitOneWay(number + n, others, alone);
                          alone.step();
                        }
                        return number;
                      })
                  .start(loop));
        }
        assertThat(Unfuture.all(coroutines).result()).hasSize(200);
        int steps = loop.run(AnySync.coroutine(() -> alone.steps));
        assertThat(steps).isBetween(200 * 21, 200 * 24);
      }
    }
  }

  private void awaitOneWay(int way, ExecutorService others, Alone alone) {
    switch (way % 8) {
      case 0 -> AnySync.sleep(Duration.ofNanos(100_000));
      case 1 -> AnySync.sleep(Duration.ZERO);
      case 2 -> {
        var completed = new CompletableFuture<Integer>();
        others.execute(() -> completed.complete(way));
        assertThat(await(completed)).isEqualTo(way);
      }
      case 3 -> assertThat(await(Unsync.call(() -> way))).isEqualTo(way);
      case 4 -> assertThat(await(CompletableFuture.completedFuture(way))).isEqualTo(way);
      case 5 ->
          assertThat(
                  await(
                      AnySync.coroutine(
                              () -> {
                                AnySync.sleep(Duration.ZERO);
                                return way;
                              })
                          .start(loop)))
              .isEqualTo(way);
      case 6 -> {
        var called = new CompletableFuture<Integer>();
        others.execute(
            () ->
                loop.execute(
                    () -> {
                      alone.step();
                      called.complete(way);
                    }));
        assertThat(await(called)).isEqualTo(way);
      }
      default -> assertThat(await(others.submit(() -> way))).isEqualTo(way);
    }
  }

  /** Callbacks arrive while a coroutine of the loop runs others' callbacks as it awaits. */
  @Test
  void callbacksFromManyThreadsWhileACoroutineAwaitsRunOnceEach() throws Exception {
    int threads = 4;
    int each = 5_000 * STRESS;
    var alone = new Alone();
    var all = new CompletableFuture<Integer>();
    Unfuture<Integer> awaiting =
        AnySync.coroutine(
                () -> {
                  while (!all.isDone()) {
                    await(CompletableFuture.runAsync(() -> {}));
                  }
                  return await(all);
                })
            .start(loop);
    var running = new ArrayList<Threads.Running<Integer>>();
    for (int t = 0; t < threads; t++) {
      running.add(
          Threads.start(
              () -> {
                for (int i = 0; i < each; i++) {
                  loop.execute(
                      () -> {
                        alone.step();
                        if (alone.steps == threads * each) {
                          all.complete(alone.steps);
                        }
                      });
                }
                return each;
              }));
    }
    for (Threads.Running<Integer> thread : running) {
      assertThat(thread.join()).isEqualTo(each);
    }
    assertThat(awaiting.result()).isEqualTo(threads * each);
  }

  // First come, first served

  @Test
  void callbacksAndCoroutinesStartInTheOrderTheyCame() throws Exception {
    var hold = new Hold();
    var all = new ArrayList<Unfuture<@Nullable Void>>();
    var expected = new ArrayList<String>();
    for (int i = 0; i < 20; i++) {
      String name = "item " + i;
      expected.add(name);
      if (i % 2 == 0) {
        loop.execute(() -> events.add(name));
      } else {
        all.add(start(() -> events.add(name)));
      }
    }
    hold.release();
    Unfuture.all(all).result();
    assertThat(events).containsExactlyElementsOf(expected);
  }

  /**
   * What a coroutine of the loop queues and what other threads do goes through different queues.
   */
  @Test
  void whatTheLoopAndOtherThreadsQueueInTurnsRunsInTheOrderItCame() {
    int items = 40;
    var all = new ArrayList<Unfuture<@Nullable Void>>();
    loop.run(
        AnySync.coroutine(
            () -> {
              for (int i = 0; i < items; i++) {
                String name = "item " + i;
                switch (i % 4) {
                  case 0, 1 -> loop.execute(() -> events.add(name));
                  case 2 -> all.add(start(() -> events.add(name)));
                  default -> elsewhere(() -> loop.execute(() -> events.add(name)));
                }
              }
              assertThat(events).isEmpty();
            }));
    assertThat(Unfuture.all(all).result()).hasSize(items / 4);
    loop.run(AnySync.coroutine(() -> {}));
    assertThat(events)
        .containsExactlyElementsOf(IntStream.range(0, items).mapToObj(i -> "item " + i).toList());
  }

  private static void elsewhere(Runnable action) throws Exception {
    Threads.start(Executors.callable(action)).join();
  }

  @Test
  void coroutinesGoOnInTheOrderTheirAwaitsEnd() throws Exception {
    Map<String, CompletableFuture<String>> gates =
        Map.of(
            "a", new CompletableFuture<>(),
            "b", new CompletableFuture<>(),
            "c", new CompletableFuture<>());
    var all = new ArrayList<Unfuture<@Nullable Void>>();
    gates.forEach((name, gate) -> all.add(start(() -> events.add(await(gate)))));
    var hold = new Hold();
    for (String name : List.of("c", "a", "b")) {
      gates.getOrDefault(name, new CompletableFuture<>()).complete(name);
    }
    hold.release();
    Unfuture.all(all).result();
    assertThat(events).containsExactly("c", "a", "b");
  }

  @Test
  void sleepOfZeroGivesTheOthersATurn() throws Exception {
    var hold = new Hold();
    var all = new ArrayList<Unfuture<@Nullable Void>>();
    for (String name : List.of("a", "b")) {
      all.add(
          start(
              () -> {
                for (int i = 1; i <= 3; i++) {
                  events.add(name + i);
                  AnySync.sleep(Duration.ZERO);
                }
              }));
    }
    hold.release();
    Unfuture.all(all).result();
    assertThat(events).containsExactly("a1", "b1", "a2", "b2", "a3", "b3");
  }

  /** Its own turn comes after the callbacks that were there, and before those that they queue. */
  @Test
  void sleepOfZeroLetsTheCallbacksRunThatAreQueued() throws Exception {
    loop.run(
        AnySync.coroutine(
            () -> {
              loop.execute(
                  () -> {
                    events.add("callback");
                    loop.execute(() -> events.add("callback of the callback"));
                  });
              elsewhere(() -> loop.execute(() -> events.add("other thread's")));
              AnySync.sleep(Duration.ZERO);
              events.add("coroutine");
              AnySync.sleep(Duration.ZERO);
              events.add("end");
            }));
    assertThat(events)
        .containsExactly(
            "callback", "other thread's", "coroutine", "callback of the callback", "end");
  }

  @Test
  void aCoroutineThatIsCancelledWhileItLetsOthersGoOnIsToldSo() throws Exception {
    Unfuture<@Nullable Void> yielding =
        start(
            () -> {
              while (true) {
                AnySync.sleep(Duration.ZERO);
              }
            });
    Unfuture<@Nullable Void> other =
        start(
            () -> {
              while (!yielding.isDone()) {
                AnySync.sleep(Duration.ZERO);
              }
            });
    loop.execute(() -> yielding.cancel(true));
    yielding.stopped().result();
    other.result();
    assertThat(yielding.isCancelled()).isTrue();
  }

  @Test
  void sleepersWakeInTheOrderOfTheirTimes() {
    var all = new ArrayList<Unfuture<Boolean>>();
    for (int millis : new int[] {250, 50, 150}) {
      all.add(
          AnySync.coroutine(
                  () -> {
                    long start = System.nanoTime();
                    AnySync.sleep(Duration.ofMillis(millis));
                    events.add(millis + " ms");
                    return System.nanoTime() - start >= millis * 1_000_000L;
                  })
              .start(loop));
    }
    assertThat(Unfuture.all(all).result()).as("slept long enough").containsOnly(true);
    assertThat(events).containsExactly("50 ms", "150 ms", "250 ms");
  }

  @Test
  void aSleeperDoesNotHoldTheLoop() throws Exception {
    var slept = new AtomicBoolean();
    var started = new CountDownLatch(1);
    Unfuture<@Nullable Void> sleeper =
        start(
            () -> {
              started.countDown();
              AnySync.sleep(Duration.ofSeconds(1_000));
              slept.set(true);
            });
    started.await();
    assertThat(loop.run(AnySync.coroutine(() -> "meanwhile"))).isEqualTo("meanwhile");
    sleeper.cancel(true);
    sleeper.stopped().result();
    assertThat(slept).isFalse();
  }

  // What gives up the turn, and what holds it

  @Test
  void awaitGivesUpTheTurn() throws Exception {
    var gate = new CompletableFuture<String>();
    var hold = new Hold();
    Unfuture<@Nullable Void> first =
        start(
            () -> {
              events.add("first awaits");
              await(gate);
              events.add("first goes on");
            });
    Unfuture<@Nullable Void> second =
        start(
            () -> {
              events.add("second");
              gate.complete("");
            });
    hold.release();
    first.result();
    second.result();
    assertThat(events).containsExactly("first awaits", "second", "first goes on");
  }

  private void assertHolds(VoidBody blocking, CompletableFuture<String> gate) throws Exception {
    var entered = new CountDownLatch(1);
    Unfuture<@Nullable Void> first =
        start(
            () -> {
              entered.countDown();
              blocking.run();
              events.add("first");
            });
    entered.await();
    Unfuture<@Nullable Void> second = start(() -> events.add("second"));
    loop.execute(() -> events.add("third"));
    gate.complete("");
    first.result();
    second.result();
    loop.run(AnySync.coroutine(() -> {}));
    assertThat(events).containsExactly("first", "second", "third");
  }

  @Test
  void runHoldsTheTurn() throws Exception {
    var gate = new CompletableFuture<String>();
    assertHolds(() -> AnySync.coroutine(() -> await(gate)).run(), gate);
  }

  @Test
  void runWithATimeoutHoldsTheTurn() throws Exception {
    var gate = new CompletableFuture<String>();
    assertHolds(() -> AnySync.coroutine(() -> await(gate)).run(Duration.ofSeconds(50)), gate);
  }

  @Test
  void awaitInsideRunHoldsTheTurn() throws Exception {
    var gate = new CompletableFuture<String>();
    AnySync<String> inner = AnySync.coroutine(() -> await(gate));
    assertHolds(() -> AnySync.coroutine(() -> await(inner)).run(), gate);
  }

  @Test
  void joinOfWorkOnAThreadHoldsTheTurn() throws Exception {
    var gate = new CompletableFuture<String>();
    assertHolds(() -> assertThat(Unsync.call(gate::get).join()).isEmpty(), gate);
  }

  @Test
  void getOfWorkOnAThreadHoldsTheTurn() throws Exception {
    var gate = new CompletableFuture<String>();
    assertHolds(() -> assertThat(Unsync.call(gate::get).get()).isEmpty(), gate);
  }

  @Test
  void joinOfACoroutineOfTheSameLoopIsADeadlockAndSaysSo() {
    Unfuture<String> joining =
        AnySync.coroutine(() -> AnySync.coroutine(() -> "never").start(loop).join()).start(loop);
    assertThatThrownBy(joining::result)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("anysync-test");
    assertThat(loop.run(AnySync.coroutine(() -> "the loop goes on"))).isEqualTo("the loop goes on");
  }

  @Test
  void awaitingACoroutineOfTheSameLoopThatSuspends() {
    AnySync<String> inner =
        AnySync.coroutine(
            () -> {
              AnySync.sleep(Duration.ofMillis(1));
              await(CompletableFuture.runAsync(() -> {}));
              AnySync.sleep(Duration.ZERO);
              return "inner";
            });
    for (int i = 0; i < 100; i++) {
      assertThat(loop.run(AnySync.coroutine(() -> await(inner.start(loop))))).isEqualTo("inner");
    }
  }

  /** What suspends inside another's wait must not keep that one from going on. */
  @Test
  void aCoroutineThatSuspendsNeverBuriesAnother() {
    var never = new Endless();
    var gate = new CompletableFuture<String>();
    Unfuture<String> result =
        AnySync.coroutine(
                () -> {
                  Unfuture<String> stuck = never.call.start(loop);
                  Unfuture<String> helper =
                      AnySync.coroutine(
                              () -> {
                                AnySync.sleep(Duration.ZERO);
                                gate.complete("completed");
                                return "helper";
                              })
                          .start(loop);
                  String got = await(gate);
                  await(helper);
                  stuck.cancel(true);
                  return got;
                })
            .start(loop);
    assertThat(result.result()).isEqualTo("completed");
  }

  // Callbacks

  @Test
  void executeRunsTheCallbackInTheLoop() throws Exception {
    var inLoop = new CompletableFuture<Boolean>();
    loop.execute(() -> inLoop.complete(loop.inLoop()));
    assertThat(inLoop.get()).isTrue();
    assertThat(loop.inLoop()).isFalse();
  }

  @Test
  void executeInsideTheLoopQueues() throws Exception {
    loop.run(
        AnySync.coroutine(
            () -> {
              loop.execute(() -> events.add("callback"));
              events.add("coroutine");
            }));
    loop.run(AnySync.coroutine(() -> {}));
    assertThat(events).containsExactly("coroutine", "callback");
  }

  @Test
  void aCallbackMayNotAwait() throws Exception {
    var refused = new CompletableFuture<Throwable>();
    loop.execute(
        () -> refused.complete(thrownBy(() -> await(CompletableFuture.runAsync(this::no)))));
    assertThat(refused.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }

  /** The same where the callback runs on the stack of a coroutine that awaits meanwhile. */
  @Test
  void aCallbackDuringAnAwaitMayNotAwait() {
    var refused = new CompletableFuture<Throwable>();
    loop.run(
        AnySync.coroutine(
            () -> {
              loop.execute(
                  () -> refused.complete(thrownBy(() -> AnySync.sleep(Duration.ofMillis(1)))));
              await(refused);
            }));
    assertThat(refused.join())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }

  private void no() {}

  private static @Nullable Throwable thrownBy(VoidBody body) {
    try {
      body.run();
      return null;
    } catch (Throwable e) {
      return e;
    }
  }

  @Test
  void aCallbackMayRun() throws Exception {
    var result = new CompletableFuture<String>();
    loop.execute(
        () ->
            result.complete(
                AnySync.coroutine(() -> await(CompletableFuture.supplyAsync(() -> "run"))).run()));
    assertThat(result.get()).isEqualTo("run");
  }

  @Test
  void anExceptionOfACallbackGoesToTheUncaughtHandlerAndTheLoopGoesOn() throws Exception {
    var uncaught = new CompletableFuture<Throwable>();
    var during = new CompletableFuture<Throwable>();
    var failure = new IllegalArgumentException("from the callback");
    var failureDuring = new IllegalArgumentException("from the callback during an await");
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, error) -> {
          if (!uncaught.complete(error)) {
            during.complete(error);
          }
        });
    try {
      loop.execute(
          () -> {
            throw failure;
          });
      assertThat(uncaught.get()).isSameAs(failure);
      loop.run(
          AnySync.coroutine(
              () -> {
                loop.execute(
                    () -> {
                      throw failureDuring;
                    });
                assertThat(await(during)).isSameAs(failureDuring);
              }));
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
    assertThat(loop.run(AnySync.coroutine(() -> "goes on"))).isEqualTo("goes on");
  }

  // From outside

  @Test
  void runFromOutsideReturnsTheResult() {
    assertThat(loop.run(AnySync.coroutine(() -> loop.inLoop()))).isTrue();
  }

  @Test
  void runFromOutsideThrowsTheSameException() {
    var failure = new IOException("from the loop");
    AnySync<String> failing =
        AnySync.coroutine(
            () -> {
              AnySync.sleep(Duration.ofMillis(1));
              throw failure;
            });
    assertThatThrownBy(() -> loop.run(failing)).isSameAs(failure);
    assertThat(failure.getSuppressed()).isNotEmpty();
  }

  @Test
  void runOnTheLoopItselfIsACall() {
    AnySync<Thread> current = AnySync.coroutine(Thread::currentThread);
    boolean same = loop.run(AnySync.coroutine(() -> loop.run(current) == Thread.currentThread()));
    assertThat(same).isTrue();
  }

  @Test
  void anInterruptOfTheThreadThatWaitsInRunCancelsTheCoroutine() throws Exception {
    var endless = new Endless();
    var running =
        Threads.start(
            () -> {
              Throwable thrown = thrownBy(() -> loop.run(endless.call));
              assertThat(thrown).isInstanceOf(CancellationException.class);
              return Thread.interrupted();
            });
    endless.started.await();
    running.thread().interrupt();
    assertThat(running.join()).as("the interrupt flag is kept").isTrue();
    endless.assertStopped();
  }

  // Several loops

  @Test
  void loopsRunSideBySide() throws Exception {
    try (var other = EventLoop.create("other")) {
      var hold = new Hold();
      assertThat(other.run(AnySync.coroutine(() -> other.inLoop() && !loop.inLoop()))).isTrue();
      hold.release();
    }
  }

  @Test
  void coroutinesOfTwoLoopsAwaitEachOthers() {
    try (var other = EventLoop.create("other")) {
      String got =
          loop.run(
              AnySync.coroutine(
                  () ->
                      await(
                          AnySync.coroutine(
                                  () ->
                                      "there "
                                          + other.inLoop()
                                          + await(
                                              AnySync.coroutine(() -> " and back " + loop.inLoop())
                                                  .start(loop)))
                              .start(other))));
      assertThat(got).isEqualTo("there true and back true");
    }
  }

  @Test
  void allAndRaceRunOnTheLoop() {
    AnySync<Boolean> inLoop =
        AnySync.coroutine(
            () -> {
              AnySync.sleep(Duration.ZERO);
              return loop.inLoop();
            });
    assertThat(loop.run(AnySync.all(List.of(inLoop, inLoop, inLoop)))).containsOnly(true);
    assertThat(loop.run(AnySync.race(List.of(inLoop, inLoop)))).isTrue();
  }

  // Cancellation

  @Test
  void aSuspendedCoroutineLearnsOfItsCancellationInItsTurn() throws Exception {
    var awaiting = new CountDownLatch(1);
    Unfuture<@Nullable Void> cancelled =
        start(
            () -> {
              awaiting.countDown();
              try {
                await(new CompletableFuture<String>());
              } catch (CancellationException e) {
                events.add("cancelled " + loop.inLoop());
                throw e;
              }
            });
    awaiting.await();
    var entered = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    Unfuture<@Nullable Void> holder =
        start(
            () -> {
              entered.countDown();
              gate.await();
              events.add("holder");
            });
    entered.await();
    cancelled.cancel(true);
    gate.countDown();
    holder.result();
    cancelled.stopped().result();
    assertThat(events).containsExactly("holder", "cancelled true");
  }

  @Test
  void aCancelledCoroutineMayAwaitAgainToCleanUp() throws Exception {
    var awaiting = new CountDownLatch(1);
    Unfuture<@Nullable Void> cancelled =
        start(
            () -> {
              awaiting.countDown();
              try {
                await(new CompletableFuture<String>());
              } finally {
                AnySync.sleep(Duration.ofMillis(1));
                events.add(await(CompletableFuture.supplyAsync(() -> "cleaned up")));
              }
            });
    awaiting.await();
    cancelled.cancel(true);
    cancelled.stopped().result();
    assertThat(events).containsExactly("cleaned up");
  }

  /** The cancelled one cannot have its turn before the one that it awaits has ended. */
  @Test
  void aCancellationReachesAnAwaitedCoroutineThatHoldsTheLoop() throws Exception {
    List<Function<AnySync<String>, AnySync<?>>> ways =
        List.of(
            held -> AnySync.coroutine(() -> await(held.start(loop))),
            held -> AnySync.all(List.of(held)),
            held -> AnySync.race(List.of(held)),
            held -> AnySync.<String>iterator(out -> out.yield(held.run())).nextAsync(),
            held -> AnySync.<String>contextManager(out -> out.yield(held.run())).openAsync());
    for (Function<AnySync<String>, AnySync<?>> way : ways) {
      var endless = new Endless();
      Unfuture<?> outer = way.apply(AnySync.coroutine(() -> endless.call.run())).start(loop);
      endless.started.await();
      outer.cancel(true);
      endless.assertStopped();
      outer.stopped().result();
    }
  }

  /** Both are queued before the coroutine that waits for them, which would not have its turn. */
  @Test
  void aRaceThatIsWonOrAnAllThatFailedNeedsNoTurnToCancelTheRest() {
    AnySync<String> holder = AnySync.coroutine(() -> new Endless().call.run());
    AnySync<String> first = AnySync.coroutine(() -> "first");
    assertThat(loop.run(AnySync.race(List.of(first, holder)))).isEqualTo("first");

    var failure = new IllegalArgumentException("first");
    AnySync<String> failing =
        AnySync.coroutine(
            () -> {
              throw failure;
            });
    assertThatThrownBy(() -> loop.run(AnySync.all(List.of(failing, holder)))).isSameAs(failure);
  }

  /** Coroutines share threads; what cancels one must not reach the next on its thread. */
  @Test
  void aCancellationReachesNoOtherCoroutine() throws Exception {
    for (int i = 0; i < 500 * STRESS; i++) {
      var endless = new Endless();
      var outer = AnySync.coroutine(() -> await(endless.call.start(loop))).start(loop);
      endless.started.await();
      outer.cancel(true);
      boolean clean =
          loop.run(
              AnySync.coroutine(
                  () -> {
                    boolean interrupted = Thread.currentThread().isInterrupted();
                    AnySync.sleep(Duration.ZERO);
                    await(CompletableFuture.runAsync(() -> {}));
                    return !interrupted && !Thread.currentThread().isInterrupted();
                  }));
      assertThat(clean).isTrue();
      endless.assertStopped();
    }
  }

  @Test
  void aCoroutineThatIsCancelledBeforeItsTurnNeverRuns() throws Exception {
    var hold = new Hold();
    Unfuture<@Nullable Void> never = start(() -> events.add("never"));
    never.cancel(true);
    never.stopped().result();
    hold.release();
    loop.run(AnySync.coroutine(() -> {}));
    assertThat(events).isEmpty();
  }

  // Close

  @Test
  void closeCancelsWhatIsLeftAndWaitsForIt() throws Exception {
    var closing = EventLoop.create("closing");
    var awaiting = new CountDownLatch(10);
    var all = new ArrayList<Unfuture<@Nullable Void>>();
    for (int i = 0; i < 10; i++) {
      all.add(
          AnySync.coroutine(
                  () -> {
                    awaiting.countDown();
                    try {
                      await(new CompletableFuture<String>());
                    } finally {
                      AnySync.sleep(Duration.ofMillis(10));
                      events.add("cleaned up");
                    }
                  })
              .start(closing));
    }
    awaiting.await();
    closing.close();
    assertThat(events).hasSize(10);
    assertThat(all).allMatch(Unfuture::isCancelled);
  }

  @Test
  void closeRunsTheCallbacksThatWereQueued() {
    var closing = EventLoop.create("closing");
    for (int i = 0; i < 100; i++) {
      closing.execute(() -> events.add("callback"));
    }
    closing.close();
    assertThat(events).hasSize(100);
  }

  @Test
  void closeRefusesNewWork() {
    loop.close();
    AnySync<String> call = AnySync.coroutine(() -> "never");
    assertThatThrownBy(() -> loop.execute(() -> events.add("never")))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessageContaining("anysync-test");
    assertThatThrownBy(() -> call.start(loop)).isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> loop.run(call)).isInstanceOf(RejectedExecutionException.class);
    assertThat(events).isEmpty();
  }

  @Test
  void closeAgainDoesNothing() {
    loop.close();
    loop.close();
  }

  @Test
  void closeFromInsideIsRefused() throws Exception {
    assertThatThrownBy(() -> loop.run(AnySync.coroutine(loop::close)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("anysync-test")
        .hasMessageContaining("outside");
    var refused = new CompletableFuture<Throwable>();
    loop.execute(() -> refused.complete(thrownBy(loop::close)));
    assertThat(refused.get()).isInstanceOf(IllegalStateException.class);
    assertThat(loop.run(AnySync.coroutine(() -> "goes on"))).isEqualTo("goes on");
  }

  @Test
  void closeByTwoThreadsAtOnce() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = endless.call.start(loop);
    endless.started.await();
    var other =
        Threads.start(
            () -> {
              loop.close();
              return future.isDone();
            });
    loop.close();
    assertThat(other.join()).isTrue();
    endless.assertStopped();
  }

  // Threads

  @Test
  void anIdleLoopHasNoThread() throws Exception {
    Map<Long, String> before = Threads.ours();
    loop.run(
        AnySync.coroutine(
            () -> {
              AnySync.sleep(Duration.ofMillis(1));
              loop.execute(() -> events.add(Thread.currentThread().getName()));
            }));
    loop.run(AnySync.coroutine(() -> events.add(Thread.currentThread().getName())));
    Threads.awaitNoneBut(before);
    assertThat(events).containsExactly("anysync-test", "anysync-test");
  }

  @Test
  void coroutineWhoseFutureRefusesToBeCancelledKeepsToItsTurn() throws Exception {
    var awaited = new Uncancellable<String>();
    var awaiting = new CountDownLatch(1);
    Unfuture<String> cancelled =
        AnySync.coroutine(
                () -> {
                  try {
                    awaiting.countDown();
                    return await(awaited);
                  } catch (CancellationException e) {
                    AnySync.sleep(Duration.ZERO);
                    events.add("told, in its turn: " + loop.inLoop());
                    throw e;
                  }
                })
            .start(loop);
    awaiting.await();
    assertThat(loop.run(AnySync.coroutine(() -> "suspended"))).isEqualTo("suspended");
    assertThat(cancelled.cancel(true)).isTrue();
    cancelled.stopped().join();
    assertThat(events).containsExactly("told, in its turn: true");
    assertThat(loop.run(AnySync.coroutine(() -> "goes on"))).isEqualTo("goes on");
  }

  /** What others queue at the very moment at which the loop takes what they have queued before. */
  @Test
  void callbacksThatArriveAllTheTimeAreNotLost() throws Exception {
    int each = 50_000 * STRESS;
    int[] ran = {0}; // plain: one thing at a time
    var threads = new ArrayList<TestThread<@Nullable Void>>();
    for (int i = 0; i < 3; i++) {
      threads.add(
          TestThread.start(
              () -> {
                for (int callback = 0; callback < each; callback++) {
                  loop.execute(() -> ran[0]++);
                }
              }));
    }
    int seen =
        loop.run(
            AnySync.coroutine(
                () -> {
                  while (ran[0] < 3 * each) {
                    AnySync.sleep(Duration.ZERO);
                  }
                  return ran[0];
                }));
    for (TestThread<?> thread : threads) {
      thread.join();
    }
    assertThat(seen).isEqualTo(3 * each);
  }

  /** A thread of the loop goes on with the next item: what it has left there is none of that. */
  @Test
  void interruptFlagThatACallbackLeavesBehindIsNotTheNextOnes() throws Exception {
    var queued = new CountDownLatch(1);
    loop.execute(
        () -> {
          try {
            queued.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          Thread.currentThread().interrupt();
        });
    var flag = new AtomicBoolean();
    Unfuture<String> next =
        AnySync.coroutine(
                () -> {
                  flag.set(Thread.currentThread().isInterrupted());
                  AnySync.sleep(Duration.ofMillis(1));
                  return "goes on";
                })
            .start(loop);
    queued.countDown();
    assertThat(next.result()).isEqualTo("goes on");
    assertThat(flag).isFalse();
  }

  /** A future that has no dependents, as some of other libraries. */
  private static final class WithoutDependents extends CompletableFuture<String> {
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
      throw new UnsupportedOperationException("no dependents");
    }
  }

  @Test
  void coroutineWhoseFutureRefusesToBeAwaitedKeepsItsTurn() {
    Unfuture<String> refused =
        AnySync.coroutine(
                () -> {
                  try {
                    return await(new WithoutDependents());
                  } catch (UnsupportedOperationException e) {
                    Strand strand = Strand.current();
                    return "refused, in turn: " + (loop.holder == strand && strand.wait == null);
                  }
                })
            .start(loop);
    assertThat(refused.result()).isEqualTo("refused, in turn: true");
  }
}
