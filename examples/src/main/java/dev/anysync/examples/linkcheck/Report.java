package dev.anysync.examples.linkcheck;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.anysync.examples.linkcheck.Source.Verdict;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a check found: collected finding by finding, printed as a table, written as JSON. */
final class Report {

  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  /** The same trouble with the same link, and how often each page has it. */
  private record Trouble(
      String link, Verdict verdict, int status, String why, SortedMap<String, Integer> pages) {

    String label() {
      return status > 0 ? Integer.toString(status) : verdict.name().toLowerCase(Locale.ROOT);
    }

    int times() {
      return pages.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  /** How a check went, apart from what it found. */
  record Circumstances(Duration elapsed, int skipped, boolean interrupted) {}

  /** The JSON report, field by field. */
  private record Json(
      String site,
      boolean interrupted,
      long milliseconds,
      int links,
      int targets,
      int skipped,
      Map<Verdict, Integer> counts,
      List<Trouble> troubles) {}

  private final URI site;
  private final Set<URI> targets = new HashSet<>();
  private final Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
  private final Map<List<Object>, Trouble> troubles = new HashMap<>();

  /**
   * Starts a report.
   *
   * @param site what the table leaves away at the start of links and pages
   */
  Report(URI site) {
    this.site = site;
  }

  void add(Finding finding) {
    counts.merge(finding.verdict(), 1, Integer::sum);
    URI uri = finding.link().uri();
    if (uri != null) {
      targets.add(Link.withoutFragment(uri));
    }
    if (finding.verdict() != Verdict.OK) {
      String link = uri == null ? finding.link().written() : uri.toString();
      Verdict verdict = finding.verdict();
      int status = finding.status();
      String why = finding.why();
      troubles
          .computeIfAbsent(
              List.of(link, verdict, status, why),
              unknown -> new Trouble(link, verdict, status, why, new TreeMap<>()))
          .pages()
          .merge(finding.link().page().toString(), 1, Integer::sum);
    }
  }

  boolean hasDeadLinks() {
    return dead() > 0;
  }

  /** Prints one line for each link in trouble, dead ones first, and a summary. */
  void print(PrintStream out, Circumstances how) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("STATUS", "LINK", "FOUND ON", "TIMES", "WHY"));
    for (Trouble trouble : sorted()) {
      int more = trouble.pages().size() - 1;
      rows.add(
          List.of(
              trouble.label(),
              shorten(trouble.link()),
              shorten(trouble.pages().firstKey()) + (more > 0 ? " and " + more + " more" : ""),
              Integer.toString(trouble.times()),
              trouble.why()));
    }
    if (rows.size() > 1) {
      printTable(out, rows);
      out.println();
    }
    out.printf(
        Locale.ROOT,
        "%s %,d links to %,d targets in %.1f s: %,d dead, %,d moved, %,d fine; %,d not checked%n",
        how.interrupted() ? "Interrupted after" : "Checked",
        links(),
        targets.size(),
        how.elapsed().toMillis() / 1000.0,
        dead(),
        counts.getOrDefault(Verdict.MOVED, 0),
        counts.getOrDefault(Verdict.OK, 0),
        how.skipped());
  }

  /** Writes the whole report, or leaves what was there. */
  void write(Path file, Circumstances how) throws IOException {
    Json json =
        new Json(
            site.toString(),
            how.interrupted(),
            how.elapsed().toMillis(),
            links(),
            targets.size(),
            how.skipped(),
            counts,
            sorted());
    Path unfinished = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.writeString(unfinished, GSON.toJson(json) + "\n");
      Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

  private static void printTable(PrintStream out, List<List<String>> rows) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(row.get(i)).repeat(" ", widths[i] - row.get(i).length() + 2);
      }
      out.println(line.toString().stripTrailing());
    }
  }

  private List<Trouble> sorted() {
    return troubles.values().stream()
        .sorted(
            Comparator.comparing((Trouble trouble) -> !trouble.verdict().isDead())
                .thenComparing(Trouble::label)
                .thenComparing(trouble -> shorten(trouble.link()))
                .thenComparing(Trouble::why))
        .toList();
  }

  private int links() {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  private int dead() {
    return counts.entrySet().stream()
        .filter(count -> count.getKey().isDead())
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  private String shorten(String uri) {
    String start = site.toString();
    return uri.startsWith(start) ? "/" + uri.substring(start.length()) : uri;
  }
}
