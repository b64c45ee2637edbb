package dev.anysync.examples.linkcheck;

import static dev.anysync.examples.linkcheck.Source.Verdict.BROKEN;
import static dev.anysync.examples.linkcheck.Source.Verdict.LOOP;
import static dev.anysync.examples.linkcheck.Source.Verdict.MALFORMED;
import static dev.anysync.examples.linkcheck.Source.Verdict.MOVED;
import static dev.anysync.examples.linkcheck.Source.Verdict.TIMEOUT;
import static dev.anysync.examples.linkcheck.Source.Verdict.UNREACHABLE;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/**
 * Fetches over HTTP: with a timeout, repetitions, and redirects followed one by one.
 *
 * <p>Everything waits inside a coroutine, so that a crawl that is cancelled cancels its requests,
 * and so does a timeout: the connection is closed, not left to run.
 */
final class Web implements Source, AutoCloseable {

  private static final int MAX_REDIRECTS = 10;
  private static final int MAX_PAGE_BYTES = 8 << 20;

  /** Up to here it is cheaper to read what nobody wants than to connect anew. */
  private static final int MAX_UNWANTED_BYTES = 64 << 10;

  private final Settings settings;
  private final HttpSync http = new HttpSync(new Http());

  Web(Settings settings) {
    this.settings = settings;
  }

  @Override
  public AnySync<Answer> fetch(URI uri, boolean read) {
    return AnySync.coroutine(() -> follow(uri, read));
  }

  /** Follows redirects by hand, to report them and to see those that lead nowhere. */
  private Answer follow(URI start, boolean read) {
    Set<URI> seen = new LinkedHashSet<>();
    URI uri = start;
    int firstStatus = 0;
    while (seen.add(uri)) {
      Answer answer = persist(uri, read);
      if (answer.location() == null) {
        return seen.size() == 1 ? answer : after(firstStatus, uri, answer);
      }
      if (seen.size() > MAX_REDIRECTS) {
        return Answer.failed(LOOP, 0, "more than " + MAX_REDIRECTS + " redirects");
      }
      firstStatus = firstStatus == 0 ? answer.status() : firstStatus;
      uri = Link.withoutFragment(answer.location());
    }
    return Answer.failed(LOOP, 0, "redirected back to " + uri);
  }

  private static Answer after(int firstStatus, URI end, Answer answer) {
    return answer.verdict().isDead()
        ? Answer.failed(
            answer.verdict(), answer.status(), answer.why() + ", after a redirect to " + end)
        : new Answer(MOVED, firstStatus, "moved to " + end, false, null, answer.content());
  }

  /** Asks again, after a growing pause, while the reason for a failure may pass. */
  private Answer persist(URI uri, boolean read) {
    Answer answer = attempt(uri, read);
    Duration pause = settings.backOff();
    for (int retry = 1; retry <= settings.retries() && answer.passing(); retry++) {
      AnySync.sleep(pause);
      pause = pause.multipliedBy(2);
      answer = attempt(uri, read);
    }
    return answer;
  }

  private Answer attempt(URI uri, boolean read) {
    try {
      if (settings.head() && !read) {
        Answer answer = answer(inTime(AnySync.coroutine(() -> http.head(uri))));
        if (!answer.verdict().isDead()) {
          return answer;
        }
        // Many servers say no to HEAD only, so that their no does not count.
      }
      return inTime(AnySync.coroutine(() -> get(uri, read)));
    } catch (TimeoutException e) {
      return Answer.failed(
          TIMEOUT, 0, "no whole answer within " + settings.timeout().toMillis() + " ms");
    } catch (ConnectException | SSLException e) {
      return Answer.failed(UNREACHABLE, 0, reason(e));
    } catch (IOException e) {
      return Answer.failing(UNREACHABLE, 0, reason(e));
    } catch (IllegalArgumentException e) {
      return Answer.failed(MALFORMED, 0, reason(e));
    }
  }

  /** Runs {@code call} for as long as the settings allow, and says what it may throw. */
  private <T> T inTime(AnySync<T> call) throws IOException, TimeoutException {
    return call.run(settings.timeout());
  }

  /** Reads the body as it comes, and no more of it than is of use. */
  private Answer get(URI uri, boolean read) throws IOException {
    HttpResponse<Flow.Publisher<List<ByteBuffer>>> response = http.get(uri);
    boolean wanted = read && Content.Kind.of(type(response), uri) != Content.Kind.OTHER;
    int limit = wanted ? MAX_PAGE_BYTES : MAX_UNWANTED_BYTES;
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try (AnySyncIterator<List<ByteBuffer>> chunks = AnySyncIterator.from(response.body())) {
      while (body.size() < limit && chunks.hasNext()) {
        for (ByteBuffer buffer : chunks.next()) {
          byte[] bytes = new byte[buffer.remaining()];
          buffer.get(bytes);
          body.writeBytes(bytes);
        }
      }
    }
    return answer(response, ByteBuffer.wrap(body.toByteArray()));
  }

  private static Answer answer(HttpResponse<Void> response) {
    return answer(response, ByteBuffer.allocate(0));
  }

  private static Answer answer(HttpResponse<?> response, ByteBuffer body) {
    int status = response.statusCode();
    return switch (status) {
      case 301, 302, 303, 307, 308 -> redirect(response);
      case 429, 500, 502, 503, 504 -> Answer.failing(BROKEN, status, reason(status));
      default ->
          status < 400
              ? Answer.ok(status, new Content(response.uri(), type(response), body))
              : Answer.failed(BROKEN, status, reason(status));
    };
  }

  private static Answer redirect(HttpResponse<?> response) {
    int status = response.statusCode();
    String location = response.headers().firstValue("Location").orElse("");
    if (location.isEmpty()) {
      return Answer.failed(BROKEN, status, "a redirect that does not say where to");
    }
    URI uri = Link.redirect(response.uri(), location).uri();
    return uri == null
        ? Answer.failed(BROKEN, status, "a redirect to '" + location + "', which is no URL")
        : Answer.moved(status, uri);
  }

  private static String type(HttpResponse<?> response) {
    return response.headers().firstValue("Content-Type").orElse("");
  }

  private static String reason(int status) {
    return switch (status) {
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 410 -> "Gone";
      case 429 -> "Too Many Requests";
      case 500 -> "Internal Server Error";
      case 502 -> "Bad Gateway";
      case 503 -> "Service Unavailable";
      case 504 -> "Gateway Timeout";
      default -> "HTTP status " + status;
    };
  }

  /** Returns the first message in a chain of exceptions, most of which have none. */
  private static String reason(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e.getMessage() != null && !e.getMessage().isBlank()) {
        return e.getMessage();
      }
    }
    return failure instanceof ConnectException ? "no connection" : failure.getClass().getName();
  }

  /** Gives up what is still under way. */
  @Override
  public void close() {
    http.close();
  }
}
