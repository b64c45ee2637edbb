package dev.anysync.deadlock;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncGenerator;
import dev.anysync.DeadlockException;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits that look like deadlocks and are none. */
class NoDeadlockTest {
  private static final int STRESS = Integer.getInteger("stress", 1);

  // Deep but finite

  @Test
  void chainOfTenThousandAwaits() {
    int depth = 10_000;
    var last = new CompletableFuture<Integer>();
    Unfuture<Integer> next = coroutine(() -> await(last)).start();
    for (int i = 0; i < depth; i++) {
      Unfuture<Integer> source = next;
      next = coroutine(() -> await(source) + 1).start();
    }
    Unfuture<Integer> first = next;
    Thread.ofVirtual().start(() -> last.complete(0)); // whom nobody knows
    assertThat(first.result()).isEqualTo(depth);
  }

  @Test
  void chainOfTenThousandContinuations() {
    int depth = 10_000;
    var source = new Unfuture<Integer>();
    Unfuture<Integer> next = source;
    for (int i = 0; i < depth; i++) {
      next =
          i % 2 == 0
              ? next.then(x -> x.join() + 1)
              : (Unfuture<Integer>) next.thenApply(x -> x + 1);
    }
    Unfuture<Integer> end = next;
    Unfuture<Integer> waiting = coroutine(() -> await(end)).start();
    source.complete(0);
    assertThat(waiting.result()).isEqualTo(depth);
  }

  @Test
  void thousandCoroutinesOfOneLoopThatAwaitEachOther() {
    try (EventLoop loop = EventLoop.create("l")) {
      var last = new CompletableFuture<Integer>();
      Unfuture<Integer> next = coroutine(() -> await(last)).start(loop);
      for (int i = 0; i < 1_000; i++) {
        Unfuture<Integer> source = next;
        next = coroutine(() -> await(source) + 1).start(loop);
      }
      last.complete(0);
      assertThat(next.result()).isEqualTo(1_000);
    }
  }

  // Somebody else comes to it

  @Test
  void cycleThatAForeignThreadBreaksByCompletingWhatNobodyRuns() {
    var middle = new Unfuture<String>(); // anybody may complete it
    Unfuture<String> waiting = coroutine(() -> await(middle)).start();
    Unfuture<String> dependent = waiting.then(Unfuture::join);
    Thread.ofVirtual().start(() -> middle.complete("x"));
    assertThat(dependent.result()).isEqualTo("x");
  }

  @Test
  void cycleWithATimeLimit() {
    var other = new CompletableFuture<Unfuture<Object>>();
    Unfuture<Object> limited =
        Unsync.call(
            () -> {
              try {
                return other.join().get(10, TimeUnit.MILLISECONDS);
              } catch (TimeoutException e) {
                return "in time";
              }
            });
    other.complete(coroutine(() -> await(limited)).start());
    assertThat(limited.join()).isEqualTo("in time");
    assertThat(other.join().result()).isEqualTo("in time");
  }

  @Test
  void cycleThroughAFutureThatTimesOut() {
    var other = new CompletableFuture<Unfuture<Object>>();
    Unfuture<Object> first =
        Unsync.call(() -> other.join().exceptionally(Throwable::getClass).join());
    other.complete(
        (Unfuture<Object>) Unsync.<Object>call(first::join).orTimeout(10, TimeUnit.MILLISECONDS));
    assertThat(first.join()).isEqualTo(TimeoutException.class);
  }

  @Test
  void dependentThatTimesOut() {
    var self = new CompletableFuture<Unfuture<Object>>();
    Unfuture<Object> first =
        Unsync.call(
            () ->
                self.join()
                    .thenApply(x -> x)
                    .completeOnTimeout("in time", 10, TimeUnit.MILLISECONDS)
                    .thenApply(x -> x)
                    .join());
    self.complete(first);
    assertThat(first.join()).isEqualTo("in time");
  }

  @Test
  void futureThatTimesOutAfterADependentWasMade() {
    for (boolean ofATask : new boolean[] {true, false}) {
      var self = new CompletableFuture<Unfuture<Object>>();
      Unfuture<Object> first =
          Unsync.call(
              () -> {
                Unfuture<Object> limited = ofATask ? self.join() : self.join().then(Unfuture::join);
                CompletableFuture<Object> dependent = limited.thenApply(x -> x).thenApply(x -> x);
                var _ = limited.completeOnTimeout("in time", 10, TimeUnit.MILLISECONDS);
                return dependent.join();
              });
      self.complete(first);
      assertThat(first.join()).isEqualTo("in time");
    }
  }

  @Test
  void bodyThatWaitsForItsOwnEndAndTimesOut() {
    var self = new CompletableFuture<Unfuture<Object>>();
    var thrown = new CompletableFuture<Throwable>();
    Unfuture<Object> first =
        coroutine(
                () -> {
                  Unfuture<?> end = self.join().stopped();
                  var _ = self.join().orTimeout(10, TimeUnit.MILLISECONDS);
                  thrown.complete(catchThrowable(() -> await(end)));
                  return (Object) "unseen";
                })
            .start();
    self.complete(first);
    assertThat(thrown.join()).isInstanceOf(CancellationException.class);
    assertThat(catchThrowable(first::result)).isInstanceOf(TimeoutException.class);
  }

  /** What follows a dependent that was cancelled or completed by hand does not need its source. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void dependentThatComesWithoutItsSource(boolean cancelled) {
    var self = new CompletableFuture<Unfuture<Object>>();
    var slow = new CompletableFuture<Thread>();
    Unfuture<Object> first =
        Unsync.call(
            () -> {
              CompletableFuture<Object> dependent = self.join().thenApply(x -> x);
              CompletableFuture<Object> cleanup =
                  dependent.handleAsync(
                      (_, _) -> {
                        Thread waiting = slow.join();
                        while (waiting.getState() != Thread.State.WAITING && waiting.isAlive()) {
                          Thread.onSpinWait();
                        }
                        return "cleaned up";
                      });
              if (cancelled) {
                dependent.cancel(true);
              } else {
                dependent.complete("by hand");
              }
              slow.complete(Thread.currentThread());
              return cleanup.join();
            });
    self.complete(first);
    assertThat(first.join()).isEqualTo("cleaned up");
  }

  @Test
  void eitherOfTwoOneOfWhichNeverComes() {
    var self = new CompletableFuture<Unfuture<Object>>();
    var gate = new CompletableFuture<Object>();
    Unfuture<Object> first =
        Unsync.call(
            () -> {
              CompletableFuture<Object> either = self.join().applyToEither(gate, x -> x);
              CompletableFuture<Void> accepted = self.join().acceptEither(gate, _ -> {});
              CompletableFuture<Void> run = self.join().runAfterEither(gate, () -> {});
              Thread.ofVirtual().start(() -> gate.complete("the other"));
              accepted.join();
              run.join();
              return either.join();
            });
    self.complete(first);
    assertThat(first.join()).isEqualTo("the other");
  }

  @Test
  void raceOfWhichOneGoesOn() {
    var whole = new CompletableFuture<Unfuture<Object>>();
    var waits = new CountDownLatch(1);
    whole.complete(
        AnySync.<Object>race(
                List.of(
                    coroutine(
                        () -> {
                          Unfuture<Object> race = whole.join();
                          waits.countDown();
                          return AnySync.shield(race); // or its end would cancel that
                        }),
                    coroutine(
                        () -> {
                          waits.await();
                          AnySync.sleep(Duration.ofMillis(1));
                          return "goes on";
                        })))
            .start());
    assertThat(whole.join().result()).isEqualTo("goes on");
  }

  @Test
  void asynchronousDependentOfTheSameFuture() {
    var gate = new CountDownLatch(1);
    Unfuture<Integer> source =
        Unsync.call(
            () -> {
              gate.await();
              return 1;
            });
    var slow = new CountDownLatch(1);
    CompletableFuture<Integer> elsewhere =
        source.thenApplyAsync(
            x -> {
              try {
                slow.await();
              } catch (InterruptedException e) {
                throw new CancellationException();
              }
              return x + 1;
            });
    CompletableFuture<Integer> here =
        source.thenApply(
            x -> {
              slow.countDown();
              return x + elsewhere.join();
            });
    gate.countDown();
    assertThat(here.join()).isEqualTo(3);
  }

  /** The JDK then makes the dependent from the other one, so it is none of ours. */
  @Test
  void eitherOfTwoTheOtherOfWhichIsDone() {
    var never = new Unfuture<Integer>();
    CompletableFuture<Integer> done = CompletableFuture.completedFuture(1);
    assertThat(never.applyToEither(done, x -> x + 1).join()).isEqualTo(2);
    assertThat(never.acceptEither(done, _ -> {}).join()).isNull();
    assertThat(never.runAfterEither(done, () -> {}).join()).isNull();
    assertThat(never.applyToEitherAsync(done, x -> x + 1).join()).isEqualTo(2);
  }

  @Test
  void dependentOfAContinuationThatHasFailed() {
    var source = new Unfuture<Integer>();
    Unfuture<Integer> failing =
        source.then(
            _ -> {
              throw new IllegalArgumentException("failed");
            });
    var gate = new CountDownLatch(1);
    CompletableFuture<String> dependent =
        failing.handleAsync(
            (_, _) -> {
              try {
                gate.await();
                return "handled";
              } catch (InterruptedException e) {
                return "interrupted";
              }
            });
    source.complete(1);
    Thread.ofVirtual().start(gate::countDown);
    assertThat(dependent.join()).isEqualTo("handled");
  }

  // Loops

  @Test
  void loopsThatWaitForEachOtherOneWay() {
    try (EventLoop first = EventLoop.create("first");
        EventLoop second = EventLoop.create("second")) {
      for (int i = 0; i < 1_000; i++) {
        AnySync<String> inner = coroutine(() -> await(CompletableFuture.supplyAsync(() -> "x")));
        assertThat(first.run(coroutine(() -> second.run(inner)))).isEqualTo("x");
        assertThat(second.run(coroutine(() -> first.run(inner)))).isEqualTo("x");
      }
    }
  }

  /** It runs on the thread of a coroutine that has been cancelled, but not in its turn. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void callbackOfACancellationWaitsForWorkOfTheLoop(boolean busy) throws Exception {
    try (EventLoop loop = EventLoop.create("l")) {
      var awaited = new Unfuture<Object>();
      var joined = new CompletableFuture<Object>();
      var _ =
          awaited.whenComplete(
              (_, _) -> joined.complete(coroutine(() -> "new work").start(loop).join()));
      var thread = new CompletableFuture<Thread>();
      Unfuture<Object> cancelled =
          coroutine(
                  () -> {
                    thread.complete(Thread.currentThread());
                    return await(awaited);
                  })
              .start(loop);
      releaseOnceParked(thread.join(), new CountDownLatch(1));
      var release = new CountDownLatch(1);
      if (busy) {
        var entered = new CountDownLatch(1);
        loop.execute(
            () -> {
              entered.countDown();
              assertThat(catchThrowable(release::await)).isNull();
            });
        entered.await();
      }
      Thread cancelling = Thread.ofVirtual().start(() -> thread.join().interrupt());
      if (busy) {
        while (!awaited.isDone()) {
          Thread.onSpinWait();
        }
        release.countDown();
      }
      assertThat(joined.join()).isEqualTo("new work");
      assertThat(catchThrowable(cancelled::result)).isInstanceOf(CancellationException.class);
      cancelling.join();
    }
  }

  @Test
  void loopsThatAwaitEachOther() {
    try (EventLoop first = EventLoop.create("first");
        EventLoop second = EventLoop.create("second")) {
      for (int i = 0; i < 1_000; i++) {
        AnySync<String> inner = coroutine(() -> "x");
        AnySync<String> middle = coroutine(() -> await(inner.start(first)));
        assertThat(first.run(coroutine(() -> await(middle.start(second))))).isEqualTo("x");
      }
    }
  }

  @Test
  void holderThatIsWaitedForAndGoesOn() throws Exception {
    try (EventLoop loop = EventLoop.create("l")) {
      var entered = new CountDownLatch(1);
      var release = new CompletableFuture<String>();
      Unfuture<String> holder =
          coroutine(
                  () -> {
                    entered.countDown();
                    return release.join(); // holds the loop
                  })
              .start(loop);
      entered.await();
      Unfuture<String> queued = coroutine(() -> "queued").start(loop);
      Unfuture<String> both = coroutine(() -> await(holder) + " " + await(queued)).start();
      Thread.ofVirtual().start(() -> release.complete("held"));
      assertThat(both.result()).isEqualTo("held queued");
    }
  }

  @Test
  void generatorAndConsumerOnOneLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      assertThat(
              loop.run(
                  coroutine(
                      () -> {
                        int sum = 0;
                        try (AnySyncGenerator<Integer, Integer> g =
                            AnySync.generator(
                                out -> {
                                  for (int i = 0; i < 1_000; i++) {
                                    int value = i;
                                    Unfuture<Integer> other = coroutine(() -> value).start(loop);
                                    Integer _ = out.yield(await(other));
                                  }
                                })) {
                          for (int i = 0; i < 1_000; i++) {
                            sum += i % 2 == 0 ? await(g.sendAsync(null)) : await(g.sendAsync(i));
                          }
                        }
                        return sum;
                      })))
          .isEqualTo(499_500);
    }
  }

  // Pools

  @Test
  void poolThatHasAFreeThread() {
    try (var pool = Executors.newFixedThreadPool(2);
        var lanes = Lanes.builder().thread(pool).build()) {
      for (int i = 0; i < 1_000; i++) {
        assertThat(lanes.call(() -> lanes.call(() -> "x").result()).result()).isEqualTo("x");
      }
    }
  }

  @Test
  void poolThatGrows() {
    try (var pool = new ThreadPoolExecutor(0, 100, 1, TimeUnit.MINUTES, new SynchronousQueue<>());
        var lanes = Lanes.builder().thread(pool).build()) {
      assertThat(nested(lanes, 50)).isEqualTo(50);
    }
  }

  private static int nested(Lanes lanes, int depth) {
    return depth == 0 ? 0 : 1 + lanes.call(() -> nested(lanes, depth - 1)).join();
  }

  @Test
  void poolThatGrowsWhenItsQueueIsFull() {
    try (var pool =
            new ThreadPoolExecutor(1, 2, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(1));
        var lanes = Lanes.builder().thread(pool).build()) {
      var queued = new CountDownLatch(1);
      Unfuture<String> outer =
          lanes.call(
              () -> {
                Unfuture<String> inner = lanes.call(() -> "inner"); // in the queue
                queued.countDown();
                return inner.result();
              });
      assertThat(catchThrowable(queued::await)).isNull();
      assertThat(lanes.call(() -> "more").result()).isEqualTo("more"); // makes the pool grow
      assertThat(outer.result()).isEqualTo("inner");
    }
  }

  @Test
  void poolWhoseThreadIsBusyWithOtherWork() throws Exception {
    try (var pool = Executors.newFixedThreadPool(1);
        var lanes = Lanes.builder().thread(pool).build()) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      pool.execute(
          () -> {
            entered.countDown();
            assertThat(catchThrowable(release::await)).isNull();
          });
      entered.await();
      Unfuture<String> queued = lanes.call(() -> "x");
      Thread.ofVirtual().start(release::countDown);
      assertThat(coroutine(() -> await(queued)).run()).isEqualTo("x");
    }
  }

  /** What the pool refuses does not run on its threads, so they may be free all the same. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void taskThatThePoolRefuses(boolean callerRuns) throws Exception {
    RejectedExecutionHandler handler =
        callerRuns
            ? new ThreadPoolExecutor.CallerRunsPolicy()
            : (task, pool) -> Thread.ofVirtual().start(task);
    try (var pool =
            new ThreadPoolExecutor(
                1, 1, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(1), handler);
        var lanes = Lanes.builder().thread(pool).build()) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      pool.execute(
          () -> {
            entered.countDown();
            assertThat(catchThrowable(release::await)).isNull();
          });
      entered.await();
      Unfuture<String> queued = lanes.call(() -> "queued");
      Unfuture<String> refused =
          lanes.call(
              () -> {
                Thread waiting = Thread.currentThread();
                Thread.ofVirtual().start(() -> releaseOnceParked(waiting, release));
                return queued.result();
              });
      assertThat(refused.result()).isEqualTo("queued");
    }
  }

  private static void releaseOnceParked(Thread waiting, CountDownLatch release) {
    while (waiting.getState() != Thread.State.WAITING && waiting.isAlive()) {
      Thread.onSpinWait();
    }
    release.countDown();
  }

  // Cancelled meanwhile

  /** It does not need what it awaited any more: only its turn, which another is busy with. */
  @Test
  void interruptedCoroutineThatWaitsForItsTurn() throws Exception {
    try (EventLoop loop = EventLoop.create("l")) {
      var gate = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var first = new CompletableFuture<Unfuture<Object>>();
      var thread = new CompletableFuture<Thread>();
      var waiting = new CompletableFuture<Thread>();
      Unfuture<Object> needsFirst =
          Unsync.call(
              () -> {
                gate.await();
                waiting.complete(Thread.currentThread());
                return first.join().join();
              });
      Unfuture<Object> shielding =
          coroutine(
                  () -> {
                    thread.complete(Thread.currentThread());
                    try {
                      return AnySync.shield(needsFirst);
                    } catch (CancellationException e) {
                      return (Object) "cancelled";
                    }
                  })
              .start(loop);
      first.complete(shielding);
      var entered = new CountDownLatch(1);
      Unfuture<Object> holder =
          coroutine(
                  () -> {
                    entered.countDown();
                    release.await();
                    return (Object) "released";
                  })
              .start(loop);
      entered.await();
      thread.join().interrupt();
      while (thread.join().isInterrupted()) {
        Thread.onSpinWait();
      }
      gate.countDown();
      Thread.ofVirtual().start(() -> releaseOnceParked(waiting.join(), release));
      assertThat(needsFirst.result()).isEqualTo("cancelled");
      assertThat(holder.result()).isEqualTo("released");
    }
  }

  /** Of two that await each other's work, one is cancelled first: the other must not notice. */
  @Test
  void waiterThatIsCancelledMeanwhile() throws Exception {
    var random = new Random(1);
    for (int i = 0; i < 10_000 * STRESS; i++) {
      var first = new CompletableFuture<Unfuture<Object>>();
      var second = new CompletableFuture<Unfuture<Object>>();
      var gate = new CyclicBarrier(2);
      boolean interrupted = random.nextBoolean();
      var body = new CompletableFuture<Thread>();
      first.complete(
          coroutine(
                  () -> {
                    body.complete(Thread.currentThread());
                    try {
                      return AnySync.shield(second.join());
                    } catch (CancellationException e) {
                      return "cancelled";
                    }
                  })
              .start());
      second.complete(
          coroutine(
                  () -> {
                    gate.await();
                    return (@Nullable Object) await(first.join().stopped());
                  })
              .start());
      Thread canceller = body.join();
      if (random.nextBoolean()) {
        Thread.onSpinWait();
      }
      if (interrupted) {
        canceller.interrupt();
      } else {
        first.join().cancel(true);
      }
      gate.await(); // only now does the second wait for the first
      assertThat(catchThrowable(() -> second.join().result())).isNull();
    }
  }

  /** Random waits for each other, always for one that was started before. */
  @Test
  void randomWaitsWithoutACycle() {
    var random = new Random(2);
    for (int round = 0; round < 1_000 * STRESS; round++) {
      try (EventLoop loop = EventLoop.create("l")) {
        var gate = new CompletableFuture<Integer>();
        var futures = new ArrayList<Unfuture<Integer>>();
        futures.add(coroutine(() -> await(gate)).start());
        for (int i = 1; i < 20; i++) {
          Unfuture<Integer> one = futures.get(random.nextInt(i));
          Unfuture<Integer> other = futures.get(random.nextInt(i));
          futures.add(
              switch (random.nextInt(7)) {
                case 0 -> coroutine(() -> await(one)).start();
                case 1 -> coroutine(() -> await(one)).start(loop);
                case 2 -> Unsync.call(one::join);
                case 3 -> one.then(Unfuture::join);
                case 4 -> one.thenAsync(x -> coroutine(() -> await(other)).start());
                case 5 -> (Unfuture<Integer>) one.thenCombine(other, Math::max);
                default ->
                    AnySync.race(
                            List.of(
                                coroutine(() -> AnySync.shield(one)),
                                coroutine(() -> AnySync.shield(other))))
                        .start();
              });
        }
        gate.complete(round);
        for (Unfuture<Integer> future : futures) {
          assertThat(future.result()).isEqualTo(round);
        }
      }
    }
  }

  @Test
  void reportIsNotForThoseWhoWaitForTheCycle() {
    var self = new CompletableFuture<Unfuture<Object>>();
    Unfuture<Object> selfish =
        coroutine(
                () -> {
                  try {
                    return AnySync.shield(self.join());
                  } catch (DeadlockException e) {
                    return "broken";
                  }
                })
            .start();
    Unfuture<Object> bystander = coroutine(() -> await(selfish)).start();
    self.complete(selfish);
    assertThat(bystander.result()).isEqualTo("broken");
  }

  /** The body has ended when what depends on it runs. */
  @Test
  void dependentAsksForTheEndOfTheBody() {
    var gate = new CountDownLatch(1);
    Unfuture<Integer> source =
        Unsync.call(
            () -> {
              gate.await();
              return 1;
            });
    CompletableFuture<?> dependent = source.thenApply(_ -> source.stopped().join());
    gate.countDown();
    assertThat(dependent.join()).isNull();
  }

  @Test
  void dependentThatIsCompletedByAFunctionOfItsOwn() {
    var dependent = new CompletableFuture<CompletableFuture<String>>();
    Unfuture<String> source = coroutine(() -> await(await(dependent))).start();
    CompletableFuture<String> other = source.thenApply(x -> x);
    var gate = new CountDownLatch(1);
    var _ =
        other.completeAsync(
            () -> {
              var _ = catchThrowable(() -> gate.await());
              return "x";
            });
    dependent.complete(other);
    Awaitility.await().until(() -> AnySync.dump().toString().contains("waiting, for"));
    gate.countDown();
    assertThat(source.result()).isEqualTo("x");
  }
}
