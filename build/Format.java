import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/// Checks (`check`) or rewrites (`apply`) every Java source file of the repository with
/// google-java-format. The build runs it from source with the formatter's jar on the class path.
final class Format {
  private Format() {}

  static void main(String[] args) throws Exception {
    Path root = Path.of(args[1]);
    List<String> command =
        new ArrayList<>(
            switch (args[0]) {
              case "check" -> List.of("--dry-run", "--set-exit-if-changed");
              case "apply" -> List.of("--replace");
              default ->
                  throw new IllegalArgumentException("-Dformat is check or apply, not " + args[0]);
            });
    command.addAll(sources(root));

    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int exit = new Main(out, err, System.in).format(command.toArray(String[]::new));
    out.flush();
    err.flush();
    if (exit != 0) {
      System.err.println("The files above are not formatted. Run: mvn -q -N verify -Dformat=apply");
      System.exit(exit);
    }
  }

  private static List<String> sources(Path root) throws IOException {
    List<String> files = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
            String name = dir.getFileName().toString();
            boolean source = dir.equals(root) || !(name.equals("target") || name.startsWith("."));
            return source ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              files.add(file.toString());
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }
}
