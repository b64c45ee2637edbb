package dev.anysync.bench;

import static dev.anysync.AnySync.await;

import dev.anysync.AnySync;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What the number of coroutines that are suspended on an event loop does to the cost of one. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(LoopGrowthBench.BATCH)
public class LoopGrowthBench {
  static final int BATCH = 100_000;

  @Param({"10", "1000", "100000"})
  int inFlight;

  private final EventLoop loop = EventLoop.create("bench");
  private final AnySync<Integer> nothing = AnySync.coroutine(() -> 1);
  private Unfuture<Integer> round = new Unfuture<>(); // of the loop
  private int goneOn; // of the loop

  @Setup
  public void suspend() {
    for (int i = 0; i < inFlight; i++) {
      var _ = AnySync.coroutine(this::goOnEachRound).start(loop);
    }
  }

  @TearDown
  public void close() {
    loop.close();
  }

  private void goOnEachRound() {
    while (true) {
      int one = await(round);
      goneOn += one;
    }
  }

  private int rounds() {
    goneOn = 0;
    while (goneOn < BATCH) {
      Unfuture<Integer> before = round;
      round = new Unfuture<>();
      boolean _ = before.complete(1);
      AnySync.sleep(Duration.ZERO); // the others go on
    }
    return goneOn;
  }

  /** All of them go on, one after the other, and await something else. */
  @Benchmark
  public int awaitEach() {
    return loop.run(AnySync.coroutine(this::rounds));
  }

  /** One more is started beside them, does nothing, and is awaited. */
  @Benchmark
  public int startAndAwait() {
    return loop.run(
        AnySync.coroutine(
            () -> {
              int sum = 0;
              for (int i = 0; i < BATCH; i++) {
                sum += await(nothing.start(loop));
              }
              return sum;
            }));
  }
}
