package dev.anysync.bench;

import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import io.smallrye.mutiny.Uni;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import reactor.core.publisher.Mono;

/** A chain of ten continuations, of a future that is done and of one that is not yet. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ThenBench {
  private static final int STAGES = 10;

  private int value = 42;

  @Benchmark
  public Integer thenDone() {
    return then(Unfuture.of(value)).result();
  }

  @Benchmark
  public Integer thenPending() {
    Unfuture<Integer> first = new Unfuture<>();
    Unfuture<Integer> last = then(first);
    first.complete(value);
    return last.result();
  }

  /** The first is a coroutine on the ambient event loop. */
  @Benchmark
  public Integer thenStarted() {
    return then(Unsync.async(() -> value)).result();
  }

  private static Unfuture<Integer> then(Unfuture<Integer> first) {
    Unfuture<Integer> last = first;
    for (int i = 0; i < STAGES; i++) {
      last = last.then(source -> source.resultNow() + 1);
    }
    return last;
  }

  @Benchmark
  public Integer thenApplyDone() {
    return thenApply(Unfuture.of(value)).join();
  }

  @Benchmark
  public Integer thenApplyPending() {
    return thenApplyPending(new Unfuture<>());
  }

  @Benchmark
  public Integer completableFutureDone() {
    return thenApply(CompletableFuture.completedFuture(value)).join();
  }

  @Benchmark
  public Integer completableFuturePending() {
    return thenApplyPending(new CompletableFuture<>());
  }

  private Integer thenApplyPending(CompletableFuture<Integer> first) {
    CompletableFuture<Integer> last = thenApply(first);
    first.complete(value);
    return last.join();
  }

  private static CompletableFuture<Integer> thenApply(CompletableFuture<Integer> first) {
    CompletableFuture<Integer> last = first;
    for (int i = 0; i < STAGES; i++) {
      last = last.thenApply(number -> number + 1);
    }
    return last;
  }

  @Benchmark
  public Integer mutiny() {
    Uni<Integer> last = Uni.createFrom().item(value);
    for (int i = 0; i < STAGES; i++) {
      last = last.map(number -> number + 1);
    }
    return last.await().indefinitely();
  }

  @Benchmark
  public @Nullable Integer reactor() {
    Mono<Integer> last = Mono.just(value);
    for (int i = 0; i < STAGES; i++) {
      last = last.map(number -> number + 1);
    }
    return last.block();
  }
}
