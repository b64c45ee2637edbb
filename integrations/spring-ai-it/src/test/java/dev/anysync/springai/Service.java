package dev.anysync.springai;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** What tools get their answers from: a server that gives back in capitals what it is asked. */
final class Service implements AutoCloseable {
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client = HttpClient.newHttpClient();
  private final Queue<String> questions = new ConcurrentLinkedQueue<>();
  private final HttpServer server;

  Service() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var question = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      questions.add(question);
      byte[] answer = question.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private HttpRequest request(String question) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.getAddress().getPort()))
        .POST(HttpRequest.BodyPublishers.ofString(question))
        .build();
  }

  /** Blocks until the answer is there. */
  String ask(String question) throws IOException, InterruptedException {
    return client.send(request(question), HttpResponse.BodyHandlers.ofString()).body();
  }

  /** Asks, and returns the future of the answer. */
  CompletableFuture<String> askAsync(String question) {
    return client
        .sendAsync(request(question), HttpResponse.BodyHandlers.ofString())
        .thenApply(HttpResponse::body);
  }

  /** Returns what was asked, in that order. */
  List<String> questions() {
    return List.copyOf(questions);
  }

  @Override
  public void close() {
    client.close();
    server.stop(0);
    threads.close();
  }
}
