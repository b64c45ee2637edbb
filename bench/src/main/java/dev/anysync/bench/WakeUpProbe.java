package dev.anysync.bench;

import dev.anysync.Unsync;
import dev.anysync.bench.Probe.Timed;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.openjdk.jmh.infra.Blackhole;

/** How soon a blocked platform thread goes on while all cores are busy with other work. */
final class WakeUpProbe {
  private static volatile boolean over;

  private WakeUpProbe() {}

  public static void main(String[] args) throws Exception {
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      Thread.ofPlatform()
          .daemon()
          .start(
              () -> {
                while (!over) {
                  Blackhole.consumeCPU(1_000);
                }
              });
    }
    Map<String, Timed> all = new LinkedHashMap<>();
    all.put(
        "call",
        () -> {
          Blocked blocked = new Blocked();
          return later(blocked, Unsync.call(blocked), future -> future.result());
        });
    all.put(
        "cpuBound",
        () -> {
          Blocked blocked = new Blocked();
          return later(blocked, Unsync.cpuBound(blocked), future -> future.result());
        });
    all.put(
        "supplyAsync",
        () -> {
          Blocked blocked = new Blocked();
          return later(
              blocked, CompletableFuture.supplyAsync(blocked::call), CompletableFuture::join);
        });
    Probe.paced(all, 1_000, Probe.times(args, 1_000, 10_000));
    over = true;
  }

  /** Has started, and returns after a millisecond at what time it did. */
  private static final class Blocked implements Callable<Long> {
    final CountDownLatch started = new CountDownLatch(1);

    @Override
    public Long call() {
      started.countDown();
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return System.nanoTime();
    }
  }

  private interface Wait<F> {
    long result(F future);
  }

  /** Returns how much later than its end the result is there. */
  private static <F extends Future<Long>> long later(Blocked blocked, F future, Wait<F> wait)
      throws InterruptedException {
    blocked.started.await();
    long end = wait.result(future);
    return System.nanoTime() - end;
  }
}
