package dev.anysync.processor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/**
 * Each folder of {@code src/test/resources/golden} has types of one kind, what is generated of them
 * as {@code *.golden}, and a {@code Use} of that. After a change that is meant: {@code mvn -q test
 * -pl processor -Dtest=GoldenTest -Dgolden.update=true}
 */
class GoldenTest {
  private static final Path FOLDERS = Path.of("src/test/resources/golden");
  private static final String UPDATE =
      "mvn -q test -pl processor -Dtest=GoldenTest -Dgolden.update=true";

  @TestFactory
  Stream<DynamicNode> eachKind() throws IOException {
    List<DynamicNode> tests = new ArrayList<>();
    for (Path folder : list(FOLDERS)) {
      var sources = sources(folder);
      tests.add(
          dynamicContainer(
              name(folder),
              List.of(
                  dynamicTest("isAsReviewed", () -> isAsReviewed(folder, sources)),
                  dynamicTest("isTheSameAgain", () -> isTheSameAgain(sources)),
                  dynamicTest("works", () -> works(sources)))));
    }
    assertThat(tests).hasSizeGreaterThan(9);
    return tests.stream();
  }

  private static void isAsReviewed(Path folder, List<Compilation.Source> sources)
      throws IOException {
    Map<String, String> generated = compiled(sources).generated;
    assertThat(generated).isNotEmpty();
    if (Boolean.getBoolean("golden.update")) {
      for (Path old : list(folder)) {
        if (name(old).endsWith(".golden")) {
          Files.delete(old);
        }
      }
      for (Map.Entry<String, String> file : generated.entrySet()) {
        Files.writeString(folder.resolve(file.getKey() + ".golden"), file.getValue());
      }
    }
    Map<String, String> reviewed = new TreeMap<>();
    for (Path file : list(folder)) {
      if (name(file).endsWith(".golden")) {
        reviewed.put(name(file).replace(".golden", ""), Files.readString(file));
      }
    }
    assertThat(generated)
        .as("what is generated differs from %s; if that is meant: %s", folder, UPDATE)
        .isEqualTo(reviewed);
  }

  private static void isTheSameAgain(List<Compilation.Source> sources) {
    Map<String, String> once = compiled(sources).generated;
    assertThat(compiled(sources.reversed()).generated).isEqualTo(once);
  }

  private static void works(List<Compilation.Source> sources) throws Exception {
    Class<?> use = compiled(sources).loadClass("golden.Use");
    use.getMethod("main").invoke(null);
  }

  private static Compilation compiled(List<Compilation.Source> sources) {
    boolean mine = sources.stream().anyMatch(s -> s.getName().endsWith("AnySyncMine.java"));
    Compilation compilation =
        Compilation.of(
            sources,
            new AnySyncProcessor(),
            mine ? "-Aanysync.integrations=golden.AnySyncMine" : "-Xdoclint:all,-missing");
    assertThat(compilation.complaints).isEmpty();
    return compilation;
  }

  private static List<Compilation.Source> sources(Path folder) throws IOException {
    List<Compilation.Source> sources = new ArrayList<>();
    for (Path file : list(folder)) {
      if (name(file).endsWith(".java")) {
        sources.add(
            new Compilation.Source(name(file).replace(".java", ""), Files.readString(file)));
      }
    }
    return sources;
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static String name(Path path) {
    return Objects.requireNonNull(path.getFileName()).toString();
  }
}
