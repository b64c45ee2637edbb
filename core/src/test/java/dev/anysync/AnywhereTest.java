package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.EventQueue;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The same calls from every kind of thread; see the table in the guide. */
class AnywhereTest {
  static {
    System.setProperty("java.awt.headless", "true"); // before anything of AWT is loaded
  }

  // The calls; no library is needed here, as JVMs of their own make them, too

  /** Where the body of a call runs. */
  enum Runs {
    /** On the caller's thread, unless bodies may not run there. */
    HERE,
    /** On a virtual thread. */
    ELSEWHERE,
    /** On a lane, or on a caller that claims it. */
    LANE
  }

  enum Call {
    RUN_AWAIT(Runs.HERE) {
      @Override
      Thread make() {
        return coroutine(Call::awaitAnotherThread).run();
      }
    },
    RUN_SLEEP(Runs.HERE) {
      @Override
      Thread make() {
        long start = System.nanoTime();
        Thread thread =
            coroutine(
                    () -> {
                      AnySync.sleep(Duration.ofMillis(20));
                      return Thread.currentThread();
                    })
                .run();
        check(System.nanoTime() - start >= 20_000_000, "slept");
        return thread;
      }
    },
    RUN_IN_TIME(Runs.ELSEWHERE) {
      @Override
      Thread make() throws TimeoutException {
        return coroutine(Call::awaitAnotherThread).run(Duration.ofSeconds(50));
      }
    },
    RUN_OUT_OF_TIME(Runs.ELSEWHERE) {
      @Override
      Thread make() throws InterruptedException {
        var entered = new CompletableFuture<Thread>();
        var ended = new CountDownLatch(1);
        AnySync<String> call =
            coroutine(
                () -> {
                  entered.complete(Thread.currentThread());
                  try {
                    return await(new CompletableFuture<String>());
                  } finally {
                    ended.countDown();
                  }
                });
        do { // again if it took too long to get there
          try {
            check(call.run(Duration.ofMillis(50)) == null, "no result");
            throw new AssertionError("in time");
          } catch (TimeoutException e) {
            // as it should
          }
        } while (!entered.isDone());
        check(ended.await(30, TimeUnit.SECONDS), "the body has ended");
        return entered.join();
      }
    },
    CALL_RESULT(Runs.LANE) {
      @Override
      Thread make() {
        return Unsync.call(Call::runThere).result();
      }

      @Override
      Unfuture<Thread> start(Callable<Thread> function) {
        return Unsync.call(function);
      }
    },
    CPU_BOUND_RESULT(Runs.LANE) {
      @Override
      Thread make() {
        return Unsync.cpuBound(Call::runThere).result();
      }

      @Override
      Unfuture<Thread> start(Callable<Thread> function) {
        return Unsync.cpuBound(function);
      }
    },
    FOR_LOOP(Runs.ELSEWHERE) {
      @Override
      Thread make() {
        var threads = new ArrayList<Thread>();
        for (Thread thread : threads()) {
          threads.add(thread);
        }
        check(threads.size() == 2, "two elements");
        return threads.getFirst();
      }
    },
    FOR_EACH(Runs.HERE) {
      @Override
      Thread make() {
        Thread consumer = Thread.currentThread();
        var threads = new ArrayList<Thread>();
        threads()
            .forEach(
                thread -> {
                  check(Thread.currentThread() == consumer, "the consumer is here");
                  threads.add(thread);
                });
        check(threads.size() == 2, "two elements");
        return threads.getFirst();
      }
    },
    USE(Runs.HERE) {
      @Override
      Thread make() {
        Thread user = Thread.currentThread();
        return Call.<Thread>nonNull(
            context()
                .use(
                    thread -> {
                      check(Thread.currentThread() == user, "the block is here");
                      return thread;
                    }));
      }
    },
    OPEN(Runs.ELSEWHERE) {
      @Override
      Thread make() {
        try (var opened = context().open()) {
          return opened.value();
        }
      }
    };

    final Runs runs;

    Call(Runs runs) {
      this.runs = runs;
    }

    /** Makes the call and returns the thread that ran the body. */
    abstract Thread make() throws Exception;

    /** Starts what {@link #make} waits for, if it does so by result(). */
    @Nullable Unfuture<Thread> start(Callable<Thread> function) {
      return null;
    }

    /** An event loop refuses to be held for a result that is not there. */
    void checkRefused() {
      var gate = new CountDownLatch(1);
      Unfuture<Thread> started =
          nonNull(
              start(
                  () -> {
                    gate.await();
                    return Thread.currentThread();
                  }));
      try {
        check(started.result() == null, "no result");
        throw new AssertionError("not refused");
      } catch (IllegalStateException e) {
        check(nonNull(e.getMessage()).contains("await it instead"), "it says what to do");
      } finally {
        gate.countDown();
      }
    }

    /** Makes the call on a thread that may run bodies, or not. */
    void makeAndCheck(boolean runsBodies) throws Exception {
      Thread here = Thread.currentThread();
      Thread ran = make();
      boolean elsewhere = ran != here && (ran.isVirtual() || this == CPU_BOUND_RESULT);
      boolean asExpected =
          switch (runs) {
            case HERE -> runsBodies ? ran == here : elsewhere;
            case ELSEWHERE -> elsewhere;
            case LANE -> elsewhere || (runsBodies && ran == here);
          };
      check(asExpected, "made on " + here + ", the body ran on " + ran);
    }

    /** Awaits what another thread completes once this one waits; returns this thread. */
    private static Thread awaitAnotherThread() throws InterruptedException {
      Thread here = Thread.currentThread();
      var future = new CompletableFuture<String>();
      Thread other =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    while (here.getState() != Thread.State.WAITING) {
                      LockSupport.parkNanos(100_000);
                    }
                    future.complete("from another thread");
                  });
      check(await(future).equals("from another thread"), "the result");
      other.join();
      return here;
    }

    private static Thread runThere() {
      return coroutine(Call::awaitAnotherThread).run();
    }

    private static AnySyncIterator<Thread> threads() {
      return AnySync.iterator(
          out -> {
            out.yield(awaitAnotherThread());
            out.yield(Thread.currentThread());
          });
    }

    private static AnySyncContextManager<Thread> context() {
      return AnySync.contextManager(
          out -> {
            Thread entered = awaitAnotherThread();
            out.yield(entered);
            check(awaitAnotherThread() == entered, "it exits on the thread that entered");
          });
    }

    static void check(boolean condition, String what) {
      if (!condition) {
        throw new AssertionError(what);
      }
    }

    static <T> T nonNull(@Nullable T value) {
      if (value == null) {
        throw new AssertionError("null");
      }
      return value;
    }
  }

  // From threads of this JVM

  enum Place {
    PLATFORM_THREAD {
      @Override
      void call(VoidBody body) throws Exception {
        TestThread.Kind.PLATFORM.run(body);
      }
    },
    VIRTUAL_THREAD {
      @Override
      void call(VoidBody body) throws Exception {
        TestThread.Kind.VIRTUAL.run(
            () -> {
              assertThat(Thread.currentThread().isVirtual()).isTrue();
              body.run();
            });
      }
    },
    COMMON_POOL {
      @Override
      void call(VoidBody body) throws Exception {
        on(ForkJoinPool.commonPool(), () -> inPool(ForkJoinPool.commonPool(), body));
      }
    },
    FIXED_POOL_OF_ONE {
      @Override
      void call(VoidBody body) throws Exception {
        try (var pool = Executors.newFixedThreadPool(1)) {
          on(pool, body);
        }
      }
    },
    FORK_JOIN_POOL_OF_ONE {
      @Override
      void call(VoidBody body) throws Exception {
        try (var pool = new ForkJoinPool(1)) {
          on(pool, () -> inPool(pool, body));
        }
      }
    },
    COROUTINE {
      @Override
      void call(VoidBody body) {
        coroutine(body).start().result();
      }
    },
    LOOP_COROUTINE {
      @Override
      void call(VoidBody body) {
        try (EventLoop loop = EventLoop.create("loop")) {
          loop.run(
              coroutine(
                  () -> {
                    body.run();
                    assertThat(loop.inLoop()).isTrue();
                  }));
        }
      }
    },
    LOOP_CALLBACK {
      @Override
      void call(VoidBody body) throws Exception {
        try (EventLoop loop = EventLoop.create("loop")) {
          on(loop, body);
        }
      }
    },
    COMPLETION_CALLBACK {
      @Override
      void call(VoidBody body) throws Exception {
        var future = new CompletableFuture<String>();
        CompletableFuture<Thread> dependent = future.thenApply(_ -> calling(body));
        TestThread<Boolean> completer = TestThread.start(() -> future.complete("x"));
        assertThat(join(dependent)).isSameAs(completer.thread);
        completer.join();
      }
    },
    UNFUTURE_CALLBACK {
      @Override
      void call(VoidBody body) throws Exception {
        var gate = new CompletableFuture<Thread>();
        // The lane's thread, which has run the function, runs what depends on it.
        Unfuture<Thread> completer =
            Unsync.call(
                () -> {
                  gate.get();
                  return Thread.currentThread();
                });
        Unfuture<Boolean> dependent = completer.then(f -> f.result() == calling(body));
        gate.complete(Thread.currentThread());
        assertThat(join(dependent)).isTrue();
      }
    },
    TIMER {
      @Override
      void call(VoidBody body) throws Exception {
        var timer = new Timer("timer", true);
        try {
          on(
              task ->
                  timer.schedule(
                      new TimerTask() {
                        @Override
                        public void run() {
                          task.run();
                        }
                      },
                      1),
              () -> {
                assertThat(Thread.currentThread().getName()).isEqualTo("timer");
                body.run();
              });
        } finally {
          timer.cancel();
        }
      }
    },
    SCHEDULED_POOL {
      @Override
      void call(VoidBody body) throws Exception {
        try (var pool = Executors.newScheduledThreadPool(1)) {
          on(
              task -> {
                var _ = pool.schedule(task, 1, TimeUnit.MILLISECONDS);
              },
              body);
        }
      }
    },
    TIMEOUT_CALLBACK {
      @Override
      void call(VoidBody body) throws Exception {
        var future = new CompletableFuture<String>();
        CompletableFuture<Thread> dependent = future.handle((_, _) -> calling(body));
        var _ = future.orTimeout(1, TimeUnit.MILLISECONDS);
        assertThat(join(dependent).getName()).endsWith("-delayScheduler");
      }
    },
    SWING {
      @Override
      void call(VoidBody body) throws Exception {
        on(
            EventQueue::invokeLater,
            () -> {
              assertThat(EventQueue.isDispatchThread()).isTrue();
              body.run();
            });
      }
    },
    PARALLEL_STREAM {
      @Override
      void call(VoidBody body) {
        assertThat(IntStream.range(0, 8).parallel().mapToObj(_ -> calling(body)).toList())
            .hasSize(8);
      }
    };

    /** Calls {@code body} on a thread of this kind and waits for it. */
    abstract void call(VoidBody body) throws Exception;

    boolean runsBodies() {
      return this != SWING;
    }

    boolean isOnLoop() {
      return this == LOOP_COROUTINE || this == LOOP_CALLBACK;
    }

    private static void on(Executor executor, VoidBody body) throws Exception {
      assertThat(join(CompletableFuture.supplyAsync(() -> calling(body), executor)))
          .isNotSameAs(Thread.currentThread());
    }

    /** Calls {@code body} and returns the thread that did. */
    private static Thread calling(VoidBody body) {
      try {
        body.run();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
      return Thread.currentThread();
    }

    private static <T> T join(CompletableFuture<T> future) throws Exception {
      return future.get(50, TimeUnit.SECONDS);
    }

    private static void inPool(ForkJoinPool pool, VoidBody body) throws Exception {
      assertThat(((ForkJoinWorkerThread) Thread.currentThread()).getPool()).isSameAs(pool);
      body.run();
    }
  }

  private static Stream<Arguments> placesAndCalls() {
    return Stream.of(Place.values())
        .flatMap(place -> Stream.of(Call.values()).map(call -> Arguments.of(place, call)));
  }

  @ParameterizedTest
  @MethodSource("placesAndCalls")
  void call(Place place, Call call) throws Exception {
    place.call(
        () -> {
          if (place.isOnLoop() && call.runs == Runs.LANE) {
            call.checkRefused();
          } else {
            call.makeAndCheck(place.runsBodies());
          }
        });
  }

  /** What to do on a loop instead of result(). */
  @Test
  void awaitOnALoop() throws Exception {
    Place.LOOP_COROUTINE.call(
        () -> {
          assertThat(await(Unsync.call(() -> 1))).isEqualTo(1);
          assertThat(await(Unsync.cpuBound(() -> 2))).isEqualTo(2);
        });
  }

  // From threads that only a JVM of its own has

  private static List<String> inANewJvm(boolean modules, String... parts) throws Exception {
    List<String> arguments = new ArrayList<>();
    if (modules) {
      arguments.addAll(List.of("--module-path", NewJvm.LIBRARY));
      arguments.addAll(List.of("--patch-module", "dev.anysync=" + NewJvm.TESTS));
      arguments.addAll(List.of("-m", "dev.anysync/" + Child.class.getName()));
    } else {
      arguments.addAll(List.of("-cp", NewJvm.LIBRARY + File.pathSeparator + NewJvm.TESTS));
      arguments.add(Child.class.getName());
    }
    arguments.addAll(List.of(parts));
    return NewJvm.run(arguments);
  }

  private static List<String> all(String thread) {
    return Stream.of(Call.values()).map(call -> call + " on " + thread).toList();
  }

  @Test
  void mainThread() throws Exception {
    assertThat(inANewJvm(false, "main")).isEqualTo(all("main"));
    assertThat(inANewJvm(true, "main")).isEqualTo(all("main"));
  }

  /** The library is used there for the first time, or has been used before. */
  @Test
  void shutdownHook() throws Exception {
    assertThat(inANewJvm(false, "hook")).isEqualTo(all("hook"));
    assertThat(inANewJvm(true, "hook", "main"))
        .isEqualTo(Stream.of("main", "hook").flatMap(thread -> all(thread).stream()).toList());
  }

  /** The bodies are of other classes. */
  @Test
  void classInitializer() throws Exception {
    assertThat(inANewJvm(false, "initializer")).isEqualTo(all("main"));
  }

  /**
   * A lambda is a method of its class, which no other thread can call until that is initialized.
   */
  @Test
  void classInitializerWithBodiesOfItsOwn() throws Exception {
    assertThat(inANewJvm(false, "own"))
        .containsExactly(
            "run() 1",
            "forEach 1",
            "use 1",
            "run(timeout) java.util.concurrent.TimeoutException",
            "result(timeout) java.util.concurrent.TimeoutException",
            "next(timeout) java.util.concurrent.TimeoutException",
            "afterwards 1");
  }

  /** What the new JVM runs. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws Exception {
      for (String part : args) {
        switch (part) {
          case "main" -> makeAll();
          case "hook" ->
              Runtime.getRuntime().addShutdownHook(new Thread(null, Child::makeAll, "hook"));
          case "initializer" -> Class.forName(Initializer.class.getName());
          case "own" -> print("afterwards", () -> Own.afterwards());
          default -> throw new IllegalArgumentException(part);
        }
      }
    }

    @SuppressWarnings("SystemOut")
    private static void makeAll() {
      for (Call call : Call.values()) {
        try {
          call.makeAndCheck(true);
          System.out.println(call + " on " + Thread.currentThread().getName());
        } catch (Throwable e) {
          System.out.println(call + " on " + Thread.currentThread().getName() + ": " + e);
        }
      }
    }

    @SuppressWarnings("SystemOut")
    private static void print(String what, Callable<?> call) {
      try {
        System.out.println(what + " " + call.call());
      } catch (Throwable e) {
        System.out.println(what + " " + e.getClass().getName());
      }
    }
  }

  /** Makes all calls while it is initialized. */
  private static final class Initializer {
    static {
      Child.makeAll();
    }
  }

  /** Makes calls with bodies of its own while it is initialized. */
  private static final class Own {
    private static final Duration SOON = Duration.ofMillis(200);

    static {
      Child.print("run()", () -> coroutine(() -> 1).run());
      Child.print("forEach", Own::forEach);
      Child.print("use", Own::use);
      Child.print("run(timeout)", () -> coroutine(() -> 1).run(SOON));
      Child.print("result(timeout)", () -> Unsync.call(() -> 1).result(SOON));
      Child.print("next(timeout)", () -> AnySync.<Integer>iterator(o -> o.yield(1)).next(SOON));
    }

    private static int forEach() {
      var elements = new ArrayList<Integer>();
      AnySync.<Integer>iterator(out -> out.yield(1)).forEach(elements::add);
      return elements.getFirst();
    }

    private static @Nullable Integer use() {
      return AnySync.<Integer>contextManager(out -> out.yield(1)).<Integer>use(value -> value);
    }

    static int afterwards() throws TimeoutException {
      return coroutine(() -> 1).run(Duration.ofSeconds(50));
    }
  }
}
