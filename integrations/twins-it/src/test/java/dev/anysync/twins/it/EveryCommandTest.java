package dev.anysync.twins.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.twins.Twins;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Every method that Lettuce's sync and async commands both have, by Lettuce's own {@code sync()}, a
 * view and the generated class: each with a connection of its own, and the same database.
 */
class EveryCommandTest {
  private static final Map<String, String> NOT_COMPARED =
      Map.of(
          "shutdown", "stops the server",
          "debugCrashAndRecover", "stops the server",
          "debugOom", "stops the server",
          "debugRestart", "stops the server",
          "debugSegfault", "stops the server");

  /** Their answers depend on chance, time or the connection. */
  private static final Set<String> BY_SHAPE =
      Set.of(
          "aclGenpass",
          "aclLog",
          "clientId",
          "clientList",
          "clientInfo",
          "debugHtstats",
          "debugObject",
          "getJsonParser",
          "getStatefulConnection",
          "hrandfield",
          "hrandfieldWithvalues",
          "info",
          "lastsave",
          "memoryUsage",
          "pttl",
          "randomkey",
          "slowlogGet",
          "slowlogLen",
          "spop",
          "srandmember",
          "time",
          "ttl",
          "xadd",
          "xinfoConsumers",
          "xpending",
          "zrandmember",
          "zrandmemberWithScores");

  private static final Map<String, Function<RedisAsyncCommands<String, String>, Object>> TWINS =
      Map.of(
          "view",
          redis -> Twins.sync(RedisCommands.class, redis),
          "generated class",
          RedisSync::new);

  /** What became of a call: one of the two, and what streaming channels were given. */
  private record Outcome(
      @Nullable Object value, @Nullable Throwable failure, List<Object> streamed) {
    String text(boolean byShape) {
      return (failure == null ? show(value, byShape) : "throws " + show(failure, false))
          + " "
          + show(streamed, byShape);
    }
  }

  private static Outcome call(Object redis, Method method, Database database) throws Exception {
    Arguments arguments = new Arguments(method, database);
    database.prepare();
    try {
      Method own = redis.getClass().getMethod(method.getName(), method.getParameterTypes());
      own.setAccessible(true); // a class that is not public
      return new Outcome(own.invoke(redis, arguments.values), null, arguments.streamed);
    } catch (InvocationTargetException e) {
      return new Outcome(null, e.getCause(), arguments.streamed);
    }
  }

  private static Outcome call(
      RedisClient client,
      Function<StatefulRedisConnection<String, String>, Object> form,
      Method method,
      Database database)
      throws Exception {
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      return call(form.apply(connection), method, database);
    }
  }

  @Test
  void everyCommandGivesTheSameAnswer() throws Exception {
    List<Method> methods =
        Stream.of(RedisCommands.class.getMethods())
            .filter(m -> !Modifier.isStatic(m.getModifiers()))
            .filter(EveryCommandTest::isAsync)
            .sorted(Comparator.comparing(Method::toString))
            .toList();
    assertThat(methods).hasSize(863);
    List<String> differences = new ArrayList<>();
    Map<String, Integer> counts = new TreeMap<>();
    try (var server = new Server()) {
      RedisClient client = RedisClient.create(server.uri);
      try (var database = new Database(client)) {
        for (Method method : methods) {
          if (NOT_COMPARED.containsKey(method.getName())) {
            counts.merge("not compared", 1, Integer::sum);
            continue;
          }
          boolean byShape = BY_SHAPE.contains(method.getName());
          Outcome own = call(client, StatefulRedisConnection::sync, method, database);
          for (var twin : TWINS.entrySet()) {
            Outcome ours = call(client, c -> twin.getValue().apply(c.async()), method, database);
            if (!ours.text(byShape).equals(own.text(byShape))) {
              differences.add(
                  "%s of the %s: %s, not %s"
                      .formatted(method, twin.getKey(), ours.text(byShape), own.text(byShape)));
            }
          }
          counts.merge(kind(own, byShape), 1, Integer::sum);
        }
      } finally {
        client.shutdown(0, 10, TimeUnit.SECONDS);
      }
    }
    System.out.println("Commands of Lettuce: " + counts + "; not compared: " + NOT_COMPARED);
    assertThat(differences).isEmpty();
    assertThat(counts).containsEntry("not compared", 6);
    assertThat(counts.get("the same value")).isGreaterThan(400);
  }

  private static boolean isAsync(Method method) {
    try {
      Method _ = RedisAsyncCommands.class.getMethod(method.getName(), method.getParameterTypes());
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  private static String kind(Outcome own, boolean byShape) {
    Throwable failure = own.failure();
    if (failure == null) {
      return byShape ? "the same shape" : "the same value";
    }
    return ("" + failure.getMessage())
            .matches("(?si)ERR (unknown (sub)?command|This instance has cluster support dis).*")
        ? "the same refusal, as this server has no such command"
        : "the same error";
  }

  /** Returns all of a value as text, or without what it holds. */
  private static String show(@Nullable Object value, boolean byShape) {
    return switch (value) {
      case null -> "null";
      case Throwable e -> e.getClass().getName() + ": " + e.getMessage();
      case Object[] array -> show(Arrays.asList(array), byShape);
      case byte[] bytes -> byShape ? "byte[]" : Arrays.toString(bytes);
      case Collection<?> all ->
          all.stream()
              .map(e -> show(e, byShape))
              .collect(Collectors.joining(", ", all.getClass().getName() + "[", "]"));
      case Map<?, ?> map ->
          show(
              map.entrySet().stream()
                  .map(e -> List.of(show(e.getKey(), byShape), show(e.getValue(), byShape)))
                  .toList(),
              false);
      case Object o
          when byShape || o.getClass().getName().startsWith("java.") || o instanceof Enum ->
          o.getClass().getName() + (byShape ? "" : " " + o);
      case Object o -> o.getClass().getName() + fields(o);
    };
  }

  private static List<String> fields(Object value) {
    List<String> all = new ArrayList<>();
    for (Class<?> type = value.getClass(); type != Object.class; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers())) {
          field.setAccessible(true);
          try {
            all.add(field.getName() + "=" + show(field.get(value), false));
          } catch (IllegalAccessException e) {
            throw new AssertionError(e);
          }
        }
      }
    }
    return all;
  }
}
