package dev.anysync.bench;

import dev.anysync.bench.Goal.Figure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;

/** The figures as a page of tables, with a chart for each group. */
final class Report {
  private final Path folder;
  private final StringBuilder page = new StringBuilder("# Figures\n");

  Report(Path folder) {
    this.folder = folder;
  }

  void add(String group, List<Goal.Row> rows, Map<String, Figure> figures) throws IOException {
    String file = group.toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", "-");
    page.append("\n## %s\n\n![%s](%s.svg)\n".formatted(group, group, file));
    page.append("\n| what | ours | ratio to the best peer | goal | |\n|---|---|---|---|---|\n");
    for (Goal.Row row : rows) {
      page.append(
          "| %s | %s ns, %.0f B | %s | %s | %s |\n"
              .formatted(
                  row.goal().name,
                  Goal.number(row.ours.nanos()),
                  row.ours.bytes(),
                  row.best() == null ? "" : Goal.number(row.ratioToBest()),
                  row.goal().text(),
                  row.isMet() ? "ok" : "**missed**"));
    }
    page.append("\n| benchmark | ns | B |\n|---|---|---|\n");
    new TreeMap<>(figures)
        .forEach(
            (name, figure) ->
                page.append(
                    "| %s | %s | %.0f |\n"
                        .formatted(name, Goal.number(figure.nanos()), figure.bytes())));
    chart(group, rows, file);
  }

  void write() throws IOException {
    Files.writeString(folder.resolve("figures.md"), page);
  }

  private void chart(String group, List<Goal.Row> rows, String file) throws IOException {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(900)
            .height(450)
            .title(group)
            .yAxisTitle("ns, logarithmic")
            .build();
    chart.getStyler().setYAxisLogarithmic(true).setXAxisLabelRotation(30);
    List<String> names = rows.stream().map(row -> row.goal().name).toList();
    chart.addSeries("AnySync", names, rows.stream().map(row -> row.ours.nanos()).toList());
    chart.addSeries(
        "best peer",
        names,
        rows.stream()
            .map(row -> row.best() == null ? row.ours.nanos() : row.best().getValue().nanos())
            .toList());
    VectorGraphicsEncoder.saveVectorGraphic(
        chart, folder.resolve(file).toString(), VectorGraphicsFormat.SVG);
  }
}
