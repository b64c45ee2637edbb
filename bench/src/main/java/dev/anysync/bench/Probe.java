package dev.anysync.bench;

import dev.anysync.bench.Goal.Figure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * A program that measures what JMH's harness is no place for: calls that come seldom, a million
 * things at once, a JVM's start. It runs in a JVM of its own and prints its figures; what it
 * compares takes turns in that one JVM.
 */
final class Probe {
  /** Ends the names of the classes that are such programs; the others are JMH's. */
  static final String SUFFIX = "Probe";

  static final String P99 = " p99";
  private static final int STRETCHES = 10;
  private static final String FULL = "--full";
  private static final String MARK = "figure";

  private Probe() {}

  /** One of the things that take turns: returns the nanoseconds that it took. */
  interface Timed {
    long nanos() throws Exception;
  }

  /** Returns what starts a JVM like this one. */
  static List<String> java(String classPath) {
    return List.of(
        ProcessHandle.current().info().command().orElse("java"),
        "--sun-misc-unsafe-memory-access=allow",
        "--class-path",
        classPath);
  }

  /** Runs a probe and returns its figures, by the probe's name, a dot and theirs. */
  static Map<String, Figure> run(String probe, boolean full)
      throws IOException, InterruptedException {
    return run(probe, full ? FULL : "");
  }

  static Map<String, Figure> run(String probe, String argument)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(java(System.getProperty("java.class.path")));
    command.add(Probe.class.getPackageName() + "." + probe);
    command.add(argument);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Map<String, Figure> figures = new LinkedHashMap<>();
    try (var lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] parts = line.split("\t", -1);
        if (parts[0].equals(MARK)) {
          figures.put(
              probe + "." + parts[1],
              new Figure(Double.parseDouble(parts[2]), Double.parseDouble(parts[3])));
        }
      }
    }
    if (process.waitFor() != 0) {
      throw new IllegalStateException(probe + " failed, with exit code " + process.exitValue());
    }
    return figures;
  }

  /** Returns how often to measure. */
  static int times(String[] args, int quick, int full) {
    return List.of(args).contains(FULL) ? full : quick;
  }

  /** Prints a figure, NaN for what it does not say. */
  static void print(String name, double nanos, double bytes) {
    System.out.println(String.join("\t", MARK, name, nanos + "", bytes + ""));
  }

  /**
   * Lets {@code all} take turns, a millisecond after one another so that each finds the machine
   * asleep, and prints median and 99th percentile of each: of ten stretches' percentiles the
   * median, so that one burst of the machine's other work does not decide. Before that they take
   * {@code warmup} turns without a pause, so that they are compiled.
   */
  static void paced(Map<String, Timed> all, int warmup, int rounds) throws Exception {
    for (Timed one : all.values()) {
      for (int i = 0; i < warmup; i++) {
        long _ = one.nanos();
      }
    }
    Map<String, List<Histogram>> histograms = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      int stretch = round * STRETCHES / rounds;
      for (Map.Entry<String, Timed> one : all.entrySet()) {
        LockSupport.parkNanos(1_000_000);
        List<Histogram> stretches =
            histograms.computeIfAbsent(one.getKey(), name -> new ArrayList<>());
        if (stretches.size() == stretch) {
          stretches.add(new Histogram(3));
        }
        stretches.get(stretch).recordValue(Math.max(0, one.getValue().nanos()));
      }
    }
    histograms.forEach(
        (name, stretches) -> {
          print(name, percentile(stretches, 50), Double.NaN);
          print(name + P99, percentile(stretches, 99), Double.NaN);
        });
  }

  private static double percentile(List<Histogram> stretches, double percentile) {
    return median(
        stretches.stream()
            .map(histogram -> (double) histogram.getValueAtPercentile(percentile))
            .toList());
  }

  static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
