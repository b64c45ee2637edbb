package dev.anysync;

import static dev.anysync.AnySync.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.Threads.Endless;
import dev.anysync.spi.ContextCarrier;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What the documentation of Python's AnySync shows, and the defects that were measured on it, which
 * are not here. Each behaviour in every style: {@code run}, {@code start} and {@code await}, off a
 * loop and on one.
 */
class SeedAnySyncTest {
  private static final Duration SOON = Duration.ofMillis(20);

  private static final Duration LATE = Duration.ofSeconds(50);

  // A coroutine is run, awaited or started, also while a loop runs

  private static AnySync<Integer> f() {
    return AnySync.coroutine(() -> 42);
  }

  @Test
  void coroutineRun() {
    assertThat(f().run()).isEqualTo(42);
  }

  @Test
  void coroutineAwait() {
    assertThat(AnySync.coroutine(() -> await(f())).run()).isEqualTo(42);
  }

  @Test
  void coroutineStart() {
    assertThat(f().start().result()).isEqualTo(42);
  }

  @Test
  void coroutineRunWhileALoopRuns() {
    assertThat(Unsync.async(() -> f().run()).result()).isEqualTo(42);
  }

  @Test
  void coroutineAwaitWhileALoopRuns() {
    assertThat(Unsync.async(() -> await(f())).result()).isEqualTo(42);
  }

  @Test
  void coroutineStartWhileALoopRuns() {
    assertThat(Unsync.async(() -> await(f().start())).result()).isEqualTo(42);
  }

  @Test
  void coroutineRunAgainRunsTheBodyAnew() {
    var runs = new AtomicInteger();
    AnySync<Integer> count = AnySync.coroutine(runs::incrementAndGet);
    assertThat(count.run()).isEqualTo(1);
    assertThat(AnySync.coroutine(() -> await(count)).run()).isEqualTo(2);
    assertThat(count.start().result()).isEqualTo(3);
  }

  // No second thread: the seed's page counts 1 and 3 beside the caller's

  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

  private <T> AnySync<T> noting(Callable<T> body) {
    return AnySync.coroutine(
        () -> {
          threads.add(Thread.currentThread());
          return body.call();
        });
  }

  @Test
  void runInsideRunTakesNoThread() {
    AnySync<Integer> g = noting(() -> 42);
    AnySync<Integer> f = noting(g::run);
    f.run();
    f.run();
    assertThat(threads).containsExactly(Thread.currentThread());
  }

  @Test
  void runInsideRunInsideRunTakesNoThread() {
    AnySync<Integer> h = noting(() -> 42);
    AnySync<Integer> g = noting(h::run);
    AnySync<Integer> f = noting(g::run);
    f.run();
    f.run();
    assertThat(threads).containsExactly(Thread.currentThread());
  }

  @Test
  void awaitInsideAwaitTakesNoThread() {
    AnySync<Integer> h = noting(() -> 42);
    AnySync<Integer> g = noting(() -> await(h));
    AnySync<Integer> f = noting(() -> await(g));
    f.run();
    assertThat(threads).containsExactly(Thread.currentThread());
  }

  @Test
  void runWhileALoopRunsTakesNoThread() {
    AnySync<Integer> g = noting(() -> 42);
    AnySync<Integer> f = noting(g::run);
    Thread caller =
        Unsync.async(
                () -> {
                  f.run();
                  await(f);
                  return Thread.currentThread();
                })
            .result();
    assertThat(threads).containsExactly(caller);
  }

  @Test
  void startInsideStartTakesAThreadEach() {
    AnySync<Integer> g = noting(() -> 42);
    AnySync<Integer> f = noting(() -> await(g.start()));
    f.start().result();
    assertThat(threads).hasSizeLessThanOrEqualTo(2);
  }

  @Test
  void runOnAVirtualThreadStaysThere() throws Exception {
    AnySync<Integer> f = noting(() -> await(f()));
    var running = Threads.start(Thread.ofVirtual(), f::run);
    assertThat(running.join()).isEqualTo(42);
    assertThat(threads).containsExactly(running.thread());
  }

  @Test
  void runOnAForkJoinWorkerStaysThere() throws Exception {
    try (var pool = new ForkJoinPool(1)) {
      AnySync<Integer> f = noting(() -> await(f()));
      Thread worker =
          pool.submit(
                  () -> {
                    f.run();
                    return Thread.currentThread();
                  })
              .get();
      assertThat(threads).containsExactly(worker);
    }
  }

  // Iterators

  private static AnySyncIterator<Integer> gen() {
    return AnySync.iterator(
        out -> {
          out.yield(1);
          AnySync.sleep(Duration.ofMillis(1));
          out.yield(2);
          out.yield(await(CompletableFuture.completedFuture(3)));
        });
  }

  private static List<Integer> loop(Iterable<Integer> elements) {
    var seen = new ArrayList<Integer>();
    for (int element : elements) {
      seen.add(element);
    }
    return seen;
  }

  private static List<Integer> awaitEach(AnySyncIterator<Integer> elements) {
    var seen = new ArrayList<Integer>();
    for (Optional<Integer> next = await(elements.nextAsync());
        next.isPresent();
        next = await(elements.nextAsync())) {
      seen.add(next.get());
    }
    return seen;
  }

  @Test
  void iteratorForLoop() {
    assertThat(loop(gen())).containsExactly(1, 2, 3);
  }

  @Test
  void iteratorForEach() {
    var seen = new ArrayList<Integer>();
    gen().forEach(seen::add);
    assertThat(seen).containsExactly(1, 2, 3);
  }

  @Test
  void iteratorStream() {
    assertThat(gen().stream().toList()).containsExactly(1, 2, 3);
  }

  @Test
  void iteratorAwait() {
    assertThat(AnySync.coroutine(() -> awaitEach(gen())).run()).containsExactly(1, 2, 3);
  }

  @Test
  void iteratorForLoopWhileALoopRuns() {
    assertThat(Unsync.async(() -> loop(gen())).result()).containsExactly(1, 2, 3);
  }

  @Test
  void iteratorForEachWhileALoopRuns() {
    assertThat(Unsync.async(() -> gen().stream().toList()).result()).containsExactly(1, 2, 3);
  }

  @Test
  void iteratorAwaitWhileALoopRuns() {
    assertThat(Unsync.async(() -> awaitEach(gen())).result()).containsExactly(1, 2, 3);
  }

  // Generators

  private static AnySyncGenerator<Integer, Integer> echo() {
    return AnySync.generator(
        out -> {
          Integer value = out.yield(1);
          var _ = out.yield(value == null ? -1 : value);
        });
  }

  private static AnySyncGenerator<String, String> catching() {
    return AnySync.generator(
        out -> {
          try {
            var _ = out.yield("ready");
          } catch (IllegalArgumentException e) {
            var _ = out.yield("caught " + e.getMessage());
          }
        });
  }

  @Test
  void generatorSend() {
    AnySyncGenerator<Integer, Integer> g = echo();
    assertThat(g.next()).isEqualTo(1);
    assertThat(g.send(42)).isEqualTo(42);
  }

  @Test
  void generatorSendAwait() {
    List<Integer> got =
        AnySync.coroutine(
                () -> {
                  AnySyncGenerator<Integer, Integer> g = echo();
                  return List.of(await(g.nextAsync()).orElseThrow(), await(g.sendAsync(42)));
                })
            .run();
    assertThat(got).containsExactly(1, 42);
  }

  @Test
  void generatorSendWhileALoopRuns() {
    List<Integer> got =
        Unsync.async(
                () -> {
                  AnySyncGenerator<Integer, Integer> g = echo();
                  return List.of(g.next(), g.send(42));
                })
            .result();
    assertThat(got).containsExactly(1, 42);
  }

  @Test
  void generatorSendAwaitWhileALoopRuns() {
    List<Integer> got =
        Unsync.async(
                () -> {
                  AnySyncGenerator<Integer, Integer> g = echo();
                  return List.of(await(g.sendAsync(null)), await(g.sendAsync(42)));
                })
            .result();
    assertThat(got).containsExactly(1, 42);
  }

  @Test
  void generatorThrow() {
    AnySyncGenerator<String, String> g = catching();
    assertThat(g.next()).isEqualTo("ready");
    assertThat(g.raise(new IllegalArgumentException("this"))).isEqualTo("caught this");
  }

  @Test
  void generatorThrowAwait() {
    AnySyncGenerator<String, String> g = catching();
    assertThat(g.sendAsync(null).run()).isEqualTo("ready");
    assertThat(g.raiseAsync(new IllegalArgumentException("this")).run()).isEqualTo("caught this");
  }

  @Test
  void generatorThrowAwaitWhileALoopRuns() {
    String caught =
        Unsync.async(
                () -> {
                  AnySyncGenerator<String, String> g = catching();
                  await(g.nextAsync());
                  return await(g.raiseAsync(new IllegalArgumentException("this")));
                })
            .result();
    assertThat(caught).isEqualTo("caught this");
  }

  // Context managers, by a body and by a subclass

  private final List<String> events = new ArrayList<>();

  private AnySyncContextManager<Integer> byBody() {
    return AnySync.contextManager(
        out -> {
          AnySync.sleep(Duration.ofMillis(1));
          events.add("enter");
          try {
            out.yield(42);
          } finally {
            AnySync.sleep(Duration.ofMillis(1));
            events.add("exit");
          }
        });
  }

  private AnySyncContextManager<Integer> bySubclass() {
    return new AnySyncContextManager<>() {
      @Override
      protected Integer enter() {
        AnySync.sleep(Duration.ofMillis(1));
        events.add("enter");
        return 42;
      }

      @Override
      protected boolean exit(@Nullable Throwable error) {
        AnySync.sleep(Duration.ofMillis(1));
        events.add("exit");
        return false;
      }
    };
  }

  private int with(AnySyncContextManager<Integer> cm) {
    try (var opened = cm.open()) {
      events.add("block");
      return opened.value();
    }
  }

  private @Nullable Integer use(AnySyncContextManager<Integer> cm) {
    return cm.use(
        x -> {
          events.add("block");
          return x;
        });
  }

  private int awaitWith(AnySyncContextManager<Integer> cm) {
    var opened = await(cm.openAsync());
    try {
      events.add("block");
      return opened.value();
    } finally {
      await(opened.closeAsync());
    }
  }

  private @Nullable Integer awaitUse(AnySyncContextManager<Integer> cm) {
    return await(
        cm.useAsync(
            x -> {
              events.add("block");
              return x;
            }));
  }

  private void assertEnteredAndExited(@Nullable Integer value) {
    assertThat(value).isEqualTo(42);
    assertThat(events).containsExactly("enter", "block", "exit");
  }

  @Test
  void contextManagerOpen() {
    assertEnteredAndExited(with(byBody()));
  }

  @Test
  void contextManagerUse() {
    assertEnteredAndExited(use(byBody()));
  }

  @Test
  void contextManagerOpenAwait() {
    assertEnteredAndExited(AnySync.coroutine(() -> awaitWith(byBody())).run());
  }

  @Test
  void contextManagerUseAwait() {
    assertEnteredAndExited(AnySync.<@Nullable Integer>coroutine(() -> awaitUse(byBody())).run());
  }

  @Test
  void contextManagerOpenWhileALoopRuns() {
    assertEnteredAndExited(Unsync.async(() -> with(byBody())).result());
  }

  @Test
  void contextManagerOpenAwaitWhileALoopRuns() {
    assertEnteredAndExited(Unsync.async(() -> awaitWith(byBody())).result());
  }

  @Test
  void contextManagerUseAwaitWhileALoopRuns() {
    assertEnteredAndExited(Unsync.<@Nullable Integer>async(() -> awaitUse(byBody())).result());
  }

  @Test
  void contextManagerSubclassOpen() {
    assertEnteredAndExited(with(bySubclass()));
  }

  @Test
  void contextManagerSubclassUse() {
    assertEnteredAndExited(use(bySubclass()));
  }

  @Test
  void contextManagerSubclassOpenAwait() {
    assertEnteredAndExited(AnySync.coroutine(() -> awaitWith(bySubclass())).run());
  }

  @Test
  void contextManagerSubclassUseAwait() {
    assertEnteredAndExited(
        AnySync.<@Nullable Integer>coroutine(() -> awaitUse(bySubclass())).run());
  }

  @Test
  void contextManagerSubclassUseWhileALoopRuns() {
    assertEnteredAndExited(Unsync.<@Nullable Integer>async(() -> use(bySubclass())).result());
  }

  @Test
  void contextManagerSubclassUseAwaitWhileALoopRuns() {
    assertEnteredAndExited(Unsync.<@Nullable Integer>async(() -> awaitUse(bySubclass())).result());
  }

  // Defect: run(timeout) is ignored when no loop runs; in one it raises, but the body runs on

  @Test
  void timeoutRunOutsideALoopStopsTheBody() throws Exception {
    var endless = new Endless();
    Threads.exceedLimit(endless.started, endless.call::run);
    endless.assertStopped();
  }

  @Test
  void timeoutRunInsideALoopStopsTheBody() throws Exception {
    var endless = new Endless();
    Threads.exceedLimit(
        endless.started, limit -> Unsync.async(() -> endless.call.run(limit)).result());
    endless.assertStopped();
  }

  @Test
  void timeoutStartStopsTheBody() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = endless.call.start();
    endless.started.await();
    assertThatThrownBy(() -> future.result(SOON)).isInstanceOf(TimeoutException.class);
    endless.assertStopped();
  }

  @Test
  void timeoutStartOnALoopStopsTheBody() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = endless.call.start(Unsync.lanes().loop());
    endless.started.await();
    assertThatThrownBy(() -> future.result(SOON)).isInstanceOf(TimeoutException.class);
    endless.assertStopped();
  }

  @Test
  void timeoutAwaitStopsTheBody() throws Exception {
    var endless = new Endless();
    Threads.exceedLimit(
        endless.started,
        limit ->
            AnySync.coroutine(
                    () ->
                        await(
                            endless
                                .call
                                .start()
                                .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)))
                .run());
    endless.assertStopped();
  }

  @Test
  void timeoutAwaitInsideALoopStopsTheBody() throws Exception {
    var endless = new Endless();
    Threads.exceedLimit(
        endless.started,
        limit ->
            Unsync.async(
                    () ->
                        await(
                            endless
                                .call
                                .start(Unsync.lanes().loop())
                                .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)))
                .result());
    endless.assertStopped();
  }

  /** The caller gets its exception at once, the body its own at its next await. */
  @Test
  void timeoutStopsABusyBodyAtItsNextAwait() throws Exception {
    var begun = new CountDownLatch(1);
    var callerHasGone = new CountDownLatch(1);
    var thrown = new CompletableFuture<Throwable>();
    AnySync<String> busy =
        AnySync.coroutine(
            () -> {
              begun.countDown();
              while (callerHasGone.getCount() > 0) {
                Thread.onSpinWait();
              }
              try {
                return await(CompletableFuture.completedFuture("never seen"));
              } catch (CancellationException e) {
                thrown.complete(e);
                throw e;
              }
            });
    Threads.exceedLimit(begun, busy::run);
    callerHasGone.countDown();
    assertThat(thrown.get()).isInstanceOf(CancellationException.class);
  }

  @Test
  void timeoutThatIsNotReachedChangesNothing() throws Exception {
    assertThat(f().run(LATE)).isEqualTo(42);
    assertThat(f().start().result(LATE)).isEqualTo(42);
    assertThat(Unsync.async(() -> f().run(LATE)).result()).isEqualTo(42);
  }

  // Defect: a for loop over an iterator that raises hangs for ever

  private final IOException failure = new IOException("from the body");
  private final List<Integer> before = new ArrayList<>();

  private AnySyncIterator<Integer> failing() {
    return AnySync.iterator(
        out -> {
          out.yield(1);
          out.yield(2);
          throw failure;
        });
  }

  private void assertRaisesAfterTheElements(ThrowingCallable consumer) {
    assertThatThrownBy(consumer).isSameAs(failure);
    assertThat(before).containsExactly(1, 2);
  }

  @Test
  void iteratorThatRaisesForLoop() {
    assertRaisesAfterTheElements(
        () -> {
          for (int element : failing()) {
            before.add(element);
          }
        });
  }

  @Test
  void iteratorThatRaisesNextInLockStep() {
    assertRaisesAfterTheElements(
        () -> {
          AnySyncIterator<Integer> elements = failing().prefetch(0);
          while (elements.hasNext()) {
            before.add(elements.next());
          }
        });
  }

  @Test
  void iteratorThatRaisesForEach() {
    assertRaisesAfterTheElements(() -> failing().forEach(before::add));
  }

  @Test
  void iteratorThatRaisesStream() {
    assertRaisesAfterTheElements(() -> failing().stream().forEach(before::add));
  }

  private void addEachAwaited() {
    AnySyncIterator<Integer> elements = failing();
    for (Optional<Integer> next = await(elements.nextAsync());
        next.isPresent();
        next = await(elements.nextAsync())) {
      before.add(next.get());
    }
  }

  @Test
  void iteratorThatRaisesAwait() {
    assertRaisesAfterTheElements(AnySync.coroutine(this::addEachAwaited)::run);
  }

  @Test
  void iteratorThatRaisesAwaitWhileALoopRuns() {
    AnySync<@Nullable Void> consumer = AnySync.coroutine(this::addEachAwaited);
    assertRaisesAfterTheElements(consumer.start(Unsync.lanes().loop())::result);
  }

  @Test
  void iteratorThatRaisesForLoopWhileALoopRuns() {
    AnySync<@Nullable Void> consumer =
        AnySync.coroutine(
            () -> {
              for (int element : failing()) {
                before.add(element);
              }
            });
    assertRaisesAfterTheElements(consumer.start(Unsync.lanes().loop())::result);
  }

  @Test
  void iteratorThatRaisesAtOnceForLoop() {
    AnySyncIterator<Integer> elements =
        AnySync.iterator(
            out -> {
              throw failure;
            });
    assertThatThrownBy(() -> loop(elements)).isSameAs(failure);
  }

  // Defect: 50 failing enters leave 50 tasks behind

  private AnySyncContextManager<Integer> failingToEnter() {
    return AnySync.contextManager(
        out -> {
          threads.add(Thread.currentThread());
          AnySync.sleep(Duration.ofMillis(1));
          throw failure;
        });
  }

  private AnySyncContextManager<Integer> failingToEnterBySubclass() {
    return new AnySyncContextManager<>() {
      @Override
      protected Integer enter() throws IOException {
        threads.add(Thread.currentThread());
        AnySync.sleep(Duration.ofMillis(1));
        throw failure;
      }

      @Override
      protected boolean exit(@Nullable Throwable error) {
        events.add("exit");
        return true;
      }
    };
  }

  private void assertNothingIsLeftOf50(ThrowingCallable enter) throws Exception {
    Map<Long, String> before = Threads.ours();
    for (int i = 0; i < 50; i++) {
      assertThatThrownBy(enter).isSameAs(failure);
    }
    assertThat(threads).isNotEmpty();
    threads.remove(Thread.currentThread());
    Threads.join(threads);
    Threads.awaitNoneBut(before);
    assertThat(events).isEmpty();
  }

  @Test
  void failingEnterOpenLeavesNothing() throws Exception {
    assertNothingIsLeftOf50(() -> with(failingToEnter()));
  }

  @Test
  void failingEnterUseLeavesNothing() throws Exception {
    assertNothingIsLeftOf50(() -> use(failingToEnter()));
    assertThat(threads).isEmpty();
  }

  @Test
  void failingEnterOpenAwaitLeavesNothing() throws Exception {
    assertNothingIsLeftOf50(AnySync.coroutine(() -> awaitWith(failingToEnter()))::run);
  }

  @Test
  void failingEnterOpenAwaitWhileALoopRunsLeavesNothing() throws Exception {
    assertNothingIsLeftOf50(() -> Unsync.async(() -> awaitWith(failingToEnter())).result());
  }

  @Test
  void failingEnterUseAwaitWhileALoopRunsLeavesNothing() throws Exception {
    assertNothingIsLeftOf50(
        () -> Unsync.<@Nullable Integer>async(() -> awaitUse(failingToEnter())).result());
  }

  @Test
  void failingEnterSubclassOpenLeavesNothing() throws Exception {
    assertNothingIsLeftOf50(() -> with(failingToEnterBySubclass()));
  }

  @Test
  void failingEnterSubclassUseLeavesNothing() throws Exception {
    assertNothingIsLeftOf50(() -> use(failingToEnterBySubclass()));
  }

  @Test
  void enterThatIsCancelledLeavesNothing() throws Exception {
    Map<Long, String> before = Threads.ours();
    for (int i = 0; i < 50; i++) {
      var endless = new Endless();
      AnySyncContextManager<String> cm =
          AnySync.contextManager(out -> out.yield(endless.body.call()));
      AnySync<String> caller =
          AnySync.coroutine(
              () -> {
                try (var opened = cm.open()) {
                  return opened.value();
                }
              });
      Unfuture<String> started = caller.start();
      endless.started.await();
      started.cancel(true);
      endless.assertStopped();
      started.stopped().result();
    }
    Threads.awaitNoneBut(before);
  }

  // Limitation: context variables set inside are lost outside

  private static final ThreadLocal<Integer> VAR = ThreadLocal.withInitial(() -> 0);
  private static final ScopedValue<String> SCOPED = ScopedValue.newInstance();

  private static AnySync<Integer> addToVar(int n) {
    return AnySync.coroutine(
        () -> {
          VAR.set(VAR.get() + n);
          return VAR.get();
        });
  }

  @Test
  void threadLocalSetInsideIsThereOutsideRun() {
    VAR.set(1);
    assertThat(addToVar(41).run()).isEqualTo(42);
    assertThat(VAR.get()).isEqualTo(42);
  }

  @Test
  void threadLocalSetInsideIsThereOutsideAwait() {
    VAR.set(1);
    int outside =
        AnySync.coroutine(
                () -> {
                  await(addToVar(41));
                  return VAR.get();
                })
            .run();
    assertThat(outside).isEqualTo(42);
    assertThat(VAR.get()).isEqualTo(42);
  }

  @Test
  void threadLocalSetInsideIsThereOutsideAwaitWhileALoopRuns() {
    int outside =
        Unsync.async(
                () -> {
                  VAR.set(1);
                  await(addToVar(40));
                  addToVar(1).run();
                  return VAR.get();
                })
            .result();
    assertThat(outside).isEqualTo(42);
  }

  @Test
  void threadLocalSetInsideIsThereOutsideUse() {
    VAR.set(0);
    var cm =
        AnySync.<Integer>contextManager(
            out -> {
              VAR.set(42);
              out.yield(1);
            });
    assertThat(cm.<Integer>use(x -> VAR.get())).isEqualTo(42);
    assertThat(VAR.get()).isEqualTo(42);
  }

  @Test
  void threadLocalTravelsInAndBackWhenRunHops() throws Exception {
    Threads.sharing(
        Lanes.builder().carry(ContextCarrier.of(VAR)).build(),
        () -> {
          VAR.set(1);
          var inside = new AtomicReference<Thread>();
          int got =
              AnySync.coroutine(
                      () -> {
                        inside.set(Thread.currentThread());
                        return await(addToVar(41));
                      })
                  .run(LATE);
          assertThat(inside.get()).isNotSameAs(Thread.currentThread());
          assertThat(got).isEqualTo(42);
          assertThat(VAR.get()).isEqualTo(42);
        });
  }

  @Test
  void threadLocalTravelsInWhenStarted() throws Exception {
    Threads.sharing(
        Lanes.builder().carry(ContextCarrier.of(VAR)).build(),
        () -> {
          VAR.set(1);
          assertThat(addToVar(41).start().result()).isEqualTo(42);
          assertThat(addToVar(41).start(Unsync.lanes().loop()).result()).isEqualTo(42);
          assertThat(VAR.get()).isEqualTo(1);
        });
  }

  private static <T> T bound(Callable<T> call) throws Exception {
    return ScopedValue.where(SCOPED, "bound").call(call::call);
  }

  @Test
  void scopedValueIsThereInRun() throws Exception {
    AnySync<String> read = AnySync.coroutine(SCOPED::get);
    String run = bound(read::run);
    assertThat(run).isEqualTo("bound");
    String awaited = bound(AnySync.coroutine(() -> await(read))::run);
    assertThat(awaited).isEqualTo("bound");
  }

  @Test
  void scopedValueTravelsInWhenStarted() throws Exception {
    Threads.sharing(
        Lanes.builder().carry(SCOPED).build(),
        () -> {
          AnySync<String> read = AnySync.coroutine(SCOPED::get);
          String started = bound(() -> read.start().result());
          assertThat(started).isEqualTo("bound");
          String hopped = bound(() -> read.run(LATE));
          assertThat(hopped).isEqualTo("bound");
        });
  }

  // The other things its page says

  @Test
  void callerOfTheBlockingFormNeedNotKnowWhetherALoopRuns() {
    AnySync<String> request = AnySync.coroutine(() -> "hello");
    Callable<String> work = () -> request.run().toUpperCase(Locale.ROOT);
    assertThat(AnySync.coroutine(work).run()).isEqualTo("HELLO");
    assertThat(Unsync.async(work).result()).isEqualTo("HELLO");
  }

  @Test
  void streamOfAnIteratorIsAnOrdinaryStream() {
    assertThat(gen().stream().map(x -> x * 2).collect(Collectors.toList()))
        .containsExactly(2, 4, 6);
  }
}
