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
  void allResultsAreRightAndNoExampleStartsAThreadWhereItsPageDoes() {
    int status = Tour.run(out, out);

    assertThat(output()).contains("and linkcheck: all right; ").doesNotContain("WRONG");
    assertThat(status).isZero();
    assertThat(output().lines())
        .filteredOn(line -> line.startsWith("    "))
        .hasSameSizeAs(Tour.examples());
    assertThat(output().lines().map(line -> line.strip().replaceAll(" {2,}", " | ")))
        .contains("f runs g, twice: further threads | 0 threads | 1 thread | 0")
        .contains("f runs g runs h, twice | 0 threads | 3 threads | 0")
        .anyMatch(l -> l.matches("ten that block for 0.1 s each \\| [\\d.]+ s \\| 0.108 s \\| .*"))
        .anyMatch(l -> l.matches("0.1 s, thenAsync 0.1 s \\| [\\d.]+ s \\| 0.203 s \\| 8"))
        .anyMatch(l -> l.matches("ten chains, into a map \\| [\\d.]+ s \\| 0.221 s \\| .0=2, .*"));
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
  void aThreadCountThatIsNotBelowThePageIsAFailure() {
    assertThat(complaints(example(() -> 42).reported(Figure.threads(42))))
        .containsExactly("the idea: 42 threads, on the page 42 threads");
  }

  @Test
  void aTimeThatIsNotBelowThePageIsPrintedAndDecidesNothing() {
    Set<String> complaints = new LinkedHashSet<>();
    Example example = example(() -> 42).reported(Figure.seconds(0));
    int status = Tour.summarize(Tour.run(List.of(example), out, complaints), complaints, out);

    assertThat(status).isZero();
    assertThat(output())
        .containsPattern("Not below the page: the idea: .+, on the page 0 us")
        .contains("1 examples and linkcheck: all right; 0 of 1 figures below their page's");
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
