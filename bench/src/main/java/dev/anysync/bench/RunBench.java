package dev.anysync.bench;

import dev.anysync.AnySync;
import dev.anysync.AnySyncContextManager;
import dev.anysync.Unfuture;
import io.reactivex.rxjava3.core.Single;
import io.smallrye.mutiny.Uni;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import reactor.core.publisher.Mono;

/** A synchronous call of a body that does not suspend. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RunBench {
  static final int BATCH = 1_000;
  private static final int BATCHES = 100; // for a thread that has to be started for them

  private int value = 42;
  private final Callable<Integer> body = () -> value;
  private final AnySync<Integer> call = AnySync.coroutine(body);
  private final AnySync<Integer> runsMany = AnySync.coroutine(() -> sumOfRuns());
  private final AnySync<Integer> awaitsMany = AnySync.coroutine(() -> sumOfAwaits());
  private final AnySync<Integer> awaitsDone = AnySync.coroutine(() -> sumOfDone());
  private final AnySyncContextManager<Integer> context =
      AnySync.contextManager(out -> out.yield(value));
  private final Unfuture<Integer> done = Unfuture.of(42);

  private final List<Callable<Integer>> bodies =
      List.of(
          () -> value,
          () -> value + 1,
          () -> value + 2,
          () -> value + 3,
          () -> value + 4,
          () -> value + 5,
          () -> value + 6,
          () -> value + 7);
  private final Callable<?>[] direct = bodies.toArray(Callable<?>[]::new);
  private final AnySync<?>[] calls =
      bodies.stream().<AnySync<?>>map(AnySync::coroutine).toArray(AnySync<?>[]::new);
  private int next;

  private int sumOfRuns() {
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      sum += call.run();
    }
    return sum;
  }

  private int sumOfAwaits() {
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      sum += AnySync.await(call);
    }
    return sum;
  }

  private int sumOfDone() {
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      sum += AnySync.await(done);
    }
    return sum;
  }

  @Benchmark
  public Integer direct() throws Exception {
    return body.call();
  }

  @Benchmark
  public Integer run() {
    return call.run();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH * BATCHES)
  public int runOnVirtual() {
    return Callers.onVirtual(
        () -> {
          int sum = 0;
          for (int i = 0; i < BATCHES; i++) {
            sum += sumOfRuns();
          }
          return sum;
        });
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int runInBody() {
    return runsMany.run();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int awaitCold() {
    return awaitsMany.run();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int awaitDone() {
    return awaitsDone.run();
  }

  @Benchmark
  public @Nullable Integer use() {
    return context.use(resource -> resource + 1);
  }

  @Benchmark
  public @Nullable Object directMegamorphic() throws Exception {
    return direct[next++ & 7].call();
  }

  @Benchmark
  public @Nullable Object runMegamorphic() {
    return calls[next++ & 7].run();
  }

  @Benchmark
  public Integer mutiny() {
    return Uni.createFrom().item(() -> value).await().indefinitely();
  }

  @Benchmark
  public Integer rxjava() {
    return Single.fromCallable(body).blockingGet();
  }

  @Benchmark
  public @Nullable Integer reactor() {
    return Mono.fromCallable(body).block();
  }

  @Benchmark
  public Integer runBlocking() {
    return KotlinPeers.run(body);
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int kotlinAwaitDone() {
    return KotlinPeers.awaitDone(BATCH);
  }
}
