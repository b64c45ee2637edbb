package dev.anysync.examples.linkcheck;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A web site on the loopback interface that has everything a link checker meets: some hundreds of
 * pages, and servers that are slow, fail, redirect in circles or hang up.
 */
final class DemoSite implements AutoCloseable {

  private interface Route {
    void answer(HttpExchange exchange) throws IOException, InterruptedException;
  }

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server = listen(this::serve);
  private final HttpServer other = listen(this::serveOther);

  /** Bound and not listening: connections to its port are refused, and nobody else gets it. */
  private final Socket closed = new Socket();

  private final CountDownLatch closing = new CountDownLatch(1);
  private final List<DemoLink> links;
  private final Map<String, Route> routes = new HashMap<>();
  private final CountDownLatch abandoned = new CountDownLatch(1);

  private DemoSite() throws IOException {
    closed.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    links =
        DemoLink.load(
            Map.of(
                "site", "http://" + host(server),
                "host", host(server),
                "other", "http://" + host(other),
                "closed", "http://127.0.0.1:" + closed.getLocalPort()));
    DemoPages.of(links).forEach((path, body) -> routes.put(path, page(body)));
    addTroubles();
  }

  /** Starts to serve. */
  static DemoSite start() throws IOException {
    DemoSite site = new DemoSite();
    site.server.start();
    site.other.start();
    return site;
  }

  URI uri() {
    return URI.create("http://" + host(server) + "/");
  }

  /** Returns the links that are there to be tried. */
  List<DemoLink> links() {
    return links;
  }

  /** Waits until a client has closed its connection before it had the whole answer. */
  boolean awaitAbandoned(long seconds) throws InterruptedException {
    return abandoned.await(seconds, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    closing.countDown();
    server.stop(0);
    other.stop(0);
    closed.close();
    threads.shutdownNow();
  }

  private void addTroubles() {
    for (int status : List.of(401, 403, 410, 500, 503)) {
      routes.put("/errors/" + status, status(status));
    }
    Route fine = page(new DemoPages.Body("text/plain", "fine", StandardCharsets.UTF_8));
    routes.put("/flaky/503", atFirst(1, status(503), fine));
    routes.put("/flaky/429", atFirst(1, status(429), fine));
    // Twice, because the client itself repeats a GET once whose connection was closed on it.
    routes.put("/flaky/cut", atFirst(2, HttpExchange::close, fine));
    routes.put("/cut/headers", HttpExchange::close);
    routes.put("/cut/body", DemoSite::cutBody);
    for (int i = 1; i <= 4; i++) {
      routes.put("/slow/" + i, slow(100L * i, fine));
    }
    routes.put("/stalled/headers", slow(TimeUnit.MINUTES.toMillis(1), HttpExchange::close));
    routes.put("/stalled/body", this::trickle);

    routes.put("/moved/301", redirect(301, "/ports/"));
    routes.put("/moved/302", redirect(302, "../ports/"));
    routes.put("/moved/303", redirect(303, uri() + "ports/"));
    routes.put("/moved/307", redirect(307, "//" + host(server) + "/ports/#riga"));
    routes.put("/moved/308", redirect(308, "?now"));
    routes.put("/moved/308?now", fine);
    routes.put("/moved/space", redirect(301, "/odd/a page.html"));
    routes.put("/moved/away", redirect(302, "http://" + host(other) + "/fine.html"));
    routes.put("/moved/chain/1", redirect(301, "2"));
    routes.put("/moved/chain/2", redirect(302, "3"));
    routes.put("/moved/chain/3", redirect(307, "/ports/oslo.html"));
    routes.put("/moved/missing", redirect(301, "/ports/atlantis.html"));
    routes.put("/moved/nowhere", status(302));
    routes.put("/moved/garbled", redirect(302, "http://[almanac/"));
    routes.put("/moved/loop/a", redirect(301, "b"));
    routes.put("/moved/loop/b", redirect(301, "a"));
    routes.put("/moved/self", redirect(302, "self"));
    for (int i = 1; i <= 20; i++) {
      routes.put("/moved/on/" + i, redirect(302, Integer.toString(i + 1)));
    }
  }

  private void serve(HttpExchange exchange) throws IOException, InterruptedException {
    URI uri = exchange.getRequestURI();
    Route whole = routes.get(uri.getPath() + "?" + uri.getQuery());
    Route route = whole != null ? whole : routes.getOrDefault(uri.getPath(), status(404));
    route.answer(exchange);
  }

  private void serveOther(HttpExchange exchange) throws IOException, InterruptedException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    DemoPages.Body body =
        new DemoPages.Body(
            "text/html",
            "<p id=here>Fine, but for <a href='/not-crawled'>this</a>.</p>",
            StandardCharsets.UTF_8);
    Route route =
        switch (exchange.getRequestURI().getPath()) {
          case "/fine.html" -> page(body);
          case "/no-head" -> head ? status(405) : page(body);
          case "/moved" -> redirect(301, "/fine.html");
          default -> status(404);
        };
    route.answer(exchange);
  }

  private HttpServer listen(Route route) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            route.answer(exchange);
          } catch (InterruptedException e) {
            // The site is being closed.
          }
        });
    return server;
  }

  private static String host(HttpServer server) {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  private static Route page(DemoPages.Body body) {
    return exchange -> {
      if (!body.type().isEmpty()) {
        exchange.getResponseHeaders().set("Content-Type", body.type());
      }
      if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.sendResponseHeaders(200, -1);
        return;
      }
      byte[] bytes = body.text().getBytes(body.charset());
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  private static Route status(int status) {
    return exchange -> exchange.sendResponseHeaders(status, -1);
  }

  private static Route redirect(int status, String location) {
    return exchange -> {
      exchange.getResponseHeaders().set("Location", location);
      exchange.sendResponseHeaders(status, -1);
    };
  }

  private static Route atFirst(int times, Route first, Route then) {
    AtomicInteger requests = new AtomicInteger();
    return exchange -> (requests.incrementAndGet() <= times ? first : then).answer(exchange);
  }

  private Route slow(long millis, Route route) {
    return exchange -> {
      var _ = closing.await(millis, TimeUnit.MILLISECONDS);
      route.answer(exchange);
    };
  }

  /** Promises more than it sends. */
  private static void cutBody(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/html");
    exchange.sendResponseHeaders(200, 1000);
    exchange.getResponseBody().write("<p>Half of".getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  /** Sends a byte now and then, for as long as anybody reads. */
  private void trickle(HttpExchange exchange) throws IOException, InterruptedException {
    exchange.getResponseHeaders().set("Content-Type", "text/html");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream body = exchange.getResponseBody()) {
      while (!closing.await(20, TimeUnit.MILLISECONDS)) {
        body.write(' ');
        body.flush();
      }
    } catch (IOException e) {
      abandoned.countDown();
      throw e;
    }
  }
}
