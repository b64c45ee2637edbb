package dev.anysync.examples.linkcheck;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;

/**
 * A parsed page: work for the cpu, which waits for nothing.
 *
 * @param uri where it is
 * @param links all of its links, in the page's order, repeated ones repeated
 * @param anchors what a fragment may name
 */
record Page(URI uri, List<Link> links, Set<String> anchors) {

  /** Of links to a host, not to a page. */
  private static final String CONNECTION = "preconnect|dns-prefetch";

  /** Parses HTML, and Markdown by way of HTML. */
  static Page parse(Content content) throws IOException {
    Document document =
        switch (content.kind()) {
          case HTML -> html(content);
          case MARKDOWN -> markdown(content);
          case OTHER -> new Document(content.uri().toString());
        };
    List<Link> links = new ArrayList<>();
    Set<String> anchors = new HashSet<>();
    for (Element element : document.getAllElements()) {
      anchors.add(element.id());
      if (element.nameIs("a")) {
        anchors.add(element.attr("name"));
      }
      String attribute = linkAttribute(element);
      if (element.hasAttr(attribute) && !element.attr("rel").matches(CONNECTION)) {
        links.add(Link.of(content.uri(), element, attribute));
      }
    }
    return new Page(content.uri(), List.copyOf(links), Set.copyOf(anchors));
  }

  private static String linkAttribute(Element element) {
    return switch (element.normalName()) {
      case "a", "area", "link" -> "href";
      default -> "src";
    };
  }

  private static Document html(Content content) throws IOException {
    // Without a charset jsoup looks for a byte order mark and a meta element.
    String charset = content.charset().map(Charset::name).orElse(null);
    return Jsoup.parse(
        new ByteArrayInputStream(content.bytes().array()), charset, content.uri().toString());
  }

  private static Document markdown(Content content) {
    String text = content.charset().orElse(UTF_8).decode(content.bytes().duplicate()).toString();
    String html = HtmlRenderer.builder().build().render(Parser.builder().build().parse(text));
    Document document = Jsoup.parse(html, content.uri().toString());
    Map<String, Integer> uses = new HashMap<>();
    for (Element heading : document.select("h1, h2, h3, h4, h5, h6")) {
      String slug = slug(heading.text());
      int use = uses.merge(slug, 1, Integer::sum);
      heading.attr("id", use == 1 ? slug : slug + "-" + (use - 1));
    }
    return document;
  }

  /** Returns the anchor that the usual Markdown renderers give a heading. */
  private static String slug(String heading) {
    return heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
  }
}
