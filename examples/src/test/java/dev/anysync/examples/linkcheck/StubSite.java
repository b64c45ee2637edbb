package dev.anysync.examples.linkcheck;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A web site that a test makes page by page, and that remembers what it was asked for. */
final class StubSite implements AutoCloseable {

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server =
      HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
  private final Map<String, HttpHandler> handlers = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch closing = new CountDownLatch(1);

  StubSite() throws IOException {
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          requests.add(exchange.getRequestMethod() + " " + path);
          HttpHandler handler = handlers.get(path);
          try (exchange) {
            if (handler == null) {
              exchange.sendResponseHeaders(404, -1);
            } else {
              handler.handle(exchange);
            }
          }
        });
    server.start();
  }

  StubSite page(String path, String html) {
    return on(
        path,
        exchange -> {
          byte[] bytes = html.getBytes(UTF_8);
          boolean head = exchange.getRequestMethod().equals("HEAD");
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          exchange.sendResponseHeaders(200, head ? -1 : bytes.length);
          if (!head) {
            exchange.getResponseBody().write(bytes);
          }
        });
  }

  StubSite on(String path, HttpHandler handler) {
    handlers.put(path, handler);
    return this;
  }

  /**
   * Makes a page that never ends.
   *
   * @param asked counted down when it is asked for
   * @param left counted down when the client has closed the connection
   */
  StubSite endless(String path, CountDownLatch asked, CountDownLatch left) {
    return on(
        path,
        exchange -> {
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          exchange.sendResponseHeaders(200, 0);
          asked.countDown();
          try (OutputStream body = exchange.getResponseBody()) {
            while (!closing.await(10, TimeUnit.MILLISECONDS)) {
              body.write(' ');
              body.flush();
            }
          } catch (IOException e) {
            left.countDown();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  /** Returns the requests so far, as "GET /path". */
  List<String> requests() {
    return requests;
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
