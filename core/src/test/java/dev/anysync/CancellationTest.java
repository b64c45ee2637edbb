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
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One contract for every way to cancel: the body's thread is interrupted, its await throws once,
 * what it awaits is cancelled, finally blocks run and may await; the waiter does not wait for them.
 */
class CancellationTest {
  private static final Duration SOON = Duration.ofMillis(20);

  /**
   * The ways to cancel a body that has been entered; what the waiter got is returned, or thrown if
   * it is not what it should be.
   */
  enum Way {
    TIMEOUT_OF_RUN {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        Threads.exceedLimit(entered, body::run);
      }
    },
    TIMEOUT_OF_RESULT {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        Unfuture<String> started = body.start();
        entered.await();
        assertThatThrownBy(() -> started.result(SOON)).isInstanceOf(TimeoutException.class);
        assertThat(started).isCancelled();
      }
    },
    OR_TIMEOUT {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        Unfuture<String> started = body.start();
        entered.await();
        CompletableFuture<String> timed = started.orTimeout(1, TimeUnit.MILLISECONDS);
        assertThat(catchThrowable(timed::join)).hasCauseInstanceOf(TimeoutException.class);
      }
    },
    CANCEL {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        Unfuture<String> started = body.start();
        entered.await();
        assertThat(started.cancel(false)).isTrue();
        assertThatThrownBy(started::result).isInstanceOf(CancellationException.class);
      }
    },
    CANCEL_ON_LOOP {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        EventLoop loop = EventLoop.create("cancelled");
        Unfuture<String> started = body.start(loop);
        entered.await();
        assertThat(started.cancel(true)).isTrue();
        assertThatThrownBy(started::result).isInstanceOf(CancellationException.class);
      }
    },
    INTERRUPT_OF_RUN_IN_TIME {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        interrupt(TestThread.Kind.PLATFORM, () -> body.run(Duration.ofMinutes(5)), entered);
      }
    },
    INTERRUPT_OF_RUN_IN_TIME_VIRTUAL {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        interrupt(TestThread.Kind.VIRTUAL, () -> body.run(Duration.ofMinutes(5)), entered);
      }
    },
    INTERRUPT_OF_RESULT {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        Unfuture<String> started = body.start();
        entered.await(); // started, so that the waiter cannot run it itself
        interrupt(TestThread.Kind.PLATFORM, () -> started.result(), entered);
        assertThat(started).isCancelled();
      }
    },
    INTERRUPT_OF_RESULT_VIRTUAL {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        Unfuture<String> started = body.start();
        entered.await();
        interrupt(TestThread.Kind.VIRTUAL, () -> started.result(), entered);
        assertThat(started).isCancelled();
      }
    },
    INTERRUPT_OF_RESULT_IN_TIME {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        Unfuture<String> started = body.start();
        entered.await();
        interrupt(TestThread.Kind.PLATFORM, () -> started.result(Duration.ofMinutes(5)), entered);
        assertThat(started).isCancelled();
      }
    },
    INTERRUPT_OF_LOOP_RUN {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        EventLoop loop = EventLoop.create("interrupted");
        interrupt(TestThread.Kind.PLATFORM, () -> loop.run(body), entered);
      }
    },
    CLOSE_OF_LOOP {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        EventLoop loop = EventLoop.create("closed");
        Unfuture<String> started = body.start(loop);
        entered.await();
        closing(loop);
        assertThatThrownBy(started::result).isInstanceOf(CancellationException.class);
      }
    },
    CLOSE_OF_LANES {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        Lanes lanes = Lanes.builder().build();
        Unfuture<String> started = lanes.async(() -> await(body));
        entered.await();
        closing(lanes);
        assertThatThrownBy(started::result).isInstanceOf(CancellationException.class);
      }
    },
    CLOSE_OF_ITERATOR {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        AnySyncIterator<String> iterator = AnySync.iterator(out -> out.yield(await(body)));
        TestThread<String> consumer = TestThread.start(() -> iterator.next());
        entered.await();
        consumer.awaitBlocked();
        closing(iterator);
        assertThatThrownBy(consumer::join).isInstanceOf(CancellationException.class);
      }
    },
    TIMEOUT_OF_NEXT {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        AnySyncIterator<String> iterator =
            AnySync.iterator(
                out -> {
                  out.yield("");
                  out.yield(await(body));
                });
        assertThat(iterator.next()).isEmpty();
        entered.await();
        assertThatThrownBy(() -> iterator.next(SOON)).isInstanceOf(TimeoutException.class);
      }
    },
    FAILURE_OF_A_SIBLING {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        var failure = new IOException("sibling");
        AnySync<String> sibling =
            coroutine(
                () -> {
                  entered.await();
                  throw failure;
                });
        assertThat(catchThrowable(() -> AnySync.all(List.of(body, sibling)).run()))
            .isSameAs(failure);
      }
    },
    RACE_LOST {
      @Override
      void cancel(AnySync<String> body, CountDownLatch entered) throws Exception {
        AnySync<String> winner =
            coroutine(
                () -> {
                  entered.await();
                  return "won";
                });
        assertThat(AnySync.race(List.of(body, winner)).run()).isEqualTo("won");
      }
    };

    abstract void cancel(AnySync<String> body, CountDownLatch entered) throws Exception;

    /** Interrupts a thread that waits; it gets its exception and keeps its flag. */
    private static void interrupt(TestThread.Kind kind, VoidBody wait, CountDownLatch entered)
        throws Exception {
      TestThread<@Nullable Void> waiter =
          kind.start(
              () -> {
                assertThatThrownBy(wait::run).isInstanceOf(CancellationException.class);
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
              });
      entered.await();
      waiter.awaitBlocked();
      waiter.interrupt();
      waiter.join();
    }

    /** close() waits until the body has ended, so it is left to a thread of its own. */
    private static void closing(AutoCloseable resource) {
      CLOSERS.add(TestThread.start(() -> resource.close()));
    }
  }

  private static final Queue<TestThread<@Nullable Void>> CLOSERS = new ConcurrentLinkedQueue<>();

  @AfterEach
  void joinClosers() throws Exception {
    for (TestThread<@Nullable Void> closer = CLOSERS.poll();
        closer != null;
        closer = CLOSERS.poll()) {
      closer.join();
    }
  }

  // The body's side

  /** A body that awaits, and notes what happens to it. */
  private static final class Victim {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch ended = new CountDownLatch(1);
    final CompletableFuture<String> awaited = new CompletableFuture<>();
    final List<String> log = new ArrayList<>();
    final AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();

    /** Cancelled while it awaits; cleaning up awaits again, in each way. */
    final AnySync<String> body =
        coroutine(
            () -> {
              try {
                entered.countDown();
                return await(awaited);
              } catch (Throwable e) {
                thrown.set(e);
                log.add("interrupted " + Thread.currentThread().isInterrupted());
                throw e;
              } finally {
                try {
                  AnySync.sleep(Duration.ofMillis(1));
                  log.add(await(Unsync.call(() -> "future")));
                  log.add(await(coroutine(() -> "coroutine")));
                  log.add(coroutine(() -> await(Unsync.call(() -> "run"))).run());
                } catch (Throwable e) {
                  log.add(e.toString());
                } finally {
                  ended.countDown();
                }
              }
            });

    void awaitEnd() throws InterruptedException {
      assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void awaitThrowsOnceAndCleaningUpMayAwait(Way way) throws Exception {
    var victim = new Victim();
    way.cancel(victim.body, victim.entered);
    victim.awaitEnd();
    assertThat(victim.thrown.get()).isInstanceOf(CancellationException.class);
    assertThat(victim.log).containsExactly("interrupted false", "future", "coroutine", "run");
    assertThat(victim.awaited).isCancelled();
  }

  @ParameterizedTest
  @EnumSource
  void whatIsShieldedIsNotCancelled(Way way) throws Exception {
    var entered = new CountDownLatch(1);
    var thrown = new CompletableFuture<Throwable>();
    var shielded = new CompletableFuture<String>();
    AnySync<String> body =
        coroutine(
            () -> {
              try {
                entered.countDown();
                return AnySync.shield(shielded);
              } catch (Throwable e) {
                thrown.complete(e);
                throw e;
              }
            });
    way.cancel(body, entered);
    assertThat(thrown.get(30, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
    assertThat(shielded).isNotDone();
  }

  @ParameterizedTest
  @EnumSource
  void sleepThrows(Way way) throws Exception {
    var entered = new CountDownLatch(1);
    var thrown = new CompletableFuture<Throwable>();
    AnySync<String> body =
        coroutine(
            () -> {
              try {
                entered.countDown();
                AnySync.sleep(Duration.ofMinutes(5));
                return "overslept";
              } catch (Throwable e) {
                thrown.complete(e);
                throw e;
              }
            });
    way.cancel(body, entered);
    assertThat(thrown.get(30, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
  }

  @ParameterizedTest
  @EnumSource
  void awaitOfAPlainFutureThrowsAndCancelsIt(Way way) throws Exception {
    var entered = new CountDownLatch(1);
    var thrown = new CompletableFuture<Throwable>();
    Future<String> plain = new FutureTask<>(() -> "never run");
    AnySync<String> body =
        coroutine(
            () -> {
              try {
                entered.countDown();
                return await(plain);
              } catch (Throwable e) {
                thrown.complete(e);
                throw e;
              }
            });
    way.cancel(body, entered);
    assertThat(thrown.get(30, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
    Awaitility.await().until(plain::isCancelled);
  }

  @Test
  void awaitOfAPlainFutureOnLoopThatIsNotWaitedForYet() throws Exception {
    var threads = new LinkedBlockingQueue<Runnable>(); // a thread lane that is busy
    var plain = new FutureTask<>(() -> "never run");
    try (Lanes lanes = Lanes.builder().thread(threads::add).build()) {
      Future<String> future = plain;
      Unfuture<String> started = lanes.async(() -> await(future));
      Runnable waits = threads.poll(30, TimeUnit.SECONDS);
      started.cancel(true);
      started.stopped().result();
      Awaitility.await().until(plain::isCancelled);
      if (waits != null) {
        waits.run();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void blockingCallsAreInterrupted(Way way) throws Exception {
    var entered = new CountDownLatch(1);
    var thrown = new CompletableFuture<Throwable>();
    AnySync<String> body =
        coroutine(
            () -> {
              try {
                entered.countDown();
                new CountDownLatch(1).await();
                return "never";
              } catch (Throwable e) {
                thrown.complete(e);
                throw e;
              }
            });
    way.cancel(body, entered);
    assertThat(thrown.get(30, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
  }

  @ParameterizedTest
  @EnumSource
  void bodyThatIsBusyIsToldByItsNextAwait(Way way) throws Exception {
    var entered = new CountDownLatch(1);
    var told = new CompletableFuture<Throwable>();
    AnySync<String> body =
        coroutine(
            () -> {
              entered.countDown();
              while (!Thread.currentThread().isInterrupted()) {
                LockSupport.parkNanos(
                    1); // computes; a virtual thread that spun would keep its core
              }
              try {
                return await(Unfuture.of("done already"));
              } catch (Throwable e) {
                told.complete(e);
                throw e;
              }
            });
    way.cancel(body, entered);
    assertThat(told.get(30, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
  }

  /** If it waited for the body, nobody would ever open the latch. */
  @ParameterizedTest
  @EnumSource
  void waiterDoesNotWaitForABodyThatDoesNotHeed(Way way) throws Exception {
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var ended = new CountDownLatch(1);
    AnySync<String> body =
        coroutine(
            () -> {
              entered.countDown();
              while (true) {
                try {
                  release.await();
                  break;
                } catch (InterruptedException e) {
                  // does not heed it for a while
                }
              }
              ended.countDown();
              return "too late";
            });
    way.cancel(body, entered);
    assertThat(ended.getCount()).isEqualTo(1);
    release.countDown();
    assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void whatIsAwaitedThroughSeveralLevelsIsCancelled(Way way) throws Exception {
    var entered = new CountDownLatch(1);
    var innermost = new CompletableFuture<String>();
    var levels = new CountDownLatch(3);
    AnySync<String> inner =
        coroutine(
            () -> {
              try {
                entered.countDown();
                return await(innermost);
              } finally {
                levels.countDown();
              }
            });
    AnySync<String> middle =
        coroutine(
            () -> {
              try {
                return await(inner.start()); // on another thread
              } finally {
                levels.countDown();
              }
            });
    AnySync<String> outer =
        coroutine(
            () -> {
              try {
                return await(middle); // on this thread
              } finally {
                levels.countDown();
              }
            });
    way.cancel(outer, entered);
    assertThat(levels.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(innermost).isCancelled();
  }

  /** What depends on a cancelled future runs on the thread that cancels it, not on the body's. */
  @Test
  void dependentsOfACancelledFutureMayWaitForItsBody() throws Exception {
    for (int i = 0; i < 2_000; i++) {
      var entered = new CountDownLatch(1);
      var threads = new ConcurrentLinkedQueue<Thread>();
      Unfuture<Object> future =
          Unsync.call(
              () -> {
                threads.add(Thread.currentThread());
                entered.countDown();
                return new CompletableFuture<>().get();
              });
      var dependents = new ArrayList<CompletableFuture<?>>();
      for (int j = 0; j < 3; j++) {
        dependents.add(
            future.exceptionally(
                e -> {
                  threads.add(Thread.currentThread());
                  return future.stopped().join();
                }));
      }
      entered.await();
      future.cancel(true);
      CompletableFuture.allOf(dependents.toArray(CompletableFuture<?>[]::new)).join();
      assertThat(threads).hasSize(4);
      Thread body = threads.remove();
      assertThat(threads).containsOnly(Thread.currentThread()).doesNotContain(body);
    }
  }

  // Cancelled before it was started

  @Test
  void cancelledBeforeTheStartNeverRuns() throws Exception {
    var ran = new AtomicBoolean();
    var queue = new ArrayList<Runnable>();
    try (Lanes lanes = Lanes.builder().thread(queue::add).build()) {
      Unfuture<Boolean> future = lanes.call(() -> ran.getAndSet(true));
      assertThat(future.cancel(true)).isTrue();
      queue.forEach(Runnable::run);
      assertThatThrownBy(future::result).isInstanceOf(CancellationException.class);
      future.stopped().result();
    }
    assertThat(ran).isFalse();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void cancelledBeforeTheStartNeverRunsOnLoop() throws Exception {
    var ran = new AtomicBoolean();
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    try (EventLoop loop = EventLoop.create("l")) {
      loop.execute(
          () -> {
            entered.countDown();
            awaitUninterruptibly(release);
          });
      entered.await();
      Unfuture<Boolean> future = coroutine(() -> ran.getAndSet(true)).start(loop);
      assertThat(future.cancel(true)).isTrue();
      future.stopped().result();
      release.countDown();
      assertThat(loop.run(coroutine(() -> ran.get()))).isFalse();
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    while (true) {
      try {
        latch.await();
        return;
      } catch (InterruptedException e) {
        // again
      }
    }
  }

  // The waiter's thread, when the body runs on it

  @ParameterizedTest
  @EnumSource
  void interruptOfRunInPlace(TestThread.Kind kind) throws Exception {
    var victim = new Victim();
    TestThread<@Nullable Void> runner =
        kind.start(
            () -> {
              assertThatThrownBy(() -> victim.body.run()).isInstanceOf(CancellationException.class);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
            });
    victim.entered.await();
    runner.awaitBlocked();
    runner.interrupt();
    runner.join();
    assertThat(victim.log).containsExactly("interrupted false", "future", "coroutine", "run");
    assertThat(victim.awaited).isCancelled();
  }

  @ParameterizedTest
  @EnumSource
  void interruptOfNestedRunsInPlace(TestThread.Kind kind) throws Exception {
    var victim = new Victim();
    var between = new AtomicReference<@Nullable Boolean>();
    AnySync<String> outer =
        coroutine(
            () -> {
              try {
                return victim.body.run();
              } catch (CancellationException e) {
                between.set(Thread.currentThread().isInterrupted());
                return "cleaned up by " + await(Unsync.call(() -> "await"));
              }
            });
    TestThread<@Nullable Void> runner =
        kind.start(
            () -> {
              assertThat(outer.run()).isEqualTo("cleaned up by await");
              // nobody in there owns the interrupt: it belongs to the owner of the thread
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
            });
    victim.entered.await();
    runner.awaitBlocked();
    runner.interrupt();
    runner.join();
    assertThat(between).hasValue(false);
  }

  @ParameterizedTest
  @EnumSource
  void interruptedBeforeRun(TestThread.Kind kind) throws Exception {
    kind.run(
        () -> {
          Thread.currentThread().interrupt();
          // A body that does not await does not notice.
          assertThat(coroutine(() -> 42).run()).isEqualTo(42);
          assertThat(Thread.currentThread().isInterrupted()).isTrue();
          // One that does is cancelled by its first await, although that is done.
          assertThatThrownBy(() -> coroutine(() -> await(Unfuture.of(42))).run())
              .isInstanceOf(CancellationException.class);
          assertThat(Thread.currentThread().isInterrupted()).isTrue();
        });
  }

  @ParameterizedTest
  @EnumSource
  void interruptedBeforeResult(TestThread.Kind kind) throws Exception {
    kind.run(
        () -> {
          var future = new Unfuture<String>();
          Thread.currentThread().interrupt();
          assertThatThrownBy(future::result).isInstanceOf(CancellationException.class);
          assertThat(Thread.currentThread().isInterrupted()).isTrue();
          assertThat(future).isCancelled();
          // A result that is there needs no wait.
          assertThat(Unfuture.of("x").result()).isEqualTo("x");
          assertThat(Thread.currentThread().isInterrupted()).isTrue();
        });
  }

  @ParameterizedTest
  @EnumSource
  void joinIsNotInterruptible(TestThread.Kind kind) throws Exception {
    var future = new Unfuture<String>();
    TestThread<@Nullable Void> waiter =
        kind.start(
            () -> {
              assertThat(future.join()).isEqualTo("x");
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
            });
    waiter.awaitBlocked();
    waiter.interrupt();
    future.complete("x");
    waiter.join();
  }

  @ParameterizedTest
  @EnumSource
  void interruptOfGetLeavesTheFuture(TestThread.Kind kind) throws Exception {
    var future = new Unfuture<String>();
    TestThread<@Nullable Void> waiter =
        kind.start(
            () -> {
              assertThatThrownBy(future::get).isInstanceOf(InterruptedException.class);
              assertThat(Thread.currentThread().isInterrupted()).isFalse(); // the JDK's contract
            });
    waiter.awaitBlocked();
    waiter.interrupt();
    waiter.join();
    assertThat(future).isNotDone();
  }

  @Test
  void cancellationLeavesNoInterruptBehindInALanesThread() throws Exception {
    var queue = new LinkedBlockingQueue<Runnable>();
    var interrupted = new AtomicInteger();
    TestThread<@Nullable Void> worker =
        TestThread.start(
            () -> {
              for (int i = 0; i < 200; i++) {
                queue.take().run();
                if (Thread.interrupted()) {
                  interrupted.incrementAndGet();
                }
              }
            });
    try (Lanes lanes = Lanes.builder().thread(queue::add).build()) {
      for (int i = 0; i < 200; i++) {
        var entered = new CountDownLatch(1);
        Unfuture<String> future =
            lanes.call(
                () -> {
                  entered.countDown();
                  return "quick"; // so that the cancellation comes at every moment of its end
                });
        entered.await();
        future.cancel(true);
      }
      worker.join();
    }
    assertThat(interrupted).hasValue(0);
  }

  @Test
  void cancelAfterTheEndHasNoEffect() {
    Unfuture<String> future = coroutine(() -> "x").start();
    assertThat(future.result()).isEqualTo("x");
    assertThat(future.cancel(true)).isFalse();
    assertThat(future.result()).isEqualTo("x");
  }

  @Test
  void cancelOfADependentCancelsTheSource() throws Exception {
    var entered = new CountDownLatch(1);
    var awaited = new CompletableFuture<String>();
    Unfuture<String> source =
        coroutine(
                () -> {
                  entered.countDown();
                  return await(awaited);
                })
            .start();
    entered.await();
    Unfuture<String> then = source.then(s -> s.result() + "!");
    then.cancel(true);
    assertThatThrownBy(source::result).isInstanceOf(CancellationException.class);
    source.stopped().result();
    assertThat(awaited).isCancelled();
  }

  // all and race

  @Test
  void allFirstFailureCancelsTheRestRun() throws Exception {
    allFirstFailureCancelsTheRest(null);
  }

  @Test
  void allFirstFailureCancelsTheRestOnLoop() throws Exception {
    try (EventLoop loop = EventLoop.create("l")) {
      allFirstFailureCancelsTheRest(loop);
    }
  }

  private static void allFirstFailureCancelsTheRest(@Nullable EventLoop loop) throws Exception {
    var one = new Victim();
    var two = new Victim();
    var failure = new IOException("first");
    AnySync<String> failing =
        coroutine(
            () -> {
              while (one.entered.getCount() + two.entered.getCount() > 0) {
                AnySync.sleep(Duration.ofMillis(1));
              }
              throw failure;
            });
    AnySync<List<String>> all = AnySync.all(List.of(one.body, failing, two.body));
    assertThat(
            catchThrowable(
                () -> {
                  var _ = loop == null ? all.run() : loop.run(coroutine(() -> await(all)));
                }))
        .isSameAs(failure);
    one.awaitEnd();
    two.awaitEnd();
    assertThat(one.thrown.get()).isInstanceOf(CancellationException.class);
    assertThat(two.thrown.get()).isInstanceOf(CancellationException.class);
    assertThat(one.log).containsExactly("interrupted false", "future", "coroutine", "run");
  }

  @Test
  void cancellingAllCancelsEachOfThem() throws Exception {
    var one = new Victim();
    var two = new Victim();
    Unfuture<List<String>> all = AnySync.all(List.of(one.body, two.body)).start();
    one.entered.await();
    two.entered.await();
    all.cancel(true);
    one.awaitEnd();
    two.awaitEnd();
    assertThat(one.awaited).isCancelled();
    assertThat(two.awaited).isCancelled();
  }

  @Test
  void raceCancelsTheOthers() throws Exception {
    var one = new Victim();
    var two = new Victim();
    AnySync<String> winner =
        coroutine(
            () -> {
              one.entered.await();
              two.entered.await();
              return "won";
            });
    assertThat(AnySync.race(List.of(one.body, winner, two.body)).run()).isEqualTo("won");
    one.awaitEnd();
    two.awaitEnd();
    assertThat(one.thrown.get()).isInstanceOf(CancellationException.class);
    assertThat(two.thrown.get()).isInstanceOf(CancellationException.class);
  }

  @Test
  void raceGoesOnWithoutThoseThatFail() {
    var failed = new CompletableFuture<String>();
    AnySync<String> fails =
        coroutine(
            () -> {
              failed.complete("failed");
              throw new IOException("out of the race");
            });
    AnySync<String> wins = coroutine(() -> await(failed) + ", won");
    assertThat(AnySync.race(List.of(fails, wins)).run()).isEqualTo("failed, won");
  }

  @Test
  void raceInWhichAllFail() {
    var first = new IOException("first");
    var second = new IOException("second");
    var firstFailed = new CompletableFuture<String>();
    AnySync<String> one =
        coroutine(
            () -> {
              throw first;
            });
    AnySync<String> two =
        coroutine(
            () -> {
              await(firstFailed);
              throw second;
            });
    Unfuture<String> race = AnySync.race(List.of(one, two)).start();
    firstFailed.complete("go"); // most likely after the first has failed, but it need not be
    Throwable error = catchThrowable(race::result);
    assertThat(error).isIn(first, second);
    assertThat(error.getSuppressed()).contains(error == first ? second : first);
  }

  @Test
  void raceInWhichAllFailWithTheSameObject() {
    var shared = new IOException("shared");
    AnySync<String> fails =
        coroutine(
            () -> {
              throw shared;
            });
    assertThat(catchThrowable(() -> AnySync.race(List.of(fails, fails, fails)).run()))
        .isSameAs(shared);
  }

  @Test
  void cancellingARaceCancelsEachOfThem() throws Exception {
    var one = new Victim();
    var two = new Victim();
    Unfuture<String> race = AnySync.race(List.of(one.body, two.body)).start();
    one.entered.await();
    two.entered.await();
    race.cancel(true);
    one.awaitEnd();
    two.awaitEnd();
    assertThat(one.awaited).isCancelled();
    assertThat(two.awaited).isCancelled();
  }

  // What is left behind

  @Test
  void manyTimeoutsEndTheirBodies() throws Exception {
    int count = 500;
    var entered = new AtomicInteger();
    var left = new AtomicInteger();
    AnySync<String> body =
        coroutine(
            () -> {
              entered.incrementAndGet();
              try {
                return await(new CompletableFuture<String>());
              } finally {
                left.incrementAndGet();
              }
            });
    Lanes lanes = Lanes.builder().build();
    Lanes before = Unsync.share(lanes);
    try {
      for (int i = 0; i < count; i++) {
        Duration timeout = Duration.ofNanos(i * 1_000L);
        assertThatThrownBy(() -> body.run(timeout)).isInstanceOf(TimeoutException.class);
      }
    } finally {
      Unsync.share(before);
    }
    TestThread.start(() -> lanes.close()).join(); // waits until all bodies have ended
    assertThat(left).hasValue(entered.get());
  }

  /** A claimed function runs above the body that was told, and is no coroutine, but may run one. */
  @Test
  void bodyThatWasToldOfAnInterruptIsNotToldAgainAfterWhatRunsAboveIt() throws Exception {
    int cores = Runtime.getRuntime().availableProcessors();
    var busy = new CountDownLatch(cores);
    var over = new CountDownLatch(1);
    for (int i = 0; i < cores; i++) { // so that nobody else starts what is claimed
      var _ =
          Unsync.cpuBound(
              () -> {
                busy.countDown();
                over.await();
                return null;
              });
    }
    busy.await();
    var flags = new ArrayList<Boolean>();
    try {
      String result =
          TestThread.start(
                  () -> {
                    Thread.currentThread().interrupt();
                    String told =
                        coroutine(
                                () -> {
                                  try {
                                    return await(new CompletableFuture<String>());
                                  } catch (CancellationException e) {
                                    String cleanup = await(Unsync.cpuBound(() -> run(flags)));
                                    AnySync.sleep(Duration.ofMillis(1));
                                    return cleanup;
                                  }
                                })
                            .run();
                    flags.add(Thread.currentThread().isInterrupted());
                    return told;
                  })
              .join();
      assertThat(result).isEqualTo("cleaned up");
      assertThat(flags).containsExactly(false, true);
    } finally {
      over.countDown();
    }
  }

  private static String run(List<Boolean> flags) {
    String result = coroutine(() -> "cleaned up").run();
    flags.add(Thread.currentThread().isInterrupted());
    return result;
  }
}
