package dev.anysync.examples.linkcheck;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** A run of the whole program: its exit code and what it printed. */
record Run(int exitCode, String out, String err) {

  static Run of(Object... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode =
        Linkcheck.run(
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            Arrays.stream(args).map(Object::toString).toArray(String[]::new));
    return new Run(exitCode, out.toString(UTF_8), err.toString(UTF_8));
  }

  /** Returns the table without its head: a line's cells are STATUS, LINK, FOUND ON, TIMES, WHY. */
  List<List<String>> table() {
    return out.lines()
        .dropWhile(line -> !line.startsWith("STATUS "))
        .skip(1)
        .takeWhile(line -> !line.isEmpty())
        .map(line -> List.of(line.split("  +")))
        .toList();
  }

  /** Returns the first three cells of each line of the table. */
  List<String> findings() {
    return table().stream().map(cells -> String.join(" ", cells.subList(0, 3))).toList();
  }

  String summary() {
    return out.lines().reduce("", (first, second) -> second);
  }

  static JsonObject json(Path file) throws IOException {
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }

  /** Returns "status link page times" for each page of each trouble in a JSON report. */
  static Set<String> troubles(JsonObject json) {
    Set<String> troubles = new TreeSet<>();
    for (JsonElement element : json.getAsJsonArray("troubles")) {
      JsonObject trouble = element.getAsJsonObject();
      int status = trouble.get("status").getAsInt();
      String label =
          status > 0
              ? Integer.toString(status)
              : trouble.get("verdict").getAsString().toLowerCase(Locale.ROOT);
      trouble.getAsJsonObject("pages").asMap().entrySet().stream()
          .map(
              page ->
                  String.join(
                      " ",
                      label,
                      trouble.get("link").getAsString(),
                      page.getKey(),
                      page.getValue().getAsString()))
          .forEach(troubles::add);
    }
    return troubles;
  }
}
