package dev.anysync.twins.it;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.anysync.DeadlockException;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.twins.Twins;
import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.KeyValue;
import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.UnblockType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Lettuce's async commands, used blocking, on any thread. */
class RedisTest {
  private static final Duration WATCHDOG = Duration.ofMillis(500);

  /** What makes the blocking form of the async commands. */
  enum Form {
    VIEW {
      @Override
      @SuppressWarnings("unchecked") // the class of an interface has no type arguments
      RedisCommands<String, String> of(RedisAsyncCommands<String, String> async) {
        return Twins.sync(RedisCommands.class, async);
      }
    },
    /** Behind the same interface, so that the tests are the same. */
    GENERATED {
      @Override
      @SuppressWarnings("unchecked")
      RedisCommands<String, String> of(RedisAsyncCommands<String, String> async) {
        return Twins.sync(RedisCommands.class, new RedisSync<>(async));
      }
    };

    abstract RedisCommands<String, String> of(RedisAsyncCommands<String, String> async);
  }

  private static Server server;
  private static RedisClient other;
  private static RedisCommands<String, String> others;
  private static Lanes lanes;
  private static Lanes before;

  private RedisClient client;
  private StatefulRedisConnection<String, String> connection;
  private long id;

  /** The futures of the commands that were called, in their order. */
  private final LinkedBlockingQueue<RedisFuture<?>> futures = new LinkedBlockingQueue<>();

  @BeforeAll
  static void start() throws IOException {
    server = new Server();
    other = RedisClient.create(server.uri);
    others = other.connect().sync();
    lanes =
        Lanes.builder().watchdog(WATCHDOG).onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL).build();
    before = Unsync.share(lanes);
  }

  @AfterAll
  static void stop() throws IOException {
    Lanes _ = Unsync.share(before);
    lanes.close();
    other.shutdown(0, 10, TimeUnit.SECONDS);
    server.close();
  }

  @BeforeEach
  void connect() {
    assertThat(others.flushall()).isEqualTo("OK");
    client = RedisClient.create(server.uri);
    connection = client.connect();
    id = connection.sync().clientId();
  }

  @AfterEach
  void disconnect() {
    client.shutdown(0, 10, TimeUnit.SECONDS);
  }

  private RedisCommands<String, String> redis(Form form) {
    return form.of(connection.async());
  }

  /** The same of commands whose futures are noted. */
  @SuppressWarnings("unchecked")
  private RedisCommands<String, String> noted(Form form) {
    RedisAsyncCommands<String, String> async = connection.async();
    return form.of(
        (RedisAsyncCommands<String, String>)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {RedisAsyncCommands.class},
                (_, method, arguments) -> {
                  try {
                    Object result = method.invoke(async, arguments);
                    if (result instanceof RedisFuture<?> future) {
                      futures.add(future);
                    }
                    return result;
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                }));
  }

  @ParameterizedTest
  @EnumSource
  void valuesOnEachKindOfThread(Form form) throws Exception {
    RedisCommands<String, String> redis = redis(form);
    assertThat(redis.set("key", "value")).isEqualTo("OK");
    assertThat(redis.get("key")).isEqualTo("value");
    assertThat(redis.get("none")).isNull();
    assertThat(redis.mget("key", "none"))
        .containsExactly(KeyValue.just("key", "value"), KeyValue.empty("none"));
    assertThat(coroutine(() -> redis.get("key")).run()).isEqualTo("value");
    assertThat(coroutine(() -> redis.get("key")).start().result()).isEqualTo("value");
    var task = new FutureTask<>(() -> redis.get("key"));
    Thread virtual = Thread.startVirtualThread(task);
    assertThat(task.get()).isEqualTo("value");
    virtual.join();
  }

  @ParameterizedTest
  @EnumSource
  void streamsAndScans(Form form) {
    RedisCommands<String, String> redis = redis(form);
    String id = redis.xadd("stream", Map.of("field", "value"));
    assertThat(redis.xrange("stream", Range.unbounded()))
        .containsExactly(new StreamMessage<>("stream", id, Map.of("field", "value")));
    for (int i = 0; i < 100; i++) {
      assertThat(redis.set("key" + i, "value")).isEqualTo("OK");
    }
    Set<String> keys = new HashSet<>();
    ScanCursor cursor = ScanCursor.INITIAL;
    while (!cursor.isFinished()) {
      KeyScanCursor<String> scanned = redis.scan(cursor, ScanArgs.Builder.matches("key*"));
      keys.addAll(scanned.getKeys());
      cursor = scanned;
    }
    assertThat(keys).hasSize(100);
  }

  @ParameterizedTest
  @EnumSource
  void failuresAreTheVeryExceptions(Form form) {
    RedisCommands<String, String> redis = noted(form);
    assertThat(redis.set("key", "text")).isEqualTo("OK");
    futures.clear();
    assertThatExceptionOfType(RedisCommandExecutionException.class)
        .isThrownBy(() -> redis.incr("key"))
        .withMessage("ERR value is not an integer or out of range")
        .isSameAs(catchThrowable(futures.remove()::get).getCause());
    assertThatExceptionOfType(IllegalArgumentException.class) // before there is a future
        .isThrownBy(() -> redis.get(null));
  }

  private void awaitBlocked() {
    await()
        .until(
            () ->
                others
                    .clientList()
                    .lines()
                    .anyMatch(c -> c.startsWith("id=" + id + " ") && c.contains(" flags=b ")));
  }

  /** A cancelled command has been sent all the same: the connection waits until it is answered. */
  private void assertThatTheConnectionGoesOn() {
    assertThat(others.clientUnblock(id, UnblockType.TIMEOUT)).isEqualTo(1);
    assertThat(connection.sync().ping()).isEqualTo("PONG");
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptCancelsTheCommand(Form form) throws Exception {
    RedisCommands<String, String> redis = noted(form);
    var task = new FutureTask<>(() -> redis.blpop(0, "list"));
    Thread caller = Thread.ofPlatform().start(task);
    awaitBlocked();
    caller.interrupt();
    caller.join();
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(task::get)
        .withCauseInstanceOf(CancellationException.class);
    assertThat(futures.take().isCancelled()).isTrue();
    assertThatTheConnectionGoesOn();
  }

  @ParameterizedTest
  @EnumSource
  void cancelReachesTheCommand(Form form) throws Exception {
    RedisCommands<String, String> redis = noted(form);
    Unfuture<KeyValue<String, String>> popped = coroutine(() -> redis.blpop(0, "list")).start();
    awaitBlocked();
    assertThat(popped.cancel(true)).isTrue();
    await().until(futures.take()::isCancelled);
    assertThatTheConnectionGoesOn();
  }

  @ParameterizedTest
  @EnumSource
  void aTimeLimitReachesTheCommand(Form form) throws Exception {
    RedisCommands<String, String> redis = noted(form);
    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(() -> coroutine(() -> redis.blpop(0, "list")).run(Duration.ofMillis(200)));
    awaitBlocked(); // it may have been sent late
    await().until(futures.take()::isCancelled);
    assertThatTheConnectionGoesOn();
  }

  /** As by Lettuce's own: the commands keep it themselves. */
  @ParameterizedTest
  @EnumSource
  void theConnectionsTimeLimitHolds(Form form) {
    for (RedisCommands<String, String> redis : List.of(connection.sync(), redis(form))) {
      connection.setTimeout(Duration.ofMillis(200));
      assertThatExceptionOfType(RedisCommandTimeoutException.class)
          .isThrownBy(() -> redis.blpop(0, "list"));
      awaitBlocked();
      connection.setTimeout(Duration.ofMinutes(1));
      assertThatTheConnectionGoesOn();
    }
  }

  /** Lettuce's own returns null here; so does nobody who waits for the answer before EXEC. */
  @ParameterizedTest
  @EnumSource
  void inATransactionCommandsWaitForExec(Form form) {
    RedisCommands<String, String> redis = redis(form);
    assertThat(redis.multi()).isEqualTo("OK");
    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(() -> coroutine(() -> redis.set("a", "1")).run(Duration.ofMillis(200)));
    RedisFuture<String> queued = connection.async().set("b", "2");
    assertThat(redis.exec()).containsExactly("OK", "OK");
    assertThat(queued.toCompletableFuture().join()).isEqualTo("OK");
  }

  /** Calls {@code wait} on the thread that reads the answers. */
  private <T> T onTheIoThread(Supplier<T> wait) {
    CompletableFuture<KeyValue<String, String>> answer =
        connection.async().blpop(0, "list").toCompletableFuture();
    Unfuture<T> result =
        Unfuture.from(answer)
            .then(
                _ -> {
                  assertThat(Thread.currentThread().getName()).startsWith("lettuce-nioEventLoop");
                  return wait.get();
                });
    assertThat(others.lpush("list", "element")).isEqualTo(1);
    return result.result();
  }

  @ParameterizedTest
  @EnumSource
  void onTheIoThreadAWaitForItselfIsRefused(Form form) {
    RedisCommands<String, String> redis = redis(form);
    assertThat(onTheIoThread(() -> catchThrowable(() -> redis.get("key"))))
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("suspected deadlock")
        .hasMessageContaining("thread 'lettuce-nioEventLoop");
    assertThat(redis.ping()).isEqualTo("PONG");
  }

  @ParameterizedTest
  @EnumSource
  void onTheIoThreadAWaitForAnotherClientReturns(Form form) {
    assertThat(others.set("key", "value")).isEqualTo("OK");
    RedisClient own = RedisClient.create(server.uri);
    try {
      RedisCommands<String, String> redis = form.of(own.connect().async());
      assertThat(onTheIoThread(() -> redis.get("key"))).isEqualTo("value");
    } finally {
      own.shutdown(0, 10, TimeUnit.SECONDS);
    }
  }

  /** An interface of one's own, of what one uses. */
  interface Counters {
    long incr(String key);

    List<String> keys(String pattern);

    default long twice(String key) {
      return incr(key) + incr(key);
    }
  }

  @Test
  void aViewOfFewCommands() {
    Counters counters = Twins.sync(Counters.class, connection.async());
    assertThat(counters.incr("count")).isEqualTo(1);
    assertThat(counters.twice("count")).isEqualTo(5);
    assertThat(counters.keys("c*")).containsExactly("count");
  }
}
