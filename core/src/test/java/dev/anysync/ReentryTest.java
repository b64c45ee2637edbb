package dev.anysync;

import static dev.anysync.AnySync.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.Threads.Endless;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Calls nested 10,000 deep, in every style, on a thread with a small stack. Python's AnySync takes
 * a thread for each level (101 threads at depth 100); here a virtual thread serves hundreds of
 * them.
 */
class ReentryTest {
  private static final int DEPTH = 10_000;
  private static final int LEVELS_PER_THREAD = 50;
  private static final long MEBIBYTE = 1 << 20;

  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

  private static <T> T onASmallStack(Callable<T> body) throws Exception {
    return Threads.start(Thread.ofPlatform().name("small").stackSize(MEBIBYTE), body).join();
  }

  private void note() {
    if (Thread.currentThread().isVirtual()) {
      threads.add(Thread.currentThread());
    }
  }

  private void assertFewThreads() {
    assertThat(threads).hasSizeLessThanOrEqualTo(DEPTH / LEVELS_PER_THREAD);
  }

  private AnySync<Integer> byRun(int depth) {
    return AnySync.coroutine(
        () -> {
          note();
          return depth == 0 ? 0 : 1 + byRun(depth - 1).run();
        });
  }

  private AnySync<Integer> byAwait(int depth) {
    return AnySync.coroutine(
        () -> {
          note();
          return depth == 0 ? 0 : 1 + await(byAwait(depth - 1));
        });
  }

  private AnySync<Integer> byStart(int depth) {
    return AnySync.coroutine(() -> depth == 0 ? 0 : 1 + byStart(depth - 1).start().result());
  }

  private AnySync<Integer> byStartOn(EventLoop loop, int depth) {
    return AnySync.coroutine(
        () -> depth == 0 ? 0 : 1 + await(byStartOn(loop, depth - 1).start(loop)));
  }

  @Test
  void runToDepth10000() throws Exception {
    assertThat(onASmallStack(() -> byRun(DEPTH).run())).isEqualTo(DEPTH);
    assertFewThreads();
  }

  @Test
  void awaitToDepth10000() throws Exception {
    assertThat(onASmallStack(() -> byAwait(DEPTH).run())).isEqualTo(DEPTH);
    assertFewThreads();
  }

  @Test
  void startToDepth10000() throws Exception {
    assertThat(onASmallStack(() -> byStart(DEPTH).start().result())).isEqualTo(DEPTH);
  }

  @Test
  void runToDepth10000OnALoop() {
    try (var loop = EventLoop.create("deep")) {
      assertThat(loop.run(byRun(DEPTH))).isEqualTo(DEPTH);
      assertFewThreads();
    }
  }

  @Test
  void awaitToDepth10000OnALoop() {
    try (var loop = EventLoop.create("deep")) {
      assertThat(loop.run(byAwait(DEPTH))).isEqualTo(DEPTH);
      assertFewThreads();
    }
  }

  @Test
  void startToDepth10000OnALoop() {
    try (var loop = EventLoop.create("deep")) {
      assertThat(loop.run(byStartOn(loop, DEPTH))).isEqualTo(DEPTH);
    }
  }

  /** Every way of calling inside every other. */
  private AnySync<Integer> mixed(int depth) {
    AnySync<Integer> next = AnySync.coroutine(() -> await(mixed(depth - 1)));
    return AnySync.coroutine(
        () -> {
          if (depth == 0) {
            return 0;
          }
          return 1
              + switch (depth % 5) {
                case 0 -> next.run();
                case 1 -> await(next);
                case 2 -> await(next.start());
                case 3 -> await(Unsync.call(next::run));
                default -> await(Unsync.cpuBound(next::run).then(Unfuture::result));
              };
        });
  }

  @Test
  void mixedStylesToDepth1000() throws Exception {
    assertThat(onASmallStack(() -> mixed(1_000).run())).isEqualTo(1_000);
  }

  @Test
  void mixedStylesToDepth1000OnALoop() {
    assertThat(Unsync.async(() -> await(mixed(1_000))).result()).isEqualTo(1_000);
  }

  /** Frames that are not compiled yet take more of the stack of a virtual thread that waits. */
  @Test
  void manyFramesOfItsOwnInEachBodyBeforeTheyAreCompiled() throws Exception {
    List<String> arguments =
        List.of(
            "-Xint",
            "-cp",
            NewJvm.LIBRARY + File.pathSeparator + NewJvm.TESTS,
            Interpreted.class.getName());
    assertThat(NewJvm.run(arguments)).containsExactly("500");
  }

  /** The main class of that JVM. */
  static final class Interpreted {
    private Interpreted() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) {
      System.out.println(levels(500).start().join());
    }

    private static AnySync<Integer> levels(int count) {
      return AnySync.coroutine(() -> frames(25, count));
    }

    private static int frames(int count, int levels) {
      if (count > 0) {
        return frames(count - 1, levels) + 0;
      } else if (levels > 0) {
        return levels(levels - 1).run() + 1;
      }
      AnySync.sleep(Duration.ofMillis(1));
      return 0;
    }
  }

  /** Of some hundred depths at which a wait finds the stack too short, a few are in the midst. */
  @Test
  void aWaitForWhichTheStackIsTooShortLeavesNoTrace() throws Exception {
    List<String> arguments =
        List.of(
            "-Xint",
            "-cp",
            NewJvm.LIBRARY + File.pathSeparator + NewJvm.TESTS,
            TooShort.class.getName());
    assertThat(NewJvm.run(arguments)).containsExactly("refused, and no wait left");
  }

  /** The main class of that JVM. */
  static final class TooShort {
    private static int deepest;
    private static int refused;

    private TooShort() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws InterruptedException {
      Thread thread = new Thread(null, TooShort::sweep, "short", 200 * 1024);
      thread.start();
      thread.join();
    }

    @SuppressWarnings("SystemOut")
    private static void sweep() {
      measure();
      int left = 0;
      Strand strand = Strand.current();
      for (int depth = deepest / 4; depth < deepest; depth++) {
        waitAt(depth);
        if (strand.wait != null) {
          strand.wait = null;
          left++;
        }
      }
      System.out.println(
          (refused == 0 ? "not refused" : "refused")
              + ", and "
              + (left == 0 ? "no wait left" : left + " waits left"));
    }

    private static void measure() {
      try {
        deeper();
      } catch (StackOverflowError e) {
        // That is how deep it goes.
      }
    }

    @SuppressWarnings("InfiniteRecursion") // it ends with the stack
    private static void deeper() {
      deepest++;
      deeper();
    }

    /** Waits in a continuation, {@code depth} frames deep. */
    private static void waitAt(int depth) {
      Unfuture<Integer> pending = new Unfuture<>();
      Unfuture<Integer> source = new Unfuture<>();
      Unfuture<Integer> dependent = source.then(done -> waitAt(depth, pending));
      boolean _ = source.complete(1);
      if (dependent.isCompletedExceptionally()) {
        refused++;
      }
    }

    private static int waitAt(int depth, Unfuture<Integer> pending) {
      if (depth > 0) {
        return waitAt(depth - 1, pending) + 0;
      }
      try {
        return pending.get(1, TimeUnit.MICROSECONDS);
      } catch (TimeoutException e) {
        return 0;
      } catch (InterruptedException | ExecutionException e) {
        throw new AssertionError(e);
      }
    }
  }

  // What reaches the other end

  private final IOException failure = new IOException("from the bottom");

  private AnySync<Integer> failingByRun(int depth) {
    return AnySync.coroutine(
        () -> {
          if (depth == 0) {
            throw failure;
          }
          return failingByRun(depth - 1).run();
        });
  }

  private AnySync<Integer> failingByAwait(int depth) {
    return AnySync.coroutine(
        () -> {
          if (depth == 0) {
            throw failure;
          }
          return await(failingByAwait(depth - 1));
        });
  }

  @Test
  void exceptionFromDepth10000Run() {
    assertThatThrownBy(() -> onASmallStack(failingByRun(DEPTH)::run)).isSameAs(failure);
    assertThat(failure.getSuppressed()).hasSizeLessThan(10);
  }

  @Test
  void exceptionFromDepth10000Await() {
    assertThatThrownBy(() -> onASmallStack(failingByAwait(DEPTH)::run)).isSameAs(failure);
    assertThat(failure.getSuppressed()).hasSizeLessThan(10);
  }

  @Test
  void exceptionFromDepth10000OnALoop() {
    try (var loop = EventLoop.create("deep")) {
      assertThatThrownBy(() -> loop.run(failingByAwait(DEPTH))).isSameAs(failure);
      assertThatThrownBy(() -> loop.run(failingByRun(DEPTH))).isSameAs(failure);
    }
  }

  private final CountDownLatch unwound = new CountDownLatch(1_000);

  private <T> AnySync<T> above(AnySync<T> bottom, int depth) {
    return AnySync.coroutine(
        () -> {
          if (depth == 0) {
            return await(bottom);
          }
          try {
            return depth % 2 == 0
                ? above(bottom, depth - 1).run()
                : await(above(bottom, depth - 1));
          } finally {
            unwound.countDown();
          }
        });
  }

  @Test
  void timeoutStopsTheBodyAtDepth1000() throws Exception {
    var endless = new Endless();
    Threads.exceedLimit(endless.started, above(endless.call, 1_000)::run);
    endless.assertStopped();
    unwound.await();
  }

  @Test
  void cancelStopsTheBodyAtDepth1000OnALoop() throws Exception {
    try (var loop = EventLoop.create("deep")) {
      var endless = new Endless();
      Unfuture<String> started = above(endless.call, 1_000).start(loop);
      endless.started.await();
      started.cancel(true);
      assertThatThrownBy(started::result).isInstanceOf(CancellationException.class);
      endless.assertStopped();
      unwound.await();
    }
  }

  // Iterators and context managers nest as well

  private static AnySyncIterator<Integer> countDown(int from) {
    return AnySync.iterator(
        out -> {
          if (from > 0) {
            out.yield(from);
            countDown(from - 1).forEach(out::yield);
          }
        });
  }

  @Test
  void forEachInsideForEachToDepth400() throws Exception {
    assertThat(onASmallStack(() -> countDown(400).stream().count())).isEqualTo(400);
  }

  private static int useToDepth(int depth, AtomicInteger open) {
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              open.incrementAndGet();
              try {
                out.yield(depth);
              } finally {
                open.decrementAndGet();
              }
            });
    Integer inside = cm.<Integer>use(x -> depth == 0 ? open.get() : useToDepth(depth - 1, open));
    return inside == null ? -1 : inside;
  }

  @Test
  void useInsideUseToDepth300() throws Exception {
    var open = new AtomicInteger();
    assertThat(onASmallStack(() -> useToDepth(300, open))).isEqualTo(301);
    assertThat(open).hasValue(0);
  }
}
