package dev.anysync.examples.linkcheck;

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a target holds, not parsed yet.
 *
 * @param uri where it was in the end, after redirects
 * @param type as the {@code Content-Type} header has it, or empty
 * @param bytes as they came; backed by an array of just this size
 */
record Content(URI uri, String type, ByteBuffer bytes) {

  private static final Pattern CHARSET = Pattern.compile("(?i)charset\\s*=\\s*[\"']?([^\\s\"';]+)");

  /** What can be read of a target. */
  enum Kind {
    HTML,
    MARKDOWN,
    /** Nothing: it has no links. */
    OTHER;

    static Kind of(String type, URI uri) {
      String media = type.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
      String path = uri.getPath() == null ? "" : uri.getPath().toLowerCase(Locale.ROOT);
      return switch (media) {
        case "text/html", "application/xhtml+xml" -> HTML;
        case "text/markdown", "text/x-markdown" -> MARKDOWN;
        case "", "text/plain", "application/octet-stream" -> {
          if (path.endsWith(".md") || path.endsWith(".markdown")) {
            yield MARKDOWN;
          }
          yield media.isEmpty() && path.matches(".*\\.x?html?") ? HTML : OTHER;
        }
        default -> OTHER;
      };
    }
  }

  Kind kind() {
    return Kind.of(type, uri);
  }

  /** Returns the charset that {@link #type} names, if there is such a charset. */
  Optional<Charset> charset() {
    Matcher matcher = CHARSET.matcher(type);
    try {
      return matcher.find() && Charset.isSupported(matcher.group(1))
          ? Optional.of(Charset.forName(matcher.group(1)))
          : Optional.empty();
    } catch (IllegalCharsetNameException e) {
      return Optional.empty();
    }
  }
}
