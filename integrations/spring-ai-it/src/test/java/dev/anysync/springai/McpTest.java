package dev.anysync.springai;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.reactor.AnySyncReactor;
import io.modelcontextprotocol.client.McpAsyncClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.mcp.AsyncMcpToolCallbackProvider;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.execution.ToolExecutionException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Calls of MCP's clients on threads where Reactor's {@code block()}, which they use, throws. */
class McpTest {
  private static final CallToolRequest REQUEST =
      CallToolRequest.builder("shout").arguments(Map.of("city", "Oslo")).build();

  @TempDir static Path folder;
  private static McpTools server;
  private static McpSyncClient client;
  private static McpAsyncClient asyncClient;

  @BeforeAll
  static void start() throws Exception {
    server = new McpTools(folder);
    client = server.client(Duration.ofSeconds(30));
    asyncClient = server.asyncClient();
    client.initialize();
    asyncClient.initialize().block();
  }

  @AfterAll
  static void stop() throws Exception {
    client.close();
    asyncClient.close();
    server.close();
  }

  /** A new one, as it asks the server only once. */
  private static AsyncMcpToolCallbackProvider provider() {
    return AsyncMcpToolCallbackProvider.builder().mcpClients(asyncClient).build();
  }

  private static ToolCallback tool(String name) {
    for (ToolCallback tool : provider().getToolCallbacks()) {
      if (tool.getToolDefinition().name().equals(name)) {
        return tool;
      }
    }
    throw new AssertionError(name);
  }

  private static <T> T onParallel(Callable<T> call) {
    Mono<T> result = Mono.fromCallable(call).subscribeOn(Schedulers.parallel());
    return Objects.requireNonNull(AnySyncReactor.run(result));
  }

  private static void assertThatItIsRefused(Callable<?> call) {
    assertThatThrownBy(() -> onParallel(call))
        .hasStackTraceContaining("block()/blockFirst()/blockLast() are blocking")
        .hasStackTraceContaining("not supported in thread parallel-");
  }

  private static String text(CallToolResult result) {
    return ((TextContent) result.content().getFirst()).text();
  }

  @Test
  void blockingCallsAreRefused() {
    ToolCallback tool = tool("shout");
    AsyncMcpToolCallbackProvider provider = provider();
    assertThatItIsRefused(() -> client.callTool(REQUEST));
    assertThatItIsRefused(() -> tool.call("{\"city\": \"Oslo\"}"));
    assertThatItIsRefused(provider::getToolCallbacks);
  }

  private static String answers(CallToolRequest request, AsyncMcpToolCallbackProvider provider) {
    CallToolResult result = coroutine(() -> client.callTool(request)).run();
    ToolCallback[] tools = coroutine(provider::getToolCallbacks).run();
    String answer = coroutine(() -> tools[0].call("{\"city\": \"Rome\"}")).run();
    return text(result) + answer + tools.length;
  }

  @Test
  void theSameCallsReturn() {
    AsyncMcpToolCallbackProvider provider = provider();
    String answers = onParallel(() -> answers(REQUEST, provider));
    assertThat(answers).isEqualTo("OSLO" + tool("shout").call("{\"city\": \"Rome\"}") + 3);
    assertThat(answers).contains("ROME");
  }

  @Test
  void theAsynchronousClientNeedsNoBlock() {
    CallToolResult result = onParallel(() -> AnySyncReactor.run(asyncClient.callTool(REQUEST)));
    assertThat(text(result)).isEqualTo("OSLO");
  }

  @Test
  void aToolThatFails() {
    ToolCallback tool = tool("fail");
    assertThatThrownBy(() -> onParallel(() -> coroutine(() -> tool.call("{}")).run()))
        .isExactlyInstanceOf(ToolExecutionException.class)
        .hasMessageContaining("no such city");
  }

  /** The provider is asked, and blocks, where the stream is made. */
  @Test
  void aStreamWithTheToolsOfAProvider() throws Exception {
    try (Model model = new Model("shout")) {
      ChatClient chat = ChatClient.create(model.client());
      AsyncMcpToolCallbackProvider provider = provider();
      assertThatItIsRefused(() -> chat.prompt("Oslo").tools(provider).stream().content());
      Flux<String> parts =
          onParallel(
              () -> coroutine(() -> chat.prompt("Oslo").tools(provider).stream().content()).run());
      List<String> answers = onParallel(() -> AnySyncReactor.run(parts.collectList()));
      assertThat(String.join("", answers)).contains("OSLO");
      assertThat(Model.said(model.requests("Oslo").getLast(), "tool"))
          .containsExactly(tool("shout").call("{\"city\": \"Oslo\"}"));
    }
  }

  /** What {@code call} ends with on each thread of the parallel scheduler, at the same time. */
  private static LinkedBlockingQueue<Object> onAllThreads(Callable<?> call) {
    var ends = new LinkedBlockingQueue<>();
    var here = new CountDownLatch(Schedulers.DEFAULT_POOL_SIZE);
    for (int i = 0; i < Schedulers.DEFAULT_POOL_SIZE; i++) {
      var _ =
          Schedulers.parallel()
              .schedule(
                  () -> {
                    here.countDown();
                    try {
                      here.await();
                      ends.add(call.call());
                    } catch (Exception e) {
                      ends.add(e);
                    }
                  });
    }
    return ends;
  }

  private static List<Object> take(LinkedBlockingQueue<Object> ends) throws InterruptedException {
    var all = new ArrayList<>();
    for (int i = 0; i < Schedulers.DEFAULT_POOL_SIZE; i++) {
      all.add(ends.take());
    }
    return all;
  }

  /** Answers come by threads of their own. */
  @Test
  void allThreadsWaitAtOnce() throws Exception {
    List<Object> ends =
        take(onAllThreads(() -> text(coroutine(() -> client.callTool(REQUEST)).run())));
    assertThat(ends).hasSize(Schedulers.DEFAULT_POOL_SIZE).containsOnly("OSLO");
  }

  /** MCP's time limits are kept by the threads that wait, unless those are replaced meanwhile. */
  @Test
  void timeLimitsNeedThreadsThatAreReplaced() throws Exception {
    Duration limit = Duration.ofSeconds(2); // to begin takes less, on a busy machine too
    var request = CallToolRequest.builder("late").build();
    try (McpSyncClient hasty = server.client(limit)) {
      hasty.initialize();
      AnySyncReactor.install();
      try {
        assertThat(take(onAllThreads(() -> coroutine(() -> hasty.callTool(request)).run())))
            .allSatisfy(
                end ->
                    assertThat(end)
                        .isInstanceOf(RuntimeException.class)
                        .extracting(e -> ((RuntimeException) e).getCause())
                        .isInstanceOf(TimeoutException.class));
      } finally {
        Schedulers.resetFactory();
      }

      var ends = onAllThreads(() -> text(coroutine(() -> hasty.callTool(request)).run()));
      Mono.delay(limit.plusSeconds(1), Schedulers.single()).block();
      assertThat(ends).isEmpty();
      server.released.complete("at last");
      assertThat(take(ends)).contains("at last"); // the first; then time limits are kept again
    }
  }
}
