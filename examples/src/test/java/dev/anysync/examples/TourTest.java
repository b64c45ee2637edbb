package dev.anysync.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.examples.Tour.Example;
import dev.anysync.examples.Tour.Figure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class TourTest {
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(output, true, StandardCharsets.UTF_8);

  @Test
  void allResultsAreRightAndAllFiguresBelowThoseOfThePages() {
    int status = Tour.run(out, out);

    assertThat(output()).contains("all right, all figures below").doesNotContain("WRONG");
    assertThat(status).isZero();
    assertThat(output().lines())
        .filteredOn(line -> line.startsWith("    "))
        .hasSameSizeAs(Tour.examples());
    assertThat(output().lines().map(line -> line.strip().replaceAll(" {2,}", " | ")))
        .contains("f runs g, twice: further threads | 0 threads | 1 thread | 0")
        .contains("f runs g runs h, twice | 0 threads | 3 threads | 0")
        .anyMatch(l -> l.matches("ten that block for 0.1 s each \\| 0.10. s \\| 0.108 s \\| .*"))
        .anyMatch(l -> l.matches("0.1 s, thenAsync 0.1 s \\| 0.20. s \\| 0.203 s \\| 8"))
        .anyMatch(l -> l.matches("ten chains, into a map \\| 0.2.. s \\| 0.221 s \\| .0=2, .*"));
  }

  @Test
  void aWrongResultIsAFailure() {
    assertThat(complaints(example(() -> 41))).containsExactly("the idea: is 41 instead of 42");
  }

  @Test
  void anExampleThatThrowsIsAFailure() {
    Example example =
        example(
            () -> {
              throw new IOException("broken");
            });
    assertThat(complaints(example))
        .containsExactly("the idea: is java.io.IOException: broken instead of 42");
  }

  @Test
  void aFigureThatIsNotBelowThePageIsAFailure() {
    assertThat(complaints(example(() -> 42).reported(Figure.seconds(0))))
        .singleElement()
        .asString()
        .endsWith("is not below the page's 0 us");
    assertThat(complaints(example(() -> 42).reported(Figure.threads(42))))
        .containsExactly("the idea: 42 threads is not below the page's 42 threads");
  }

  @Test
  void aFailureIsPrintedAndInTheExitStatus() {
    assertThat(Tour.summarize(List.of(), Set.of("a complaint"), out)).isEqualTo(1);

    assertThat(output()).contains("WRONG: a complaint").contains("1 wrong");
  }

  private Set<String> complaints(Example example) {
    Set<String> complaints = new LinkedHashSet<>();
    assertThat(Tour.run(List.of(example), out, complaints)).hasSize(1);
    return complaints;
  }

  private static Example example(Callable<?> code) {
    return new Example("page", "section", "the idea", code, 42);
  }

  private String output() {
    return output.toString(StandardCharsets.UTF_8);
  }
}
