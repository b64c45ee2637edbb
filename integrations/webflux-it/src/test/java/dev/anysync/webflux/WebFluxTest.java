package dev.anysync.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.Lanes;
import dev.anysync.Unsync;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;

/** Handlers that wait, on an event loop, for what another server or this one answers. */
class WebFluxTest {
  private static final int STRESS = Integer.getInteger("stress", 1);
  private static final int AT_A_TIME = 64;
  private static final Pattern REFUSED =
      Pattern.compile("503 (\\d+) ms: suspected deadlock: .* thread 'server-.*", Pattern.DOTALL);

  private static ReactiveWebServerApplicationContext server;
  private static ReactiveWebServerApplicationContext other;
  private static Lanes lanes;
  private static Lanes before;

  @BeforeAll
  static void start() {
    server = Server.start();
    other = Server.start();
    lanes =
        Lanes.builder()
            .watchdog(Duration.ofMillis(200))
            .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL)
            .build();
    before = Unsync.share(lanes);
  }

  @AfterAll
  static void stop() {
    Lanes _ = Unsync.share(before);
    lanes.close();
    other.close();
    server.close();
  }

  private record Answers(Map<String, Integer> kinds, Duration took) {
    int count(String kind) {
      return kinds.entrySet().stream()
          .filter(entry -> entry.getKey().startsWith(kind))
          .mapToInt(Map.Entry::getValue)
          .sum();
    }
  }

  private static Answers ask(String path, int count) throws InterruptedException {
    var kinds = new ConcurrentHashMap<String, Integer>();
    long start = System.nanoTime();
    try (var client = HttpClient.newHttpClient()) {
      var request = HttpRequest.newBuilder(URI.create(Server.address(server) + path)).build();
      var free = new Semaphore(AT_A_TIME);
      var left = new CountDownLatch(count);
      for (int i = 0; i < count; i++) {
        free.acquire();
        var _ =
            client
                .sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .whenComplete(
                    (response, error) -> {
                      String kind =
                          error != null
                              ? error.toString()
                              : response.statusCode() + " " + response.body();
                      kinds.merge(kind, 1, Integer::sum);
                      free.release();
                      left.countDown();
                    });
      }
      left.await();
    }
    return new Answers(kinds, Duration.ofNanos(System.nanoTime() - start));
  }

  /** Each is answered, and how soon, beside the same handler that is written with a Mono. */
  @Test
  void aClientWithLoopsOfItsOwnThatCallsAnotherServer() throws Exception {
    Server.CALLEE.set(Server.address(other));
    int count = 2_500 * STRESS;
    Answers warm = ask("/own/mono", count);
    assertThat(warm.count("200 leaf")).isEqualTo(count);
    Answers written = ask("/own/mono", count);
    assertThat(written.count("200 leaf")).isEqualTo(count);
    Answers waited = ask("/own/run", count);
    assertThat(waited.count("200 leaf")).as(waited.kinds().toString()).isEqualTo(count);
    System.out.printf(
        "%d requests, %d at a time: %d ms with a Mono, %d ms with run()%n",
        count, AT_A_TIME, written.took().toMillis(), waited.took().toMillis());
  }

  /** Where block() is refused. */
  @Test
  void blockThrowsInTheSameHandler() throws Exception {
    Server.CALLEE.set(Server.address(other));
    Answers answers = ask("/own/block", 1);
    assertThat(answers.kinds().toString()).contains("block()", "not supported in thread");
  }

  /** It answers itself on the very loops that wait for the answer: which is refused, not hung. */
  @Test
  void aServerThatCallsItself() throws Exception {
    Server.CALLEE.set(Server.address(server));
    assertThatNoneHangs("/own/run");
  }

  @Test
  void aClientThatSharesTheLoops() throws Exception {
    Server.CALLEE.set(Server.address(other));
    assertThatNoneHangs("/shared/run");
  }

  private static void assertThatNoneHangs(String path) throws Exception {
    int count = AT_A_TIME * STRESS;
    Answers answers = ask(path, count);
    int answered = answers.count("200 leaf");
    var refused = new ArrayList<Integer>();
    answers
        .kinds()
        .forEach(
            (kind, times) -> {
              Matcher matcher = REFUSED.matcher(kind);
              if (matcher.matches()) {
                refused.addAll(Collections.nCopies(times, Integer.valueOf(matcher.group(1))));
              }
            });
    assertThat(answered + refused.size()).as(answers.kinds().toString()).isEqualTo(count);
    assertThat(refused).isNotEmpty().allMatch(millis -> millis < 1_000);
    System.out.printf(
        "%s: %d requests, %d answered, %d refused after %d ms at most, %d ms in all%n",
        path, count, answered, refused.size(), Collections.max(refused), answers.took().toMillis());
  }
}
