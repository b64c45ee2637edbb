package dev.anysync.examples.linkcheck;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The pages of the demo site, always the same: what there is, and not yet how it is served. */
final class DemoPages {

  private static final int NOTES = 36;
  private static final String HTML = "text/html; charset=utf-8";

  /** What a path holds. */
  record Body(String type, String text, Charset charset) {}

  private final String template = text("page.html");
  private final List<String> sentences = lines("sentences.txt");
  private final Map<String, List<String>> sections = new LinkedHashMap<>();
  private final Map<String, List<DemoLink>> links;
  private final Map<String, Body> bodies = new LinkedHashMap<>();

  private DemoPages(List<DemoLink> links) throws IOException {
    this.links = links.stream().collect(Collectors.groupingBy(DemoLink::page));
    for (String line : lines("subjects.txt")) {
      String[] parts = line.split(": ", 2);
      sections.put(parts[0], List.of(parts[1].split(", ")));
    }
  }

  /** Returns the body of each path, not escaped; {@code links} are on the pages they name. */
  static Map<String, Body> of(List<DemoLink> links) throws IOException {
    DemoPages pages = new DemoPages(links);
    pages.addFront();
    pages.sections.forEach(pages::addSection);
    pages.addNotes();
    pages.addOddities();
    pages.addFiles();
    Set<String> unplaced = pages.links.keySet();
    unplaced.removeAll(pages.bodies.keySet());
    if (!unplaced.isEmpty()) {
      throw new IllegalStateException("links.txt names pages that are not there: " + unplaced);
    }
    return pages.bodies;
  }

  private void addFront() {
    StringBuilder body = new StringBuilder("<p>What sailors ask, by subject.</p>\n<ul>\n");
    sections.forEach(
        (section, names) ->
            body.append("<li><a href=\"%s/\">%s</a>: ".formatted(section, title(section)))
                .append("%d entries, the last of them <a href=\"".formatted(names.size()))
                .append("%s/#%s\">".formatted(section, slug(names.getLast())))
                .append(names.getLast())
                .append("</a></li>\n"));
    addHtml("/", "The Harbour Almanac", body + "<li><a href='notes/'>Notes</a></li>\n</ul>");
    addHtml("/about.html", "About", "<p>There is <a href=\".\">a front page</a>.</p>");
  }

  private void addSection(String section, List<String> names) {
    StringBuilder index = new StringBuilder("<ul>\n");
    for (int i = 0; i < names.size(); i++) {
      String slug = slug(names.get(i));
      index.append("<li id=\"%s\"><a href=\"%s.html\">".formatted(slug, slug));
      index.append(names.get(i)).append("</a></li>\n");
      addHtml("/" + section + "/" + slug + ".html", names.get(i), entry(section, names, i));
    }
    addHtml("/" + section + "/", title(section), index + "</ul>");
  }

  private String entry(String section, List<String> names, int number) {
    int next = (number + 1) % names.size();
    int previous = (number + names.size() - 1) % names.size();
    return """
    <p><img src="../images/%1$s.svg" alt="">%2$s</p>
    <h2 id="use">Use</h2>
    <p>%3$s</p>
    <h2>See also</h2>
    <p>%4$s</p>
    <h2 id="sources"><a name="books">Sources</a></h2>
    <p><a href="/notes/%5$d.md">Note %5$d</a>, <a href="#use">above</a>.</p>
    <p><a href="%6$s.html">Before</a> <a href="%7$s.html#books">After</a>
    <a href="./#%8$s">Up</a></p>
    """
        .formatted(
            section,
            sentence(section, number, 1),
            sentence(section, number, 5) + " " + sentence(section, number, 11),
            seeAlso(number),
            number % NOTES + 1,
            slug(names.get(previous)),
            slug(names.get(next)),
            slug(names.get(number)));
  }

  /** Links to one entry in each section, in different spellings. */
  private String seeAlso(int number) {
    StringBuilder html = new StringBuilder();
    int turn = number;
    for (Map.Entry<String, List<String>> section : sections.entrySet()) {
      turn = turn * 7 + 3;
      String name = section.getValue().get(turn % section.getValue().size());
      String path = section.getKey() + "/" + slug(name) + ".html";
      String form =
          switch (turn % 3) {
            case 0 -> "<a href=\"../%s#sources\">%s</a>\n";
            case 1 -> "<a href='/%s'>%s</a>\n";
            default -> "<A HREF=../%s>%s</A>\n";
          };
      html.append(form.formatted(path, name));
      turn %= 97;
    }
    return html.toString();
  }

  private void addNotes() {
    StringBuilder index = new StringBuilder("# Notes\n\n");
    for (int i = 1; i <= NOTES; i++) {
      index.append("- [Note %d](%d.md#what-was-wrong)\n".formatted(i, i));
      addMarkdown(
          "/notes/" + i + ".md",
          """
          # Note %1$d

          ## What was wrong

          %2$s See [the ports](../ports/) and [note %3$d](%3$d.md#note-%3$d).

          ## What was wrong

          The same again. [All notes](.)
          """
              .formatted(i, sentence("notes", i, 3), i % NOTES + 1));
    }
    addMarkdown("/notes/", index.toString());
  }

  private void addOddities() {
    addHtml("/odd/a page.html", "A page with a space", "");
    addHtml("/odd/灯台.html", "A lighthouse", "");
    addHtml("/odd/100%.html", "All of it", "");
    addHtml("/odd/query", "A query", "");
    addHtml("/odd/anchors.html", "Anchors", "<p id=\"a%20b\"><p id=\"c d\">");
    addHtml("/odd/base.html", "Elsewhere", "<base href=\"/ports/\">");
    String anchor = "<p id=\"größe\">Größe</p>";
    add("/odd/latin1.html", "text/html; charset=ISO-8859-1", anchor, ISO_8859_1);
    add("/odd/utf16.html", "text/html", anchor, UTF_16);
    add("/odd/meta.html", "text/html", "<meta charset=windows-1252>" + anchor, ISO_8859_1);
    add("/odd/bogus.html", "text/html; charset=utf-banana", anchor, UTF_8);
  }

  private void addFiles() {
    for (String section : sections.keySet()) {
      add(
          "/images/" + section + ".svg",
          "image/svg+xml",
          "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
          UTF_8);
    }
    add("/images/dot.png", "image/png", "\u0089PNG\r\n\u001a\n", ISO_8859_1);
    add("/style.css", "text/css", "body { font-family: serif }", UTF_8);
    add("/files/chart.pdf", "application/pdf", "%PDF-1.4\n%%EOF\n", ISO_8859_1);
    add("/files/tides.json", "application/json", "{\"href\": \"/nowhere\"}", UTF_8);
    add("/files/plain.txt", "text/plain", "<a href='/nowhere'>not a link</a>", UTF_8);
    add("/files/untyped", "", "<a href='/nowhere'>not a link either</a>", UTF_8);
  }

  private void addHtml(String path, String title, String body) {
    StringBuilder nav = new StringBuilder();
    for (String section : sections.keySet()) {
      nav.append("<a href=\"/%s/\">%s</a> ".formatted(section, title(section)));
    }
    String page = template.replace("{title}", title).replace("{nav}", nav).replace("{body}", body);
    add(path, HTML, page, UTF_8);
  }

  private void addMarkdown(String path, String text) {
    StringBuilder all = new StringBuilder(text).append('\n');
    for (DemoLink link : links.getOrDefault(path, List.of())) {
      all.append(link.markdown()).append("\n");
    }
    bodies.put(path, new Body("text/markdown", all.toString(), UTF_8));
  }

  private void add(String path, String type, String text, Charset charset) {
    StringBuilder all = new StringBuilder(text);
    for (DemoLink link : links.getOrDefault(path, List.of())) {
      all.append('\n').append(link.html());
    }
    bodies.put(path, new Body(type, all.toString(), charset));
  }

  private String sentence(String section, int number, int offset) {
    List<String> names = sections.getOrDefault(section, List.of("this note"));
    return sentences
        .get((number * 5 + offset) % sentences.size())
        .replace("{name}", names.get(number % names.size()))
        .replace("{number}", Integer.toString(number + 1))
        .replace("{section}", section);
  }

  private static String title(String section) {
    return section.substring(0, 1).toUpperCase(Locale.ROOT) + section.substring(1);
  }

  private static String slug(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}]+", "-");
  }

  /** Returns the lines of a file of the site that are neither empty nor comments. */
  static List<String> lines(String file) throws IOException {
    List<String> lines = new ArrayList<>(text(file).lines().toList());
    lines.removeIf(line -> line.isBlank() || line.startsWith("#"));
    return lines;
  }

  private static String text(String file) throws IOException {
    try (InputStream in = DemoPages.class.getResourceAsStream("site/" + file)) {
      if (in == null) {
        throw new FileNotFoundException("site/" + file);
      }
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
