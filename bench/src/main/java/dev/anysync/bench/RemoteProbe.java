package dev.anysync.bench;

import dev.anysync.Lanes;
import dev.anysync.RemoteBody;
import dev.anysync.Unfuture;
import dev.anysync.process.ProcessLane;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;

/** What it takes to have a body run in a child process, beside Python's pool of processes. */
final class RemoteProbe {
  static final Map<String, Integer> SIZES = sizes();

  private RemoteProbe() {}

  private static Map<String, Integer> sizes() {
    Map<String, Integer> sizes = new LinkedHashMap<>();
    sizes.put("1 KiB", 1 << 10);
    sizes.put("1 MiB", 1 << 20);
    sizes.put("100 MiB", 100 << 20);
    return sizes;
  }

  public static void main(String[] args) throws Exception {
    int rounds = Probe.times(args, 4_000, 20_000);
    int starts = Probe.times(args, 5, 20);
    Path folder = Files.createTempDirectory("anysync");
    try {
      String jars = jars(folder); // as an application has them, and an archive needs them
      first("first", starts, lane(jars));
      first("firstWithoutSharing", starts, lane(jars).jvmOptions("-Xshare:off"));
      first(
          "firstWithArchive",
          starts,
          lane(jars).archive(folder.resolve("classes.jsa")).grace(Duration.ofMinutes(1)));
    } finally {
      for (File file : Objects.requireNonNull(folder.toFile().listFiles())) {
        Files.delete(file.toPath());
      }
      Files.delete(folder);
    }

    try (ProcessLane one = lane().build();
        Lanes lanes = Lanes.builder().cpu(one).build()) {
      RemoteBody<Integer> nothing = () -> 42;
      double[] _ = times(2 * rounds, () -> lanes.cpuBound(nothing).result()); // both JITs
      double[] taken = times(rounds, () -> lanes.cpuBound(nothing).result());
      Probe.print("call", taken[rounds / 2], Double.NaN);
      Probe.print("call" + Probe.P99, taken[rounds * 99 / 100], Double.NaN);
      for (Map.Entry<String, Integer> size : SIZES.entrySet()) {
        byte[] value = new byte[size.getValue()];
        int repeated = Math.clamp((500L << 20) / size.getValue(), 5, 500);
        double[] _ = times(Math.max(repeated / 5, 1), () -> lanes.cpuBound(() -> value).result());
        double[] echo = times(repeated, () -> lanes.cpuBound(() -> value).result());
        Probe.print("echo " + size.getKey(), echo[repeated / 2], Double.NaN);
      }
    }
    try (ProcessLane two = lane().size(2).build();
        Lanes lanes = Lanes.builder().cpu(two).build()) {
      double _ = many(lanes, 2 * rounds);
      Probe.print("many", many(lanes, rounds), Double.NaN);
    }
    if (Python.has()) {
      Python.run("process_pool.py", rounds / 4);
    }
  }

  private static ProcessLane.Builder lane() {
    return ProcessLane.builder().size(1);
  }

  private static ProcessLane.Builder lane(String classPath) {
    return lane().classPath(classPath).allow("dev.anysync");
  }

  /** Returns a class path of this program's own classes, in jars. */
  private static String jars(Path folder) throws IOException {
    List<String> jars = new ArrayList<>();
    for (Class<?> type : List.of(Lanes.class, ProcessLane.class, RemoteProbe.class)) {
      String location = type.getProtectionDomain().getCodeSource().getLocation().getPath();
      Path jar = folder.resolve(jars.size() + ".jar");
      StartProbe.pack(Path.of(location), jar);
      jars.add(jar.toString());
    }
    return String.join(File.pathSeparator, jars);
  }

  /** Measures from a lane without a process to its first result. */
  private static void first(String name, int rounds, ProcessLane.Builder builder) throws Exception {
    List<Double> taken = new ArrayList<>();
    for (int i = -1; i < rounds; i++) { // one more, first: for the disk, and to write the archive
      long start = System.nanoTime();
      try (ProcessLane lane = builder.build();
          Lanes lanes = Lanes.builder().cpu(lane).build()) {
        int _ = lanes.cpuBound(() -> 42).result();
        if (i >= 0) {
          taken.add((double) (System.nanoTime() - start));
        }
      }
    }
    Probe.print(name, Probe.median(taken), Double.NaN);
  }

  private static double many(Lanes lanes, int tasks) {
    long start = System.nanoTime();
    List<Unfuture<Integer>> all = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      all.add(lanes.cpuBound(() -> 42));
    }
    List<Integer> _ = Unfuture.all(all).result();
    return (double) (System.nanoTime() - start) / tasks;
  }

  private static double[] times(int rounds, Callable<?> call) throws Exception {
    double[] taken = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      long start = System.nanoTime();
      Object _ = call.call();
      taken[i] = System.nanoTime() - start;
    }
    Arrays.sort(taken);
    return taken;
  }
}
