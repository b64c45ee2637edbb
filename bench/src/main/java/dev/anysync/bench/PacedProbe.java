package dev.anysync.bench;

import dev.anysync.AnySync;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.bench.Probe.Timed;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Calls of a platform thread that come one in a while, when caches and cores are cold. */
final class PacedProbe {
  private static final int WARM_UP = 20_000;
  private static final int SHORT = 1_000;
  private static final int LONG = 50_000;

  private static volatile boolean started;

  private PacedProbe() {}

  public static void main(String[] args) throws Exception {
    Callable<Integer> body = () -> 42;
    AnySync<Integer> coroutine = AnySync.coroutine(body);
    try (ExecutorService two = Executors.newFixedThreadPool(2);
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor();
        Lanes onTwo = Lanes.builder().thread(two).build()) {
      Map<String, Timed> all = new LinkedHashMap<>();
      all.put("direct", () -> time(body));
      all.put("run", () -> time(coroutine::run));
      all.put("runBlocking", () -> time(() -> KotlinPeers.run(body)));

      all.put("call", () -> time(() -> Unsync.call(body).result()));
      all.put("cpuBound", () -> time(() -> Unsync.cpuBound(body).result()));
      all.put("supplyAsync", () -> time(() -> CompletableFuture.supplyAsync(() -> 42).join()));
      all.put("virtual", () -> time(() -> virtual.submit(body).get()));
      all.put("kotlin", () -> time(() -> KotlinPeers.switchToDefault(body)));
      all.put(
          "reactor",
          () -> time(() -> Mono.fromCallable(body).subscribeOn(Schedulers.parallel()).block()));

      all.put("hop", () -> time(() -> onTwo.call(body).result()));
      all.put(
          "hopSupplyAsync", () -> time(() -> CompletableFuture.supplyAsync(() -> 42, two).join()));
      all.put("hopSubmit", () -> time(() -> two.submit(body).get()));

      for (int nanos : new int[] {SHORT, LONG}) {
        String suffix = nanos == SHORT ? "Short" : "Long";
        all.put("call" + suffix, () -> running(Unsync.call(() -> spin(nanos))));
        all.put("cpuBound" + suffix, () -> running(Unsync.cpuBound(() -> spin(nanos))));
        all.put(
            "supplyAsync" + suffix,
            () -> running(CompletableFuture.supplyAsync(() -> spin(nanos))));
        all.put("virtual" + suffix, () -> running(virtual.submit(() -> spin(nanos))));
      }
      for (int i = 0; i < WARM_UP; i++) {
        await(Unsync.call(body));
        await(Unsync.cpuBound(body));
      }
      Probe.paced(all, WARM_UP, Probe.times(args, 400, 3_000));
    }
  }

  /**
   * Lets the lane's thread run the body: who waits for it without a pause always runs it himself,
   * and the other way would not be compiled, as it is where calls overlap.
   */
  private static void await(Unfuture<?> future) {
    while (!future.isDone()) {
      Thread.onSpinWait();
    }
  }

  private static long time(Callable<?> call) throws Exception {
    long start = System.nanoTime();
    Object _ = call.call();
    return System.nanoTime() - start;
  }

  /** Tells that it has started, goes on for a while, and returns when it ended. */
  private static long spin(int nanos) {
    started = true;
    long end = System.nanoTime() + nanos;
    long now = System.nanoTime();
    while (now < end) {
      now = System.nanoTime();
    }
    return now;
  }

  /** Waits for what has started already; returns how much later than its end that returns. */
  private static long running(Future<Long> future) throws Exception {
    while (!started) {
      Thread.onSpinWait();
    }
    started = false;
    long end =
        switch (future) {
          case Unfuture<Long> unfuture -> unfuture.result();
          case CompletableFuture<Long> completable -> completable.join();
          default -> future.get();
        };
    return System.nanoTime() - end;
  }
}
