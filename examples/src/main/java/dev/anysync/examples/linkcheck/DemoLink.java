package dev.anysync.examples.linkcheck;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * A link of the demo site that is there to be tried: a line of {@code site/links.txt}.
 *
 * @param page the path of the page that has it
 * @param href as the page has it
 * @param expected "ok", or what is to be reported: an HTTP status or a verdict
 * @param reported the link as it is to be reported
 */
record DemoLink(String page, String href, String expected, String reported) {

  private static final String IMAGE = "img:";

  /**
   * Reads all of them.
   *
   * @param names what the names in braces stand for
   */
  static List<DemoLink> load(Map<String, String> names) throws IOException {
    return DemoPages.lines("links.txt").stream()
        .map(
            line -> {
              String filled = line;
              for (Map.Entry<String, String> name : names.entrySet()) {
                filled = filled.replace("{" + name.getKey() + "}", name.getValue());
              }
              List<String> fields = List.of(filled.split(" \\| ", -1));
              String href = fields.get(1);
              return new DemoLink(
                  fields.get(0),
                  href,
                  fields.get(2),
                  fields.size() > 3 ? fields.get(3) : href.replace(IMAGE, ""));
            })
        .toList();
  }

  String html() {
    return href.startsWith(IMAGE)
        ? "<img src=\"%s\" alt=\"\">".formatted(href.substring(IMAGE.length()))
        : "<a href=\"%s\">%s</a>".formatted(href, href);
  }

  String markdown() {
    return "[%s](<%s>)".formatted(href, href);
  }
}
