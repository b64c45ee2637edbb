package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Everything at the same time, for long, with random cancellations: after each of ten stretches no
 * thread, no entry of a registry and no heap is left behind. Six seconds; {@code -Dstress=100}
 * makes it ten minutes. Prints what was done and what was left, stretch by stretch.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class SoakTest {
  private static final int STRESS = Integer.getInteger("stress", 1);
  private static final int STRETCHES = 10;
  private static final Duration STRETCH = Duration.ofMillis(600L * STRESS);
  private static final int WORKERS = 6;
  private static final Duration SOON = Duration.ofMillis(1);

  /** What a worker does at random. */
  private enum Kind {
    RUN,
    AWAIT,
    CALL,
    CPU,
    LOOP,
    OWN_LOOP,
    THEN,
    ALL,
    RACE,
    TIMEOUT,
    CANCEL,
    INTERRUPT,
    FOR_EACH,
    PULL,
    CLOSE_HALF_WAY,
    DROP_HALF_WAY,
    GENERATOR,
    CONTEXT,
    OPENED,
    PUBLISHER,
    DEADLOCK,
    FAILURE,
    DUMP;

    private static final List<Kind> ALL_KINDS = List.of(values());

    static Kind random(Random random) {
      return ALL_KINDS.get(random.nextInt(ALL_KINDS.size()));
    }
  }

  private final EventLoop loop = EventLoop.create("soak");
  private final Lanes lanes = Lanes.builder().loop(loop).build();
  private final Map<Kind, LongAdder> done = new EnumMap<>(Kind.class);
  private final AtomicInteger open = new AtomicInteger(); // bodies whose finally has not run

  private AnySync<Integer> body(Random random) {
    int steps = random.nextInt(4);
    long nanos = random.nextInt(200_000);
    return coroutine(
        () -> {
          open.incrementAndGet();
          try {
            for (int i = 0; i < steps; i++) {
              switch (i) {
                case 0 -> AnySync.sleep(Duration.ofNanos(nanos));
                case 1 -> await(lanes.call(() -> 1));
                default -> await(coroutine(() -> await(Unfuture.of(1))));
              }
            }
            return steps;
          } finally {
            open.decrementAndGet();
          }
        });
  }

  private AnySyncIterator<Integer> elements(Random random) {
    long nanos = random.nextInt(20_000);
    return AnySync.iterator(
        out -> {
          open.incrementAndGet();
          try {
            for (int i = 0; i < 100; i++) {
              if (i % 30 == 29) {
                AnySync.sleep(Duration.ofNanos(nanos));
              }
              out.yield(i);
            }
          } finally {
            open.decrementAndGet();
          }
        });
  }

  private void act(Kind kind, Random random) throws Exception {
    switch (kind) {
      case RUN -> assertThat(body(random).run()).isBetween(0, 3);
      case AWAIT -> {
        AnySync<Integer> inner = body(random);
        assertThat(coroutine(() -> await(inner)).run()).isBetween(0, 3);
      }
      case CALL -> assertThat(lanes.call(() -> lanes.call(() -> 1).result()).result()).isOne();
      case CPU ->
          assertThat(lanes.cpuBound(() -> lanes.cpuBound(() -> 1).result()).result()).isOne();
      case LOOP -> assertThat(body(random).start(loop).join()).isBetween(0, 3);
      case OWN_LOOP -> {
        try (EventLoop own = EventLoop.create("own")) {
          assertThat(own.run(body(random))).isBetween(0, 3);
        }
      }
      case THEN ->
          assertThat(
                  body(random)
                      .start()
                      .then(Unfuture::join)
                      .thenAsync(x -> lanes.call(x::join))
                      .thenCompose(x -> lanes.call(() -> x))
                      .join())
              .isBetween(0, 3);
      case ALL ->
          assertThat(AnySync.all(List.of(body(random), body(random), body(random))).run())
              .hasSize(3);
      case RACE -> assertThat(AnySync.race(List.of(body(random), body(random))).run()).isNotNull();
      case TIMEOUT -> {
        int before = body(random).run(SOON);
        assertThat(body(random).start(loop).result(SOON)).isBetween(0, before + 3);
      }
      case CANCEL -> {
        Unfuture<Integer> started =
            random.nextBoolean() ? body(random).start() : body(random).start(loop);
        spin(random);
        started.cancel(true);
        started.stopped().join();
      }
      case INTERRUPT -> {
        Thread waiting = Thread.currentThread();
        int nanos = random.nextInt(300_000);
        var sent = new CountDownLatch(1);
        Thread.ofVirtual()
            .start(
                () -> {
                  LockSupport.parkNanos(nanos);
                  waiting.interrupt();
                  sent.countDown();
                });
        try {
          assertThat(body(random).run()).isBetween(0, 3);
        } finally {
          if (!Thread.interrupted()) { // it is still to come
            Throwable _ = catchThrowable(sent::await);
            boolean _ = Thread.interrupted();
          }
        }
      }
      case FOR_EACH -> {
        var sum = new AtomicInteger();
        elements(random).forEach(sum::addAndGet);
        assertThat(sum).hasValue(4_950);
      }
      case PULL -> assertThat(elements(random).stream().mapToInt(x -> x).sum()).isEqualTo(4_950);
      case CLOSE_HALF_WAY -> {
        try (AnySyncIterator<Integer> half = elements(random)) {
          assertThat(half.next()).isZero();
          spin(random);
        }
      }
      case DROP_HALF_WAY -> assertThat(elements(random).prefetch(0).next()).isZero();
      case GENERATOR -> {
        try (AnySyncGenerator<Integer, Integer> echo =
            AnySync.generator(
                out -> {
                  Integer got = 0;
                  while (true) {
                    got = out.yield(got == null ? 0 : got);
                  }
                })) {
          assertThat(echo.next()).isZero();
          assertThat(echo.send(5)).isEqualTo(5);
          assertThat(loop.run(coroutine(() -> await(echo.sendAsync(6))))).isEqualTo(6);
        }
      }
      case CONTEXT -> assertThat(context().<Integer>use(x -> x + 1)).isEqualTo(2);
      case OPENED -> {
        try (AnySyncContextManager.Opened<Integer> opened = context().open()) {
          assertThat(opened.value()).isOne();
        }
      }
      case PUBLISHER -> {
        try (AnySyncIterator<Integer> taken = AnySyncIterator.from(elements(random).publisher())) {
          assertThat(taken.next()).isZero();
          assertThat(taken.next()).isOne();
        }
      }
      case DEADLOCK -> {
        var self = new CompletableFuture<Unfuture<Object>>();
        Unfuture<Object> selfish = coroutine(() -> await(await(self))).start();
        self.complete(selfish);
        Object _ = selfish.result();
      }
      case FAILURE ->
          lanes
              .call(
                  () -> {
                    throw new IllegalArgumentException("on purpose");
                  })
              .result();
      case DUMP -> assertThat(AnySync.dump().toString()).contains("in flight");
    }
  }

  private static AnySyncContextManager<Integer> context() {
    return AnySync.contextManager(out -> out.yield(1));
  }

  private static void spin(Random random) {
    for (int i = random.nextInt(2_000); i > 0; i--) {
      Thread.onSpinWait();
    }
  }

  private void work(Random random, long deadline) throws Exception {
    while (System.nanoTime() < deadline) {
      Kind kind = kind(random);
      try {
        act(kind, random);
      } catch (CancellationException
          | CompletionException
          | ExecutionException
          | TimeoutException
          | DeadlockException
          | IllegalArgumentException e) {
        assertThat(kind)
            .as("%s", e)
            .isIn(Kind.TIMEOUT, Kind.INTERRUPT, Kind.DEADLOCK, Kind.FAILURE);
      }
      Objects.requireNonNull(done.get(kind)).increment();
    }
  }

  private static Kind kind(Random random) {
    Kind kind = Kind.random(random);
    // A dump reads the stacks of all that is in flight, a dropped iterator waits for the collector.
    boolean rare = kind == Kind.DUMP || kind == Kind.DROP_HALF_WAY;
    return rare && random.nextInt(20) > 0 ? Kind.RUN : kind;
  }

  @Test
  void nothingIsLeftBehind() throws Exception {
    for (Kind kind : Kind.values()) {
      done.put(kind, new LongAdder());
    }
    Lanes before = Unsync.share(lanes); // what other tests left there is not ours
    long[] heap = new long[STRETCHES];
    long total = 0;
    for (int stretch = 0; stretch < STRETCHES; stretch++) {
      long start = System.nanoTime();
      long deadline = start + STRETCH.toNanos();
      var workers = new ArrayList<Threads.Running<Boolean>>();
      var ready = new CountDownLatch(WORKERS);
      for (int i = 0; i < WORKERS; i++) {
        var random = new Random(stretch * WORKERS + i);
        Thread.Builder builder = i % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
        workers.add(
            Threads.start(
                builder.name("soak-" + i),
                () -> {
                  ready.countDown();
                  ready.await();
                  work(random, deadline);
                  return true;
                }));
      }
      for (Threads.Running<Boolean> worker : workers) {
        assertThat(worker.join()).isTrue();
      }
      long nanos = System.nanoTime() - start;
      Awaitility.await()
          .atMost(Duration.ofSeconds(50))
          .untilAsserted(
              () -> {
                System.gc(); // for those that were dropped
                assertThat(open).hasValue(0);
                assertThat(lanes.tasks.tasks()).isEmpty();
                assertThat(loop.tasks.tasks()).isEmpty();
                assertThat(Wait.OUTSIDE).isEmpty();
              });
      heap[stretch] = usedHeap();
      long sum = done.values().stream().mapToLong(LongAdder::sum).sum();
      print(
          "stretch %2d: %,7d operations, %,7d per s; heap %,6d KiB, threads %3d"
              .formatted(
                  stretch,
                  sum - total,
                  (sum - total) * 1_000_000_000L / nanos,
                  heap[stretch] >> 10,
                  Threads.ours().size()));
      total = sum;
    }
    print("all: %s".formatted(done));
    Unsync.share(before);
    loop.close();
    lanes.close();
    assertThat(done.values()).allSatisfy(count -> assertThat(count.sum()).isPositive());
    long[] sorted = Arrays.copyOfRange(heap, STRETCHES / 2, STRETCHES);
    Arrays.sort(sorted);
    // The JIT and class loading have settled by the second half; what leaks would not.
    assertThat(sorted[0] - heap[1]).as("growth of %s", Arrays.toString(heap)).isLessThan(8L << 20);
  }

  /** Bytes in use, when several collections have found no more to free. */
  private static long usedHeap() {
    Runtime runtime = Runtime.getRuntime();
    long used = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      used = Math.min(used, runtime.totalMemory() - runtime.freeMemory());
    }
    return used;
  }

  @SuppressWarnings("SystemOut")
  private static void print(String line) {
    System.out.println(line);
  }
}
