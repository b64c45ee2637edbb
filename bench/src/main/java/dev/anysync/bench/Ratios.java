package dev.anysync.bench;

import dev.anysync.bench.Goal.Figure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures each goal beside its peers, prints a line for each, and fails if one is missed. */
@Command(
    name = "bench/ratios",
    description = "Measures the library beside its peers, and says which goals are met.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class Ratios implements Callable<Integer> {
  private static final String LINE = "%-38s %10s  %-32s %7s  %-28s %7s  %-44s %s%n";

  @Option(names = "--full", description = "Measure for as long as figures to be quoted take.")
  private boolean full;

  @Option(names = "--only", paramLabel = "REGEX", description = "Only goals whose name matches.")
  private Pattern only = Pattern.compile("");

  @Option(
      names = "--write",
      paramLabel = "FOLDER",
      description = "Write tables (Markdown) and charts (SVG) into this folder.")
  private @Nullable Path folder;

  private Ratios() {}

  public static void main(String[] args) {
    System.exit(new CommandLine(new Ratios()).execute(args));
  }

  @Override
  public Integer call() throws RunnerException, IOException {
    int missed = 0;
    Report report = folder == null ? null : new Report(Files.createDirectories(folder));
    System.out.printf(LINE, "name", "ours", "best peer", "ratio", "limit", "ratio", "goal", "");
    for (Map.Entry<String, List<Goal>> group : Goals.all().entrySet()) {
      List<Goal> goals =
          group.getValue().stream().filter(goal -> only.matcher(goal.name).find()).toList();
      if (goals.isEmpty()) {
        continue;
      }
      Map<String, Figure> figures = measure(goals);
      List<Goal.Row> rows = new ArrayList<>();
      for (Goal goal : goals) {
        Goal.Row row = goal.new Row(figures);
        rows.add(row);
        print(row);
        missed += row.isMet() ? 0 : 1;
      }
      if (report != null) {
        report.add(group.getKey(), rows, figures);
      }
    }
    if (report != null) {
      report.write();
    }
    System.out.printf("%d missed%n", missed);
    return missed == 0 ? 0 : 1;
  }

  /** Runs all benchmarks of a group one after the other, each in a JVM of its own. */
  private Map<String, Figure> measure(List<Goal> goals) throws RunnerException {
    Set<String> benchmarks = new TreeSet<>();
    goals.forEach(goal -> goal.benchmarks().forEach(benchmarks::add));
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .forks(full ? 3 : 1)
            .warmupIterations(full ? 5 : 3)
            .warmupTime(TimeValue.milliseconds(full ? 1_000 : 400))
            .measurementIterations(full ? 5 : 3)
            .measurementTime(TimeValue.milliseconds(full ? 1_000 : 400))
            .addProfiler(GCProfiler.class)
            .jvmArgsPrepend("--sun-misc-unsafe-memory-access=allow")
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT);
    benchmarks.forEach(benchmark -> options.include("\\." + Pattern.quote(benchmark) + "$"));
    return figures(new Runner(options.build()).run());
  }

  private static Map<String, Figure> figures(Collection<RunResult> results) {
    Map<String, Figure> figures = new HashMap<>();
    for (RunResult result : results) {
      String[] name = result.getParams().getBenchmark().split("\\.", -1);
      Result<?> bytes = result.getSecondaryResults().get("gc.alloc.rate.norm");
      figures.put(
          name[name.length - 2] + "." + name[name.length - 1],
          new Figure(
              median(result.getPrimaryResult()), bytes == null ? Double.NaN : median(bytes)));
    }
    return figures;
  }

  private static double median(Result<?> result) {
    return result.getStatistics().getPercentile(50);
  }

  private static void print(Goal.Row row) {
    Goal goal = row.goal();
    Map.Entry<String, Figure> best = row.best();
    Figure limit = row.limit();
    System.out.printf(
        Locale.ROOT,
        LINE,
        goal.name,
        time(row.ours) + bytes(row.ours),
        best == null ? "-" : time(best.getValue()) + " (" + best.getKey() + ")",
        best == null ? "-" : Goal.number(row.ratioToBest()),
        limit == null ? "-" : time(limit) + " (" + goal.limitName + ")",
        limit == null ? "-" : Goal.number(row.ratioToLimit()),
        goal.text(),
        row.isMet() ? "ok" : "MISS");
  }

  private static String time(Figure figure) {
    return String.format(Locale.ROOT, figure.nanos() < 100 ? "%.1f" : "%,.0f", figure.nanos());
  }

  private static String bytes(Figure figure) {
    return String.format(Locale.ROOT, " %,.0f B", figure.bytes());
  }
}
