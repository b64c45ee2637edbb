package dev.anysync.bench;

import dev.anysync.AnySync;
import dev.anysync.AnySyncContextManager;
import dev.anysync.AnySyncGenerator;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The CPU time that a process takes for a second in which it waits: before, and after use. */
final class IdleProbe {
  private static final Path THREADS = Path.of("/proc/self/task");

  private IdleProbe() {}

  public static void main(String[] args) throws Exception {
    int seconds = Probe.times(args, 10, 30);
    Probe.print("jvm", ofASecond(seconds), Double.NaN);
    useAll();
    Probe.print("used", ofASecond(seconds), Double.NaN);
  }

  private static double ofASecond(int seconds) throws Exception {
    Thread.sleep(Duration.ofSeconds(3)); // for what has an end
    Map<String, Long> before = cpuTimes();
    Thread.sleep(Duration.ofSeconds(seconds));
    double nanos = 0;
    for (Map.Entry<String, Long> thread : cpuTimes().entrySet()) {
      nanos += thread.getValue() - before.getOrDefault(thread.getKey(), 0L);
    }
    return nanos / seconds;
  }

  /** Returns the CPU time of each thread; that of a process comes in hundredths of seconds. */
  private static Map<String, Long> cpuTimes() throws IOException {
    Map<String, Long> times = new HashMap<>();
    try (var threads = Files.newDirectoryStream(THREADS)) {
      for (Path thread : threads) {
        try {
          String text = Files.readString(thread.resolve("schedstat"));
          times.put(
              thread.getFileName() + "", Long.parseLong(text.substring(0, text.indexOf(' '))));
        } catch (NoSuchFileException _) {
          // it has ended
        }
      }
    }
    return times;
  }

  private static void useAll() throws Exception {
    AnySync<Integer> call = AnySync.coroutine(() -> 1);
    AnySync<Integer> sleeper =
        AnySync.coroutine(
            () -> {
              AnySync.sleep(Duration.ofMillis(10));
              return 1;
            });
    require(call.run() + sleeper.run(Duration.ofSeconds(10)) == 2);
    require(AnySync.all(List.of(call, sleeper)).run().size() == 2);
    require(AnySync.race(List.of(call, sleeper)).run() == 1);
    require(Unsync.async(() -> AnySync.await(sleeper.start())).result() == 1);
    List<Unfuture<Integer>> futures =
        List.of(Unsync.call(() -> 1), Unsync.cpuBound(() -> 1), sleeper.start());
    for (Unfuture<Integer> future : futures) {
      require(future.<Integer>then(Unfuture::result).result(Duration.ofSeconds(10)) == 1);
    }
    try (AnySyncIterator<Integer> elements = AnySync.iterator(out -> out.yield(1))) {
      require(elements.next() == 1);
    }
    try (AnySyncGenerator<Integer, @Nullable Integer> generator =
        AnySync.<Integer, @Nullable Integer>generator(
            out -> {
              var _ = out.yield(1);
            })) {
      require(generator.next() == 1);
    }
    AnySyncContextManager<Integer> manager = AnySync.contextManager(out -> out.yield(1));
    try (var opened = manager.open()) {
      require(opened.value() == 1);
    }
    require(!AnySync.dump().toString().isEmpty());
  }

  private static void require(boolean condition) {
    if (!condition) {
      throw new IllegalStateException("a wrong result");
    }
  }
}
