package dev.anysync.examples.linkcheck;

import dev.anysync.AnySyncIterator;
import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line: a for loop over what the {@link Crawler} finds. */
@Command(
    name = "linkcheck",
    header = "Finds dead links in a web site, or in a folder of HTML and Markdown files.",
    footer = {
      "",
      "Links are followed on the start site; those that leave it are only checked.",
      "Exit code: 0 clean, 1 dead links, 2 wrong usage, 70 failed, 130 interrupted."
    },
    mixinStandardHelpOptions = true,
    version = "linkcheck 0.1",
    sortOptions = false)
public final class Linkcheck implements Callable<Integer> {

  private static final int CLEAN = 0;
  private static final int DEAD_LINKS = 1;
  private static final int WRONG_USAGE = 2;
  private static final int FAILED = 70;
  private static final int INTERRUPTED = 130;

  @Parameters(
      arity = "0..1",
      paramLabel = "URL|FOLDER",
      description = "What to check; without it, a demo site that comes with the program.")
  private @Nullable String target;

  @Option(
      names = {"-c", "--concurrency"},
      paramLabel = "N",
      description = "Visit at most N targets at a time (${DEFAULT-VALUE}).")
  private int concurrency = 16;

  @Option(
      names = {"-t", "--timeout"},
      paramLabel = "SECONDS",
      description = "Give a request this long (10; for the demo site 3).")
  private @Nullable Double timeout;

  @Option(
      names = "--retries",
      paramLabel = "N",
      description = "Repeat what failed for a reason that may pass (${DEFAULT-VALUE}).")
  private int retries = 2;

  @Option(
      names = "--back-off",
      paramLabel = "SECONDS",
      description = "Pause before a repetition, doubled each time (${DEFAULT-VALUE}).")
  private double backOff = 0.2;

  @Option(
      names = "--method",
      paramLabel = "HEAD|GET",
      description = "How to ask for what need not be read: by HEAD, and by GET if refused; or GET.")
  private Method method = Method.HEAD;

  @Option(names = "--no-external", description = "Do not check links that leave the start site.")
  private boolean noExternal;

  @Option(names = "--json", paramLabel = "FILE", description = "Write a JSON report as well.")
  private @Nullable Path json;

  @Option(
      names = "--progress",
      negatable = true,
      description = "Show a progress bar, or do not (by default: on a terminal).")
  private @Nullable Boolean progress;

  private enum Method {
    HEAD,
    GET
  }

  private final PrintStream out;
  private final PrintStream err;

  private Linkcheck(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  public static void main(String... args) {
    System.exit(run(System.out, System.err, args));
  }

  /**
   * Runs the program, which ends no JVM.
   *
   * @param out gets the table
   * @param err gets the progress bar and messages
   * @return the exit code
   */
  public static int run(PrintStream out, PrintStream err, String... args) {
    return new CommandLine(new Linkcheck(out, err))
        .setOut(new PrintWriter(out, true, out.charset()))
        .setErr(new PrintWriter(err, true, err.charset()))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((e, arguments) -> refuse(err, e))
        .setExecutionExceptionHandler(
            (e, command, arguments) ->
                switch (e) {
                  case UsageException usage -> refuse(err, usage);
                  case CancellationException cancelled -> INTERRUPTED;
                  default -> fail(err, e);
                })
        .execute(args);
  }

  private static int refuse(PrintStream err, Exception e) {
    err.println("linkcheck: " + e.getMessage());
    err.println("Try 'linkcheck --help'.");
    return WRONG_USAGE;
  }

  private static int fail(PrintStream err, Exception e) {
    err.println("linkcheck: failed");
    e.printStackTrace(err);
    return FAILED;
  }

  @Override
  public Integer call() throws Exception {
    require(concurrency >= 1, "--concurrency: must be 1 or more");
    require(timeout == null || timeout > 0, "--timeout: must be more than 0 seconds");
    require(retries >= 0, "--retries: must not be negative");
    require(backOff >= 0, "--back-off: must not be negative");
    require(json == null || !Files.isDirectory(json), "--json: is a folder: " + json);
    Path folder = json == null ? null : json.toAbsolutePath().getParent();
    require(folder == null || Files.isDirectory(folder), "--json: no such folder: " + folder);
    if (target == null) {
      return checkDemo();
    }
    return target.matches("[A-Za-z][A-Za-z0-9+.-]+:.*") ? checkUrl(target) : checkFolder(target);
  }

  private int checkDemo() throws IOException {
    try (DemoSite demo = DemoSite.start()) {
      out.printf(Locale.ROOT, "No target given. Checking a demo site at %s%n%n", demo.uri());
      return check(demo.uri(), List.of(demo.uri()), null, settings(3));
    }
  }

  private int checkUrl(String url) throws IOException, UsageException {
    URI start = Link.absolute(url).uri();
    if (start == null || !url.matches("(?i)https?://[^/].*")) {
      throw new UsageException(
          "'" + url + "' cannot be checked: it is not a URL with http:// or https://");
    }
    return check(start.resolve("/"), List.of(start), null, settings(10));
  }

  private int checkFolder(String name) throws IOException, UsageException {
    Path path = path(name);
    require(
        Files.isDirectory(path),
        "'" + name + "' is not a folder; and a URL starts with http:// or https://");
    Folder folder = new Folder(path);
    List<URI> pages = folder.pages();
    require(!pages.isEmpty(), "'" + name + "' has no HTML or Markdown file in it");
    return check(folder.root().toUri(), pages, folder, settings(10));
  }

  private Settings settings(double defaultTimeout) {
    return new Settings(
        concurrency,
        seconds(timeout == null ? defaultTimeout : timeout),
        retries,
        seconds(backOff),
        method == Method.HEAD,
        !noExternal);
  }

  private int check(URI site, List<URI> starts, @Nullable Folder folder, Settings settings)
      throws IOException {
    long start = System.nanoTime();
    Report report = new Report(site);
    try (Web web = new Web(settings)) {
      Map<String, Source> sources = new HashMap<>(Map.of("http", web, "https", web));
      if (folder != null) {
        sources.put("file", folder);
      }
      Crawler crawler = new Crawler(settings, sources, starts);
      AnySyncIterator<Finding> findings = crawler.findings();
      try (CtrlC ctrlC = new CtrlC(findings)) {
        collect(findings, crawler, report, ctrlC);
        Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
        var how = new Report.Circumstances(elapsed, crawler.skipped(), ctrlC.pressed());
        report.print(out, how);
        if (json != null) {
          report.write(json, how);
        }
        if (ctrlC.pressed()) {
          return INTERRUPTED;
        }
      }
    }
    return report.hasDeadLinks() ? DEAD_LINKS : CLEAN;
  }

  /** Takes in findings until there are no more, or Ctrl-C has closed their iterator. */
  private void collect(
      AnySyncIterator<Finding> findings, Crawler crawler, Report report, CtrlC ctrlC) {
    try (findings;
        ProgressBar bar = progressBar()) {
      for (Finding finding : findings) {
        report.add(finding);
        if (bar != null) {
          bar.maxHint(crawler.links()).step();
        }
      }
    } catch (CancellationException | NoSuchElementException e) {
      // What hasNext and next throw if the iterator is closed while they run, or between them.
      if (!ctrlC.pressed()) {
        throw e;
      }
    }
  }

  private @Nullable ProgressBar progressBar() {
    boolean terminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    if (!(progress == null ? terminal : progress)) {
      return null;
    }
    return new ProgressBarBuilder()
        .setTaskName("links")
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(100)
        .hideEta()
        .setConsumer(new ConsoleProgressBarConsumer(err, 79))
        .build();
  }

  private static Duration seconds(double seconds) {
    return Duration.ofNanos(Math.round(seconds * 1e9));
  }

  private static Path path(String name) throws UsageException {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new UsageException("'" + name + "' is neither a URL nor a path: " + e.getReason());
    }
  }

  private static void require(boolean condition, String otherwise) throws UsageException {
    if (!condition) {
      throw new UsageException(otherwise);
    }
  }

  /** The program was called in a wrong way. */
  private static final class UsageException extends Exception {
    private static final long serialVersionUID = 1;

    UsageException(String message) {
      super(message);
    }
  }

  /** While open, Ctrl-C ends the loop over the findings, and the JVM once this is closed. */
  private static final class CtrlC implements AutoCloseable {

    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook = new Thread(this::press, "linkcheck-ctrl-c");
    private final AnySyncIterator<?> findings;
    private volatile boolean pressed;

    CtrlC(AnySyncIterator<?> findings) {
      this.findings = findings;
      Runtime.getRuntime().addShutdownHook(hook);
    }

    private void press() {
      pressed = true;
      try {
        findings.close();
      } finally {
        awaitReport();
      }
    }

    private void awaitReport() {
      try {
        var _ = done.await(5, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        // Then the JVM ends without the report.
      }
    }

    boolean pressed() {
      return pressed;
    }

    @Override
    public void close() {
      done.countDown();
      try {
        var _ = Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The JVM is ending, and the hook has its part in that.
      }
    }
  }
}
