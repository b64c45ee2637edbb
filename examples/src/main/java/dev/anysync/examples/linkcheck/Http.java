package dev.anysync.examples.linkcheck;

import dev.anysync.AnySynced;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/**
 * Single requests over HTTP, sent at once; cancelling the future closes the connection. {@link
 * HttpSync}, which is generated, waits for the answers.
 */
@AnySynced
@AnySynced.Throws(IOException.class)
class Http implements AutoCloseable {

  private final HttpClient client =
      HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build();

  /** Asks whether {@code uri} is there. */
  CompletableFuture<HttpResponse<Void>> head(URI uri) {
    return client.sendAsync(request(uri).HEAD().build(), BodyHandlers.discarding());
  }

  /** Asks for {@code uri}; the body is yet to come. */
  CompletableFuture<HttpResponse<Flow.Publisher<List<ByteBuffer>>>> get(URI uri) {
    return client.sendAsync(request(uri).build(), BodyHandlers.ofPublisher());
  }

  private static HttpRequest.Builder request(URI uri) {
    return HttpRequest.newBuilder(uri)
        .header("User-Agent", "linkcheck")
        .header("Accept", "text/html, text/markdown, */*;q=0.8");
  }

  /** Gives up what is still under way. */
  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
