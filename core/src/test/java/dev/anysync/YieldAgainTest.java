package dev.anysync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.spi.WaitStrategy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A body that yields again after it was told of its cancellation, while whoever cancels it has
 * interrupted it and not completed its future yet. That one is held up where it asks a strategy for
 * its thread, in a JVM of its own, as a strategy is found as a service.
 */
class YieldAgainTest {
  @TempDir private Path services;

  @ParameterizedTest
  @ValueSource(strings = {"iterator", "generator"})
  void isRefusedAtOnce(String kind) throws Exception {
    Path service = services.resolve("META-INF/services/" + WaitStrategy.class.getName());
    Files.createDirectories(service.getParent());
    Files.writeString(service, Slow.class.getName());
    assertThat(NewJvm.run(Child.class, kind, services.toString()))
        .containsExactly("java.lang.IllegalStateException", "ended");
  }

  /** Owns no thread, and takes its time to say so of the canceller's. */
  public static final class Slow implements WaitStrategy {
    static final CountDownLatch YIELDED = new CountDownLatch(1);

    @Override
    public boolean owns(Thread thread) {
      if (thread.getName().equals("canceller")) {
        try {
          boolean _ = YIELDED.await(5, TimeUnit.SECONDS); // or it is not refused
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
      return false;
    }

    @Override
    public boolean runsBodies() {
      return true;
    }

    @Override
    public void await(ManagedBlocker wait, CompletionStage<?> over) {
      throw new AssertionError("owns no thread");
    }
  }

  /** What both kinds give their elements to. */
  interface Taker {
    void take(int element);
  }

  /** The JVM: runs a body that does not let its cancellation end it. */
  static final class Child {
    private Child() {}

    public static void main(String... kind) throws Exception {
      AnySyncIterator<Integer> elements =
          kind[0].equals("iterator")
              ? AnySync.iterator(out -> run(out::yield))
              : AnySync.<Integer, @Nullable Void>generator(out -> run(out::yield));
      int _ = elements.next();
      Source source = ((Sequence<?>) elements).source(Strand.current());
      Task<?> task = Objects.requireNonNull(Objects.requireNonNull(source).task);
      Thread.ofPlatform()
          .name("canceller")
          .start(() -> task.completeExceptionally(new CancellationException()));
      Object _ = task.stopped().get(20, TimeUnit.SECONDS);
      IO.println("ended");
    }

    private static void run(Taker out) {
      try {
        while (true) {
          out.take(1);
        }
      } catch (CancellationException e) {
        try {
          out.take(2);
        } catch (IllegalStateException refused) {
          IO.println(refused.getClass().getName());
        } finally {
          Slow.YIELDED.countDown();
        }
      }
    }
  }
}
