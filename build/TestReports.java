import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/// Fails the build of a module whose tests were skipped, disabled or aborted by an assumption, or
/// whose test classes ran not at all: a test that does not run shows nothing.
final class TestReports {
  private TestReports() {}

  static void main(String[] args) throws Exception {
    Path tests = Path.of(args[0]);
    Path reports = Path.of(args[1]);
    if (!Files.isDirectory(tests)) {
      return;
    }

    List<String> complaints = new ArrayList<>();
    int run = 0;
    for (Path report : reports(reports)) {
      NodeList cases =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(report.toFile())
              .getElementsByTagName("testcase");
      for (int i = 0; i < cases.getLength(); i++) {
        Element test = (Element) cases.item(i);
        run++;
        if (test.getElementsByTagName("skipped").getLength() > 0) {
          complaints.add(
              "skipped: " + test.getAttribute("classname") + "." + test.getAttribute("name"));
        }
      }
    }
    if (run == 0) {
      complaints.add("no test ran, although there are test sources in " + tests);
    }
    if (!complaints.isEmpty()) {
      complaints.forEach(System.err::println);
      System.err.println("Every test must run. If such a test was removed since, run: mvn clean");
      System.exit(1);
    }
  }

  private static List<Path> reports(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(f -> f.getFileName().toString().matches("TEST-.*\\.xml")).toList();
    }
  }
}
