package dev.anysync.examples.linkcheck;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.IDN;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jspecify.annotations.Nullable;

/**
 * A link on a page.
 *
 * @param page where it was found
 * @param written as the page has it
 * @param uri what it points to, absolute, in one spelling, with its fragment; null if no URI can be
 *     made of it
 */
record Link(URI page, String written, @Nullable URI uri) {

  private static final Pattern ORIGIN = Pattern.compile("^(?i)(https?)://([^/?#]*)(/?)");
  private static final String ILLEGAL = "\"<>\\^`{|}";

  /**
   * Makes a link of an attribute.
   *
   * @param element of the page, or of no page but with its base URI
   */
  static Link of(URI page, Element element, String attribute) {
    String written = element.attr(attribute);
    String absolute = element.absUrl(attribute);
    try {
      URI uri = new URI(escape(oneOrigin(absolute)));
      if (!uri.isAbsolute()) {
        return new Link(page, written, null);
      }
      return switch (uri.getScheme()) {
        case "http", "https" ->
            new Link(page, written, uri.getHost() == null ? null : uri.normalize());
        default -> new Link(page, written, uri);
      };
    } catch (URISyntaxException | IllegalArgumentException e) {
      return new Link(page, written, null);
    }
  }

  /** Makes a link of a redirect's {@code Location} header. */
  static Link redirect(URI from, String location) {
    return of(
        from, new Document(from.toString()).appendElement("a").attr("href", location), "href");
  }

  /** Makes a link of a URL by itself. */
  static Link absolute(String url) {
    return redirect(URI.create(""), url);
  }

  /** Returns the link that a crawl starts from: it is on no page but its own. */
  static Link start(URI uri) {
    return new Link(uri, uri.toString(), uri);
  }

  /** Returns the fragment, decoded; null if there is none or if every page has it. */
  @Nullable String anchor() {
    String fragment = uri == null ? null : uri.getRawFragment();
    if (fragment == null || fragment.startsWith(":~:")) {
      return null;
    }
    String anchor = URLDecoder.decode(fragment.replace("+", "%2B"), UTF_8);
    return anchor.isEmpty() || anchor.equalsIgnoreCase("top") ? null : anchor;
  }

  /** Returns whether a page with these anchors has this link's, decoded or as it is. */
  boolean isOn(Set<String> anchors) {
    String anchor = anchor();
    return anchor == null
        || anchors.contains(anchor)
        || (uri != null && anchors.contains(uri.getRawFragment()));
  }

  /** Returns {@code uri} without its fragment. */
  static URI withoutFragment(URI uri) {
    String text = uri.toString();
    int hash = text.indexOf('#');
    return hash < 0 ? uri : URI.create(text.substring(0, hash));
  }

  /** Spells scheme, host and port in one way, and an empty path as "/". */
  private static String oneOrigin(String url) {
    Matcher origin = ORIGIN.matcher(url);
    if (!origin.find()) {
      return url.replaceFirst("^file:/+", "file:///");
    }
    String scheme = origin.group(1).toLowerCase(Locale.ROOT);
    String host = IDN.toASCII(origin.group(2)).toLowerCase(Locale.ROOT);
    String defaultPort = scheme.equals("http") ? ":80" : ":443";
    if (host.endsWith(defaultPort)) {
      host = host.substring(0, host.length() - defaultPort.length());
    }
    return scheme + "://" + host + "/" + url.substring(origin.end());
  }

  /** Escapes what browsers accept in a link and URIs do not have, spaces and umlauts foremost. */
  private static String escape(String url) {
    StringBuilder escaped = new StringBuilder(url.length());
    byte[] bytes = url.getBytes(UTF_8);
    boolean inFragment = false;
    for (int i = 0; i < bytes.length; i++) {
      char c = (char) (bytes[i] & 0xff);
      boolean stray =
          switch (c) {
            case '%' -> !(isHexDigit(bytes, i + 1) && isHexDigit(bytes, i + 2));
            case '#' -> inFragment;
            default -> c <= ' ' || c >= 0x7f || ILLEGAL.indexOf(c) >= 0;
          };
      inFragment |= c == '#';
      if (stray) {
        escaped.append(String.format(Locale.ROOT, "%%%02X", (int) c));
      } else {
        escaped.append(c);
      }
    }
    return escaped.toString();
  }

  private static boolean isHexDigit(byte[] bytes, int index) {
    return index < bytes.length && Character.digit(bytes[index], 16) >= 0;
  }
}
