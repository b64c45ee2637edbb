package dev.anysync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.anysync.spi.ContextCarrier;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is dropped, given up or timed out leaves nothing behind: no thread, no heap. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LeakTest {
  private static final int STRESS = Integer.getInteger("stress", 1);
  private static final int DROPPED = 2_000;
  private static final ThreadLocal<@Nullable Object> CARRIED = new ThreadLocal<>();

  // Dropped half-way

  private final AtomicInteger ended = new AtomicInteger();

  private static AnySyncIterator<Integer> endless(AtomicInteger ended) {
    return AnySync.iterator(
        out -> {
          try {
            for (int i = 0; ; i++) {
              out.yield(i);
            }
          } finally {
            ended.incrementAndGet();
          }
        });
  }

  private static AnySyncIterator<Integer> stuckAfterOne(AtomicInteger ended) {
    return AnySync.iterator(
        out -> {
          try {
            out.yield(0);
            AnySync.await(new CompletableFuture<String>());
          } finally {
            ended.incrementAndGet();
          }
        });
  }

  private static AnySyncGenerator<Integer, Integer> generator(AtomicInteger ended) {
    return AnySync.generator(
        out -> {
          try {
            for (int i = 0; ; i++) {
              var _ = out.yield(i);
            }
          } finally {
            ended.incrementAndGet();
          }
        });
  }

  /** Drops what {@code use} uses, many times over, and waits until all of it has ended. */
  private void assertAllEnd(VoidBody use) throws Exception {
    Map<Long, String> before = Threads.ours();
    for (int i = 0; i < DROPPED * STRESS; i++) {
      use.run();
    }
    await()
        .atMost(Duration.ofSeconds(50))
        .untilAsserted(
            () -> {
              System.gc();
              assertThat(ended).hasValue(DROPPED * STRESS);
            });
    before.putAll(cleaner());
    Threads.awaitNoneBut(before);
  }

  /** The thread that cleans up stays, for the next time. */
  private static Map<Long, String> cleaner() throws Exception {
    Map<Long, String> threads = Threads.ours();
    threads.values().removeIf(name -> !name.equals("anysync-cleaner"));
    assertThat(threads).hasSize(1);
    return threads;
  }

  @Test
  void droppedIteratorsEndAfterNext() throws Exception {
    assertAllEnd(
        () -> {
          AnySyncIterator<Integer> elements = endless(ended);
          assertThat(elements.next()).isEqualTo(0);
          assertThat(elements.next()).isEqualTo(1);
        });
  }

  @Test
  void droppedIteratorsEndAfterABreak() throws Exception {
    assertAllEnd(
        () -> {
          for (int element : endless(ended)) {
            if (element == 3) {
              break;
            }
          }
        });
  }

  @Test
  void droppedIteratorsInLockStepEnd() throws Exception {
    assertAllEnd(() -> assertThat(endless(ended).prefetch(0).next()).isEqualTo(0));
  }

  @Test
  void droppedIteratorsEndWhoseBodyAwaits() throws Exception {
    assertAllEnd(() -> assertThat(stuckAfterOne(ended).next()).isEqualTo(0));
  }

  @Test
  void droppedIteratorsEndAfterNextAsync() throws Exception {
    assertAllEnd(() -> assertThat(endless(ended).nextAsync().run()).hasValue(0));
  }

  @Test
  void droppedIteratorsOfALoopEnd() throws Exception {
    assertAllEnd(
        () ->
            assertThat(Unsync.async(() -> AnySync.await(endless(ended).nextAsync())).result())
                .hasValue(0));
  }

  @Test
  void droppedStreamsEnd() throws Exception {
    assertAllEnd(() -> assertThat(endless(ended).stream().iterator().next()).isEqualTo(0));
  }

  @Test
  void droppedGeneratorsEnd() throws Exception {
    assertAllEnd(
        () -> {
          AnySyncGenerator<Integer, Integer> g = generator(ended);
          assertThat(g.next()).isEqualTo(0);
          assertThat(g.send(1)).isEqualTo(1);
        });
  }

  @Test
  void closedIteratorsEndAtOnce() throws Exception {
    Map<Long, String> before = Threads.ours();
    for (int i = 1; i <= DROPPED; i++) {
      try (AnySyncIterator<Integer> elements = endless(ended)) {
        assertThat(elements.next()).isEqualTo(0);
      }
      assertThat(ended).hasValue(i);
    }
    before.putAll(cleaner());
    Threads.awaitNoneBut(before);
  }

  // Timed out

  private static long usedHeap() throws InterruptedException {
    Runtime runtime = Runtime.getRuntime();
    long used = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      used = Math.min(used, runtime.totalMemory() - runtime.freeMemory());
    }
    return used;
  }

  /** Does {@code step} many times, and sees that neither heap nor threads grow with it. */
  private static void assertFlat(VoidBody step) throws Exception {
    assertFlat(10_000 * STRESS, step);
  }

  private static void assertFlat(int steps, VoidBody step) throws Exception {
    for (int i = 0; i < 1_000; i++) {
      step.run();
    }
    Map<Long, String> threads = Threads.ours();
    long before = usedHeap();
    for (int i = 0; i < steps; i++) {
      step.run();
    }
    Threads.awaitNoneBut(threads);
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThat((usedHeap() - before) / steps)
                    .as("bytes of heap left behind by each")
                    .isLessThan(100));
  }

  private static final Duration AT_ONCE = Duration.ofNanos(1_000);

  @Test
  void aHundredThousandTimeoutsLeaveNothing() throws Exception {
    var stopped = new AtomicInteger();
    AnySync<String> call =
        AnySync.coroutine(
            () -> {
              try {
                return AnySync.await(new CompletableFuture<String>());
              } finally {
                stopped.incrementAndGet();
              }
            });
    var timeouts = new AtomicInteger();
    assertFlat(
        100_000,
        () -> {
          try {
            call.run(AT_ONCE);
          } catch (TimeoutException e) {
            timeouts.incrementAndGet();
          }
        });
    assertThat(timeouts).hasValue(101_000);
    assertThat(stopped).as("those that were started at all").hasPositiveValue();
  }

  @Test
  void timeoutsOfSleepingBodiesLeaveNothing() throws Exception {
    AnySync<String> call =
        AnySync.coroutine(
            () -> {
              AnySync.sleep(Duration.ofHours(1));
              return "never";
            });
    assertFlat(
        () -> assertThatThrownBy(() -> call.run(AT_ONCE)).isInstanceOf(TimeoutException.class));
  }

  @Test
  void timeoutsOfResultOnALoopLeaveNothing() throws Exception {
    assertFlat(
        () ->
            assertThatThrownBy(
                    () ->
                        Unsync.async(() -> AnySync.await(new CompletableFuture<String>()))
                            .result(AT_ONCE))
                .isInstanceOf(TimeoutException.class));
  }

  @Test
  void timeoutsOfNextLeaveNothing() throws Exception {
    assertFlat(
        () -> {
          AnySyncIterator<String> elements =
              AnySync.iterator(out -> out.yield(AnySync.await(new CompletableFuture<String>())));
          assertThatThrownBy(() -> elements.next(AT_ONCE)).isInstanceOf(TimeoutException.class);
        });
  }

  /** A future that lives long must not gather those that once waited for it. */
  @Test
  void timeoutsOfWaitsForOneLastingFutureLeaveNothing() throws Exception {
    var lasting = new CompletableFuture<String>();
    assertFlat(
        () -> {
          Unfuture<String> waiting = AnySync.coroutine(() -> AnySync.shield(lasting)).start();
          assertThatThrownBy(() -> waiting.result(AT_ONCE)).isInstanceOf(TimeoutException.class);
          waiting.stopped().result();
        });
    assertThat(lasting).isNotCompleted();
  }

  @Test
  void timeoutsOfWaitsForOneLastingFutureOnALoopLeaveNothing() throws Exception {
    var lasting = new CompletableFuture<String>();
    assertFlat(
        () -> {
          var waits = new CountDownLatch(1);
          Unfuture<String> waiting =
              Unsync.async(
                  () -> {
                    waits.countDown();
                    return AnySync.shield(lasting);
                  });
          waits.await();
          waiting.cancel(true);
          waiting.stopped().result();
        });
    assertThat(lasting).isNotCompleted();
  }

  @Test
  void timeoutsOfWaitsForOneLastingFutureOnAPoolLeaveNothing() throws Exception {
    var lasting = new Unfuture<String>();
    try (var pool = new ForkJoinPool(1)) {
      assertFlat(
          () -> {
            Throwable timedOut =
                pool.submit(() -> catchThrowable(() -> lasting.get(1, TimeUnit.MICROSECONDS)))
                    .get();
            assertThat(timedOut).isInstanceOf(TimeoutException.class);
          });
    }
    assertThat(lasting).isNotCompleted();
  }

  // Done

  @Test
  void whatHasEndedLeavesNothing() throws Exception {
    assertFlat(
        () -> {
          assertThat(Unsync.call(() -> 1).then(Unfuture::result).result()).isEqualTo(1);
          assertThat(Unsync.async(() -> 2).result()).isEqualTo(2);
          assertThat(AnySync.coroutine(() -> 3).run(Duration.ofSeconds(50))).isEqualTo(3);
          AnySyncIterator<Integer> elements = AnySync.iterator(out -> out.yield(4));
          assertThat(elements.next()).isEqualTo(4);
          assertThat(elements.hasNext()).isFalse();
        });
  }

  @Test
  void whatWasCancelledLeavesNothing() throws Exception {
    assertFlat(
        () -> {
          Unfuture<String> future = AnySync.from(() -> new CompletableFuture<String>()).start();
          Unfuture<String> then = future.then(Unfuture::result);
          future.cancel(true);
          assertThatThrownBy(then::result).isInstanceOf(CancellationException.class);
        });
  }

  /** It leads to what collects it, to tell that of a failure, but not to what that has or had. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void memberOfACollectionDoesNotKeepTheOthers(boolean cancelled) {
    var gate = new CompletableFuture<Object>();
    Unfuture<Object> kept = AnySync.coroutine(() -> AnySync.await(gate.copy())).start();
    var dependents = new ArrayList<CompletableFuture<Object>>(); // they share the kept one's link
    WeakReference<Object> result = collect(kept, gate, cancelled, dependents);
    await()
        .untilAsserted(
            () -> {
              System.gc();
              assertThat(result.get()).isNull();
            });
    assertThat(kept.isDone()).isTrue();
    assertThat(dependents).hasSize(1).allMatch(CompletableFuture::isDone);
  }

  /** Collects {@code kept} and another, and returns the result of the other. */
  private static WeakReference<Object> collect(
      Unfuture<Object> kept,
      CompletableFuture<Object> gate,
      boolean cancelled,
      List<CompletableFuture<Object>> dependents) {
    Object result = new Object();
    Unfuture<Object> other = AnySync.coroutine(() -> result).start();
    Object _ = other.result();
    Unfuture<List<Object>> all = Unfuture.all(List.of(other, kept));
    dependents.add(kept.thenApply(x -> x));
    if (cancelled) {
      all.cancel(true);
      kept.stopped().join();
    } else {
      gate.complete("small");
      assertThat(all.result()).containsExactly(result, "small");
    }
    return new WeakReference<>(result);
  }

  /** Though it knows where they came from, for the sake of deadlocks. */
  @Test
  void whatDependsOnAResultDoesNotKeepIt() {
    var results = new ArrayList<WeakReference<Object>>();
    var kept = new ArrayList<CompletableFuture<Integer>>();
    int kinds = 10;
    for (int i = 0; i < kinds; i++) {
      int kind = i;
      var gate = new CompletableFuture<Object>();
      Unfuture<Object> source =
          kind == 0 ? AnySync.from(() -> gate).start() : Unfuture.from(gate.copy());
      Function<Object, Integer> small = Object::hashCode;
      kept.add(
          switch (kind) {
            case 2 -> source.then(Unfuture::join).thenApply(small);
            case 3 -> source.thenAsync(x -> x.thenApplyAsync(y -> y)).thenApply(small);
            case 4 -> Unfuture.all(List.of(source, Unfuture.of(1))).thenApply(x -> x.size());
            case 5 -> source.thenApply(x -> x).thenApply(x -> x).thenApply(small);
            case 6 -> source.thenCombine(Unfuture.of(1), (x, y) -> y);
            case 7 -> source.thenCompose(_ -> source.thenApplyAsync(x -> x)).thenApply(small);
            case 8 -> source.thenCompose(x -> Unsync.call(() -> x)).thenApply(small);
            case 9 -> source.thenAsync(x -> new DoneOnceAsked(x.join())).thenApply(small);
            default -> source.thenApply(small);
          });
      Object result = new Object();
      results.add(new WeakReference<>(result));
      gate.complete(result);
      kept.getLast().join();
    }
    await()
        .untilAsserted(
            () -> {
              System.gc();
              assertThat(results).allSatisfy(result -> assertThat(result.get()).isNull());
            });
    assertThat(kept).hasSize(kinds).allSatisfy(future -> assertThat(future).isDone());
  }

  /** As one that another thread completes at that very moment. */
  private static final class DoneOnceAsked extends CompletableFuture<Object> {
    private final Object value;

    DoneOnceAsked(Object value) {
      this.value = value;
    }

    @Override
    public boolean isDone() {
      boolean done = super.isDone();
      complete(value);
      return done;
    }
  }

  /** Neither a future that is done nor what was made from it keeps the context or the loop. */
  @Test
  void whatIsDoneDoesNotKeepItsContext() {
    ScopedValue<Object> scoped = ScopedValue.newInstance();
    var values = new ArrayList<WeakReference<Object>>();
    var kept = new ArrayList<CompletableFuture<?>>();
    try (Lanes lanes = Lanes.builder().carry(ContextCarrier.of(CARRIED)).carry(scoped).build()) {
      for (int i = 0; i < 4; i++) {
        Object value = new Object();
        values.add(new WeakReference<>(value));
        CARRIED.set(value);
        int kind = i;
        ScopedValue.where(scoped, value)
            .run(
                () -> {
                  var gate = new CountDownLatch(1);
                  Callable<Integer> body =
                      () -> {
                        gate.await();
                        return 1;
                      };
                  Unfuture<Integer> source = kind == 0 ? lanes.async(body) : lanes.call(body);
                  kept.add(source);
                  kept.add(source.thenApply(x -> x));
                  kept.add(source.stopped());
                  if (kind == 2) {
                    source.cancel(true);
                  }
                  gate.countDown();
                });
        CARRIED.remove();
      }
      await()
          .untilAsserted(
              () -> {
                System.gc();
                assertThat(values).allSatisfy(value -> assertThat(value.get()).isNull());
              });
      assertThat(kept).hasSize(12).allSatisfy(future -> assertThat(future).isDone());
    }
  }

  /** The ring may hold the last few of them, not half of what the body may be ahead. */
  @Test
  void elementsThatWereTakenAreLetGo() {
    AnySyncIterator<Object> iterator =
        AnySync.iterator(
                out -> {
                  while (true) {
                    out.yield(new Object());
                  }
                })
            .prefetch(1_000);
    List<WeakReference<Object>> taken = new ArrayList<>();
    for (int i = 0; i < 10_300; i++) {
      taken.add(new WeakReference<>(iterator.next()));
    }
    await()
        .untilAsserted(
            () -> {
              System.gc();
              assertThat(taken.stream().filter(element -> element.get() != null).count())
                  .isLessThan(40);
            });
    iterator.close();
  }
}
