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

  private static final String WITH_HREF = "a[href], area[href], link[href]:not([rel~=preconnect])";
  private static final String WITH_SRC = "[src]";

  /** Parses HTML, and Markdown by way of HTML. */
  static Page parse(Content content) throws IOException {
    Document document =
        switch (content.kind()) {
          case HTML -> html(content);
          case MARKDOWN -> markdown(content);
          case OTHER -> new Document(content.uri().toString());
        };
    List<Link> links = new ArrayList<>();
    for (Element element : document.select(WITH_HREF + ", " + WITH_SRC)) {
      String attribute = element.hasAttr("href") ? "href" : "src";
      links.add(Link.of(content.uri(), element, attribute));
    }
    Set<String> anchors = new HashSet<>(document.select("[id]").eachAttr("id"));
    anchors.addAll(document.select("a[name]").eachAttr("name"));
    return new Page(content.uri(), List.copyOf(links), Set.copyOf(anchors));
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
