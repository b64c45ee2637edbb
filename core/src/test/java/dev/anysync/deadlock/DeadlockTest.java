package dev.anysync.deadlock;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncContextManager;
import dev.anysync.AnySyncGenerator;
import dev.anysync.AnySyncIterator;
import dev.anysync.DeadlockException;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits that would never end: each throws instead, and says why. */
class DeadlockTest {
  private static final int ROUNDS = 10_000 * Integer.getInteger("stress", 1);

  /** What a thread waits for that waits for the work of another. */
  private static final String RUNS = "waits for what runs on thread '";

  /** Something that is known only once it has been started. */
  private static final class Later<T> {
    private final CompletableFuture<T> future = new CompletableFuture<>();

    T set(T value) {
      future.complete(value);
      return value;
    }

    /** For bodies that are no coroutines as well, and that hold their loop. */
    T get() {
      return future.join();
    }
  }

  /** Asserts that {@code wait} throws, with a line for each wait of the cycle. */
  private static DeadlockException assertDeadlock(Callable<?> wait, String... waits) {
    return assertDeadlock("this wait would never end:", wait, waits);
  }

  private static DeadlockException assertDeadlock(String title, Callable<?> wait, String... waits) {
    Throwable thrown = null;
    try {
      var _ = wait.call(); // from here, so that a thread that claims the work waits in this class
    } catch (Throwable e) {
      thrown = e;
    }
    while (thrown instanceof CompletionException || thrown instanceof ExecutionException) {
      thrown = thrown.getCause();
    }
    assertThat(thrown).isInstanceOf(DeadlockException.class);
    String message = Objects.requireNonNull(Objects.requireNonNull(thrown).getMessage());
    List<String> lines = message.lines().toList();
    assertThat(lines.getFirst()).isEqualTo(title);
    assertThat(lines).as(message).hasSize(waits.length + 1);
    var left = new ArrayList<String>(lines.subList(1, lines.size()));
    for (String expected : waits) {
      String line = left.stream().filter(l -> l.contains(expected)).findFirst().orElse(message);
      left.remove(line);
      assertThat(line)
          .matches(
              "  thread '.+'#\\d+(,[^,]*,)? waits for .+, since \\d+ ms(; at"
                  + " .+DeadlockTest.+\\(.+:\\d+\\))?")
          .contains(expected);
    }
    return (DeadlockException) thrown;
  }

  /** Somebody in the cycle has failed with it; or whoever waits for the cycle gets it himself. */
  private static void assertCausedByDeadlock(@Nullable Throwable thrown, String text) {
    Throwable cause = thrown;
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    assertThat(cause).isInstanceOf(DeadlockException.class).hasMessageContaining(text);
  }

  // Itself

  @Test
  void awaitOfItself() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Object> selfish = self.set(coroutine(() -> await(self.get())).start());
    assertDeadlock(selfish::result, RUNS);
  }

  @Test
  void shieldedAwaitOfItself() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Object> selfish = self.set(coroutine(() -> AnySync.shield(self.get())).start());
    assertDeadlock(selfish::result, RUNS);
  }

  @Test
  void resultOfItself() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Object> selfish = self.set(Unsync.call(() -> self.get().result()));
    assertDeadlock(selfish::result, "waits for what runs on thread '");
  }

  @Test
  void joinOfItself() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Object> selfish = self.set(Unsync.call(() -> self.get().join()));
    assertDeadlock(selfish::join, "waits for what runs on thread '");
  }

  @Test
  void getOfItselfOnTheCpuLane() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Object> selfish = self.set(Unsync.cpuBound(() -> self.get().get()));
    assertDeadlock(selfish::get, "waits for what runs on thread '");
  }

  @Test
  void awaitOfItselfOnALoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var self = new Later<Unfuture<Object>>();
      Unfuture<Object> selfish = self.set(coroutine(() -> await(self.get())).start(loop));
      assertDeadlock(selfish::result, "waits for what runs on thread 'l'");
      assertThat(loop.run(coroutine(() -> "goes on"))).isEqualTo("goes on");
    }
  }

  @Test
  void awaitOfItsOwnEnd() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Object> selfish =
        self.set(coroutine(() -> (Object) await(self.get().stopped())).start());
    assertDeadlock(selfish::result, "waits for the end of what runs on thread");
  }

  // What only one thread can complete

  /** A thread, which is named by the text. */
  private static Predicate<Thread> only(Thread thread) {
    return new Predicate<>() {
      @Override
      public boolean test(Thread other) {
        return other == thread;
      }

      @Override
      public String toString() {
        return "an answer";
      }
    };
  }

  @Test
  void waitOfTheThreadThatIsToCompleteIt() {
    Predicate<Thread> completer = only(Thread.currentThread());
    for (Callable<?> wait :
        List.<Callable<?>>of(
            () -> new Unfuture<>(completer).result(),
            () -> new Unfuture<>(completer).join(),
            () -> new Unfuture<>(completer).get(),
            () -> new Unfuture<>(completer).then(Unfuture::join).result(),
            () -> new Unfuture<>(completer).thenApply(x -> x).join(),
            () -> Unfuture.all(List.of(Unfuture.of(1), new Unfuture<>(completer))).result(),
            () -> coroutine(() -> await(new Unfuture<>(completer))).run())) {
      assertThatThrownBy(wait::call)
          .isInstanceOf(DeadlockException.class)
          .message()
          .startsWith("this wait would never end:")
          .contains("thread '" + Thread.currentThread().getName() + "'#")
          .contains("start() or await what waits there, or let another thread wait");
    }
    assertThatThrownBy(() -> new Unfuture<>(completer).result())
        .message()
        .contains(
            "waits for an answer, which only thread '%s'#%d can complete"
                .formatted(Thread.currentThread().getName(), Thread.currentThread().threadId()));
  }

  @Test
  void waitsOfOthersForTheThreadThatIsToCompleteIt() throws Exception {
    Predicate<Thread> completer = only(Thread.currentThread());
    var future = new Unfuture<String>(completer);
    Unfuture<String> waiting = coroutine(() -> await(future)).start();
    Awaitility.await().until(() -> AnySync.dump().toString().contains("for an answer, which only"));
    assertThatThrownBy(() -> new Unfuture<String>(completer).get(1, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class); // which ends by itself
    var executor = new CountDownLatch(1);
    CompletableFuture<String> late =
        future.thenApplyAsync(
            x -> x + "!",
            task ->
                Thread.startVirtualThread(
                    () -> {
                      uninterruptibly(executor);
                      task.run();
                    }));
    future.complete("x");
    assertThat(waiting.result()).isEqualTo("x");
    var _ =
        CompletableFuture.runAsync(
            executor::countDown, CompletableFuture.delayedExecutor(5, TimeUnit.MILLISECONDS));
    assertThat(late.join()).isEqualTo("x!"); // it does not need that thread any more
  }

  private static void uninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  // Cycles

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 100})
  void cycleOfAwaits(int size) throws Exception {
    var entered = new CountDownLatch(size);
    var futures = new Later<List<Unfuture<Object>>>();
    var started = new ArrayList<Unfuture<Object>>();
    for (int i = 0; i < size; i++) {
      int next = (i + 1) % size;
      started.add(
          coroutine(
                  () -> {
                    entered.countDown();
                    return await(futures.get().get(next));
                  })
              .start());
    }
    entered.await(); // or a waiter would claim what has not been started
    futures.set(started);
    String[] waits = new String[size];
    Arrays.fill(waits, RUNS);
    for (Unfuture<Object> future : started) {
      assertDeadlock(future::result, waits);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 100})
  void cycleOfBlockingCalls(int size) throws Exception {
    var entered = new CountDownLatch(size);
    var futures = new Later<List<Unfuture<Object>>>();
    var started = new ArrayList<Unfuture<Object>>();
    for (int i = 0; i < size; i++) {
      int next = (i + 1) % size;
      started.add(
          Unsync.call(
              () -> {
                entered.countDown();
                return futures.get().get(next).result();
              }));
    }
    entered.await();
    futures.set(started);
    String[] waits = new String[size];
    Arrays.fill(waits, RUNS);
    for (Unfuture<Object> future : started) {
      assertDeadlock(future::result, waits);
    }
  }

  @Test
  void claimedWorkThatWaitsForItsClaimer() {
    var outer = new Later<Unfuture<Object>>();
    Unfuture<Object> claiming =
        outer.set(Unsync.call(() -> Unsync.call(() -> outer.get().result()).result()));
    Throwable thrown = catchThrowable(claiming::result);
    assertThat(thrown)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("waits for what runs on thread"); // twice, if it was not claimed
  }

  @Test
  void stacksOfTheOthersAreSuppressed() throws Exception {
    var first = new Later<Unfuture<Object>>();
    var second = new Later<Unfuture<Object>>();
    var entered = new CountDownLatch(2);
    for (var one : List.of(first, second)) {
      var other = one == first ? second : first;
      one.set(
          coroutine(
                  () -> {
                    entered.countDown();
                    entered.await();
                    return await(other.get());
                  })
              .start());
    }
    entered.await();
    DeadlockException thrown = assertDeadlock(first.get()::result, RUNS, RUNS);
    assertThat(thrown.getSuppressed())
        .filteredOn(e -> e.toString().contains("waits here"))
        .singleElement()
        .satisfies(
            e ->
                assertThat(e.getStackTrace())
                    .anySatisfy(f -> assertThat(f.getClassName()).contains("DeadlockTest")));
  }

  // Event loops

  @Test
  void loopsCoroutineRunsWhatAwaitsWorkQueuedOnIt() {
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<Object> held =
          coroutine(
              () -> {
                Unfuture<Object> queued = coroutine(() -> (Object) "x").start(loop);
                return coroutine(() -> await(queued)).run();
              });
      assertDeadlock(
          held.start(loop)::result,
          "holds the event loop 'l', waits for what is queued on the event loop 'l'");
      assertThat(loop.run(coroutine(() -> "goes on"))).isEqualTo("goes on");
    }
  }

  @Test
  void loopsCoroutineJoinsWorkQueuedOnIt() {
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<String> joining =
          coroutine(() -> coroutine(() -> "x").start(loop).join()).start(loop);
      assertDeadlock(joining::result, "waits for what is queued on the event loop 'l'");
    }
  }

  @Test
  void loopsCoroutineGetsWorkQueuedOnIt() {
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<String> getting =
          coroutine(() -> coroutine(() -> "x").start(loop).get()).start(loop);
      assertDeadlock(getting::result, "waits for what is queued on the event loop 'l'");
    }
  }

  @Test
  void callbackJoinsWorkQueuedOnItsLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var joined = new CompletableFuture<String>();
      loop.execute(
          () -> {
            try {
              joined.complete(coroutine(() -> "x").start(loop).join());
            } catch (Throwable e) {
              joined.completeExceptionally(e);
            }
          });
      assertDeadlock(joined::get, "waits for what is queued on the event loop 'l'");
    }
  }

  @Test
  void loopIsHeldForACoroutineThatHasSuspendedOnIt() {
    try (EventLoop loop = EventLoop.create("l")) {
      var gate = new CompletableFuture<String>();
      Unfuture<String> suspended = coroutine(() -> await(gate)).start(loop);
      Unfuture<String> holding = coroutine(() -> suspended.join()).start(loop);
      assertDeadlock(
          holding::result, "holds the event loop 'l', waits for what runs on thread 'l'");
      gate.complete("x");
      assertThat(suspended.result()).isEqualTo("x");
    }
  }

  @Test
  @SuppressWarnings("ThreadPriorityCheck")
  void loopIsHeldForAnInterruptedCoroutineThatNeedsItsTurn() {
    try (EventLoop loop = EventLoop.create("l")) {
      var thread = new Later<Thread>();
      Unfuture<Object> interrupted =
          coroutine(
                  () -> {
                    thread.set(Thread.currentThread());
                    try {
                      return AnySync.shield(new CompletableFuture<>());
                    } catch (CancellationException e) {
                      return (Object) "cancelled";
                    }
                  })
              .start(loop);
      Unfuture<Object> holding =
          coroutine(
                  () -> {
                    thread.get().interrupt();
                    while (thread.get().isInterrupted()) {
                      Thread.yield(); // which it needs if there is but one core
                    }
                    return interrupted.join();
                  })
              .start(loop);
      assertDeadlock(
          holding::result, "holds the event loop 'l', waits for what runs on thread 'l'");
      assertThat(interrupted.result()).isEqualTo("cancelled");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void loopsThatWaitForEachOther(int count) {
    var loops = new ArrayList<EventLoop>();
    var entered = new CyclicBarrier(count);
    var waiting = new ArrayList<Unfuture<Object>>();
    for (int i = 0; i < count; i++) {
      loops.add(EventLoop.create("l" + i));
    }
    for (int i = 0; i < count; i++) {
      EventLoop next = loops.get((i + 1) % count);
      waiting.add(
          coroutine(
                  () -> {
                    entered.await();
                    return next.run(coroutine(() -> (Object) "x"));
                  })
              .start(loops.get(i)));
    }
    var thrown = new ArrayList<Throwable>();
    for (Unfuture<Object> future : waiting) {
      Throwable e = catchThrowable(future::result);
      if (e != null) {
        thrown.add(e);
      }
    }
    assertThat(thrown).isNotEmpty();
    String[] waits = new String[count];
    Arrays.fill(waits, "waits for what is queued on the event loop 'l");
    for (Throwable e : thrown) {
      assertDeadlock(
          () -> {
            throw (Exception) e;
          },
          waits);
    }
    loops.forEach(EventLoop::close);
  }

  @Test
  void closeOfALoopWhoseCoroutineWaitsForTheCloser() {
    EventLoop loop = EventLoop.create("l");
    var closer = new Later<Unfuture<Object>>();
    var entered = new CountDownLatch(1);
    Unfuture<Object> body =
        coroutine(
                () -> {
                  try {
                    entered.countDown();
                    return await(new CompletableFuture<>());
                  } finally {
                    Object _ = closer.get().join();
                  }
                })
            .start(loop);
    assertThat(catchThrowable(entered::await)).isNull();
    Unfuture<Object> closing =
        Unsync.call(
            () -> {
              loop.close();
              return "closed";
            });
    closer.set(closing);
    // One of the two closes the cycle: the body then ends, or the closer gives up.
    Throwable thrown = catchThrowable(closing::result);
    if (thrown != null) {
      assertThat(thrown)
          .isInstanceOf(DeadlockException.class)
          .hasMessageContaining("event loop 'l'");
    }
    assertThatThrownBy(body::result).isInstanceOf(CancellationException.class);
    body.stopped().join();
    loop.close();
  }

  // Pools

  @Test
  void poolOfOneWaitsForWhatIsQueuedBehindIt() {
    try (var pool = Executors.newFixedThreadPool(1);
        var lanes = Lanes.builder().thread(pool).build()) {
      Unfuture<String> outer = lanes.call(() -> lanes.call(() -> "x").result());
      assertDeadlock(outer::result, "waits for what is queued in its pool behind busy threads");
      assertThat(lanes.call(() -> "goes on").result()).isEqualTo("goes on");
    }
  }

  @Test
  void poolOfTwoWaitsForWhatIsQueuedBehindIt() {
    try (var pool = Executors.newFixedThreadPool(2);
        var lanes = Lanes.builder().cpu(pool).build()) {
      var entered = new CyclicBarrier(2);
      Callable<String> body =
          () -> {
            entered.await();
            return lanes.cpuBound(() -> "x").result();
          };
      Unfuture<String> one = lanes.cpuBound(body);
      Unfuture<String> two = lanes.cpuBound(body);
      var thrown = new ArrayList<Throwable>();
      for (Unfuture<String> future : List.of(one, two)) {
        Throwable e = catchThrowable(future::result);
        if (e != null) {
          thrown.add(e);
        }
      }
      // The one that comes second sees that the first waits too; that frees a thread for the first.
      assertThat(thrown).isNotEmpty();
      assertThat(thrown)
          .allSatisfy(
              e ->
                  assertThat(e)
                      .isInstanceOf(DeadlockException.class)
                      .hasMessageContaining("queued in its pool behind busy threads"));
    }
  }

  @Test
  void dependentOfAPoolsTaskWaitsForWhatIsQueuedBehindIt() {
    try (var pool = Executors.newFixedThreadPool(1);
        var lanes = Lanes.builder().thread(pool).build()) {
      var entered = new CountDownLatch(1);
      Unfuture<String> first =
          lanes.call(
              () -> {
                entered.await();
                return "x";
              });
      CompletableFuture<String> dependent = first.thenApply(x -> lanes.call(() -> x).join());
      entered.countDown();
      assertDeadlock(dependent::get, "waits for what is queued in its pool behind busy threads");
    }
  }

  @Test
  void poolAndLoopWaitForEachOther() {
    try (var pool = Executors.newFixedThreadPool(1);
        var lanes = Lanes.builder().thread(pool).build();
        EventLoop loop = EventLoop.create("l")) {
      Unfuture<Object> outer =
          lanes.call(
              () -> {
                Unfuture<Object> onLoop =
                    coroutine(() -> await(lanes.call(() -> (Object) "x"))).start(loop);
                return onLoop.result();
              });
      assertDeadlock(
          outer::result,
          "a coroutine of the event loop 'l', waits for what is queued in its pool behind busy"
              + " threads",
          "waits for what runs on thread 'l'");
    }
  }

  // Continuations

  @Test
  void continuationJoinsItsOwnFuture() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Integer> source = new Unfuture<>();
    Unfuture<Object> result = self.set(source.then(_ -> self.get().join()));
    source.complete(1);
    assertDeadlock(result::result, "waits for a continuation that runs on thread '");
  }

  @Test
  void continuationReturnsItsOwnFuture() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Integer> source = new Unfuture<>();
    Unfuture<Object> result = self.set(source.<Object>thenAsync(_ -> self.get()));
    source.complete(1);
    assertThatThrownBy(result::result)
        .isInstanceOf(DeadlockException.class)
        .hasMessageStartingWith("this future would never be done:");
  }

  @Test
  void continuationReturnsWhatAwaitsItsOwnFuture() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Integer> source = new Unfuture<>();
    var entered = new CountDownLatch(1);
    Unfuture<Object> result =
        self.set(
            source.thenAsync(
                _ ->
                    coroutine(
                            () -> {
                              entered.await();
                              return await(self.get());
                            })
                        .start()));
    source.complete(1);
    entered.countDown();
    assertDeadlock(result::result, "waits for ");
  }

  @Test
  void continuationReturnsWhatWaitsForItAlready() {
    var self = new Later<Unfuture<Object>>();
    Unfuture<Integer> source = new Unfuture<>();
    var thread = new Later<Thread>();
    Unfuture<Object> waiting =
        coroutine(
                () -> {
                  Unfuture<Object> whole = self.get();
                  thread.set(Thread.currentThread());
                  return await(whole);
                })
            .start();
    self.set(source.thenAsync(_ -> waiting));
    awaitBlocked(thread.get());
    source.complete(1);
    assertThatThrownBy(self.get()::result)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("would never");
    assertThatThrownBy(waiting::result).isInstanceOf(DeadlockException.class);
  }

  /** Waits until {@code thread} waits, for what its body does last. */
  private static void awaitBlocked(Thread thread) {
    Awaitility.await().until(() -> thread.getState() == Thread.State.WAITING);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void composedDependentReturnsWhatWaitsForIt(boolean async) {
    for (int i = 0; i < ROUNDS / 10; i++) {
      var composed = new Later<CompletableFuture<Object>>();
      Unfuture<Object> joining = Unsync.call(() -> composed.get().join());
      var source = new Unfuture<Integer>();
      composed.set(
          async ? source.thenComposeAsync(_ -> joining) : source.<Object>thenCompose(_ -> joining));
      source.complete(1);
      // Either the wait closes the cycle, or the function does.
      Throwable thrown = catchThrowable(joining::result);
      assertThat(thrown).isNotNull();
      assertCausedByDeadlock(catchThrowable(composed.get()::join), "would never ");
    }
  }

  @Test
  void composedDependentReturnsItself() {
    var composed = new Later<CompletableFuture<Object>>();
    var source = new Unfuture<Integer>();
    composed.set(source.thenCompose(_ -> composed.get()));
    source.complete(1);
    assertThat(catchThrowable(composed.get()::join))
        .hasCauseInstanceOf(DeadlockException.class)
        .hasMessageContaining("this future would never be done:");
  }

  @Test
  void dependentsInACycle() {
    var first = new Later<Unfuture<Object>>();
    var second = new Later<Unfuture<Object>>();
    first.set(Unsync.call(() -> second.get().thenApply(x -> x).thenApply(x -> x).join()));
    second.set(Unsync.call(() -> first.get().then(Unfuture::join).result()));
    assertCausedByDeadlock(
        catchThrowable(() -> first.get().join()), "waits for what depends on what runs on thread");
    assertThat(catchThrowable(() -> second.get().result())).isNotNull();
  }

  @Test
  void combinedDependentsInACycle() {
    var first = new Later<Unfuture<Object>>();
    Unfuture<Object> second =
        first.set(
            Unsync.call(
                () ->
                    first
                        .get()
                        .thenCombine(CompletableFuture.completedFuture(1), (a, b) -> a)
                        .get()));
    assertDeadlock(second::result, "waits for what depends on what runs on thread");
  }

  /** It runs what else depends on the future, rather than wait for ever for its turn to come. */
  @Test
  void dependentThatJoinsAnotherOfTheSameFuture() {
    var gate = new CountDownLatch(1);
    Unfuture<Integer> source =
        Unsync.call(
            () -> {
              gate.await();
              return 1;
            });
    CompletableFuture<Integer> early = source.thenApply(x -> x + 1);
    CompletableFuture<Integer> late = source.thenApply(x -> x + early.join());
    gate.countDown();
    assertThat(late.join()).isEqualTo(3);
  }

  @Test
  void dependentThatWaitsForTheEndOfTheBody() {
    var gate = new CountDownLatch(1);
    Unfuture<Integer> source =
        Unsync.call(
            () -> {
              gate.await();
              return 1;
            });
    Unfuture<?> stopped = source.stopped(); // comes after all that depends on the source
    CompletableFuture<?> dependent = source.thenApply(_ -> stopped.join());
    gate.countDown();
    assertDeadlock(dependent::get, "waits for the end of what runs on thread");
  }

  // Iterators, generators and context managers

  @Test
  void generatorAsksItself() {
    var self = new Later<AnySyncGenerator<Integer, Integer>>();
    AnySyncGenerator<Integer, Integer> generator =
        self.set(
            AnySync.generator(
                out -> {
                  Integer _ = out.yield(self.get().next());
                }));
    assertThatThrownBy(generator::next)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("asks itself for its next element");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 10})
  void iteratorConsumesItself(int prefetch) {
    var self = new Later<AnySyncIterator<Integer>>();
    AnySyncIterator<Integer> iterator =
        self.set(AnySync.iterator(out -> out.yield(self.get().next())));
    assertThatThrownBy(iterator.prefetch(prefetch)::next)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("asks itself for its next element");
  }

  @Test
  void iteratorConsumesItselfInForEach() {
    var self = new Later<AnySyncIterator<Integer>>();
    AnySyncIterator<Integer> iterator =
        self.set(AnySync.iterator(out -> out.yield(self.get().next())));
    assertThatThrownBy(() -> iterator.forEach(_ -> {}))
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("inside forEach of the same iterator");
  }

  @Test
  void iteratorsBodyAwaitsItsConsumer() {
    var consumer = new Later<Unfuture<Object>>();
    Unfuture<Object> consuming =
        consumer.set(
            coroutine(
                    () -> {
                      try (AnySyncIterator<Object> i =
                          AnySync.iterator(out -> out.yield(AnySync.shield(consumer.get())))) {
                        return i.next();
                      }
                    })
                .start());
    assertDeadlock(consuming::result, "waits for what ", "waits for what ");
  }

  @Test
  void generatorsBodyAwaitsItsConsumerOnALoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var consumer = new Later<Unfuture<Object>>();
      Unfuture<Object> consuming =
          consumer.set(
              coroutine(
                      () -> {
                        try (AnySyncGenerator<Object, Object> g =
                            AnySync.generator(
                                out -> {
                                  Object _ = out.yield(await(consumer.get()));
                                })) {
                          return await(g.sendAsync(null));
                        }
                      })
                  .start(loop));
      assertDeadlock(consuming::result, "waits for what runs on thread 'l'", "waits for ");
    }
  }

  @Test
  void contextEnteredInsideItsOwnExitWhileEachWaits() {
    var exiting = new AtomicReference<Later<Unfuture<Object>>>();
    AnySyncContextManager<String> oneAtATime =
        new AnySyncContextManager<>() {
          @Override
          protected String enter() {
            Later<Unfuture<Object>> before = exiting.get();
            if (before != null) {
              Object _ = AnySync.shield(before.get()); // or the end of this would cancel that
            }
            return "x";
          }

          @Override
          protected boolean exit(@Nullable Throwable error) {
            return use(x -> x) == null;
          }
        };
    AnySyncContextManager.Opened<String> opened = oneAtATime.open();
    var later = new Later<Unfuture<Object>>();
    exiting.set(later);
    Unfuture<Object> closing =
        later.set(
            Unsync.call(
                () -> {
                  opened.close();
                  return "closed";
                }));
    assertDeadlock(closing::result, "waits for what runs on thread", "waits for ");
  }

  // Several at once

  @Test
  void allOfCallsOneOfWhichWaitsForTheWhole() {
    var whole = new Later<Unfuture<List<Object>>>();
    Unfuture<List<Object>> all =
        whole.set(
            AnySync.<Object>all(
                    List.of(
                        coroutine(() -> AnySync.shield(whole.get())),
                        coroutine(() -> (Object) "x")))
                .start());
    assertDeadlock(all::result, RUNS, "waits for all of 2 futures");
  }

  @Test
  void unfutureOfAllOneOfWhichWaitsForIt() {
    var whole = new Later<Unfuture<List<Object>>>();
    Unfuture<List<Object>> all =
        whole.set(
            Unfuture.all(
                List.of(Unsync.call(() -> (Object) whole.get().result()), Unsync.call(() -> "x"))));
    assertDeadlock(all::result, "waits for all of 2 futures");
  }

  @Test
  void raceOfCallsThatAllWaitForTheWhole() {
    var whole = new Later<Unfuture<Object>>();
    AnySync<Object> waiting = coroutine(() -> AnySync.shield(whole.get()));
    Unfuture<Object> race = whole.set(AnySync.race(List.of(waiting, waiting)).start());
    assertThatThrownBy(race::result)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("waits for one of 2 futures");
  }

  /** The cycle is closed by a failure, not by a wait. */
  @Test
  void raceWhoseLastCallWaitsForTheWhole() {
    var whole = new Later<Unfuture<Object>>();
    var gate = new CompletableFuture<Object>();
    var thread = new Later<Thread>();
    Unfuture<Object> race =
        whole.set(
            AnySync.<Object>race(
                    List.of(
                        coroutine(
                            () -> {
                              Unfuture<Object> awaited = whole.get();
                              thread.set(Thread.currentThread());
                              return AnySync.shield(awaited);
                            }),
                        coroutine(() -> await(gate))))
                .start());
    awaitBlocked(thread.get());
    gate.completeExceptionally(new IllegalArgumentException("out of the race"));
    assertThatThrownBy(race::result)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("one of 2 futures");
  }

  // Both edges at once

  @Test
  void bothEdgesThatCloseACycleAtOnce() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      var barrier = new CyclicBarrier(2);
      var first = new Later<Unfuture<Object>>();
      var second = new Later<Unfuture<Object>>();
      first.set(
          coroutine(
                  () -> {
                    barrier.await();
                    return await(second.get());
                  })
              .start());
      second.set(
          Unsync.call(
              () -> {
                barrier.await();
                return first.get().join();
              }));
      // It ends, and nobody got anything but the report.
      for (Unfuture<Object> future : List.of(first.get(), second.get())) {
        Throwable thrown = catchThrowable(future::result);
        assertThat(thrown instanceof CompletionException ? thrown.getCause() : thrown)
            .isInstanceOf(DeadlockException.class);
      }
    }
  }

  // A long way round: one that nothing leads to gives up its look before it has come so far

  @Test
  void longWayToOneThatWaits() {
    for (int i = 0; i < ROUNDS / 100; i++) {
      var first = new Later<Unfuture<Object>>();
      var second = new Later<Unfuture<Object>>();
      first.set(coroutine(() -> await(far(second.get()))).start());
      second.set(Unsync.call(() -> first.get().join()));
      assertThat(catchThrowable(second.get()::join)).isNotNull();
      assertThat(rootCause(catchThrowable(first.get()::join)))
          .isInstanceOf(DeadlockException.class);
    }
  }

  @Test
  void longWayFromAContinuationToItsFuture() {
    var source = new Unfuture<Integer>();
    var self = new Later<Unfuture<Object>>();
    self.set(source.then(_ -> far(self.get()).join()));
    source.complete(1);
    assertCausedByDeadlock(catchThrowable(self.get()::join), "would never ");
  }

  /** What depends on it runs on a thread of the pool that is not known to complete anything. */
  @Test
  void longWayFromAContinuationOfWhatIsCompletedElsewhereToItsFuture() {
    var source = new Unfuture<Integer>();
    var self = new Later<Unfuture<Object>>();
    self.set(source.then(_ -> far(self.get()).join()));
    var _ = source.completeAsync(() -> 1);
    assertCausedByDeadlock(catchThrowable(self.get()::join), "would never ");
  }

  @Test
  void longWayToItsOwnEnd() {
    var self = new Later<Unfuture<Object>>();
    self.set(coroutine(() -> (Object) await(far(self.get().stopped()))).start());
    assertThat(rootCause(catchThrowable(self.get()::join))).isInstanceOf(DeadlockException.class);
  }

  @Test
  void longWayToWhatIsQueuedOnALoopThatLanesHave() {
    try (EventLoop loop = EventLoop.create("l");
        Lanes lanes = Lanes.builder().thread(loop).build()) {
      Unfuture<String> outer = lanes.call(() -> far(lanes.call(() -> "x")).join());
      assertThat(rootCause(catchThrowable(outer::join))).isInstanceOf(DeadlockException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void longWayToWhatWaitsForAComposedDependent(boolean async) {
    for (int i = 0; i < ROUNDS / 100; i++) {
      var composed = new Later<CompletableFuture<Object>>();
      Unfuture<Object> joining = Unsync.call(() -> composed.get().join());
      var source = new Unfuture<Integer>();
      composed.set(
          async
              ? source.thenComposeAsync(_ -> far(joining))
              : source.<Object>thenCompose(_ -> far(joining)));
      source.complete(1);
      assertThat(rootCause(catchThrowable(joining::result))).isInstanceOf(DeadlockException.class);
    }
  }

  @Test
  void longWayFromACoroutineToWhatIsQueuedOnTheLoopThatItHolds() throws Exception {
    assertDeadlockOnALoop(DeadlockTest::startUnawaited, queued -> coroutine(queued::join).run());
  }

  @Test
  void longWayFromAFunctionThatACoroutineRunsToWhatIsQueuedOnItsLoop() throws Exception {
    assertDeadlockOnALoop(DeadlockTest::startUnawaited, queued -> runHere(queued::join));
  }

  @Test
  void longWayFromAFunctionThatACallbackRunsToWhatIsQueuedOnItsLoop() throws Exception {
    assertDeadlockOnALoop(
        (loop, body) ->
            loop.execute(
                () -> {
                  try {
                    body.call();
                  } catch (Exception e) {
                    throw new AssertionError(e);
                  }
                }),
        queued -> runHere(queued::join));
  }

  private static void startUnawaited(EventLoop loop, Callable<Object> body) {
    var _ = coroutine(body).start(loop);
  }

  /** Nobody waits for what is started: it is the loop that leads to it. */
  private static void assertDeadlockOnALoop(
      BiConsumer<EventLoop, Callable<Object>> start, Consumer<Unfuture<Integer>> wait)
      throws Exception {
    try (EventLoop loop = EventLoop.create("l")) {
      var thrown = new CompletableFuture<@Nullable Throwable>();
      start.accept(
          loop,
          () -> {
            Unfuture<Integer> queued = far(coroutine(() -> 1).start(loop));
            return thrown.complete(catchThrowable(() -> wait.accept(queued)));
          });
      assertThat(rootCause(thrown.get())).isInstanceOf(DeadlockException.class);
    }
  }

  /** Returns the end of a chain that begins with {@code future}. */
  private static <T extends @Nullable Object> Unfuture<T> far(Unfuture<T> future) {
    Unfuture<T> last = future;
    for (int i = 0; i < 100; i++) {
      last = last.then(Unfuture::join);
    }
    return last;
  }

  private static @Nullable Throwable rootCause(@Nullable Throwable thrown) {
    Throwable cause = thrown;
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** Has this thread run a function that no other has started yet. */
  private static void runHere(Callable<?> function) {
    Thread thread = Thread.currentThread();
    while (true) {
      var runner = new CompletableFuture<Thread>();
      Unfuture<Object> future =
          Unsync.call(
              () -> {
                runner.complete(Thread.currentThread());
                return Thread.currentThread() == thread ? function.call() : null;
              });
      future.join();
      if (runner.join() == thread) {
        return;
      }
    }
  }

  // What has been told to stop

  /** A function that does not heed its cancellation waits like any other. */
  @Test
  void functionThatWasCancelledJoinsWhatWaitsForItsEnd() {
    var other = new Later<Unfuture<Object>>();
    var told = new CountDownLatch(1);
    Unfuture<Object> stubborn =
        Unsync.call(
            () -> {
              var _ = catchThrowable(() -> new CountDownLatch(1).await()); // takes the interrupt
              told.countDown();
              return other.get().join();
            });
    Awaitility.await().until(() -> AnySync.dump().toString().contains("blocked"));
    boolean _ = stubborn.cancel(true);
    Unfuture<Object> waiting =
        coroutine(
                () -> {
                  told.await();
                  return (Object) await(stubborn.stopped());
                })
            .start();
    other.set(waiting);
    // Whoever looks last gets it; if that is the function, nobody sees what it throws but the log.
    Throwable thrown = catchThrowable(waiting::result);
    if (thrown != null) {
      assertThat(thrown).isInstanceOf(DeadlockException.class);
    }
  }

  /** A loop that lanes have for their functions is looked through as the lanes' own is. */
  @Test
  void loopAsExecutorOfLanes() {
    try (EventLoop loop = EventLoop.create("l");
        Lanes lanes = Lanes.builder().thread(loop).build()) {
      Unfuture<String> outer = lanes.call(() -> lanes.call(() -> "x").join());
      assertDeadlock(outer::join, "waits for what is queued on the event loop 'l'");
    }
  }

  /** The body has been asked, and is about to take the turn of the loop that the callback holds. */
  @Test
  void callbackClosesAGeneratorWhoseBodyIsAboutToGoOnOnItsLoop() throws Exception {
    int closings = 0;
    for (int i = 0; i < ROUNDS / 50; i++) {
      try (EventLoop loop = EventLoop.create("l")) {
        AnySyncGenerator<Integer, Integer> generator =
            AnySync.generator(
                out -> {
                  while (true) {
                    var _ = out.yield(1);
                  }
                });
        var closed = new CompletableFuture<@Nullable Throwable>();
        Unfuture<?> consumer =
            coroutine(
                    () -> {
                      assertThat(await(generator.nextAsync())).contains(1);
                      loop.execute(() -> closed.complete(catchThrowable(generator::close)));
                      return await(generator.nextAsync());
                    })
                .start(loop);
        Throwable thrown = closed.get();
        if (thrown == null) {
          closings++;
        } else {
          assertThat(thrown).isInstanceOf(DeadlockException.class);
        }
        boolean _ = consumer.cancel(true);
      }
    }
    assertThat(closings).isPositive(); // the body gives up the turn if it sees that it is to stop
  }

  /** The body sleeps in a step on the loop, and needs the turn to end. */
  @Test
  void callbackClosesAGeneratorWhoseBodySleepsOnItsLoop() throws Exception {
    try (EventLoop loop = EventLoop.create("l")) {
      var asleep = new CountDownLatch(1);
      AnySyncGenerator<Integer, Integer> generator =
          AnySync.generator(
              out -> {
                asleep.countDown();
                AnySync.sleep(Duration.ofSeconds(50));
              });
      Unfuture<?> consumer = coroutine(() -> await(generator.nextAsync())).start(loop);
      asleep.await(); // it has the turn until it sleeps
      var closed = new CompletableFuture<Object>();
      loop.execute(
          () -> {
            try {
              generator.close();
              closed.complete("closed");
            } catch (DeadlockException e) {
              closed.complete(e);
            }
          });
      assertDeadlock(
          () -> {
            throw (Exception) closed.join();
          },
          ", which holds the event loop 'l', waits for",
          "waits for its turn on the event loop 'l'");
      assertThatThrownBy(consumer::result).isInstanceOf(CancellationException.class);
    }
  }
}
