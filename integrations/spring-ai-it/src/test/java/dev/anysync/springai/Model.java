package dev.anysync.springai;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.StreamSupport;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A server that speaks as OpenAI's do. Its model asks for tools, all with what the user said as
 * their argument {@code city}, and when it has the answers says what they are; either in pieces, as
 * server-sent events.
 */
final class Model implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();

  private final List<String> tools;
  private final Queue<JsonNode> requests = new ConcurrentLinkedQueue<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;

  Model(String... tools) throws IOException {
    this.tools = List.of(tools);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/v1/chat/completions", this::answer);
    server.start();
  }

  /** Returns Spring AI's client of this model. */
  OpenAiChatModel client() {
    return OpenAiChatModel.builder()
        .options(
            OpenAiChatOptions.builder()
                .baseUrl("http://127.0.0.1:" + server.getAddress().getPort() + "/v1")
                .apiKey("key")
                .model("model")
                .build())
        .httpClientBuilderCustomizer(builder -> builder.dispatcherExecutorService(threads))
        .build();
  }

  /** Returns what the model was asked by the user who said {@code city}, one after the other. */
  List<JsonNode> requests(String city) {
    return requests.stream()
        .filter(request -> said(request, "user").equals(List.of(city)))
        .toList();
  }

  /** Returns what the messages in {@code request} by {@code role} say. */
  static List<String> said(JsonNode request, String role) {
    return StreamSupport.stream(request.get("messages").spliterator(), false)
        .filter(message -> message.get("role").asString().equals(role))
        .map(message -> message.get("content").asString())
        .toList();
  }

  private void answer(HttpExchange exchange) throws IOException {
    JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
    requests.add(request);
    List<String> answers = said(request, "tool");
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      if (answers.isEmpty()) {
        askForTools(said(request, "user").getFirst(), out);
      } else {
        for (String answer : answers) {
          send(out, Map.of("content", answer + "; "), "");
        }
        send(out, Map.of(), "stop");
      }
      event(out, "[DONE]");
    }
  }

  private void askForTools(String city, OutputStream out) throws IOException {
    String arguments = JSON.writeValueAsString(Map.of("city", city));
    int half = arguments.length() / 2;
    for (int i = 0; i < tools.size(); i++) {
      var begin = Map.of("name", tools.get(i), "arguments", "");
      call(out, Map.of("index", i, "id", "call-" + i, "type", "function", "function", begin));
      for (String part : List.of(arguments.substring(0, half), arguments.substring(half))) {
        call(out, Map.of("index", i, "function", Map.of("arguments", part)));
      }
    }
    send(out, Map.of(), "tool_calls");
  }

  private static void call(OutputStream out, Map<String, Object> call) throws IOException {
    send(out, Map.of("tool_calls", List.of(call)), "");
  }

  private static void send(OutputStream out, Map<String, Object> delta, String finish)
      throws IOException {
    var choice = JSON.createObjectNode().put("index", 0);
    choice.set("delta", JSON.valueToTree(delta));
    choice.put("finish_reason", finish.isEmpty() ? null : finish);
    var chunk = JSON.createObjectNode().put("id", "1").put("created", 0).put("model", "model");
    chunk.put("object", "chat.completion.chunk").putArray("choices").add(choice);
    event(out, JSON.writeValueAsString(chunk));
  }

  private static void event(OutputStream out, String data) throws IOException {
    out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
