package dev.anysync.twins.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;

/** A key of each type, the same before each command. */
final class Database implements AutoCloseable {
  static final String SCRIPT = "return {'a', 1}";

  private static final String PREPARE =
      """
      redis.call('flushall')
      redis.call('set', 'string', 'a string')
      redis.call('set', 'number', '10')
      redis.call('set', 'expiring', 'a')
      redis.call('pexpireat', 'expiring', 4102444800000)
      redis.call('rpush', 'list', 'a', 'b', 'c')
      redis.call('rpush', 'list2', 'x', 'y')
      redis.call('rpush', 'numbers', '3', '1', '2')
      redis.call('sadd', 'set', 'a', 'b', 'c')
      redis.call('sadd', 'set2', 'b', 'c', 'd')
      redis.call('hset', 'hash', 'field', '1', 'other', '2')
      redis.call('zadd', 'zset', 1, 'a', 2, 'b', 3, 'c')
      redis.call('zadd', 'zset2', 2, 'a', 4, 'd')
      redis.call('geoadd', 'geo', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania')
      redis.call('pfadd', 'hll', 'a', 'b')
      redis.call('pfadd', 'hll2', 'b', 'c')
      redis.call('xadd', 'stream', '1-1', 'field', 'a')
      redis.call('xadd', 'stream', '1-2', 'field', 'b')
      redis.call('xgroup', 'create', 'stream', 'group', '1-1')
      redis.call('xreadgroup', 'group', 'group', 'consumer', 'count', '1', 'streams', 'stream', '>')
      """;

  private final StatefulRedisConnection<String, String> connection;
  private final RedisCommands<String, String> redis;

  /** What {@code SCRIPT} is called by its digest. */
  final String sha;

  /** What DUMP says of a string. */
  final byte[] dump;

  Database(RedisClient client) {
    connection = client.connect();
    redis = connection.sync();
    sha = redis.digest(SCRIPT);
    redis.set("dumped", "a string");
    dump = redis.dump("dumped");
  }

  /** Makes all as it was: the keys, and what commands may have changed of the server. */
  void prepare() {
    assertThat(redis.replicaofNoOne()).isEqualTo("OK");
    if (isSaving()) {
      await().until(() -> !isSaving());
    }
    assertThat(redis.configSet("maxmemory-samples", "5")).isEqualTo("OK");
    assertThat(redis.scriptFlush()).isEqualTo("OK");
    assertThat(redis.scriptLoad(SCRIPT)).isEqualTo(sha);
    redis.<Object>eval(PREPARE, ScriptOutputType.STATUS);
  }

  private boolean isSaving() {
    return redis.info("persistence").contains("in_progress:1");
  }

  @Override
  public void close() {
    connection.close();
  }
}
