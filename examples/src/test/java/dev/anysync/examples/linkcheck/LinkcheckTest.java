package dev.anysync.examples.linkcheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs the program whole, in this JVM. */
class LinkcheckTest {

  @TempDir Path folder;

  // The demo site

  @Test
  void everyTroubleOfTheDemoSiteIsReportedAndNothingElse() throws Exception {
    Path json = folder.resolve("report.json");
    try (DemoSite site = DemoSite.start()) {
      Run run = Run.of(site.uri(), "--timeout", 3, "--json", json);

      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.err()).isEmpty();
      JsonObject report = Run.json(json);
      assertThat(Run.troubles(report)).isEqualTo(expected(site));
      assertThat(report.get("interrupted").getAsBoolean()).isFalse();
      assertThat(report.get("targets").getAsInt()).isGreaterThan(300);
      assertThat(run.table()).hasSameSizeAs(report.getAsJsonArray("troubles"));
      assertThat(run.findings())
          .contains(
              "404 /ports/atlantis.html /boats/dhow.html and 2 more",
              "timeout /stalled/body /about.html",
              "loop /moved/loop/a /ports/cork.html",
              "301 /moved/301 /ports/kiel.html");
      assertThat(site.awaitAbandoned(5)).as("the request that timed out was cancelled").isTrue();
    }
    assertThat(folder).isDirectoryNotContaining(file -> !file.equals(json));
  }

  /** Returns what {@code links.txt} has, as {@link Run#troubles} has it. */
  private static Set<String> expected(DemoSite site) {
    Map<String, Long> times =
        site.links().stream()
            .filter(link -> !link.expected().equals("ok"))
            .map(
                link -> {
                  boolean path = link.reported().startsWith("/");
                  URI reported = path ? site.uri().resolve(link.reported()) : null;
                  return String.join(
                      " ",
                      link.expected(),
                      reported == null ? link.reported() : reported.toString(),
                      site.uri().resolve(escaped(link.page())).toString());
                })
            .collect(Collectors.groupingBy(trouble -> trouble, Collectors.counting()));
    Set<String> expected = new TreeSet<>();
    times.forEach((trouble, count) -> expected.add(trouble + " " + count));
    return expected;
  }

  private static String escaped(String path) {
    try {
      return new URI(null, null, path, null).toASCIIString();
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @Test
  void withoutArgumentsItChecksTheDemoSiteInAFewSeconds() {
    Run run = assertTimeout(Duration.ofSeconds(30), () -> Run.of());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).startsWith("No target given. Checking a demo site at http://127.0.0.1:");
    assertThat(run.summary()).matches("Checked 5,\\d+ links to 3\\d\\d targets in .*");
  }

  @Test
  void withoutRetriesFailuresThatPassAreReported() throws Exception {
    try (DemoSite site = DemoSite.start()) {
      Run run = Run.of(site.uri(), "--timeout", 3, "--retries", 0);

      assertThat(run.findings())
          .contains(
              "503 /flaky/503 /boats/brig.html",
              "429 /flaky/429 /boats/brig.html",
              "unreachable /flaky/cut /boats/barque.html");
    }
  }

  // How it goes about it

  @Test
  void aCleanSiteGivesZero() throws Exception {
    try (StubSite site = new StubSite()) {
      site.page("/", "<a href=two.html#here>two</a>").page("/two.html", "<p id=here>");

      Run run = Run.of(site.uri());

      assertThat(run.exitCode()).isEqualTo(0);
      assertThat(run.out())
          .matches(
              "Checked 2 links to 2 targets in \\d+\\.\\d s: 0 dead, 0 moved, 2 fine; 0 not"
                  + " checked\\R");
      assertThat(site.requests()).containsExactly("GET /", "GET /two.html");
    }
  }

  @Test
  void asManyTargetsAsAllowedAreVisitedAtATimeAndNoMore() throws Exception {
    int allowed = 3;
    int pages = 12;
    CyclicBarrier together = new CyclicBarrier(allowed);
    AtomicInteger current = new AtomicInteger();
    AtomicInteger peak = new AtomicInteger();
    try (StubSite site = new StubSite()) {
      StringBuilder links = new StringBuilder();
      for (int i = 0; i < pages; i++) {
        links.append("<a href=/").append(i).append('>');
        site.on(
            "/" + i,
            exchange -> {
              peak.accumulateAndGet(current.incrementAndGet(), Math::max);
              try {
                var _ = together.await(20, TimeUnit.SECONDS);
              } catch (Exception e) {
                throw new IOException("not as many at a time as allowed", e);
              } finally {
                current.decrementAndGet();
              }
              exchange.sendResponseHeaders(204, -1);
            });
      }
      site.page("/", links.toString());

      Run run = Run.of(site.uri(), "--concurrency", allowed, "--timeout", 30);

      assertThat(run.exitCode()).isEqualTo(0);
      assertThat(peak).hasValue(allowed);
    }
  }

  @Test
  void aTimeoutCancelsTheRequest() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch left = new CountDownLatch(1);
    try (StubSite site = new StubSite()) {
      site.page("/", "<a href=endless>").endless("/endless", asked, left);

      Run run = assertTimeout(Duration.ofSeconds(10), () -> Run.of(site.uri(), "--timeout", "0.3"));

      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.table().getFirst())
          .containsExactly("timeout", "/endless", "/", "1", "no whole answer within 300 ms");
      assertThat(left.await(10, TimeUnit.SECONDS)).as("the client hung up").isTrue();
    }
  }

  @Test
  void leavingTheLoopOverTheFindingsCancelsTheRequests() throws Exception {
    CountDownLatch asked = new CountDownLatch(2);
    CountDownLatch left = new CountDownLatch(2);
    Settings settings =
        new Settings(4, Duration.ofMinutes(1), 0, Duration.ZERO, /* head= */ true, true);
    try (StubSite site = new StubSite();
        Web web = new Web(settings)) {
      site.page("/", "<a href=endless1><a href=endless2>")
          .endless("/endless1", asked, left)
          .endless("/endless2", asked, left);
      Crawler crawler = new Crawler(settings, Map.of("http", web), List.of(site.uri()));

      try (var findings = crawler.findings()) {
        for (Finding finding : findings) {
          assertThat(finding.verdict()).isEqualTo(Source.Verdict.OK);
          assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
          break;
        }
      }

      assertThat(left.await(10, TimeUnit.SECONDS)).as("the client hung up").isTrue();
    }
  }

  @Test
  void anInterruptOfTheCallerEndsTheRun() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch left = new CountDownLatch(1);
    AtomicInteger exitCode = new AtomicInteger();
    try (StubSite site = new StubSite()) {
      site.endless("/", asked, left);
      Thread caller =
          Thread.ofPlatform()
              .start(() -> exitCode.set(Run.of(site.uri(), "--timeout", 60).exitCode()));
      assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();

      caller.interrupt();

      assertThat(caller.join(Duration.ofSeconds(10))).as("the run has ended").isTrue();
      assertThat(exitCode).hasValue(130);
      assertThat(left.await(10, TimeUnit.SECONDS)).as("the client hung up").isTrue();
    }
  }

  @Test
  void linksThatLeaveTheSiteAreCheckedButNotFollowed() throws Exception {
    try (StubSite site = new StubSite();
        StubSite other = new StubSite()) {
      site.page("/", "<a href=%sa><a href=%sb#there>".formatted(other.uri(), other.uri()));
      other.page("/a", "<a href=/c>").page("/b", "<p id=here><a href=/c>");

      Run run = Run.of(site.uri());

      assertThat(run.findings()).containsExactly("anchor " + other.uri() + "b#there /");
      assertThat(other.requests()).containsExactlyInAnyOrder("HEAD /a", "GET /b");
    }
  }

  @Test
  void linksThatLeaveTheSiteCanBeLeftAlone() throws Exception {
    try (StubSite site = new StubSite();
        StubSite other = new StubSite()) {
      site.page("/", "<a href=%sgone><a href=mailto:a@b>".formatted(other.uri()));

      Run run = Run.of(site.uri(), "--no-external");

      assertThat(run.exitCode()).isEqualTo(0);
      assertThat(run.summary()).endsWith("1 fine; 2 not checked");
      assertThat(other.requests()).isEmpty();
    }
  }

  @Test
  void headIsOptional() throws Exception {
    try (StubSite site = new StubSite();
        StubSite other = new StubSite()) {
      site.page("/", "<a href=%sfine><a href=%sgone>".formatted(other.uri(), other.uri()));
      other.page("/fine", "");

      Run run = Run.of(site.uri(), "--method", "get");
      assertThat(run.findings()).containsExactly("404 " + other.uri() + "gone /");
      assertThat(other.requests()).containsExactlyInAnyOrder("GET /fine", "GET /gone");

      other.requests().clear();
      run = Run.of(site.uri(), "--method", "head");
      assertThat(run.findings()).containsExactly("404 " + other.uri() + "gone /");
      assertThat(other.requests())
          .containsExactlyInAnyOrder("HEAD /fine", "HEAD /gone", "GET /gone");
    }
  }

  @Test
  void noMoreIsReadOfADownloadThanNeeded() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch left = new CountDownLatch(1);
    byte[] block = new byte[1 << 16];
    try (StubSite site = new StubSite()) {
      site.page("/", "<a href=film.mp4>")
          .on(
              "/film.mp4",
              exchange -> {
                exchange.getResponseHeaders().set("Content-Type", "video/mp4");
                exchange.sendResponseHeaders(200, 1L << 40);
                asked.countDown();
                try {
                  while (left.getCount() > 0) {
                    exchange.getResponseBody().write(block);
                  }
                } catch (IOException e) {
                  left.countDown();
                }
              });

      assertThat(Run.of(site.uri(), "--timeout", 30).exitCode()).isEqualTo(0);
      assertThat(left.await(10, TimeUnit.SECONDS)).as("the client hung up").isTrue();
    }
  }

  @Test
  void aStartThatCannotBeReachedIsADeadLink() throws Exception {
    try (Socket closed = new Socket()) {
      closed.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      String url = "http://127.0.0.1:" + closed.getLocalPort() + "/";

      Run run = Run.of(url);

      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.table().getFirst())
          .containsExactly("unreachable", "/", "/", "1", "no connection");
    }
  }

  @Test
  void theProgressBarGoesToTheErrorStream() throws Exception {
    try (StubSite site = new StubSite()) {
      site.page("/", "<a href=#top>");

      Run run = Run.of(site.uri(), "--progress");

      assertThat(run.err()).contains("links", "2/2", "100%");
      assertThat(run.out()).doesNotContain("100%");
    }
  }

  // Folders

  @Test
  void aFolderOfHtmlAndMarkdownIsChecked() throws Exception {
    write("index.html", "<a href='docs/'>docs</a> <img src=/images/logo.png> <a href=gone.html>");
    write("images/logo.png", "not really");
    write("docs/README.md", "# The docs\n\n[guide](guide.md#first-steps) [out](../../out.md)\n");
    write("docs/guide.md", "# Guide\n\n## First steps!\n\n[a](../index.html) [b](#second-steps)\n");
    write("docs/orphan.md", "[a file](<a file.txt>) [gone](/docs/gone.md \"title\")\n");
    write("docs/a file.txt", "[not Markdown](nowhere)");
    write(".git/hidden.md", "[gone](gone.md)");
    Path outside = folder.toRealPath().resolveSibling("out.md");
    Path json = folder.resolve("report.json");

    Run run = Run.of(folder, "--json", json);

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.findings())
        .containsExactlyInAnyOrder(
            "broken /gone.html /index.html",
            "broken file:///docs/gone.md /docs/orphan.md",
            "broken %s /docs/README.md".formatted(outside.toUri()),
            "anchor /docs/guide.md#second-steps /docs/guide.md");
    assertThat(run.out()).contains("no such file: " + folder.toRealPath().resolve("docs/gone.md"));
    assertThat(Run.json(json).getAsJsonArray("troubles")).hasSize(4);
  }

  @Test
  void linksFromAFolderToTheWebAreChecked() throws Exception {
    try (StubSite site = new StubSite()) {
      site.page("/fine", "");
      write("a.md", "[fine](%sfine) [gone](%sgone)".formatted(site.uri(), site.uri()));

      Run run = Run.of(folder);

      assertThat(run.findings()).containsExactly("404 " + site.uri() + "gone /a.md");
    }
  }

  private void write(String file, String text) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  // Usage

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          ftp://127.0.0.1/                     | 'ftp://127.0.0.1/' cannot be checked: it is not a URL with http:// or https://
          http://                              | 'http://' cannot be checked
          http://[1/                           | 'http://[1/' cannot be checked
          no/such/folder                       | 'no/such/folder' is not a folder
          http://127.0.0.1/ --concurrency 0    | --concurrency: must be 1 or more
          http://127.0.0.1/ --concurrency many | Invalid value for option '--concurrency'
          http://127.0.0.1/ --timeout 0        | --timeout: must be more than 0 seconds
          http://127.0.0.1/ --timeout=-1       | --timeout: must be more than 0 seconds
          http://127.0.0.1/ --retries=-1       | --retries: must not be negative
          http://127.0.0.1/ --back-off=-1      | --back-off: must not be negative
          http://127.0.0.1/ --method POST      | Invalid value for option '--method'
          http://127.0.0.1/ --json no/such/a   | --json: no such folder
          http://127.0.0.1/ --json .           | --json: is a folder: .
          http://127.0.0.1/ --json             | Missing required parameter for option '--json'
          http://127.0.0.1/ http://127.0.0.1/  | Unmatched argument
          --colour                             | Unknown option: '--colour'
          """)
  void wrongUsageGivesTwoAndSaysWhy(String args, String message) {
    Run run = Run.of((Object[]) args.split(" "));

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).startsWith("linkcheck: ").contains(message, "Try 'linkcheck --help'.");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void aFolderWithoutPagesIsWrongUsage() {
    Run run = Run.of(folder);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("has no HTML or Markdown file in it");
  }

  @Test
  void helpIsPrinted() {
    Run run = Run.of("--help");

    assertThat(run.exitCode()).isEqualTo(0);
    assertThat(run.out()).contains("Usage: linkcheck", "--no-external", "Exit code: 0 clean");
  }
}
