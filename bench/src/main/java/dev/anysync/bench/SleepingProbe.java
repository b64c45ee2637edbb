package dev.anysync.bench;

import dev.anysync.AnySync;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.bench.Goal.Figure;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A million of things that sleep for an hour: the time to start one, and the heap it takes. */
final class SleepingProbe {
  private static final int MANY = 1_000_000;
  private static final Duration HOUR = Duration.ofHours(1);

  private static final List<Object> KEPT = new ArrayList<>();

  private SleepingProbe() {}

  /** Starts sleepers, and returns them when all of them sleep. */
  private interface Sleepers {
    Object start(int count) throws InterruptedException;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    Map<String, Sleepers> all = new LinkedHashMap<>();
    all.put("futures", count -> futures(count, Unfuture::new));
    all.put("completableFutures", count -> futures(count, CompletableFuture::new));
    all.put("scheduledExecutor", SleepingProbe::scheduled);
    all.put("kotlin", KotlinPeers::sleepers);
    all.put("bodies", SleepingProbe::bodies);
    all.put("virtualThreads", SleepingProbe::virtualThreads);

    String name = args[0];
    Sleepers one = all.get(name);
    if (one != null) {
      measure(name, one);
      System.exit(0); // whatever sleeps
    }
    int rounds = Probe.times(args, 1, 3);
    Map<String, List<Figure>> figures = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (String each : all.keySet()) { // in a JVM of its own, as it would take long to end them
        figures
            .computeIfAbsent(each, _ -> new ArrayList<>())
            .addAll(Probe.run("SleepingProbe", each).values());
      }
    }
    figures.forEach(
        (each, measured) ->
            Probe.print(
                each,
                Probe.median(measured.stream().map(Figure::nanos).toList()),
                Probe.median(measured.stream().map(Figure::bytes).toList())));
  }

  private static void measure(String name, Sleepers sleepers) throws InterruptedException {
    KEPT.add(sleepers.start(20_000)); // so that it is compiled
    long before = usedHeap();
    long start = System.nanoTime();
    KEPT.add(sleepers.start(MANY));
    double time = System.nanoTime() - start;
    double heap = usedHeap() - before;
    Probe.print(name, time / MANY, heap / MANY);
  }

  private static long usedHeap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static Object futures(int count, Supplier<CompletableFuture<Integer>> future) {
    for (int i = 0; i < count; i++) {
      var _ = future.get().completeOnTimeout(1, 1, TimeUnit.HOURS);
    }
    return List.of(); // the timer has them
  }

  private static Object scheduled(int count) {
    ScheduledExecutorService executor = Executors.newScheduledThreadPool(1);
    for (int i = 0; i < count; i++) {
      var _ = executor.schedule(() -> 1, 1, TimeUnit.HOURS);
    }
    return executor;
  }

  private static Object bodies(int count) throws InterruptedException {
    EventLoop loop = EventLoop.create("sleepers");
    CountDownLatch begun = new CountDownLatch(count);
    AnySync<?> sleeper =
        AnySync.coroutine(
            () -> {
              begun.countDown();
              AnySync.sleep(HOUR);
            });
    for (int i = 0; i < count; i++) {
      var _ = sleeper.start(loop);
    }
    begun.await();
    return loop;
  }

  private static Object virtualThreads(int count) throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(count);
    Runnable sleeper =
        () -> {
          begun.countDown();
          try {
            Thread.sleep(HOUR);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    for (int i = 0; i < count; i++) {
      var _ = Thread.startVirtualThread(sleeper);
    }
    begun.await();
    return List.of(); // the timer has them
  }
}
