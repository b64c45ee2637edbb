package dev.anysync.bench;

import dev.anysync.AnySync;
import dev.anysync.AnySynced;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.Unsynced;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A call of a generated twin, beside the same call written by hand. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TwinBench {
  @AnySynced
  @Unsynced
  interface Direct {
    Integer add(int summand);
  }

  @AnySynced
  interface Async {
    CompletableFuture<Integer> add(int summand);
  }

  private int value = 42;
  private final CompletableFuture<Integer> done = CompletableFuture.completedFuture(43);

  private final Direct direct = summand -> value + summand;
  private final Async async = summand -> summand == 1 ? done : new CompletableFuture<>();
  private final TwinBenchDirectAnySync directTwin = new TwinBenchDirectAnySync(direct);
  private final TwinBenchAsyncSync asyncTwin = new TwinBenchAsyncSync(async);
  private final TwinBenchDirectUnsync unsyncTwin = new TwinBenchDirectUnsync(direct);

  @Benchmark
  public Integer coroutine() {
    return directTwin.add(1).run();
  }

  @Benchmark
  public Integer coroutineByHand() {
    return AnySync.coroutine(() -> direct.add(1)).run();
  }

  @Benchmark
  public Integer waits() {
    return asyncTwin.add(1);
  }

  @Benchmark
  public Integer waitsByHand() {
    return AnySync.from(() -> async.add(1)).run();
  }

  @Benchmark
  public Integer unfuture() {
    return unsyncTwin.add(1).result();
  }

  @Benchmark
  public Integer unfutureByHand() {
    return byHand(1).result();
  }

  /** As in the generated twin, the function captures an object and the argument. */
  private Unfuture<Integer> byHand(int summand) {
    return Unsync.call(() -> direct.add(summand));
  }
}
