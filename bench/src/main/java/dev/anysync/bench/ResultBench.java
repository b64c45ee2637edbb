package dev.anysync.bench;

import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import kotlinx.coroutines.Deferred;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Work that is started, and its result waited for at once, or when it already runs elsewhere. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ResultBench {
  static final int BATCH = 10_000; // on a virtual thread, which has to be started
  private static final long MICROSECOND = 350; // in the tokens of consumeCPU, more or less

  private int value = 42;
  private final Callable<Integer> body = () -> value;
  private final ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor();
  private final ExecutorService two =
      Executors.newFixedThreadPool(2, Thread.ofPlatform().daemon().factory());
  private final Lanes onTwo = Lanes.builder().thread(two).build();

  private volatile boolean started;
  private final Callable<Integer> signalling =
      () -> {
        started = true;
        Blackhole.consumeCPU(MICROSECOND);
        return value;
      };

  @TearDown
  public void close() {
    onTwo.close();
    virtual.shutdown();
    two.shutdown();
  }

  private void awaitStart() {
    while (!started) {
      Thread.onSpinWait();
    }
    started = false;
  }

  @SuppressWarnings("ThreadPriorityCheck") // a virtual thread gives up its carrier
  private void yieldUntilStarted() {
    while (!started) {
      Thread.yield();
    }
    started = false;
  }

  // Not started yet: whoever waits may run it.

  @Benchmark
  public Integer call() {
    return Unsync.call(body).result();
  }

  @Benchmark
  public Integer cpuBound() {
    return Unsync.cpuBound(body).result();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int callOnVirtual() {
    return Callers.onVirtual(
        () -> {
          int sum = 0;
          for (int i = 0; i < BATCH; i++) {
            sum += Unsync.call(body).result();
          }
          return sum;
        });
  }

  @Benchmark
  public Integer supplyAsync() {
    return CompletableFuture.supplyAsync(() -> value).join();
  }

  @Benchmark
  public @Nullable Integer reactorParallel() {
    return Mono.fromCallable(body).subscribeOn(Schedulers.parallel()).block();
  }

  @Benchmark
  public Integer kotlinWithContext() {
    return KotlinPeers.switchToDefault(body);
  }

  @Benchmark
  public Integer virtualExecutor() throws ExecutionException, InterruptedException {
    return virtual.submit(body).get();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int virtualExecutorOnVirtual() {
    return Callers.onVirtual(
        () -> {
          int sum = 0;
          for (int i = 0; i < BATCH; i++) {
            sum += virtual.submit(body).get();
          }
          return sum;
        });
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int supplyAsyncOnVirtual() {
    return Callers.onVirtual(
        () -> {
          int sum = 0;
          for (int i = 0; i < BATCH; i++) {
            sum += CompletableFuture.supplyAsync(() -> value).join();
          }
          return sum;
        });
  }

  // Already running elsewhere, for another microsecond, when it is waited for.

  @Benchmark
  public Integer runningCall() {
    Unfuture<Integer> future = Unsync.call(signalling);
    awaitStart();
    return future.result();
  }

  @Benchmark
  public Integer runningOnExecutor() {
    Unfuture<Integer> future = onTwo.call(signalling);
    awaitStart();
    return future.result();
  }

  @Benchmark
  public Integer runningSubmit() throws ExecutionException, InterruptedException {
    var future = two.submit(signalling);
    awaitStart();
    return future.get();
  }

  @Benchmark
  public Integer runningSupplyAsync() {
    CompletableFuture<Integer> future = CompletableFuture.supplyAsync(this::signal);
    awaitStart();
    return future.join();
  }

  @Benchmark
  public Integer runningVirtual() throws ExecutionException, InterruptedException {
    var future = virtual.submit(signalling);
    awaitStart();
    return future.get();
  }

  @Benchmark
  public Integer runningReactor() throws ExecutionException, InterruptedException {
    var future = Mono.fromCallable(signalling).subscribeOn(Schedulers.parallel()).toFuture();
    awaitStart();
    return future.get();
  }

  @Benchmark
  public Integer runningKotlin() {
    Deferred<Integer> deferred = KotlinPeers.startElsewhere(signalling);
    awaitStart();
    return KotlinPeers.join(deferred);
  }

  private Integer signal() {
    try {
      return signalling.call();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  // Not to be claimed, waited for at once.

  @Benchmark
  public Integer hopOnExecutor() {
    return onTwo.call(body).result();
  }

  @Benchmark
  public Integer hopSupplyAsync() {
    return CompletableFuture.supplyAsync(() -> value, two).join();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int runningOnVirtual() {
    return Callers.onVirtual(
        () -> {
          int sum = 0;
          for (int i = 0; i < BATCH; i++) {
            Unfuture<Integer> future = Unsync.call(signalling);
            yieldUntilStarted();
            sum += future.result();
          }
          return sum;
        });
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int runningVirtualOnVirtual() {
    return Callers.onVirtual(
        () -> {
          int sum = 0;
          for (int i = 0; i < BATCH; i++) {
            var future = virtual.submit(signalling);
            yieldUntilStarted();
            sum += future.get();
          }
          return sum;
        });
  }
}
