package dev.anysync.bench;

import static dev.anysync.AnySync.await;

import dev.anysync.AnySync;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What a coroutine does on a serial event loop. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(LoopBench.BATCH)
public class LoopBench {
  static final int BATCH = 10_000;

  private final EventLoop loop = EventLoop.create("bench");
  private final AnySync<Integer> nothing = AnySync.coroutine(() -> 1);

  @TearDown
  public void close() {
    loop.close();
  }

  private int awaits() {
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      Unfuture<Integer> result = new Unfuture<>();
      loop.execute(() -> result.complete(1));
      sum += await(result);
    }
    return sum;
  }

  private static int yields(int times) {
    for (int i = 0; i < times; i++) {
      AnySync.sleep(Duration.ZERO);
    }
    return times;
  }

  /** Each completion of a future has been queued on the loop when it is awaited. */
  @Benchmark
  public int awaitQueued() {
    return loop.run(AnySync.coroutine(this::awaits));
  }

  /** A coroutine lets others go on, of which there are none. */
  @Benchmark
  public int yieldAlone() {
    return loop.run(AnySync.coroutine(() -> yields(BATCH)));
  }

  /** Two coroutines let each other go on. */
  @Benchmark
  public int yieldToOther() {
    AnySync<Integer> half = AnySync.coroutine(() -> yields(BATCH / 2));
    return loop.run(
        AnySync.coroutine(
            () -> {
              Unfuture<Integer> other = half.start(loop);
              return await(half) + await(other);
            }));
  }

  /** Coroutines that do nothing are started from outside the loop, and all of them waited for. */
  @Benchmark
  public int start() {
    return Unfuture.all(started()).result().size();
  }

  /** The same by a coroutine of the loop. */
  @Benchmark
  public int startInLoop() {
    return loop.run(AnySync.coroutine(() -> await(Unfuture.all(started())).size()));
  }

  /** The same, if it awaits one after the other. */
  @Benchmark
  public int startInLoopAwaitEach() {
    return loop.run(
        AnySync.coroutine(
            () -> {
              int sum = 0;
              for (Unfuture<Integer> future : started()) {
                sum += await(future);
              }
              return sum;
            }));
  }

  private List<Unfuture<Integer>> started() {
    List<Unfuture<Integer>> futures = new ArrayList<>(BATCH);
    for (int i = 0; i < BATCH; i++) {
      futures.add(nothing.start(loop));
    }
    return futures;
  }

  @Benchmark
  public int kotlinAwaitQueued() {
    return KotlinPeers.awaitQueued(BATCH);
  }

  @Benchmark
  public int kotlinSingleAwaitQueued() {
    return KotlinPeers.awaitQueuedSingle(BATCH);
  }

  @Benchmark
  public int kotlinYieldAlone() {
    return KotlinPeers.yields(BATCH);
  }

  @Benchmark
  public int kotlinYieldToOther() {
    return KotlinPeers.switches(BATCH);
  }

  @Benchmark
  public int kotlinStart() {
    return KotlinPeers.spawnSingle(BATCH);
  }

  @Benchmark
  public int kotlinStartInLoop() {
    return KotlinPeers.spawnInSingle(BATCH);
  }
}
