package dev.anysync.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Everything in a code fence of the documentation works as it stands there. What a fence may hold
 * is at {@link DocsBlock}, how Java is run at {@link JavaSnippet}.
 */
class DocsTest {
  private static final Pattern LINK_TO_A_TEST =
      Pattern.compile("\\(([^()]*Test\\.(?:java|kt))#(\\w+)\\)");
  private static final Path ROOT = Objects.requireNonNull(Path.of("").toAbsolutePath().getParent());

  @TestFactory
  Stream<DynamicTest> everyBlock() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (Path page : pages()) {
      for (DocsBlock block : DocsBlock.in(ROOT, page)) {
        tests.add(dynamicTest(block.toString(), () -> check(block)));
      }
    }
    return tests.stream();
  }

  private static void check(DocsBlock block) throws Exception {
    try {
      block.check();
    } catch (AssertionError e) {
      throw new AssertionError(block + ": " + e.getMessage(), e);
    }
  }

  /** What people are told to type is what every change is tested with. */
  @Test
  void theCommandsOfTheBuildAreThoseOfThePages() throws IOException {
    List<String> documented = new ArrayList<>();
    for (Path page : pages()) {
      for (DocsBlock block : DocsBlock.in(ROOT, page)) {
        documented.addAll(block.commands());
      }
    }
    try (Stream<String> lines = Files.lines(ROOT.resolve(".ci/run"))) {
      List<String> run = lines.filter(l -> l.startsWith("mvn ") && !l.contains("$")).toList();
      assertThat(run).isNotEmpty();
      assertThat(documented).as("commands in the pages").containsAll(run);
    }
  }

  /** Of links to {@code SomeTest.java#itsTest}. */
  @Test
  void testsThatAreLinkedToAreThere() throws IOException {
    Path page = ROOT.resolve("docs/integrations.md");
    Matcher link = LINK_TO_A_TEST.matcher(Files.readString(page));
    int links = 0;
    for (; link.find(); links++) {
      Path test = page.resolveSibling(link.group(1)).normalize();
      assertThat(test).exists();
      assertThat(Files.readString(test)).contains(" " + link.group(2) + "(");
    }
    assertThat(links).isGreaterThan(50);
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (String name :
        List.of(
            "README.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "processor/README.md",
            "twins/README.md")) {
      if (Files.exists(ROOT.resolve(name))) {
        pages.add(ROOT.resolve(name));
      }
    }
    if (Files.isDirectory(ROOT.resolve("docs"))) {
      try (Stream<Path> files = Files.walk(ROOT.resolve("docs"))) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
      }
    }
    return pages;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // statements, with the library and the JDK there without an import
        """
        ```java
        List<Integer> numbers = List.of(1, 2);
        assert coroutine(() -> numbers.size()).run() == 2;
        ```
        """,
        """
        <!-- given: int assumed = 42; -->

        ```java
        import java.util.stream.IntStream;

        record Answer(int value) {}
        assert new Answer(assumed).value() == IntStream.of(42).sum();
        ```
        """,
        // methods alone, and methods with statements after them
        """
        <!-- given: int assumed = 42; -->
        ```java
        @SuppressWarnings("unused")
        private int load(String name) throws IOException {
          return assumed;
        }
        ```
        """,
        """
        <!-- given:
        int assumed = 41;
        -->
        ```java
        int load() {
          return assumed + 1;
        }

        sealed interface Shape permits Square {}

        record Square() implements Shape {}

        assert load() == 42;
        IO.println(load()); // prints: 42
        System.out.println("done"); // prints: done
        ```
        """,
        // whole programs
        """
        ```java
        import dev.anysync.AnySync;

        void main() {
          IO.println(AnySync.coroutine(() -> 42).run()); // prints: 42
        }
        ```
        """,
        """
        ```java
        package some.where;

        public class Program {
          public static void main(String[] args) {
            assert args.length == 0;
          }
        }
        ```
        """,
        // the rest
        """
        - In a list:

          ```sh
          # compiles and runs
          git clone https://example.org/anysync.git && cd anysync
          mvn -q -B -pl examples -am compile exec:exec \\
              -Dexample=Smoke -Dexample.args="1 2"
          mvn -B verify -Dstress=10 -Dtest=DocsTest
          bash .ci/run
          ```

          ```console
          $ mvn -q -N verify -Dformat=apply
          whatever it prints
          ```
        """,
        """
        ```xml
        <dependency>
          <groupId>dev.anysync</groupId>
          <artifactId>anysync</artifactId>
        </dependency>
        <x><groupId>org.example</groupId><artifactId>another</artifactId></x>
        ```
        """,
        """
        ```text
        anything
        ```
        """,
        """
        <!-- file: .ci/run -->
        ```sh
        set -euo pipefail
        ```
        """,
      })
  void goodBlocksPass(String page) {
    assertThat(blocks(page))
        .isNotEmpty()
        .allSatisfy(b -> assertThatCode(b::check).doesNotThrowAnyException());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "```java\nint number = \"text\";\n```",
        "```java\nassert 1 + 1 == 3;\n```",
        "```java\nthrow new IOException();\n```",
        "```java\nList raw = List.of();\n```", // a lint warning
        "```java\nIO.println(1); // prints: 2\n```",
        "```java\n// prints: 2\n```",
        "```java\nint f() { return missing; }\n```",
        "```java\nvoid main() { assert false; }\n```",
        "```java\nclass Empty {\n```",
        "<!-- given: int a = 1 -->\n```java\nassert a == 1;\n```",
        "```sh\nmvn -B verify -Dunknown.switch=1\n```",
        "```sh\nmvn -B verify -pl nowhere\n```",
        "```sh\nmvn -B verify -Dtest=NoSuchTest\n```",
        "```sh\nmvn -B exec:exec -Dexample=NoSuchExample\n```",
        "```sh\nmvn -B verfy\n```",
        "```sh\nmvn --no-such-option verify\n```",
        "```sh\n./no-such-script\n```",
        "```console\nmvn -B verify\n```", // no command in it
        "```xml\n<a>\n```",
        "```xml\n<x><groupId>dev.anysync</groupId><artifactId>anysink</artifactId></x>\n```",
        "```python\nprint(1)\n```",
        "```\nno language\n```",
        "    indented code\n",
        "<!-- file: .ci/run -->\n```sh\nnot in that file\n```",
        "<!-- file: .ci/no-such-file -->\n```sh\nset -euo pipefail\n```",
      })
  void brokenBlocksFail(String page) {
    assertThat(blocks(page))
        .singleElement()
        .satisfies(b -> assertThatThrownBy(b::check).isNotNull());
  }

  @Test
  void aSnippetThatHangsFailsAndSaysWhere() {
    var snippet = new JavaSnippet("", "Thread.currentThread().join();");
    assertThatThrownBy(() -> snippet.run(Duration.ofSeconds(1)))
        .hasMessageContaining("after PT1S")
        .hasMessageContaining("Snippet.main");
  }

  private static List<DocsBlock> blocks(String page) {
    return DocsBlock.parse(ROOT, "page.md", page);
  }
}
