package dev.anysync.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.parser.Parser;

/** The code on a module's page, which is to be code that its tests run. */
public final class Readme {
  private Readme() {}

  /**
   * Asserts that each block of code in the current module's {@code README.md} in one of these
   * languages is a part of one of its tests, whatever its indentation and line breaks.
   */
  public static void assertThatItsCodeIsTested(String... languages) throws IOException {
    List<String> blocks = new ArrayList<>();
    Parser.builder()
        .build()
        .parse(Files.readString(Path.of("README.md")))
        .accept(
            new AbstractVisitor() {
              @Override
              public void visit(FencedCodeBlock block) {
                if (List.of(languages).contains(block.getInfo())) {
                  blocks.add(block.getLiteral());
                }
              }
            });
    assertThat(blocks).as("code in README.md").isNotEmpty();
    String tests;
    try (Stream<Path> files = Files.walk(Path.of("src/test"))) {
      tests =
          files
              .filter(Files::isRegularFile)
              .map(Readme::read)
              .map(Readme::squeezed)
              .collect(Collectors.joining("\n"));
    }
    assertThat(blocks)
        .allSatisfy(
            block ->
                assertThat(tests.contains(squeezed(block)))
                    .as("in one of the tests: %n%s", block)
                    .isTrue());
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String squeezed(String code) {
    return code.replaceAll("\\s+", "");
  }
}
