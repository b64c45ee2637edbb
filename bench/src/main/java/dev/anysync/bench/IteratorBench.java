package dev.anysync.bench;

import com.softwaremill.jox.Channel;
import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** A hundred thousand elements from a body to its consumer; boxed beforehand, for all alike. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(IteratorBench.ELEMENTS)
public class IteratorBench {
  static final int ELEMENTS = 100_000;

  private final Integer[] elements = new Integer[1_024];

  public IteratorBench() {
    for (int i = 0; i < elements.length; i++) {
      elements[i] = i;
    }
  }

  private AnySyncIterator<Integer> body() {
    Integer[] elements = this.elements;
    return AnySync.iterator(
        out -> {
          for (int i = 0; i < ELEMENTS; i++) {
            out.yield(elements[i & 1_023]);
          }
        });
  }

  private long sumOfLoop() {
    long sum = 0;
    try (AnySyncIterator<Integer> iterator = body()) {
      for (Integer element : iterator) {
        sum += element;
      }
    }
    return sum;
  }

  @Benchmark
  public long loop() {
    return sumOfLoop();
  }

  @Benchmark
  public long loopOnVirtual() {
    return Callers.onVirtual(this::sumOfLoop);
  }

  @Benchmark
  public long forEach() {
    long[] sum = {0};
    body().forEach(element -> sum[0] += element);
    return sum[0];
  }

  @Benchmark
  public long stream() {
    return body().stream().mapToLong(Integer::longValue).sum();
  }

  @Benchmark
  public long array() {
    long sum = 0;
    for (int i = 0; i < ELEMENTS; i++) {
      sum += elements[i & 1_023];
    }
    return sum;
  }

  @Benchmark
  public long jdkStream() {
    return IntStream.range(0, ELEMENTS)
        .mapToObj(i -> elements[i & 1_023])
        .mapToLong(Integer::longValue)
        .sum();
  }

  // Peers whose body may suspend

  @Benchmark
  public long kotlinProduce() {
    return KotlinPeers.produceSum(ELEMENTS);
  }

  @Benchmark
  public long kotlinProduceDefault() {
    return KotlinPeers.produceDefaultSum(ELEMENTS);
  }

  @Benchmark
  public long blockingQueue() throws InterruptedException {
    BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(256);
    Integer[] elements = this.elements;
    Thread producer =
        Thread.startVirtualThread(
            () -> {
              try {
                for (int i = 0; i < ELEMENTS; i++) {
                  queue.put(elements[i & 1_023]);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    long sum = 0;
    for (int i = 0; i < ELEMENTS; i++) {
      sum += queue.take();
    }
    producer.join();
    return sum;
  }

  @Benchmark
  public long joxChannel() throws InterruptedException {
    Channel<Integer> channel = Channel.newBufferedChannel(256);
    Integer[] elements = this.elements;
    Thread producer =
        Thread.startVirtualThread(
            () -> {
              try {
                for (int i = 0; i < ELEMENTS; i++) {
                  channel.send(elements[i & 1_023]);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    long sum = 0;
    for (int i = 0; i < ELEMENTS; i++) {
      sum += channel.receive();
    }
    producer.join();
    return sum;
  }

  @Benchmark
  public long reactorCreate() {
    Integer[] elements = this.elements;
    Iterable<Integer> iterable =
        Flux.<Integer>create(
                sink -> {
                  for (int i = 0; i < ELEMENTS; i++) {
                    sink.next(elements[i & 1_023]);
                  }
                  sink.complete();
                })
            .subscribeOn(Schedulers.boundedElastic())
            .toIterable();
    long sum = 0;
    for (Integer element : iterable) {
      sum += element;
    }
    return sum;
  }

  // Peers whose body cannot suspend, or that push

  @Benchmark
  public long kotlinSequence() {
    return KotlinPeers.sequenceSum(ELEMENTS);
  }

  @Benchmark
  public long kotlinFlow() {
    return KotlinPeers.flowSum(ELEMENTS);
  }
}
