package dev.anysync.lettuce;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.DeadlockException;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.netty.AnySyncNetty;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.internal.ThreadExecutorMap;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.embedded.RedisServer;

/**
 * Lettuce calls what depends on its futures on its I/O thread, which reads the answers. A callback
 * that waits there for another answer of that connection waits for ever: redis/lettuce#1775.
 */
class LettuceTest {
  private static final String IO_THREAD = "lettuce-nioEventLoop";
  private static final Duration HANGS = Duration.ofSeconds(2); // an answer takes a millisecond
  private static final Duration WATCHDOG = Duration.ofMillis(500);

  private static RedisServer server;
  private static String uri;
  private static RedisClient pushing;
  private static RedisAsyncCommands<String, String> pusher;
  private static Lanes lanes;
  private static Lanes before;

  private RedisClient client;
  private RedisAsyncCommands<String, String> redis;

  @BeforeAll
  static void start() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Path folder = Files.createDirectories(Path.of("target", "redis"));
    server =
        RedisServer.newRedisServer()
            .port(port)
            .bind("127.0.0.1")
            .setting("save \"\"")
            .setting("dir " + folder.toAbsolutePath())
            .build();
    server.start();
    uri = "redis://127.0.0.1:" + port;
    pushing = RedisClient.create(uri);
    pusher = pushing.connect().async();
    lanes =
        Lanes.builder().watchdog(WATCHDOG).onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL).build();
    before = Unsync.share(lanes);
  }

  @AfterAll
  static void stop() throws IOException {
    Lanes _ = Unsync.share(before);
    lanes.close();
    pushing.shutdown(0, 10, TimeUnit.SECONDS);
    server.stop();
  }

  @BeforeEach
  void connect() throws Exception {
    client = RedisClient.create(uri);
    redis = client.connect().async();
    assertThat(redis.set("key", "value").get()).isEqualTo("OK");
  }

  @AfterEach
  void disconnect() {
    client.shutdown(0, 10, TimeUnit.SECONDS);
  }

  private CompletableFuture<String> get() {
    return redis.get("key").toCompletableFuture();
  }

  /**
   * Gives {@code attach} a future whose answer comes after that has returned, so that what depends
   * on it is called by the thread that reads the answer.
   */
  private <T> T beforeTheAnswer(Function<CompletableFuture<KeyValue<String, String>>, T> attach)
      throws Exception {
    CompletableFuture<KeyValue<String, String>> answer =
        redis.blpop(0, "list").toCompletableFuture();
    T attached = attach.apply(answer);
    assertThat(pusher.lpush("list", "element").get()).isEqualTo(1);
    return attached;
  }

  private static void assertThatThisIsTheIoThread() {
    assertThat(Thread.currentThread().getName()).startsWith(IO_THREAD);
  }

  /** Waits for an answer in a callback of another, and returns what comes of it. */
  private CompletableFuture<String> inACallback(Function<CompletableFuture<String>, String> wait)
      throws Exception {
    return beforeTheAnswer(
        answer ->
            answer.thenApply(
                _ -> {
                  assertThatThisIsTheIoThread();
                  return wait.apply(get());
                }));
  }

  /** The same with this library's futures. */
  private <T> Unfuture<T> inACallbackOfOurs(Supplier<T> wait) throws Exception {
    return beforeTheAnswer(
        answer ->
            Unfuture.from(answer)
                .then(
                    _ -> {
                      assertThatThisIsTheIoThread();
                      return wait.get();
                    }));
  }

  private void assertThatTheConnectionGoesOn() throws Exception {
    assertThat(get().get(10, TimeUnit.SECONDS)).isEqualTo("value");
  }

  // With plain futures

  @Test
  void joinInACallbackHangs() throws Exception {
    var waiting = new AtomicReference<@Nullable Thread>();
    var waited = new CompletableFuture<CompletableFuture<String>>();
    CompletableFuture<String> result =
        inACallback(
            answer -> {
              waiting.set(Thread.currentThread());
              waited.complete(answer);
              return answer.join();
            });
    CompletableFuture<String> answer = waited.get();
    assertThatThrownBy(() -> result.get(HANGS.toMillis(), TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    assertThat(Objects.requireNonNull(waiting.get()).getState()).isEqualTo(Thread.State.WAITING);
    assertThat(answer.complete("by hand")).isTrue(); // it has not come, and would not
    assertThat(result.get()).isEqualTo("by hand");
    assertThatTheConnectionGoesOn();
  }

  @Test
  void getInACallbackHangs() throws Exception {
    CompletableFuture<String> result =
        inACallback(
            answer ->
                "" + catchThrowable(() -> answer.get(HANGS.toMillis(), TimeUnit.MILLISECONDS)));
    assertThat(result.get()).isEqualTo("java.util.concurrent.TimeoutException");
    assertThatTheConnectionGoesOn();
  }

  // With this library

  /** The same callback: its thread cannot go on, and it is told so. */
  @Test
  void waitsInACallbackNameTheCycle() throws Exception {
    for (Function<CompletableFuture<String>, String> wait :
        List.<Function<CompletableFuture<String>, String>>of(
            answer -> AnySync.from(() -> answer).run(),
            answer -> coroutine(() -> AnySync.await(answer)).run(),
            answer -> Unfuture.from(answer).result(),
            answer -> Unfuture.from(answer).join(),
            answer -> Unfuture.from(answer).then(done -> done.result()).result())) {
      Unfuture<String> result = inACallbackOfOurs(() -> wait.apply(get()));
      assertThat(catchThrowable(result::result))
          .isInstanceOf(DeadlockException.class)
          .hasMessageContaining("suspected deadlock")
          .hasMessageContaining("thread '" + IO_THREAD);
      assertThatTheConnectionGoesOn();
    }
  }

  @Test
  void waitsWithATimeLimitInACallbackEnd() throws Exception {
    Unfuture<Throwable> result =
        inACallbackOfOurs(
            () ->
                catchThrowable(
                    () -> AnySync.from(() -> redis.get("key")).run(Duration.ofMillis(200))));
    assertThat(result.result()).isInstanceOf(TimeoutException.class);
    assertThatTheConnectionGoesOn();
  }

  /** What goes on with the answer, and does not wait on that thread, comes. */
  @Test
  void continuationsReturn() throws Exception {
    Unfuture<String> asked =
        beforeTheAnswer(answer -> Unfuture.from(answer).<String>thenAsync(_ -> redis.get("key")));
    assertThat(asked.result()).isEqualTo("value");
    Unfuture<String> started =
        beforeTheAnswer(
            answer ->
                Unfuture.from(answer)
                    .thenAsync(
                        _ -> coroutine(() -> AnySync.await(get()) + AnySync.await(get())).start()));
    assertThat(started.result()).isEqualTo("valuevalue");
    // On a virtual thread, unlike the JDK's: there even join() may wait.
    CompletableFuture<String> joined =
        beforeTheAnswer(answer -> Unfuture.from(answer).thenApplyAsync(_ -> get().join()));
    assertThat(joined.join()).isEqualTo("value");
  }

  @Test
  void coroutinesReturn() {
    AnySync<String> both =
        coroutine(
            () -> {
              CompletableFuture<KeyValue<String, String>> answer = beforeTheAnswer(it -> it);
              var _ = AnySync.await(answer);
              return AnySync.await(get());
            });
    assertThat(both.run()).isEqualTo("value");
    assertThat(both.start().result()).isEqualTo("value");
    assertThat(Unsync.async(() -> AnySync.await(both)).result()).isEqualTo("value");
  }

  /** With another client's I/O thread there is no cycle: the callback waits, and gets it. */
  @Test
  void waitsInACallbackForAnotherClientReturn() throws Exception {
    Unfuture<String> result =
        inACallbackOfOurs(
            () ->
                AnySync.from(() -> pusher.get("key")).run()
                    + " on "
                    + Thread.currentThread().getName());
    assertThat(result.result()).startsWith("value on " + IO_THREAD);
  }

  /** On the class path, where a promise's executor can be asked for: at once, by no watchdog. */
  @Test
  void promisesOfTheIoThreadAreRefusedAtOnce() throws Exception {
    Unfuture<Throwable> result =
        inACallbackOfOurs(
            () -> {
              EventExecutor own = ThreadExecutorMap.currentExecutor();
              return catchThrowable(
                  () -> coroutine(() -> AnySyncNetty.await(own.submit(() -> "x"))).run());
            });
    assertThat(result.result())
        .isInstanceOf(DeadlockException.class)
        .hasMessageStartingWith("this wait would never end:")
        .hasMessageContaining("waits for PromiseTask@")
        .hasMessageContaining("which only thread '" + IO_THREAD);
    assertThatTheConnectionGoesOn();
  }
}
