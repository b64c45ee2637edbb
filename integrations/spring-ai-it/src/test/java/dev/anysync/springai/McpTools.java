package dev.anysync.springai;

import io.modelcontextprotocol.client.McpAsyncClient;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.server.McpAsyncServer;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import reactor.core.publisher.Mono;

/**
 * A server of MCP, in Tomcat, with the tools {@code shout}, which answers in capitals, {@code
 * late}, which answers when it is released, and {@code fail}.
 */
final class McpTools implements AutoCloseable {
  private static final Logger QUIET = Logger.getLogger("org.apache");

  final CompletableFuture<String> released = new CompletableFuture<>();
  private final Tomcat tomcat = new Tomcat();
  private final McpAsyncServer server;

  McpTools(Path folder) throws Exception {
    QUIET.setLevel(Level.SEVERE);
    var servlet = HttpServletStreamableServerTransportProvider.builder().build();
    server =
        McpServer.async(servlet)
            .serverInfo("tools", "1")
            .capabilities(ServerCapabilities.builder().tools(false).build())
            .toolCall(tool("shout"), (_, request) -> Mono.just(shout(request.arguments())))
            .toolCall(tool("late"), (_, _) -> Mono.fromFuture(released).map(McpTools::text))
            .toolCall(tool("fail"), (_, _) -> Mono.just(failed("no such city")))
            .build();
    tomcat.setBaseDir(folder.toString());
    var connector = new Connector();
    connector.setProperty("address", "127.0.0.1");
    connector.setPort(0);
    tomcat.setConnector(connector);
    File root = Files.createDirectories(folder.resolve("root")).toFile();
    var context = tomcat.addContext("", root.toString());
    Tomcat.addServlet(context, "mcp", servlet).setAsyncSupported(true);
    context.addServletMappingDecoded("/*", "mcp");
    tomcat.start();
  }

  private static Tool tool(String name) {
    Map<String, Object> text = Map.of("type", "string");
    return Tool.builder(name, Map.of("type", "object", "properties", Map.of("city", text))).build();
  }

  private static CallToolResult shout(Map<String, Object> arguments) {
    return text(String.valueOf(arguments.get("city")).toUpperCase(Locale.ROOT));
  }

  private static CallToolResult text(String text) {
    return CallToolResult.builder().addTextContent(text).build();
  }

  private static CallToolResult failed(String text) {
    return CallToolResult.builder().addTextContent(text).isError(true).build();
  }

  /** Returns a client that waits for an answer no longer than {@code limit}. */
  McpSyncClient client(Duration limit) {
    return McpClient.sync(transport()).requestTimeout(limit).build();
  }

  McpAsyncClient asyncClient() {
    return McpClient.async(transport()).build();
  }

  private HttpClientStreamableHttpTransport transport() {
    int port = tomcat.getConnector().getLocalPort();
    return HttpClientStreamableHttpTransport.builder("http://127.0.0.1:" + port).build();
  }

  @Override
  public void close() throws LifecycleException {
    released.cancel(false);
    server.close();
    tomcat.stop();
    tomcat.destroy();
  }
}
