package dev.anysync;

import static dev.anysync.AnySync.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.Threads.Endless;
import dev.anysync.spi.ContextCarrier;
import dev.anysync.spi.RemoteLane;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Lanes of one's own: what they run on, what travels there, and their end. */
class LanesTest {
  private static final int STRESS = Integer.getInteger("stress", 1);

  // Executors of one's own

  private static ExecutorService oneThread(String name) {
    return Executors.newSingleThreadExecutor(Thread.ofPlatform().name(name).factory());
  }

  private static final Callable<String> NAME = () -> Thread.currentThread().getName();

  @Test
  void workRunsOnTheLoopAndTheExecutorsGiven() {
    try (var loop = EventLoop.create("my loop");
        var thread = oneThread("my thread");
        var cpu = oneThread("my cpu");
        var lanes = Lanes.builder().loop(loop).thread(thread).cpu(cpu).build()) {
      assertThat(lanes.loop()).isSameAs(loop);
      assertThat(lanes.async(NAME).result()).isEqualTo("my loop");
      assertThat(lanes.call(NAME).result()).isEqualTo("my thread");
      assertThat(lanes.cpuBound(NAME).result()).isEqualTo("my cpu");
      assertThat(lanes.function(x -> Thread.currentThread().getName()).apply("x").result())
          .isEqualTo("my thread");
    }
  }

  /** Each task has its caller's class loader, and nothing else of whoever had its thread made. */
  @Test
  void threadsThatStayHaveNothingOfTheirFirstUser() throws Exception {
    var inheritable = new InheritableThreadLocal<@Nullable String>();
    Thread thread = Thread.currentThread();
    ClassLoader usual = thread.getContextClassLoader();
    try (Lanes lanes = Lanes.builder().build();
        var loader = new URLClassLoader(new URL[0])) {
      Callable<List<@Nullable Object>> body =
          () -> Arrays.asList(Thread.currentThread().getContextClassLoader(), inheritable.get());
      thread.setContextClassLoader(loader);
      inheritable.set("first");
      assertThat(unclaimed(lanes.cpuBound(body))).containsExactly(loader, null);
      assertThat(unclaimed(lanes.call(body))).containsExactly(loader, null);
      assertThat(unclaimed(lanes.async(body))).containsExactly(loader, null);
      thread.setContextClassLoader(usual);
      inheritable.remove();
      assertThat(unclaimed(lanes.cpuBound(body))).containsExactly(usual, null);
      assertThat(unclaimed(lanes.call(body))).containsExactly(usual, null);
      assertThat(unclaimed(lanes.async(body))).containsExactly(usual, null);
    } finally {
      thread.setContextClassLoader(usual);
    }
  }

  /** Returns the result of what this thread does not claim, as it waits for something else. */
  private static <T> T unclaimed(Unfuture<T> future) {
    CompletableFuture.allOf(future).join();
    return future.result();
  }

  @Test
  void iteratorsAndOpenContextsRunOnVirtualThreads() {
    AnySyncContextManager<Boolean> context =
        AnySync.contextManager(out -> out.yield(Thread.currentThread().isVirtual()));
    try (var pool = oneThread("my thread");
        var lanes = Lanes.builder().thread(pool).build()) {
      Unfuture<List<Boolean>> seen =
          lanes.call(
              () -> {
                var virtual = new ArrayList<Boolean>();
                AnySyncIterator<Boolean> iterator =
                    AnySync.iterator(out -> out.yield(Thread.currentThread().isVirtual()));
                for (Boolean element : iterator) {
                  virtual.add(element);
                }
                try (var one = context.open();
                    var two = context.open()) {
                  virtual.add(one.value());
                  virtual.add(two.value());
                }
                return virtual;
              });
      assertThat(seen.result()).containsExactly(true, true, true);
    }
  }

  @Test
  void functionsDoNotWaitBehindThoseThatBlock() {
    int functions = 500;
    var running = new CountDownLatch(functions);
    try (Lanes lanes = Lanes.builder().build()) {
      List<Unfuture<Integer>> started =
          IntStream.range(0, functions)
              .mapToObj(
                  number ->
                      lanes.call(
                          () -> {
                            running.countDown();
                            running.await();
                            return number;
                          }))
              .toList();
      // This thread runs none of them: it waits for something that is none.
      CompletableFuture.allOf(started.toArray(CompletableFuture<?>[]::new)).join();
      assertThat(started).allMatch(future -> !future.isCompletedExceptionally());
    }
  }

  /** They add to the same list, and take from it, at the same time. */
  @Test
  void manyThreadsStartAndAwaitTasks() throws Exception {
    int tasks = 20_000 * STRESS;
    try (Lanes lanes = Lanes.builder().build()) {
      var threads = new ArrayList<TestThread<Long>>();
      for (int i = 0; i < 4; i++) {
        boolean claims = i % 2 == 0;
        threads.add(
            TestThread.start(
                () -> {
                  var started = new ArrayList<Unfuture<Integer>>();
                  long sum = 0;
                  for (int task = 0; task < tasks; task++) {
                    int number = task;
                    Unfuture<Integer> future =
                        task % 3 == 0 ? lanes.cpuBound(() -> number) : lanes.call(() -> number);
                    if (claims) {
                      sum += future.result();
                    } else {
                      started.add(future);
                    }
                  }
                  return sum
                      + Unfuture.all(started).result().stream().mapToLong(Integer::longValue).sum();
                }));
      }
      for (TestThread<Long> thread : threads) {
        assertThat(thread.join()).isEqualTo((tasks - 1L) * tasks / 2);
      }
      assertThat(lanes.tasks.isEmpty()).isTrue();
    }
  }

  @Test
  void closeStopsAllThoughFuturesRefuseToBeCancelled() {
    var refusing =
        new FutureTask<>(() -> "x") {
          @Override
          public boolean cancel(boolean mayInterruptIfRunning) {
            throw new UnsupportedOperationException("cancel");
          }
        };
    Lanes lanes = Lanes.builder().build();
    List<Unfuture<String>> waiting =
        lanes.call(() -> Stream.generate(() -> Unfuture.from(refusing)).limit(3).toList()).result();
    lanes.close();
    assertThat(waiting).allMatch(Unfuture::isCancelled);
    waiting.forEach(future -> future.stopped().join());
  }

  @Test
  void workAwaitedRunsOnTheLoopAndTheExecutorsGiven() {
    try (var loop = EventLoop.create("my loop");
        var thread = oneThread("my thread");
        var cpu = oneThread("my cpu");
        var lanes = Lanes.builder().loop(loop).thread(thread).cpu(cpu).build()) {
      AnySync<List<String>> names =
          AnySync.coroutine(
              () ->
                  List.of(
                      await(lanes.async(NAME)),
                      await(lanes.call(NAME)),
                      await(lanes.cpuBound(NAME))));
      assertThat(names.run()).containsExactly("my loop", "my thread", "my cpu");
      assertThat(names.start(loop).result()).containsExactly("my loop", "my thread", "my cpu");
    }
  }

  @Test
  void whatWorkStartsInTurnRunsOnTheSameLanes() {
    try (var thread = oneThread("my thread");
        var lanes = Lanes.builder().thread(thread).build()) {
      AnySync<String> name = AnySync.coroutine(NAME);
      Unfuture<String> started = lanes.async(() -> await(name.start()));
      assertThat(started.result()).isEqualTo("my thread");
      Unfuture<String> continued =
          lanes.async(() -> await(Unfuture.of(1).thenApplyAsync(x -> callName())));
      assertThat(continued.result()).startsWith("anysync-");
      assertThat(lanes.call(() -> 1).thenApplyAsync(x -> callName()).join()).isEqualTo("my thread");
    }
  }

  private static String callName() {
    return Thread.currentThread().getName();
  }

  /** Code that needs its executor's thread gets it, whoever waits. */
  @Test
  void aWaiterDoesNotTakeOverTheTasksOfAnExecutorGiven() throws Exception {
    try (var thread = oneThread("my thread");
        var lanes = Lanes.builder().thread(thread).cpu(thread).build()) {
      var busy = new CountDownLatch(1);
      var gate = new CountDownLatch(1);
      Unfuture<Boolean> blocking =
          lanes.call(
              () -> {
                busy.countDown();
                gate.await();
                return true;
              });
      busy.await();
      Unfuture<String> call = lanes.call(NAME);
      Unfuture<String> cpuBound = lanes.cpuBound(NAME);
      var waiter = Threads.start(() -> call.result() + ", " + cpuBound.result());
      gate.countDown();
      assertThat(waiter.join()).isEqualTo("my thread, my thread");
      assertThat(blocking.result()).isTrue();
    }
  }

  @Test
  void anExecutorThatRefusesIsHeard() {
    ExecutorService refusing = oneThread("closed");
    refusing.close();
    try (var lanes = Lanes.builder().thread(refusing).build()) {
      assertThatThrownBy(() -> lanes.call(NAME)).isInstanceOf(RejectedExecutionException.class);
    }
  }

  @Test
  void aBuilderMayBeUsedAgain() {
    Lanes.Builder builder = Lanes.builder();
    Lanes a = builder.build();
    try (var b = builder.build()) {
      assertThat(a.loop()).isNotSameAs(b.loop());
      a.close();
      assertThat(b.async(() -> 1).result()).isEqualTo(1);
    }
  }

  // Context

  private static final ThreadLocal<String> USER = new ThreadLocal<>();
  private static final ScopedValue<String> TENANT = ScopedValue.newInstance();

  @Test
  void whatTheCarriersCarryIsThereInEveryLane() {
    try (var lanes = Lanes.builder().carry(ContextCarrier.of(USER)).build()) {
      USER.set("ada");
      assertThat(lanes.call(USER::get).result()).isEqualTo("ada");
      assertThat(lanes.cpuBound(USER::get).result()).isEqualTo("ada");
      assertThat(lanes.async(USER::get).result()).isEqualTo("ada");
      assertThat(lanes.async(() -> await(lanes.call(USER::get))).result()).isEqualTo("ada");
      USER.remove();
      assertThat(lanes.<@Nullable String>call(USER::get).result()).isNull();
      assertThat(lanes.<@Nullable String>cpuBound(USER::get).result()).isNull();
      assertThat(lanes.<@Nullable String>async(USER::get).result()).isNull();
    }
  }

  @Test
  void scopedValuesThatAreNamedAreThereInEveryLane() throws Exception {
    try (var lanes = Lanes.builder().carry(TENANT).build()) {
      ScopedValue.where(TENANT, "acme")
          .run(
              () -> {
                assertThat(lanes.call(TENANT::get).result()).isEqualTo("acme");
                assertThat(lanes.cpuBound(TENANT::get).result()).isEqualTo("acme");
                assertThat(lanes.async(TENANT::get).result()).isEqualTo("acme");
                assertThat(lanes.async(() -> await(lanes.call(TENANT::get))).result())
                    .isEqualTo("acme");
              });
      assertThat(lanes.call(TENANT::isBound).result()).isFalse();
    }
  }

  // Close

  @Test
  void closedLanesRefuseNewWork() {
    Lanes lanes = Lanes.builder().build();
    assertThat(lanes.call(() -> 1).result()).isEqualTo(1);
    assertThat(lanes.cpuBound(() -> 1).result()).isEqualTo(1);
    assertThat(lanes.async(() -> 1).result()).isEqualTo(1);
    lanes.close();
    lanes.close();
    assertThatThrownBy(() -> lanes.call(() -> 1)).isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> lanes.cpuBound(() -> 1))
        .isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> lanes.async(() -> 1)).isInstanceOf(RejectedExecutionException.class);
  }

  @Test
  void lanesThatWereNeverUsedRefuseNewWorkOnceClosed() {
    Lanes lanes = Lanes.builder().build();
    lanes.close();
    assertThatThrownBy(() -> lanes.call(() -> 1)).isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> lanes.cpuBound(() -> 1))
        .isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> lanes.async(() -> 1)).isInstanceOf(RejectedExecutionException.class);
  }

  @Test
  void closeStopsTheWorkAndWaitsForIt() throws Exception {
    Lanes lanes = Lanes.builder().build();
    var started = new CountDownLatch(2);
    Set<String> cleanedUp = ConcurrentHashMap.newKeySet();
    var endless = new Endless();
    Unfuture<String> onTheLoop = lanes.async(endless.body);
    var onOthers =
        Stream.of("call", "cpuBound")
            .map(
                lane -> {
                  Callable<String> blocking =
                      () -> {
                        started.countDown();
                        try {
                          new CountDownLatch(1).await();
                          return "never";
                        } finally {
                          cleanedUp.add(lane);
                        }
                      };
                  return lane.equals("call") ? lanes.call(blocking) : lanes.cpuBound(blocking);
                })
            .toList();
    started.await();
    endless.started.await();
    lanes.close();
    assertThat(cleanedUp).containsExactlyInAnyOrder("call", "cpuBound");
    endless.assertStopped();
    assertThat(onTheLoop).isCancelled();
    assertThat(onOthers).allMatch(Unfuture::isCancelled);
  }

  @Test
  void closeLeavesNoThread() throws Exception {
    Map<Long, String> before = Threads.ours();
    for (int i = 0; i < 10; i++) {
      try (Lanes lanes = Lanes.builder().build()) {
        assertThat(lanes.call(() -> 1).result()).isEqualTo(1);
        assertThat(lanes.async(() -> 1).result()).isEqualTo(1);
        IntStream.range(0, 10)
            .mapToObj(n -> lanes.cpuBound(() -> n))
            .toList()
            .forEach(Unfuture::result);
      }
    }
    Threads.awaitNoneBut(before);
  }

  @Test
  void closeLeavesTheLoopAndTheExecutorsGivenOpen() throws Exception {
    try (var loop = EventLoop.create("my loop");
        var thread = oneThread("my thread")) {
      Lanes.builder().loop(loop).thread(thread).cpu(thread).build().close();
      assertThat(loop.run(AnySync.coroutine(NAME))).isEqualTo("my loop");
      assertThat(thread.submit(NAME).get()).isEqualTo("my thread");
    }
  }

  @Test
  void closeLeavesTheCoroutinesOfALoopThatWasGiven() {
    try (var loop = EventLoop.create("my loop")) {
      var gate = new CompletableFuture<String>();
      Lanes lanes = Lanes.builder().loop(loop).build();
      Unfuture<String> future = lanes.async(() -> await(gate));
      lanes.close();
      assertThatThrownBy(() -> lanes.async(() -> "never"))
          .isInstanceOf(RejectedExecutionException.class);
      gate.complete("goes on");
      assertThat(future.result()).isEqualTo("goes on");
    }
  }

  @Test
  void closeFromInsideIsRefused() {
    try (Lanes lanes = Lanes.builder().build()) {
      for (Unfuture<?> inside :
          List.of(
              lanes.call(Executors.callable(lanes::close)),
              lanes.cpuBound(Executors.callable(lanes::close)),
              lanes.async(Executors.callable(lanes::close)))) {
        assertThatThrownBy(inside::result)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("outside");
      }
      assertThat(lanes.call(() -> 1).result()).isEqualTo(1);
    }
  }

  // The shared lanes

  @Test
  void shareMakesLanesThoseOfUnsync() {
    Lanes before = Unsync.lanes();
    try (var thread = oneThread("my thread");
        var lanes = Lanes.builder().thread(thread).build()) {
      assertThat(Unsync.share(lanes)).isSameAs(before);
      try {
        assertThat(Unsync.lanes()).isSameAs(lanes);
        assertThat(Unsync.call(NAME).result()).isEqualTo("my thread");
        assertThat(AnySync.coroutine(NAME).start().result()).isEqualTo("my thread");
        assertThat(Unsync.async(() -> lanes.loop().inLoop()).result()).isTrue();
      } finally {
        assertThat(Unsync.share(before)).isSameAs(lanes);
      }
      assertThat(Unsync.call(NAME).result()).doesNotContain("my thread");
    }
  }

  @Test
  void closedSharedLanesAreReplaced() {
    Lanes before = Unsync.share(Lanes.builder().build());
    try {
      Lanes closed = Unsync.lanes();
      closed.close();
      assertThat(Unsync.call(() -> "goes on").result()).isEqualTo("goes on");
      assertThat(Unsync.lanes()).isNotSameAs(closed);
    } finally {
      Unsync.share(before).close();
    }
  }

  @Test
  void workGoesOnWhereItWasStarted() {
    try (var lanes = Lanes.builder().build()) {
      Lanes before = Unsync.share(lanes);
      var gate = new CompletableFuture<String>();
      Unfuture<Boolean> started =
          Unsync.async(
              () -> {
                await(gate);
                return lanes.loop().inLoop();
              });
      Unsync.share(before);
      gate.complete("");
      assertThat(started.result()).isTrue();
    }
  }

  // Threads

  /** All of it in a JVM of its own, where nothing has been used yet. */
  private static List<String> inANewJvm(String part) throws Exception {
    return NewJvm.run(Fresh.class, part);
  }

  /** What the new JVM runs: prints the names of all threads that it did not have at first. */
  static final class Fresh {
    private Fresh() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws Exception {
      Set<Thread> before = Thread.getAllStackTraces().keySet();
      switch (args[0]) {
        case "nothing that needs a thread" -> useNoThread();
        case "a function" -> Unsync.call(() -> 1).result(Duration.ofSeconds(50));
        case "a coroutine" -> Unsync.async(() -> 1).result();
        case "a computation" -> Unsync.cpuBound(() -> 1).result(Duration.ofSeconds(50));
        case "work without end" -> startWithoutEnd();
        default -> throw new IllegalArgumentException(args[0]);
      }
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (!before.contains(thread) && !isOfTheJdk(thread)) {
          System.out.println(thread.getName() + (thread.isDaemon() ? "" : ", not a daemon"));
        }
      }
    }

    /** What the JDK starts for virtual threads and common pools. */
    private static boolean isOfTheJdk(Thread thread) {
      String name = thread.getName();
      return !name.startsWith("anysync") && thread.isDaemon();
    }

    private static void useNoThread() throws Exception {
      Lanes lanes = Lanes.builder().build();
      EventLoop loop = EventLoop.create("unused");
      AnySyncIterator<Integer> elements =
          AnySync.iterator(
              out -> {
                out.yield(1);
                out.yield(2);
              });
      AnySyncContextManager<Integer> cm = AnySync.contextManager(out -> out.yield(3));
      int sum =
          AnySync.coroutine(
                  () ->
                      await(AnySync.coroutine(() -> 1))
                          + await(CompletableFuture.completedFuture(2))
                          + Unfuture.of(3).then(Unfuture::result).result())
              .run();
      Integer used = cm.<Integer>use(x -> x);
      if (sum != 6
          || elements.stream().count() != 2
          || used == null
          || used != 3
          || Unsync.lanes().loop() == loop) {
        throw new AssertionError(sum);
      }
      Map<Long, String> threads = Threads.ours();
      if (!threads.isEmpty()) {
        throw new AssertionError(threads);
      }
      lanes.close();
      loop.close();
    }

    private static void startWithoutEnd() throws Exception {
      var started = new CountDownLatch(4);
      var never = new CountDownLatch(1);
      Callable<Boolean> forEver =
          () -> {
            started.countDown();
            never.await();
            return true;
          };
      var futures = List.of(Unsync.call(forEver), Unsync.async(forEver), Unsync.cpuBound(forEver));
      AnySyncIterator<Integer> elements =
          AnySync.iterator(
              out -> {
                out.yield(1);
                forEver.call();
              });
      if (elements.next() != 1) {
        throw new AssertionError(futures);
      }
      started.await();
    }
  }

  @Test
  void thereIsNoThreadBeforeFirstUse() throws Exception {
    assertThat(inANewJvm("nothing that needs a thread")).isEmpty();
  }

  @Test
  void functionsAndCoroutinesNeedNoPlatformThread() throws Exception {
    assertThat(inANewJvm("a function")).isEmpty();
    assertThat(inANewJvm("a coroutine")).isSubsetOf("anysync-watchdog"); // which looks at the loop
  }

  @Test
  void computationsAreOnDaemonsWithTellingNames() throws Exception {
    assertThat(inANewJvm("a computation"))
        .isNotEmpty()
        .allMatch(name -> name.matches("anysync-cpu-\\d+"));
  }

  /** Otherwise the new JVM would never end. */
  @Test
  void allThreadsAreDaemons() throws Exception {
    assertThat(inANewJvm("work without end"))
        .allMatch(name -> name.matches("anysync-(cpu-\\d+|cleaner|watchdog)"));
  }

  @Test
  void threadsBearTellingNames() throws Exception {
    try (Lanes lanes = Lanes.builder().build()) {
      // With a time limit, as a waiter without one might run the function itself.
      Duration limit = Duration.ofSeconds(50);
      assertThat(lanes.async(NAME).result()).isEqualTo("anysync-loop");
      assertThat(lanes.call(NAME).result(limit)).matches("anysync-\\d+");
      assertThat(lanes.cpuBound(NAME).result(limit)).matches("anysync-cpu-\\d+");
    }
  }

  /** Runs bodies here after all, when it is told to. */
  private static final class Elsewhere implements RemoteLane {
    final List<RemoteBody<?>> prepared = new ArrayList<>();
    final CountDownLatch started = new CountDownLatch(1);
    final CountDownLatch goesOn = new CountDownLatch(1);
    volatile boolean interrupted;

    @Override
    public String name() {
      return "elsewhere";
    }

    @Override
    public <T extends @Nullable Object> Callable<T> prepare(RemoteBody<? extends T> body) {
      prepared.add(body);
      return () -> {
        started.countDown();
        try {
          goesOn.await();
        } catch (InterruptedException e) {
          interrupted = true;
          throw e;
        }
        return body.call();
      };
    }
  }

  @Test
  void whatLeavesIsPreparedByTheCallerAndRunOnAThreadOfItsOwn() throws Exception {
    Elsewhere elsewhere = new Elsewhere();
    try (Lanes lanes = Lanes.builder().cpu(elsewhere).build()) {
      Unfuture<Thread> thread = lanes.cpuBound(Thread::currentThread);
      assertThat(elsewhere.prepared).hasSize(1);
      elsewhere.started.await();
      assertThat(AnySync.dump().toString()).contains("elsewhere");
      elsewhere.goesOn.countDown();

      assertThat(thread.result()).isNotSameAs(Thread.currentThread()).matches(Thread::isVirtual);
    }
  }

  @Test
  void whatLeavesIsInterruptedWhenItIsCancelledAndWaitedForByClose() throws Exception {
    Elsewhere elsewhere = new Elsewhere();
    Unfuture<Integer> body;
    try (Lanes lanes = Lanes.builder().cpu(elsewhere).build()) {
      body = lanes.cpuBound(() -> 42);
      elsewhere.started.await();
    }

    assertThat(elsewhere.interrupted).isTrue();
    assertThat(body).isCancelled();
  }

  @Test
  void aVariableOfTypeCallableIsRefusedByARemoteLaneUnlessItIsARemoteBody() {
    Elsewhere elsewhere = new Elsewhere();
    elsewhere.goesOn.countDown();
    Callable<Integer> callable = () -> 42;
    RemoteBody<Integer> remote = () -> 42;
    Callable<Integer> declaredAsCallable = remote;
    try (Lanes lanes = Lanes.builder().cpu(elsewhere).build()) {
      assertThatThrownBy(() -> lanes.cpuBound(callable))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "function: a Callable that is no RemoteBody cannot leave this JVM")
          .hasMessageContaining("for the elsewhere: ");
      assertThat(lanes.cpuBound(declaredAsCallable).result()).isEqualTo(42);
      assertThat(elsewhere.prepared).hasSize(1).first().isSameAs(remote);
    }
  }

  @Test
  void theLastOfCpuOfABuilderCounts() {
    Elsewhere elsewhere = new Elsewhere();
    try (Lanes lanes = Lanes.builder().cpu(elsewhere).cpu(Runnable::run).build()) {
      assertThat(lanes.cpuBound(Thread::currentThread).result()).isSameAs(Thread.currentThread());
    }
  }
}
