package dev.anysync.bench;

import dev.anysync.AnySync;
import dev.anysync.AnySyncGenerator;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Values exchanged with a body in lock-step: a send, and what it yields for it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(GeneratorBench.STEPS)
public class GeneratorBench {
  static final int STEPS = 5_000;

  private static final Integer STOP = -1;

  private int steps() {
    try (AnySyncGenerator<Integer, @Nullable Integer> generator =
        AnySync.<Integer, @Nullable Integer>generator(
            out -> {
              Integer sent = out.yield(1);
              while (sent != null) {
                sent = out.yield(sent);
              }
            })) {
      int last = generator.next();
      for (int i = 0; i < STEPS; i++) {
        last = generator.send(i & 127);
      }
      return last;
    }
  }

  @Benchmark
  public int send() {
    return steps();
  }

  @Benchmark
  public int sendOnVirtual() {
    return Callers.onVirtual(this::steps);
  }

  private static int pair() throws InterruptedException {
    SynchronousQueue<Integer> requests = new SynchronousQueue<>();
    SynchronousQueue<Integer> answers = new SynchronousQueue<>();
    Thread other =
        Thread.startVirtualThread(
            () -> {
              try {
                for (Integer sent = requests.take(); !sent.equals(STOP); sent = requests.take()) {
                  answers.put(sent);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    int last = 0;
    for (int i = 0; i < STEPS; i++) {
      requests.put(i & 127);
      last = answers.take();
    }
    requests.put(STOP);
    other.join();
    return last;
  }

  @Benchmark
  public int synchronousQueue() throws InterruptedException {
    return pair();
  }

  @Benchmark
  public int synchronousQueueOnVirtual() {
    return Callers.onVirtual(GeneratorBench::pair);
  }

  @Benchmark
  public int kotlinChannels() {
    return KotlinPeers.exchange(STEPS);
  }
}
