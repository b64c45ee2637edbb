package dev.anysync.examples.linkcheck;

import static dev.anysync.examples.linkcheck.Source.Verdict.BROKEN;

import dev.anysync.AnySync;
import dev.anysync.Unsync;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Fetches from a folder that holds a site: blocking reads, on the thread lane.
 *
 * <p>As on a server the folder is the root: a link to {@code /images/logo.png} is looked for in it,
 * and nothing outside of it is there.
 */
final class Folder implements Source {

  private static final List<String> INDEXES = List.of("index.html", "index.md", "README.md");

  private final Path root;

  Folder(Path root) throws IOException {
    this.root = root.toRealPath();
  }

  Path root() {
    return root;
  }

  /** Returns all HTML and Markdown files of the folder, hidden ones left out, in a fixed order. */
  List<URI> pages() throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> !root.relativize(file).toString().matches("(.*[/\\\\])?\\.[^/\\\\].*"))
          .filter(Files::isRegularFile)
          .map(Path::toUri)
          .filter(uri -> Content.Kind.of("", uri) != Content.Kind.OTHER)
          .sorted()
          .toList();
    }
  }

  @Override
  public AnySync<Answer> fetch(URI uri, boolean read) {
    return AnySync.from(() -> Unsync.call(() -> answer(uri, read)));
  }

  private Answer answer(URI uri, boolean read) {
    Path path = locate(uri);
    try {
      if (Files.isDirectory(path)) {
        for (String index : INDEXES) {
          if (Files.exists(path.resolve(index))) {
            return answer(path.resolve(index).toUri(), read);
          }
        }
        return Answer.ok(0, null);
      }
      if (!Files.exists(path)) {
        return Answer.failed(BROKEN, 0, "no such file: " + path);
      }
      if (!read || Content.Kind.of("", uri) == Content.Kind.OTHER) {
        return Answer.ok(0, null);
      }
      return Answer.ok(0, new Content(uri, "", ByteBuffer.wrap(Files.readAllBytes(path))));
    } catch (IOException e) {
      return Answer.failed(BROKEN, 0, "cannot be read: " + e);
    }
  }

  /** Returns the file that a link means, with the folder as the root of all paths. */
  private Path locate(URI uri) {
    Path path = Path.of(URI.create("file://" + uri.getRawPath())).normalize();
    return path.startsWith(root) ? path : root.resolve(path.getRoot().relativize(path).toString());
  }
}
