package dev.anysync.bench;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.ListeningExecutorService;
import com.google.common.util.concurrent.MoreExecutors;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Ten thousand trivial tasks, started one after the other, and all of them waited for. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(SpawnBench.TASKS)
public class SpawnBench {
  static final int TASKS = 10_000;

  private int value = 42;
  private final Callable<Integer> body = () -> value;
  private final ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor();
  private final ListeningExecutorService listening =
      MoreExecutors.listeningDecorator(ForkJoinPool.commonPool());

  @TearDown
  public void close() {
    virtual.shutdown();
  }

  @Benchmark
  public int call() {
    List<Unfuture<Integer>> futures = new ArrayList<>(TASKS);
    for (int i = 0; i < TASKS; i++) {
      futures.add(Unsync.call(body));
    }
    return Unfuture.all(futures).result().size();
  }

  @Benchmark
  public int callEachResult() {
    List<Unfuture<Integer>> futures = new ArrayList<>(TASKS);
    for (int i = 0; i < TASKS; i++) {
      futures.add(Unsync.call(body));
    }
    int sum = 0;
    for (Unfuture<Integer> future : futures) {
      sum += future.result();
    }
    return sum;
  }

  @Benchmark
  public int cpuBound() {
    List<Unfuture<Integer>> futures = new ArrayList<>(TASKS);
    for (int i = 0; i < TASKS; i++) {
      futures.add(Unsync.cpuBound(body));
    }
    return Unfuture.all(futures).result().size();
  }

  @Benchmark
  public Object supplyAsync() {
    CompletableFuture<?>[] futures = new CompletableFuture<?>[TASKS];
    for (int i = 0; i < TASKS; i++) {
      futures[i] = CompletableFuture.supplyAsync(() -> value);
    }
    CompletableFuture.allOf(futures).join();
    return futures;
  }

  @Benchmark
  public int virtualThreads() throws ExecutionException, InterruptedException {
    List<Future<Integer>> futures = new ArrayList<>(TASKS);
    for (int i = 0; i < TASKS; i++) {
      futures.add(virtual.submit(body));
    }
    int sum = 0;
    for (Future<Integer> future : futures) {
      sum += future.get();
    }
    return sum;
  }

  @Benchmark
  public Object guava() throws ExecutionException, InterruptedException {
    List<ListenableFuture<Integer>> futures = new ArrayList<>(TASKS);
    for (int i = 0; i < TASKS; i++) {
      futures.add(listening.submit(body));
    }
    return Futures.allAsList(futures).get();
  }

  @Benchmark
  public int kotlinDefault() {
    return KotlinPeers.spawnDefault(TASKS);
  }

  @Benchmark
  public int kotlinHere() {
    return KotlinPeers.spawnHere(TASKS);
  }
}
