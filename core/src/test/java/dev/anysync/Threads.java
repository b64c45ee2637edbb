package dev.anysync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What several tests do with threads: start and join them, count them, see a body stopped. */
final class Threads {
  private static final Pattern THREAD =
      Pattern.compile("\"tid\":\\s*\"(\\d+)\".*?\"name\":\\s*\"([^\"]*)\"", Pattern.DOTALL);

  private Threads() {}

  /** A thread of a test; what fails on it fails the test that joins it. */
  record Running<T>(Thread thread, FutureTask<T> task) {
    T join() throws Exception {
      try {
        T value = task.get();
        assertThat(thread.join(Duration.ofSeconds(30))).as("%s has ended", thread).isTrue();
        return value;
      } catch (ExecutionException e) {
        throw e.getCause() instanceof Exception cause ? cause : e;
      }
    }
  }

  /** Starts {@code body} on a platform thread. */
  static <T> Running<T> start(Callable<T> body) {
    return start(Thread.ofPlatform().name("test"), body);
  }

  static <T> Running<T> start(Thread.Builder builder, Callable<T> body) {
    var task = new FutureTask<T>(body);
    return new Running<>(builder.start(task), task);
  }

  /** Spins until {@code thread} is parked, or has ended. */
  static void awaitParked(Thread thread) {
    while (thread.getState() != Thread.State.WAITING && thread.isAlive()) {
      Thread.onSpinWait();
    }
  }

  /** A call that waits, for at most the given time, for what never ends. */
  @FunctionalInterface
  interface Limited {
    void call(Duration limit) throws Exception;
  }

  /** Lets {@code call} exceed longer and longer limits, until the work has begun before its end. */
  static void exceedLimit(CountDownLatch begun, Limited call) {
    Duration limit = Duration.ofMillis(10);
    do {
      Duration current = limit;
      assertThatThrownBy(() -> call.call(current)).isInstanceOf(TimeoutException.class);
      limit = limit.multipliedBy(2);
    } while (begun.getCount() > 0);
  }

  /** Returns the names of all live threads that bear a name of ours, virtual ones too, by id. */
  static Map<Long, String> ours() throws Exception {
    Path file = Path.of("target", "threads-" + System.nanoTime() + ".json").toAbsolutePath();
    dump(file);
    var threads = new TreeMap<Long, String>();
    for (Matcher thread = THREAD.matcher(Files.readString(file)); thread.find(); ) {
      if (thread.group(2).startsWith("anysync-")) {
        threads.put(Long.valueOf(thread.group(1)), thread.group(2));
      }
    }
    Files.delete(file);
    return threads;
  }

  /** Returns the stacks of all threads, virtual ones too, that are in code of ours. */
  static String dump() throws Exception {
    Path file = Path.of("target", "dump-" + System.nanoTime() + ".json").toAbsolutePath();
    dump(file);
    String text = Files.readString(file);
    Files.delete(file);
    return Stream.of(text.split("(?=\"tid\":)"))
        .filter(thread -> thread.contains("dev.anysync"))
        .map(thread -> thread.replace("\\/", "/").replaceAll("\\s*\\n\\s*", "\n  "))
        .collect(Collectors.joining("\n"));
  }

  /** By reflection, since the module under test needs no module java.management. */
  private static void dump(Path file) throws Exception {
    Class<?> type = Class.forName("com.sun.management.HotSpotDiagnosticMXBean");
    Class<?> format = Class.forName(type.getName() + "$ThreadDumpFormat");
    Object bean =
        Class.forName("java.lang.management.ManagementFactory")
            .getMethod("getPlatformMXBean", Class.class)
            .invoke(null, type);
    Object json = format.getField("JSON").get(null);
    var _ = type.getMethod("dumpThreads", String.class, format).invoke(bean, file.toString(), json);
  }

  /** Waits until none of our threads is left but those that were there {@code before}. */
  static void awaitNoneBut(Map<Long, String> before) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              Map<Long, String> left = ours();
              left.keySet().removeAll(before.keySet());
              assertThat(left).as("threads left behind").isEmpty();
            });
  }

  /** Waits until all {@code threads} have ended. */
  static void join(Collection<Thread> threads) throws InterruptedException {
    for (Thread thread : threads) {
      assertThat(thread.join(Duration.ofSeconds(30))).as("%s has ended", thread).isTrue();
    }
  }

  /** Calls {@code body} while no virtual thread gets to run, since all their carriers are busy. */
  static void withoutVirtualThreads(VoidBody body) throws Exception {
    int carriers = Runtime.getRuntime().availableProcessors();
    var busy = new CountDownLatch(carriers);
    var over = new AtomicBoolean();
    var spinning = new ArrayList<Thread>();
    for (int i = 0; i < carriers; i++) {
      spinning.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    busy.countDown();
                    while (!over.get()) {
                      Thread.onSpinWait();
                    }
                  }));
    }
    try {
      busy.await();
      body.run();
    } finally {
      over.set(true);
      join(spinning);
    }
  }

  /** Calls {@code body} while {@code lanes} are the shared ones, and closes them. */
  static void sharing(Lanes lanes, VoidBody body) throws Exception {
    Lanes before = Unsync.share(lanes);
    try (lanes) {
      body.run();
    } finally {
      Unsync.share(before);
    }
  }

  /** A future of a kind that refuses to be cancelled. */
  static final class Uncancellable<T> extends CompletableFuture<T> {
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      throw new UnsupportedOperationException("cancel");
    }
  }

  /** A coroutine that awaits for ever, and what becomes of it. */
  static final class Endless {
    final CountDownLatch started = new CountDownLatch(1);
    final CompletableFuture<String> awaited = new CompletableFuture<>();
    private final AtomicReference<Throwable> thrown = new AtomicReference<>();
    private final CountDownLatch cleanedUp = new CountDownLatch(1);

    /** What it runs, for those that take a body. */
    final Callable<String> body =
        () -> {
          try {
            started.countDown();
            return AnySync.await(awaited);
          } catch (Throwable e) {
            thrown.set(e);
            throw e;
          } finally {
            cleanedUp.countDown();
          }
        };

    final AnySync<String> call = AnySync.coroutine(body);

    /** Its await has thrown, its finally block has run, and what it awaited is cancelled. */
    void assertStopped() throws InterruptedException {
      cleanedUp.await();
      assertThat(thrown.get()).isInstanceOf(CancellationException.class);
      assertThat(awaited).isCancelled();
    }
  }
}
