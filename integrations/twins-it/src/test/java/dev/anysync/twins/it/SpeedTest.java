package dev.anysync.twins.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.twins.Twins;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Says how many calls a second each blocking form of the commands makes, on one thread. */
class SpeedTest {
  private static final int CALLS = 2_000 * Integer.getInteger("stress", 1);
  private static final int ROUNDS = 5;

  @Test
  void callsPerSecond() throws Exception {
    try (var server = new Server()) {
      RedisClient client = RedisClient.create(server.uri);
      try (StatefulRedisConnection<String, String> connection = client.connect()) {
        @SuppressWarnings("unchecked") // the class of an interface has no type arguments
        RedisCommands<String, String> view = Twins.sync(RedisCommands.class, connection.async());
        RedisCommands<String, String> own = connection.sync();
        assertThat(own.set("key", "value")).isEqualTo("OK");
        Map<String, UnaryOperator<String>> forms = new LinkedHashMap<>();
        forms.put("Lettuce's sync()", own::get);
        forms.put("view", view::get);
        forms.put("generated class", new RedisSync<>(connection.async())::get);
        Map<String, long[]> rates = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) { // in turns, so that all warm up alike
          for (var form : forms.entrySet()) {
            rates.computeIfAbsent(form.getKey(), _ -> new long[ROUNDS])[round] =
                rate(form.getValue());
          }
        }
        rates.forEach(
            (form, all) -> {
              Arrays.sort(all);
              System.out.printf(
                  "%,d calls of GET a second by %s (median of %d rounds of %,d; %,d to %,d)%n",
                  all[ROUNDS / 2], form, ROUNDS, CALLS, all[0], all[ROUNDS - 1]);
            });
      } finally {
        client.shutdown(0, 10, TimeUnit.SECONDS);
      }
    }
  }

  private static long rate(UnaryOperator<String> get) {
    long start = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      if (!get.apply("key").equals("value")) {
        throw new AssertionError("another answer");
      }
    }
    return (long) (CALLS / ((System.nanoTime() - start) / 1e9));
  }
}
