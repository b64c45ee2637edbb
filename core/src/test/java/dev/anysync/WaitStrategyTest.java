package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.awt.EventQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import javax.swing.JButton;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How the threads that are not ours wait: fork/join workers, and the event dispatch thread. */
class WaitStrategyTest {
  static {
    System.setProperty("java.awt.headless", "true"); // before anything of AWT is loaded
  }

  // Fork/join workers

  /** With one worker, each of these waits for a task that only a second worker can run. */
  enum ForkJoinWait {
    RUN_AWAIT {
      @Override
      <T> T wait(ForkJoinPool pool, Callable<T> task) {
        return coroutine(() -> await(submit(pool, task))).run();
      }
    },
    RUN_IN_TIME {
      @Override
      <T> T wait(ForkJoinPool pool, Callable<T> task) throws TimeoutException {
        return coroutine(() -> await(submit(pool, task))).run(Duration.ofSeconds(50));
      }
    },
    RESULT {
      @Override
      <T> T wait(ForkJoinPool pool, Callable<T> task) {
        return Unfuture.from(submit(pool, task)).result();
      }
    },
    RESULT_IN_TIME {
      @Override
      <T> T wait(ForkJoinPool pool, Callable<T> task) throws TimeoutException {
        return Unfuture.from(submit(pool, task)).result(Duration.ofSeconds(50));
      }
    },
    JOIN {
      @Override
      <T> T wait(ForkJoinPool pool, Callable<T> task) {
        return Unfuture.from(submit(pool, task)).join();
      }
    },
    NEXT {
      @Override
      <T> T wait(ForkJoinPool pool, Callable<T> task) {
        return AnySync.<T>iterator(out -> out.yield(await(submit(pool, task)))).next();
      }
    },
    FOR_EACH {
      @Override
      <T> T wait(ForkJoinPool pool, Callable<T> task) {
        var elements = new ArrayList<T>();
        AnySync.<T>iterator(out -> out.yield(await(submit(pool, task)))).forEach(elements::add);
        return elements.getFirst();
      }
    },
    LOOP_RUN {
      @Override
      <T> T wait(ForkJoinPool pool, Callable<T> task) {
        try (EventLoop loop = EventLoop.create("l")) {
          return loop.run(coroutine(() -> await(submit(pool, task))));
        }
      }
    };

    abstract <T> T wait(ForkJoinPool pool, Callable<T> task) throws Exception;

    private static <T> CompletableFuture<T> submit(ForkJoinPool pool, Callable<T> task) {
      var future = new CompletableFuture<T>();
      pool.execute(
          () -> {
            try {
              future.complete(task.call());
            } catch (Exception e) {
              future.completeExceptionally(e);
            }
          });
      return future;
    }
  }

  @ParameterizedTest
  @EnumSource
  void poolOfOneCompensates(ForkJoinWait wait) throws Exception {
    try (var pool = new ForkJoinPool(1)) {
      assertThat(pool.submit(() -> wait.wait(pool, () -> "x")).get(50, TimeUnit.SECONDS))
          .isEqualTo("x");
    }
  }

  @ParameterizedTest
  @EnumSource
  void poolOfOneCompensatesNested(ForkJoinWait wait) throws Exception {
    try (var pool = new ForkJoinPool(1)) {
      assertThat(pool.submit(() -> nested(wait, pool, 20)).get(50, TimeUnit.SECONDS)).isEqualTo(20);
    }
  }

  private static int nested(ForkJoinWait wait, ForkJoinPool pool, int levels) throws Exception {
    return levels == 0 ? 0 : 1 + wait.wait(pool, () -> nested(wait, pool, levels - 1));
  }

  @Test
  void bodyRunsOnTheForkJoinWorkerItself() throws Exception {
    try (var pool = new ForkJoinPool(1)) {
      assertThat(
              pool.submit(() -> coroutine(Thread::currentThread).run() == Thread.currentThread())
                  .get())
          .isTrue();
    }
  }

  @Test
  void sleepOnAForkJoinWorker() throws Exception {
    var duration = Duration.ofMillis(30);
    try (var pool = new ForkJoinPool(1)) {
      long nanos =
          pool.submit(
                  () -> {
                    long start = System.nanoTime();
                    coroutine(() -> AnySync.sleep(duration)).run();
                    return System.nanoTime() - start;
                  })
              .get();
      assertThat(Duration.ofNanos(nanos)).isGreaterThanOrEqualTo(duration);
    }
  }

  /** A time limit on a worker does not depend on the thread that the JDK's timers share. */
  @Test
  void timeLimitsOnAForkJoinWorkerWhileTheJdksTimerIsBusy() throws Exception {
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var busy = new CompletableFuture<Object>();
    CompletableFuture<?> blocked =
        busy.handle(
            (value, error) -> {
              entered.countDown();
              return AnySync.coroutine(() -> release.await(50, TimeUnit.SECONDS)).run();
            });
    var _ = busy.orTimeout(1, TimeUnit.MILLISECONDS); // now, or it would run here
    entered.await();
    try (var pool = new ForkJoinPool(1)) {
      pool.submit(
              () -> {
                coroutine(() -> AnySync.sleep(Duration.ofMillis(10))).run();
                assertThatThrownBy(() -> new Unfuture<>().get(1, TimeUnit.MILLISECONDS))
                    .isInstanceOf(TimeoutException.class);
                assertThatThrownBy(() -> new Unfuture<>().result(Duration.ZERO))
                    .isInstanceOf(TimeoutException.class);
              })
          .get();
    } finally {
      release.countDown();
    }
    assertThat(blocked.join()).isEqualTo(true);
  }

  /** What depends on a future with a time limit runs on the timer of the JDK, and may wait. */
  @Test
  void workersNeedNoTimerThatWaitsForThem() throws Exception {
    try (var pool = new ForkJoinPool(1)) {
      var future = new CompletableFuture<String>();
      CompletableFuture<String> dependent =
          future.handle(
              (_, _) ->
                  coroutine(
                          () -> {
                            await(pool.submit(() -> sleepAndTimeOut()));
                            return Thread.currentThread().getName();
                          })
                      .run());
      var _ = future.orTimeout(1, TimeUnit.MILLISECONDS);
      assertThat(dependent.get(50, TimeUnit.SECONDS)).endsWith("-delayScheduler");
    }
  }

  private static Throwable sleepAndTimeOut() {
    coroutine(() -> AnySync.sleep(Duration.ofMillis(5))).run();
    AnySync<String> never = coroutine(() -> await(new CompletableFuture<String>()));
    return catchThrowable(() -> never.run(Duration.ofMillis(5)));
  }

  @Test
  void parallelStream() {
    int count = 200;
    List<Integer> results =
        IntStream.range(0, count)
            .parallel()
            .mapToObj(
                i ->
                    coroutine(() -> await(CompletableFuture.supplyAsync(() -> i))).run()
                        + Unsync.call(() -> 1).result())
            .toList();
    assertThat(results).isEqualTo(IntStream.rangeClosed(1, count).boxed().toList());
  }

  @Test
  void interruptOfAForkJoinWorker() throws Exception {
    var worker = new CompletableFuture<Thread>();
    var awaited = new CompletableFuture<String>();
    try (var pool = new ForkJoinPool(1)) {
      var task =
          pool.submit(
              () -> {
                worker.complete(Thread.currentThread());
                Throwable thrown = catchThrowable(() -> coroutine(() -> await(awaited)).run());
                return thrown instanceof CancellationException && Thread.interrupted();
              });
      worker.get().interrupt();
      assertThat(task.get(50, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(awaited).isCancelled();
  }

  // The event dispatch thread

  /** Runs {@code body} on the event dispatch thread. */
  private static <T extends @Nullable Object> T onEventThread(Callable<T> body) throws Exception {
    var task = new FutureTask<T>(body);
    EventQueue.invokeLater(task);
    return task.get(50, TimeUnit.SECONDS);
  }

  /** The ways to wait for {@code future} on the event dispatch thread. */
  enum EventThreadWait {
    RUN {
      @Override
      String wait(CompletableFuture<String> future) {
        return coroutine(() -> await(future)).run();
      }
    },
    RUN_IN_TIME {
      @Override
      String wait(CompletableFuture<String> future) throws TimeoutException {
        return coroutine(() -> await(future)).run(Duration.ofSeconds(50));
      }
    },
    RESULT {
      @Override
      String wait(CompletableFuture<String> future) {
        return Unfuture.from(future).result();
      }
    },
    RESULT_IN_TIME {
      @Override
      String wait(CompletableFuture<String> future) throws TimeoutException {
        return Unfuture.from(future).result(Duration.ofSeconds(50));
      }
    },
    RESULT_OF_CALL {
      @Override
      String wait(CompletableFuture<String> future) {
        return Unsync.call(() -> future.get()).result();
      }
    },
    JOIN {
      @Override
      String wait(CompletableFuture<String> future) {
        return Unfuture.from(future).join();
      }
    },
    GET {
      @Override
      String wait(CompletableFuture<String> future) throws Exception {
        return Unfuture.from(future).get();
      }
    },
    NEXT {
      @Override
      String wait(CompletableFuture<String> future) {
        return AnySync.<String>iterator(out -> out.yield(await(future))).next();
      }
    },
    FOR_EACH {
      @Override
      String wait(CompletableFuture<String> future) {
        var elements = new ArrayList<String>();
        AnySync.<String>iterator(out -> out.yield(await(future))).forEach(elements::add);
        return elements.getFirst();
      }
    },
    SEND {
      @Override
      String wait(CompletableFuture<String> future) {
        AnySyncGenerator<String, String> g =
            AnySync.generator(
                out -> {
                  var _ = out.yield(await(future));
                });
        return g.send(null);
      }
    },
    OPEN {
      @Override
      String wait(CompletableFuture<String> future) {
        try (var opened = AnySync.<String>contextManager(out -> out.yield(await(future))).open()) {
          return opened.value();
        }
      }
    },
    USE {
      @Override
      String wait(CompletableFuture<String> future) {
        return Objects.requireNonNull(
            AnySync.<String>contextManager(out -> out.yield(await(future))).<String>use(s -> s));
      }
    },
    LOOP_RUN {
      @Override
      String wait(CompletableFuture<String> future) {
        try (EventLoop loop = EventLoop.create("l")) {
          return loop.run(coroutine(() -> await(future)));
        }
      }
    };

    abstract String wait(CompletableFuture<String> future) throws Exception;
  }

  /** If it did not dispatch events while it waits, what it waits for would never come. */
  @ParameterizedTest
  @EnumSource
  void eventsAreDispatchedMeanwhile(EventThreadWait wait) throws Exception {
    var future = new CompletableFuture<String>();
    var dispatched = new AtomicInteger();
    String result =
        onEventThread(
            () -> {
              for (int i = 0; i < 10; i++) {
                EventQueue.invokeLater(dispatched::incrementAndGet);
              }
              EventQueue.invokeLater(() -> future.complete("from an event"));
              return wait.wait(future) + ", " + dispatched;
            });
    assertThat(result).isEqualTo("from an event, 10");
    assertThat(onEventThread(() -> "alive")).isEqualTo("alive");
  }

  @Test
  void eventsAreDispatchedDuringALongCall() throws Exception {
    var duration = Duration.ofMillis(300);
    var dispatched = new AtomicInteger();
    var over = new AtomicBoolean();
    int seen =
        onEventThread(
            () -> {
              repeat(dispatched, over);
              coroutine(() -> AnySync.sleep(duration)).run();
              over.set(true);
              return dispatched.get();
            });
    assertThat(seen).isGreaterThan(1);
  }

  /** The window stays alive while a button's handler makes a call, and what comes is in order. */
  @Test
  void handlerOfAButtonThatRunsALongCall() throws Exception {
    int events = 50;
    var log = new ArrayList<String>(); // the event thread's
    var allDispatched = new CompletableFuture<String>();
    var poster = new AtomicReference<@Nullable TestThread<@Nullable Void>>();
    AnySync<String> call =
        coroutine(
            () -> {
              var soon = CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS);
              String result = await(CompletableFuture.supplyAsync(() -> "result", soon));
              return result + " after " + await(allDispatched);
            });
    long nanos =
        onEventThread(
            () -> {
              var button = new JButton("call");
              button.addActionListener(
                  _ -> {
                    log.add("pressed");
                    poster.set(TestThread.start(() -> postEach(events, log, allDispatched)));
                    log.add(call.run());
                  });
              long start = System.nanoTime();
              button.doClick();
              log.add("clicked");
              return System.nanoTime() - start;
            });
    Objects.requireNonNull(poster.get()).join();
    assertThat(log)
        .startsWith("pressed", "event 0", "event 1")
        .endsWith("event 49", "result after 50", "clicked")
        .hasSize(events + 3);
    assertThat(Duration.ofNanos(nanos)).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
  }

  /** Posts events, each when the one before has been dispatched. */
  private static void postEach(int events, List<String> log, CompletableFuture<String> all)
      throws Exception {
    for (int i = 0; i < events; i++) {
      String event = "event " + i;
      assertThat(onEventThread(() -> log.add(event))).isTrue();
    }
    all.complete(Integer.toString(events));
  }

  /** Each event posts the next one, until it is over. */
  private static void repeat(AtomicInteger count, AtomicBoolean over) {
    EventQueue.invokeLater(
        () -> {
          count.incrementAndGet();
          if (!over.get()) {
            repeat(count, over);
          }
        });
  }

  @Test
  void nestedWaitsOnTheEventThread() throws Exception {
    var outer = new CompletableFuture<String>();
    var inner = new CompletableFuture<String>();
    String result =
        onEventThread(
            () -> {
              EventQueue.invokeLater(
                  () -> {
                    // An event that waits itself, while the first still does.
                    EventQueue.invokeLater(() -> inner.complete("inner"));
                    outer.complete(EventThreadWaits.run(inner) + ", outer");
                  });
              return EventThreadWaits.run(outer);
            });
    assertThat(result).isEqualTo("inner, outer");
  }

  /** The event thread waits, and runs a continuation in an event meanwhile: it is not stuck. */
  @Test
  void continuationThatRunsInAnEventWhileTheEventThreadWaits() throws Exception {
    var source = new Unfuture<String>();
    var waiting = new CompletableFuture<Thread>();
    var entered = new AtomicBoolean();
    Unfuture<String> continuation =
        source.then(
            x -> {
              entered.set(true);
              Threads.awaitParked(waiting.join());
              return x.join();
            });
    String result =
        onEventThread(
            () -> {
              EventQueue.invokeLater(() -> source.complete("from an event"));
              return coroutine(
                      () -> {
                        waiting.complete(Thread.currentThread());
                        while (!entered.get()) {
                          Thread.onSpinWait();
                        }
                        return await(continuation);
                      })
                  .run();
            });
    assertThat(result).isEqualTo("from an event");
  }

  private static final class EventThreadWaits {
    private EventThreadWaits() {}

    static String run(CompletableFuture<String> future) {
      return coroutine(() -> await(future)).run();
    }
  }

  @Test
  void bodyHopsOffTheEventThread() throws Exception {
    assertThat(
            onEventThread(
                () ->
                    coroutine(
                            () ->
                                EventQueue.isDispatchThread()
                                    + " "
                                    + Thread.currentThread().isVirtual())
                        .run()))
        .isEqualTo("false true");
  }

  @Test
  void bodyMayWaitForTheEventThread() throws Exception {
    // invokeAndWait in the body needs the very thread that waits for the body
    var log = new ConcurrentLinkedQueue<String>();
    onEventThread(
        () -> {
          coroutine(
                  () ->
                      EventQueue.invokeAndWait(
                          () -> log.add("on it " + EventQueue.isDispatchThread())))
              .run();
          return log.add("after");
        });
    assertThat(log).containsExactly("on it true", "after");
  }

  @Test
  void timeoutOnTheEventThread() throws Exception {
    Throwable thrown =
        onEventThread(
            () ->
                catchThrowable(
                    () ->
                        coroutine(() -> await(new CompletableFuture<String>()))
                            .run(Duration.ofMillis(30))));
    assertThat(thrown).isInstanceOf(TimeoutException.class);
  }

  @Test
  void exceptionOnTheEventThread() throws Exception {
    var thrown = new IllegalStateException("body");
    Throwable seen =
        onEventThread(
            () ->
                catchThrowable(
                    () ->
                        coroutine(
                                () -> {
                                  throw thrown;
                                })
                            .run()));
    assertThat(seen).isSameAs(thrown);
  }

  @Test
  void forEachCallsTheConsumerOnTheEventThread() throws Exception {
    var threads = new ArrayList<Boolean>();
    onEventThread(
        () -> {
          AnySync.<Integer>iterator(
                  out -> {
                    out.yield(1);
                    out.yield(2);
                  })
              .forEach(_ -> threads.add(EventQueue.isDispatchThread()));
          return true;
        });
    assertThat(threads).containsExactly(true, true);
  }

  // The policy

  private static void withPolicy(Lanes.@Nullable ForeignLoopPolicy policy, VoidBody body)
      throws Exception {
    Lanes.Builder builder = Lanes.builder();
    if (policy != null) {
      builder.onForeignLoop(policy);
    }
    try (Lanes lanes = builder.build()) {
      Lanes before = Unsync.share(lanes);
      try {
        body.run();
      } finally {
        Unsync.share(before);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void policyHop(EventThreadWait wait) throws Exception {
    withPolicy(
        Lanes.ForeignLoopPolicy.HOP,
        () -> assertThat(warnings(() -> onEventThread(() -> wait.wait(soon())))).isEmpty());
  }

  @ParameterizedTest
  @EnumSource
  void policyWarn(EventThreadWait wait) throws Exception {
    withPolicy(
        Lanes.ForeignLoopPolicy.WARN,
        () -> {
          List<String> warnings = warnings(() -> onEventThread(() -> wait.wait(soon())));
          assertThat(warnings)
              .isNotEmpty()
              .allSatisfy(
                  w -> assertThat(w).contains("AWT-EventQueue", "start()", "WaitStrategyTest"));
        });
  }

  @ParameterizedTest
  @EnumSource
  void policyFail(EventThreadWait wait) throws Exception {
    withPolicy(
        Lanes.ForeignLoopPolicy.FAIL,
        () -> {
          Throwable thrown =
              onEventThread(() -> catchThrowable(() -> wait.wait(new CompletableFuture<>())));
          assertThat(thrown)
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("AWT-EventQueue")
              .hasMessageContaining("start()");
        });
  }

  /** Whether the wait was short or long. */
  @Test
  void policyFailRefusesEachWaitForALoop() throws Exception {
    withPolicy(
        Lanes.ForeignLoopPolicy.FAIL,
        () -> {
          try (EventLoop loop = EventLoop.create("l")) {
            int refused =
                onEventThread(
                    () -> {
                      int count = 0;
                      for (int i = 0; i < 2_000; i++) {
                        Throwable thrown = catchThrowable(() -> loop.run(coroutine(() -> "x")));
                        count += thrown instanceof IllegalStateException ? 1 : 0;
                      }
                      return count;
                    });
            assertThat(refused).isEqualTo(2_000);
          }
        });
  }

  @Test
  void policyFailDoesNotRunTheBody() throws Exception {
    var ran = new AtomicBoolean();
    withPolicy(
        Lanes.ForeignLoopPolicy.FAIL,
        () -> {
          onEventThread(
              () ->
                  assertThatThrownBy(() -> coroutine(() -> ran.getAndSet(true)).run())
                      .isInstanceOf(IllegalStateException.class));
          // Give a body that was started all the same every chance to be seen.
          for (int i = 0; i < 100; i++) {
            assertThat(Unsync.call(() -> true).result()).isTrue();
          }
        });
    assertThat(ran).isFalse();
  }

  /** Of the lanes whose work is waited for, not of the shared ones. */
  @Test
  void policyIsThatOfTheLanesThatAreWaitedFor() throws Exception {
    try (Lanes lanes = Lanes.builder().onForeignLoop(Lanes.ForeignLoopPolicy.FAIL).build()) {
      var never = new CompletableFuture<String>();
      Unfuture<String> unfuture = lanes.call(never::get);
      assertThat(onEventThread(() -> catchThrowable(unfuture::join)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("AWT-EventQueue");
    }
  }

  @Test
  void policyFailAllowsWhatDoesNotWait() throws Exception {
    withPolicy(
        Lanes.ForeignLoopPolicy.FAIL,
        () -> {
          Unfuture<String> started = onEventThread(() -> coroutine(() -> "x").start());
          assertThat(started.result()).isEqualTo("x");
          assertThat(onEventThread(() -> started.result())).isEqualTo("x"); // it is done
          assertThat(coroutine(() -> "y").run()).isEqualTo("y"); // not on a loop's thread
        });
  }

  @Test
  void policyIsHopByDefault() throws Exception {
    withPolicy(
        null, () -> assertThat(onEventThread(() -> coroutine(() -> "x").run())).isEqualTo("x"));
  }

  @Test
  void policyByDefaultIsThatOfTheSystemProperty() throws Exception {
    withProperty(
        "FAIL",
        () ->
            withPolicy(
                null,
                () ->
                    assertThat(onEventThread(() -> catchThrowable(() -> coroutine(() -> 1).run())))
                        .isInstanceOf(IllegalStateException.class)));
    // What is set on the builder comes first.
    withProperty(
        "FAIL",
        () ->
            withPolicy(
                Lanes.ForeignLoopPolicy.HOP,
                () -> assertThat(onEventThread(() -> coroutine(() -> 1).run())).isEqualTo(1)));
  }

  @Test
  void systemPropertyThatIsNoPolicy() throws Exception {
    withProperty(
        "PERHAPS",
        () ->
            assertThatThrownBy(() -> Lanes.builder().build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dev.anysync.foreignLoop")
                .hasMessageContaining("HOP, WARN or FAIL")
                .hasStackTraceContaining("PERHAPS"));
  }

  private static void withProperty(String value, VoidBody body) throws Exception {
    System.setProperty("dev.anysync.foreignLoop", value);
    try {
      body.run();
    } finally {
      System.clearProperty("dev.anysync.foreignLoop");
    }
  }

  private static CompletableFuture<String> soon() {
    return CompletableFuture.supplyAsync(
        () -> "x", CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS));
  }

  /** The messages that the library logs during {@code body}. */
  private static List<String> warnings(Callable<?> body) throws Exception {
    try (var warnings = new Warnings()) {
      var _ = body.call();
      return warnings.messages();
    }
  }

  /** What another waits for it for, it sees only as long as the inner wait lasts: that goes on. */
  @Test
  void waitBelowAnotherIsLookedAtAgainWhenThatIsOver() throws Exception {
    var other = new CompletableFuture<Unfuture<String>>();
    var goOn = new CountDownLatch(1);
    var inner = new Unfuture<String>();
    try (Lanes lanes = Lanes.builder().thread(EventQueue::invokeLater).build()) {
      Unfuture<String> waits =
          coroutine(
                  () -> {
                    goOn.await();
                    return await(other.join());
                  })
              .start();
      Unfuture<String> onTheQueue =
          lanes.call(
              () -> {
                EventQueue.invokeLater(inner::result);
                return waits.result();
              });
      try {
        other.complete(onTheQueue);
        Awaitility.await().until(() -> isParkedFor(inner, onTheQueue));
        goOn.countDown();
        Awaitility.await().until(() -> isParkedFor(onTheQueue, waits));
        inner.complete("inner");
        assertThat(catchThrowable(() -> onTheQueue.get(20, TimeUnit.SECONDS)))
            .hasCauseInstanceOf(DeadlockException.class);
      } finally {
        inner.complete("or the event thread would wait for it in the next tests");
      }
    }
  }

  /** Returns whether the thread that runs {@code task} has looked at its wait, and is parked. */
  private static boolean isParkedFor(Unfuture<?> future, Unfuture<?> task) {
    Strand runner = ((Task<?>) task).runner();
    Wait wait = runner == null ? null : runner.wait;
    return runner != null
        && wait != null
        && wait.target == future
        && wait.checked
        && runner.thread.getState() == Thread.State.WAITING;
  }
}
