package dev.anysync.bench;

import dev.anysync.AnySync;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What a fresh JVM takes to its first result, and the size of the jar that it loads. */
final class StartProbe {
  private StartProbe() {}

  public static void main(String[] args) throws Exception {
    Path classes =
        Path.of(AnySync.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path jar = Files.createTempFile("anysync", ".jar");
    try {
      pack(classes, jar);
      Probe.print("jar", Double.NaN, (double) Files.size(jar));

      String bench = classPath("bench.target.classes");
      Map<String, List<String>> commands = new LinkedHashMap<>();
      commands.put("empty", command(Empty.class, bench));
      commands.put("run", command(Run.class, bench + File.pathSeparator + jar));
      commands.put("supplyAsync", command(SupplyAsync.class, bench));
      commands.put("runBlocking", command(RunBlocking.class, classPath("bench.target|kotlin")));
      commands.put("reactor", command(Reactor.class, classPath("bench.target|react")));
      Map<String, List<Double>> nanos = new LinkedHashMap<>();
      int rounds = Probe.times(args, 10, 60);
      for (int round = -2; round < rounds; round++) { // two more, first, for the disk
        for (Map.Entry<String, List<String>> one : commands.entrySet()) {
          double time = run(one.getValue());
          if (round >= 0) {
            nanos.computeIfAbsent(one.getKey(), name -> new ArrayList<>()).add(time);
          }
        }
      }
      nanos.forEach((name, times) -> Probe.print(name, Probe.median(times), Double.NaN));
    } finally {
      Files.delete(jar);
    }
  }

  static void pack(Path classes, Path jar) throws IOException {
    if (Files.isRegularFile(classes)) {
      Files.write(jar, Files.readAllBytes(classes));
      return;
    }
    ToolProvider tool = ToolProvider.findFirst("jar").orElseThrow();
    int status =
        tool.run(System.err, System.err, "-c", "-f", jar + "", "-C", classes.toString(), ".");
    if (status != 0) {
      throw new IllegalStateException("no jar of " + classes);
    }
  }

  /** Returns what of this JVM's class path matches: a jar that is not needed takes time as well. */
  private static String classPath(String regex) {
    Pattern pattern = Pattern.compile(regex);
    String[] all = System.getProperty("java.class.path").split(File.pathSeparator, -1);
    return String.join(
        File.pathSeparator,
        Arrays.stream(all).filter(entry -> pattern.matcher(entry).find()).toList());
  }

  private static List<String> command(Class<?> main, String classPath) {
    List<String> command = new ArrayList<>(Probe.java(classPath));
    command.add(main.getName());
    return command;
  }

  private static double run(List<String> command) throws IOException, InterruptedException {
    long start = System.nanoTime();
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    double time = System.nanoTime() - start;
    if (status != 0) {
      throw new IllegalStateException(command.getLast() + " failed, with exit code " + status);
    }
    return time;
  }

  private static void require(Object result) {
    if (!result.equals(42)) {
      throw new IllegalStateException(result + " is not the result");
    }
  }

  /** Does nothing. */
  static final class Empty {
    private Empty() {}

    public static void main(String[] args) {}
  }

  /** Runs a coroutine, once. */
  static final class Run {
    private Run() {}

    public static void main(String[] args) {
      require(AnySync.coroutine(() -> 42).run());
    }
  }

  /** Waits for the JDK's. */
  static final class SupplyAsync {
    private SupplyAsync() {}

    public static void main(String[] args) {
      require(CompletableFuture.supplyAsync(() -> 42).join());
    }
  }

  /** Waits for Kotlin's. */
  static final class RunBlocking {
    private RunBlocking() {}

    public static void main(String[] args) {
      Callable<Integer> body = () -> 42;
      require(KotlinPeers.run(body));
    }
  }

  /** Waits for Reactor's. */
  static final class Reactor {
    private Reactor() {}

    public static void main(String[] args) {
      Integer result = Mono.fromCallable(() -> 42).subscribeOn(Schedulers.parallel()).block();
      require(result == null ? 0 : result);
    }
  }
}
