package dev.anysync.bench;

import dev.anysync.bench.Goal.Figure;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;

/** The figures as tables in a page that says what they mean, and a chart for each group. */
final class Report {
  private static final String END = "<!-- end of figures -->\n";

  private final Path folder;
  private final Path page;
  private final boolean full;

  Report(Path folder, boolean full) throws IOException {
    this.folder = folder;
    this.page = folder.resolveSibling(folder.getFileName() + ".md");
    this.full = full;
    if (!Files.exists(page)) {
      Files.writeString(page, "# Performance\n");
    }
  }

  /** Puts a group's figures where those of an earlier run are, or at the end of the page. */
  void add(String group, List<Goal.Row> rows, Map<String, Figure> figures) throws IOException {
    String file = group.toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", "-");
    String begin = "<!-- figures: %s -->\n".formatted(group);
    String section = begin + section(group, file, rows, figures) + END;
    String text = Files.readString(page);
    int from = text.indexOf(begin);
    if (from < 0) {
      text += "\n## %s\n\n%s".formatted(group, section);
    } else {
      int to = text.indexOf(END, from) + END.length();
      text = text.substring(0, from) + section + text.substring(to);
    }
    Files.writeString(page, text);

    Chart<?, ?> chart = group.equals(Goals.GROWTH) ? growth(group, rows) : chart(group, rows);
    Path drawn = folder.resolve(file + ".svg");
    VectorGraphicsEncoder.saveVectorGraphic(chart, drawn.toString(), VectorGraphicsFormat.SVG);
    // Letters are outlines there, to twelve decimals: half of the file is a millionth of a pixel.
    Files.writeString(drawn, Files.readString(drawn).replaceAll("(\\.\\d\\d)\\d+", "$1"));
  }

  private String section(
      String group, String file, List<Goal.Row> rows, Map<String, Figure> figures) {
    StringBuilder text = new StringBuilder();
    text.append("\n![%s](%s/%s.svg)\n".formatted(group, folder.getFileName(), file));
    text.append("\n| what | ours | best peer | ratio | limit | ratio | goal | |\n");
    text.append("|---|---|---|---|---|---|---|---|\n");
    for (Goal.Row row : rows) {
      Map.Entry<String, Figure> best = row.best();
      Figure limit = row.limit();
      text.append(
          "| %s | %s | %s | %s | %s | %s | %s | %s |\n"
              .formatted(
                  row.goal().name,
                  row.ours,
                  best == null ? "" : best.getKey() + ": " + best.getValue().time(),
                  best == null ? "" : Goal.number(row.ratioToBest()),
                  limit == null ? "" : row.goal().limitName + ": " + limit.time(),
                  limit == null ? "" : Goal.number(row.ratioToLimit()),
                  row.goal().text(),
                  row.isMet() ? "ok" : "**missed**"));
    }
    text.append(
        "\n<details><summary>All that was measured</summary>\n\n| what | figure |\n|---|---|\n");
    figures.forEach((name, figure) -> text.append("| %s | %s |\n".formatted(name, figure)));
    text.append("\n</details>\n");
    text.append(
        "\n%s, `bench/ratios%s`, %d cores, JDK %s, %s.\n\n"
            .formatted(
                LocalDate.now(ZoneOffset.UTC),
                full ? " --full" : "",
                Runtime.getRuntime().availableProcessors(),
                Runtime.version(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch")));
    return text.toString();
  }

  private static CategoryChart chart(String group, List<Goal.Row> rows) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(900)
            .height(450)
            .title(group)
            .yAxisTitle("ns, logarithmic")
            .build();
    List<Goal.Row> timed = rows.stream().filter(row -> !Double.isNaN(row.ours.nanos())).toList();
    List<String> names = timed.stream().map(row -> row.goal().name).toList();
    double least =
        timed.stream()
            .flatMapToDouble(row -> DoubleStream.of(row.ours.nanos(), ofBest(row), ofLimit(row)))
            .filter(nanos -> !Double.isNaN(nanos))
            .min()
            .orElse(1);
    plain(chart);
    chart.getStyler().setXAxisLabelRotation(30);
    chart.getStyler().setYAxisMin(Math.pow(10, Math.floor(Math.log10(least))));
    chart.addSeries("AnySync", names, timed.stream().map(row -> row.ours.nanos()).toList());
    addSeries(chart, "best peer", names, timed.stream().map(Report::ofBest).toList());
    addSeries(chart, "limit", names, timed.stream().map(Report::ofLimit).toList());
    return chart;
  }

  /** Adds bars, and none where there is no value: that is null to the chart. */
  private static void addSeries(
      CategoryChart chart, String name, List<String> names, List<Double> values) {
    List<@Nullable Double> bars = new ArrayList<>();
    values.forEach(value -> bars.add(value.isNaN() ? null : value));
    if (bars.stream().anyMatch(Objects::nonNull)) {
      chart.addSeries(name, names, bars);
    }
  }

  private static double ofBest(Goal.Row row) {
    Map.Entry<String, Figure> best = row.best();
    return best == null ? Double.NaN : best.getValue().nanos();
  }

  private static double ofLimit(Goal.Row row) {
    Figure limit = row.limit();
    return limit == null ? Double.NaN : limit.nanos();
  }

  /** A line for each goal, over the sizes that it was measured at. */
  private static XYChart growth(String group, List<Goal.Row> rows) {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(450)
            .title(group)
            .xAxisTitle("coroutines in flight")
            .yAxisTitle("ns, logarithmic")
            .build();
    plain(chart);
    chart.getStyler().setXAxisLogarithmic(true);
    for (Goal.Row row : rows) {
      List<Double> nanos =
          row.goal().peers.values().stream()
              .map(name -> row.figure(name).nanos())
              .takeWhile(value -> !value.isNaN()) // too many for it
              .toList();
      if (!nanos.isEmpty()) {
        chart.addSeries(
            row.goal().name.replaceFirst(", [0-9,]+ in flight$", ""),
            GrowthProbe.SIZES.subList(0, nanos.size()),
            nanos);
      }
    }
    return chart;
  }

  private static void plain(Chart<? extends AxesChartStyler, ?> chart) {
    chart.getStyler().setYAxisLogarithmic(true).setPlotGridLinesVisible(false); // they are long
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
  }
}
