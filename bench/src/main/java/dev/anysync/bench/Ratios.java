package dev.anysync.bench;

import dev.anysync.bench.Goal.Figure;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures each goal beside its peers, prints a line for each, and fails if one is missed. */
@Command(
    name = "bench/ratios",
    description = "Measures the library beside its peers, and says which goals are met.",
    footer = "%nExit code: 0 if all goals are met, 1 if one is missed, 2 for a wrong command.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class Ratios implements Callable<Integer> {
  private static final String LINE = "%-46s %16s  %-36s %7s  %-28s %7s  %-46s %s%n";

  @Option(names = "--full", description = "Measure for as long as figures to be quoted take.")
  private boolean full;

  @Option(
      names = "--only",
      paramLabel = "REGEX",
      description = "Only goals of which 'group: name' has a match.")
  private String only = "";

  @Option(
      names = "--write",
      paramLabel = "FOLDER",
      description = {
        "Write charts (SVG) into this folder,",
        "and tables into the sections for them of FOLDER.md beside it."
      })
  private @Nullable Path folder;

  @Option(names = "--list", description = "List the goals, measure nothing.")
  private boolean list;

  @Option(
      names = "--launcher",
      hidden = true,
      description = "Write what starts this, a word a line.")
  private @Nullable Path launcher;

  @Spec private @Nullable CommandSpec spec;

  private Ratios() {}

  public static void main(String[] args) {
    System.exit(new CommandLine(new Ratios()).execute(args));
  }

  @Override
  public Integer call() throws RunnerException, IOException, InterruptedException {
    if (launcher != null) {
      List<String> command = new ArrayList<>(Probe.java(System.getProperty("java.class.path")));
      command.add(Ratios.class.getName());
      Files.write(launcher, command);
      return 0;
    }
    Map<String, List<Goal>> asked = asked();
    if (list) {
      asked.forEach(
          (group, goals) -> goals.forEach(goal -> System.out.println(group + ": " + goal.name)));
      return 0;
    }
    Report report = folder == null ? null : report(folder);
    int missed = 0;
    System.out.printf(LINE, "name", "ours", "best peer", "ratio", "limit", "ratio", "goal", "");
    for (Map.Entry<String, List<Goal>> group : asked.entrySet()) {
      Map<String, Figure> figures = measure(group.getValue());
      List<Goal.Row> rows = group.getValue().stream().map(goal -> goal.new Row(figures)).toList();
      rows.forEach(Ratios::print);
      missed += (int) rows.stream().filter(row -> !row.isMet()).count();
      if (report != null) {
        report.add(group.getKey(), rows, figures);
      }
    }
    System.out.printf("%d missed%n", missed);
    return missed == 0 ? 0 : 1;
  }

  private Map<String, List<Goal>> asked() {
    Pattern pattern;
    try {
      pattern = Pattern.compile(only);
    } catch (PatternSyntaxException e) {
      throw wrong("--only: " + e.getMessage());
    }
    Map<String, List<Goal>> all = Goals.all();
    if (!all.containsKey(Goals.SEEDS) && pattern.matcher(Goals.SEEDS).find()) {
      System.err.println(Goals.SEEDS + ": skipped, as python3 cannot import anysync and unsync");
    }
    all.replaceAll((group, goals) -> goals.stream().filter(g -> g.isIn(pattern, group)).toList());
    all.values().removeIf(List::isEmpty);
    if (all.isEmpty()) {
      throw wrong("--only: no goal matches '" + only + "'; --list shows them");
    }
    return all;
  }

  private Report report(Path folder) {
    try {
      return new Report(Files.createDirectories(folder), full);
    } catch (FileAlreadyExistsException e) {
      throw wrong("--write: '" + folder + "' is not a folder");
    } catch (IOException e) {
      throw wrong("--write: cannot write to '" + folder + "': " + e);
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }

  /** Measures what a group needs: each benchmark of JMH, and each probe, in JVMs of its own. */
  private Map<String, Figure> measure(List<Goal> goals)
      throws RunnerException, IOException, InterruptedException {
    TreeSet<String> benchmarks = new TreeSet<>();
    TreeSet<String> probes = new TreeSet<>();
    for (Goal goal : goals) {
      goal.benchmarks()
          .forEach(
              name -> {
                String source = name.substring(0, name.indexOf('.'));
                if (source.endsWith(Probe.SUFFIX)) {
                  probes.add(source);
                } else {
                  benchmarks.add(name);
                }
              });
    }
    Map<String, Figure> figures = new TreeMap<>();
    if (!benchmarks.isEmpty()) {
      figures.putAll(measure(benchmarks));
    }
    for (String probe : probes) {
      figures.putAll(Probe.run(probe, full));
    }
    return figures;
  }

  private Map<String, Figure> measure(Collection<String> benchmarks) throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .forks(full ? 2 : 1)
            .warmupIterations(3)
            .warmupTime(TimeValue.milliseconds(full ? 1_000 : 300))
            .measurementIterations(3)
            .measurementTime(TimeValue.milliseconds(full ? 1_000 : 300))
            .addProfiler(GCProfiler.class)
            .jvmArgsPrepend("--sun-misc-unsafe-memory-access=allow")
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT);
    benchmarks.forEach(benchmark -> options.include("\\." + Pattern.quote(benchmark) + "$"));
    return figures(new Runner(options.build()).run());
  }

  private static Map<String, Figure> figures(Collection<RunResult> results) {
    Map<String, Figure> figures = new TreeMap<>();
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
        LINE,
        goal.name,
        row.ours,
        best == null ? "-" : best.getValue().time() + " (" + best.getKey() + ")",
        best == null ? "-" : Goal.number(row.ratioToBest()),
        limit == null ? "-" : limit.time() + " (" + goal.limitName + ")",
        limit == null ? "-" : Goal.number(row.ratioToLimit()),
        goal.text(),
        row.isMet() ? "ok" : "MISS");
  }
}
