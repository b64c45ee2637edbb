package dev.anysync.examples;

import dev.anysync.examples.linkcheck.Linkcheck;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs every example of the pages of the two Python libraries that this one follows, AnySync and
 * unsync, and prints what each gives, next to the time or thread count that the page reports. Then
 * it runs linkcheck, a whole program, on its demo site.
 *
 * <p>The examples themselves are in {@link AnySyncPage} and {@link UnsyncPage}.
 */
public final class Tour {
  private static final int LINKCHECK_FOUND_DEAD_LINKS = 1;
  private static final int TIMED_RUNS = 5;
  private static final int WIDEST_RESULT = 56;

  private Tour() {}

  /**
   * Runs the tour; exits with 1 if an example is wrong or starts more threads than its page's, or
   * linkcheck does not do its work. A time is printed and compared, but decides nothing: it may be
   * the machine's other work that took it.
   */
  public static void main(String[] args) {
    System.exit(run(System.out, System.err));
  }

  static int run(PrintStream out, PrintStream err) {
    out.println("The examples of two Python libraries, AnySync and unsync, in Java.");
    out.println(
        "A first pass, not shown, loads the classes. What is compared with a time on the page");
    out.println("then runs %d times: the time shown is the shortest.".formatted(TIMED_RUNS));
    Set<String> complaints = new LinkedHashSet<>();
    List<Outcome> outcomes = run(examples(), out, complaints);

    out.println();
    out.println("A program: linkcheck, on a demo site with dead links in it.");
    out.println();
    int status = Linkcheck.run(out, err);
    if (status != LINKCHECK_FOUND_DEAD_LINKS) {
      complaints.add("linkcheck: exit code " + status + " instead of 1, for dead links");
    }
    return summarize(outcomes, complaints, out);
  }

  static List<Example> examples() {
    return Stream.concat(AnySyncPage.examples().stream(), UnsyncPage.examples().stream()).toList();
  }

  /** Runs the examples, prints a line for each, and adds what is wrong to {@code complaints}. */
  static List<Outcome> run(List<Example> examples, PrintStream out, Set<String> complaints) {
    List<Outcome> first = examples.stream().map(example -> Outcome.of(example, 1)).toList();
    List<Outcome> shown = print(examples, out);
    first.forEach(outcome -> complaints.addAll(outcome.wrongResult()));
    shown.forEach(outcome -> complaints.addAll(outcome.complaints()));
    return shown;
  }

  private static List<Outcome> print(List<Example> examples, PrintStream out) {
    List<Outcome> outcomes = new ArrayList<>();
    String page = "";
    String section = "";
    for (Example example : examples) {
      if (!example.page.equals(page)) {
        page = example.page;
        out.println();
        printLine(out, page, "here", "on the page", "result");
      }
      if (!example.section.equals(section)) {
        section = example.section;
        out.println("  " + section);
      }
      Outcome outcome = Outcome.of(example, example.isTimed() ? TIMED_RUNS : 1);
      outcomes.add(outcome);
      printLine(
          out,
          "    " + example.idea,
          outcome.here.toString(),
          example.reported(),
          outcome.resultText());
    }
    return outcomes;
  }

  private static void printLine(
      PrintStream out, String idea, String here, String reported, String result) {
    out.printf(Locale.ROOT, "%-46s %9s   %-14s   %s%n", idea, here, reported, result);
  }

  static int summarize(List<Outcome> outcomes, Set<String> complaints, PrintStream out) {
    List<Outcome> compared =
        outcomes.stream().filter(outcome -> outcome.example.figure != null).toList();
    List<Outcome> notBelow = compared.stream().filter(outcome -> !outcome.isBelowPage()).toList();
    out.println();
    notBelow.forEach(outcome -> out.println("Not below the page: " + outcome.comparison()));
    complaints.forEach(complaint -> out.println("WRONG: " + complaint));
    out.printf(
        Locale.ROOT,
        "%d examples and linkcheck: %s; %d of %d figures below their page's%n",
        outcomes.size(),
        complaints.isEmpty() ? "all right" : complaints.size() + " wrong",
        compared.size() - notBelow.size(),
        compared.size());
    return complaints.isEmpty() ? 0 : 1;
  }

  /**
   * One example of a page.
   *
   * @param page the library that the page is about
   * @param section the page's heading
   * @param idea what the code shows, in a few words
   * @param code the example
   * @param expected its result
   * @param figure what the page reports, if it does
   * @param error what the page says it, or another way of doing it, ends with, or empty
   */
  record Example(
      String page,
      String section,
      String idea,
      Callable<?> code,
      Object expected,
      @Nullable Figure figure,
      String error) {

    Example(String page, String section, String idea, Callable<?> code, Object expected) {
      this(page, section, idea, code, expected, null, "");
    }

    Example reported(Figure figure) {
      return new Example(page, section, idea, code, expected, figure, error);
    }

    Example fails(String error) {
      return new Example(page, section, idea, code, expected, figure, error);
    }

    boolean isTimed() {
      return figure != null && figure.unit == Figure.Unit.SECONDS;
    }

    boolean countsThreads() {
      return figure != null && figure.unit == Figure.Unit.THREADS;
    }

    private String reported() {
      return figure == null ? error : figure.toString();
    }
  }

  /** A number of something: seconds that went by, or threads used beside the caller's. */
  record Figure(double value, Unit unit) {
    enum Unit {
      SECONDS,
      THREADS
    }

    static Figure seconds(double value) {
      return new Figure(value, Unit.SECONDS);
    }

    static Figure threads(double value) {
      return new Figure(value, Unit.THREADS);
    }

    @Override
    public String toString() {
      if (unit == Unit.THREADS) {
        return String.format(Locale.ROOT, "%.0f %s", value, value == 1 ? "thread" : "threads");
      }
      return value < 0.001
          ? String.format(Locale.ROOT, "%.0f us", value * 1e6)
          : String.format(Locale.ROOT, "%.3f s", value);
    }
  }

  /**
   * What an example did.
   *
   * @param result what it returned, or the exception that it threw
   * @param here the figure to compare with the page's
   */
  record Outcome(Example example, @Nullable Object result, Figure here) {

    /**
     * Runs an example a number of times; returns the shortest of the times, which says what the
     * code takes where the others say what else the machine does, and any wrong result.
     */
    static Outcome of(Example example, int runs) {
      List<Outcome> outcomes = Stream.generate(() -> of(example)).limit(runs).toList();
      Figure shortest =
          Collections.min(
              outcomes.stream().map(Outcome::here).toList(),
              Comparator.comparingDouble(Figure::value));
      Outcome telling =
          outcomes.stream().filter(Outcome::isWrong).findFirst().orElse(outcomes.getFirst());
      return new Outcome(example, telling.result, shortest);
    }

    private static Outcome of(Example example) {
      long start = System.nanoTime();
      Object result;
      try {
        result = example.code.call();
      } catch (Throwable e) {
        result = e;
      }
      Figure elapsed = Figure.seconds((System.nanoTime() - start) / 1e9);
      return new Outcome(
          example,
          result,
          example.countsThreads() && result instanceof Integer threads
              ? Figure.threads(threads)
              : elapsed);
    }

    private boolean isWrong() {
      return !Objects.equals(result, example.expected);
    }

    List<String> wrongResult() {
      return isWrong()
          ? List.of(example.idea + ": is " + result + " instead of " + example.expected)
          : List.of();
    }

    List<String> complaints() {
      List<String> complaints = new ArrayList<>(wrongResult());
      if (example.countsThreads() && !isBelowPage()) {
        complaints.add(comparison());
      }
      return complaints;
    }

    private boolean isBelowPage() {
      Figure reported = Objects.requireNonNull(example.figure);
      return here.unit == reported.unit && here.value < reported.value;
    }

    private String comparison() {
      return example.idea + ": " + here + ", on the page " + example.figure;
    }

    private String resultText() {
      String text = String.valueOf(result);
      return text.length() <= WIDEST_RESULT ? text : text.substring(0, WIDEST_RESULT - 4) + " ...";
    }
  }
}
