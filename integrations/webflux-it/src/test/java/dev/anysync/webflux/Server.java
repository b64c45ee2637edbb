package dev.anysync.webflux;

import dev.anysync.reactor.AnySyncReactor;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpStatus;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;

/** One server; two of them call each other. */
@SpringBootApplication
class Server {
  private static final WebClient OWN =
      client(AnySyncReactor.withOwnLoops(HttpClient.create(), "client"));

  /** Where the handlers' calls go to. */
  static final AtomicReference<String> CALLEE = new AtomicReference<>("");

  /** Starts a server on a free port. */
  static ReactiveWebServerApplicationContext start() {
    var application = new SpringApplication(Server.class);
    application.setDefaultProperties(
        Map.of("server.port", 0, "server.address", "127.0.0.1", "spring.main.banner-mode", "off"));
    return (ReactiveWebServerApplicationContext) application.run();
  }

  static String address(ReactiveWebServerApplicationContext server) {
    return "http://127.0.0.1:" + Objects.requireNonNull(server.getWebServer()).getPort();
  }

  private static WebClient client(HttpClient client) {
    return WebClient.builder().clientConnector(new ReactorClientHttpConnector(client)).build();
  }

  /** Not those that all servers of a JVM share. */
  @Bean
  ReactorResourceFactory loops() {
    var factory = new ReactorResourceFactory();
    factory.setUseGlobalResources(false);
    factory.setLoopResources(LoopResources.create("server"));
    return factory;
  }

  @Bean
  RouterFunction<ServerResponse> routes(ReactorResourceFactory loops) {
    WebClient shared = client(HttpClient.create().runOn(loops.getLoopResources()));
    return RouterFunctions.route()
        .GET("/leaf", _ -> Mono.delay(Duration.ofMillis(2)).then(ok("leaf")))
        .GET("/own/mono", _ -> call(OWN).flatMap(Server::ok))
        .GET("/own/run", _ -> waiting(() -> AnySyncReactor.run(call(OWN))))
        .GET("/shared/run", _ -> waiting(() -> AnySyncReactor.run(call(shared))))
        .GET("/own/block", _ -> waiting(() -> call(OWN).block()))
        .build();
  }

  /** Calls on the event loop's thread; how long that took is in the answer if it was refused. */
  private static Mono<ServerResponse> waiting(Supplier<@Nullable String> call) {
    long start = System.nanoTime();
    try {
      return ok(Objects.requireNonNull(call.get()));
    } catch (IllegalStateException e) {
      long millis = (System.nanoTime() - start) / 1_000_000;
      return ServerResponse.status(HttpStatus.SERVICE_UNAVAILABLE)
          .bodyValue(millis + " ms: " + e.getMessage());
    }
  }

  private static Mono<ServerResponse> ok(String text) {
    return ServerResponse.ok().bodyValue(text + " on " + Thread.currentThread().getName());
  }

  private static Mono<String> call(WebClient client) {
    return client.get().uri(CALLEE.get() + "/leaf").retrieve().bodyToMono(String.class);
  }
}
