package dev.anysync.twins.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.BLMovemArgs;
import io.lettuce.core.BitFieldArgs;
import io.lettuce.core.CompareCondition;
import io.lettuce.core.Consumer;
import io.lettuce.core.GeoAddArgs;
import io.lettuce.core.GeoArgs;
import io.lettuce.core.GeoRadiusStoreArgs;
import io.lettuce.core.GeoSearch;
import io.lettuce.core.GeoValue;
import io.lettuce.core.HashImport;
import io.lettuce.core.KillArgs;
import io.lettuce.core.LMPopArgs;
import io.lettuce.core.LMoveArgs;
import io.lettuce.core.LMovemArgs;
import io.lettuce.core.LcsArgs;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.ScoredValue;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.StrAlgoArgs;
import io.lettuce.core.XAddArgs;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XClaimArgs;
import io.lettuce.core.XPendingArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XTrimArgs;
import io.lettuce.core.ZAddArgs;
import io.lettuce.core.ZPopArgs;
import io.lettuce.core.array.ArGrepArgs;
import io.lettuce.core.array.ArrayIndexRange;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.json.JsonPath;
import io.lettuce.core.json.JsonValue;
import io.lettuce.core.json.arguments.JsonMsetArgs;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.KeyStreamingChannel;
import io.lettuce.core.output.KeyValueStreamingChannel;
import io.lettuce.core.output.ScoredValueStreamingChannel;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.output.ValueStreamingChannel;
import io.lettuce.core.probabilistic.IncrementPair;
import io.lettuce.core.probabilistic.MergePair;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.search.AggregationReply;
import io.lettuce.core.search.arguments.FieldArgs;
import io.lettuce.core.search.arguments.TextFieldArgs;
import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sensible arguments for each method of Lettuce's commands: new ones for each call, the same for
 * each call of a method. The keys are those of {@link Database}.
 */
final class Arguments {
  private static final long LATER = 4_102_444_800L; // 2100

  private final Method method;
  private final Database database;

  /** What the streaming channels among the arguments have been given. */
  final List<Object> streamed = new ArrayList<>();

  final Object[] values;

  /** Makes arguments; {@code IllegalStateException} if there is no rule for one of them. */
  Arguments(Method method, Database database) {
    this.method = method;
    this.database = database;
    Type[] types = method.getGenericParameterTypes();
    values = new Object[types.length];
    int keys = 0;
    for (int i = 0; i < types.length; i++) {
      Object special = special(i);
      if (special != null) {
        values[i] = special;
      } else if (isKey(types[i])) {
        values[i] = key(keys++);
      } else if (types[i] instanceof GenericArrayType array
          && isKey(array.getGenericComponentType())) {
        values[i] = new Object[] {key(keys)};
      } else {
        values[i] = value(types[i]);
      }
    }
  }

  private static boolean isKey(Type type) {
    return type instanceof TypeVariable<?> variable && variable.getName().equals("K");
  }

  /** Returns the key for the {@code index}th parameter that is one, of the type that fits. */
  private String key(int index) {
    String name = method.getName();
    List<String> keys =
        switch (name) {
          case "hset", "hget" -> List.of("hash", "field");
          case "sort", "sortReadOnly", "sortStore" -> List.of("numbers", "new");
          case "xgroupSetid" -> List.of("group");
          case "rename", "renamenx", "copy" -> List.of("string", "new");
          case "restore" -> List.of("new");
          case "incr", "incrby", "incrbyfloat", "decr", "decrby", "increx" -> List.of("number");
          case "scriptLoad", "select", "set", "setGet", "setbit", "setex", "setnx", "setrange" ->
              List.of("string");
          case "strlen", "spublish", "hotkeysStart", "lastsave" -> List.of("string");
          case "zrevrangestore", "zrangestore", "zrangestorebylex", "zrangestorebyscore" ->
              List.of("new", "zset");
          case "ttl", "pttl", "persist", "expiretime", "pexpiretime" -> List.of("expiring");
          case "zunionstore", "zinterstore", "zdiffstore" -> List.of("new", "zset");
          case "sunionstore", "sinterstore", "sdiffstore" -> List.of("new", "set");
          case "xgroupCreate" -> List.of("new");
          case "xautoclaim", "xclaim", "xreadgroup", "xpending", "xinfoConsumers", "xinfoGroups" ->
              List.of("stream", "group");
          default -> {
            if (name.startsWith("geo")) {
              yield List.of("geo", "geo");
            } else if (name.startsWith("pf")) {
              yield List.of("hll", "hll2");
            } else if (name.startsWith("bit") || name.startsWith("get")) {
              yield List.of("string", "number");
            } else if (name.matches("(bl|br|l|r).*")) {
              yield List.of("list", "list2");
            } else if (name.startsWith("h")) {
              yield List.of("hash", "field");
            } else if (name.matches("b?z.*")) {
              yield List.of("zset", "zset2");
            } else if (name.startsWith("x")) {
              yield List.of("stream", "group");
            } else if (name.startsWith("s")) {
              yield List.of("set", "set2");
            } else {
              yield List.of("string", "number");
            }
          }
        };
    return keys.get(Math.min(index, keys.size() - 1));
  }

  /** Returns the argument where that of its type does not do, or null. */
  private @Nullable Object special(int index) {
    Class<?> type = method.getParameterTypes()[index];
    return switch (method.getName() + " " + type.getSimpleName()) {
      case "eval String", "evalReadOnly String", "scriptLoad String" -> Database.SCRIPT;
      case "eval byte[]", "evalReadOnly byte[]", "scriptLoad byte[]" ->
          Database.SCRIPT.getBytes(UTF_8);
      case "evalsha String", "evalshaReadOnly String" -> database.sha;
      case "scriptExists String[]" -> new String[] {database.sha, "0"};
      case "aclGetuser String", "aclSetuser String" -> "default";
      case "configGet String" -> "maxmemory-*";
      case "configGet String[]" -> new String[] {"maxmemory-*"};
      case "configSet String" -> index == 0 ? "maxmemory-samples" : "6";
      case "configSet Map" -> Map.of("maxmemory-samples", "6");
      case "commandInfo String[]" -> new String[] {"get", "none"};
      case "keys String" -> "*s*";
      case "keysLegacy Object" -> "*s*";
      case "clusterKeyslot Object" -> "string";
      case "geoadd Object[]" -> new Object[] {1.0, 2.0, "m"};
      case "zadd Object[]" -> new Object[] {1.0, "m"};
      case "xadd Object[]" -> new Object[] {"field", "value"};
      case "zlexcount String", "zrangebylex String", "zremrangebylex String" ->
          index == 1 ? "[a" : "[b";
      case "georadius double" -> List.of(15.0, 37.0, 200.0).get(index - 1);
      case "georadiusbymember double" -> 200.0;
      case "geosearchstore GeoArgs" -> new GeoArgs().asc();
      case "restore byte[]" -> database.dump.clone();
      case "migrate String", "replicaof String", "slaveof String" -> "127.0.0.1";
      case "migrate int" -> index == 1 ? 1 : 0;
      default -> null;
    };
  }

  private Object value(Type type) {
    return switch (type) {
      case TypeVariable<?> _ -> method.getName().startsWith("geo") ? "Palermo" : "a";
      case GenericArrayType array -> arrayOf(array.getGenericComponentType());
      case Class<?> array when array.isArray() && array != byte[].class ->
          arrayOf(array.getComponentType());
      case ParameterizedType generic when generic.getRawType() == Range.class -> range(generic);
      case ParameterizedType generic when generic.getRawType() == List.class ->
          List.of(valueOrKey(generic.getActualTypeArguments()[0]));
      case ParameterizedType generic when generic.getRawType() == Map.class -> {
        Type key = generic.getActualTypeArguments()[0];
        yield Map.of(
            isKey(key) ? "field" : valueOrKey(key),
            valueOrKey(generic.getActualTypeArguments()[1]));
      }
      case ParameterizedType generic -> of((Class<?>) generic.getRawType());
      case Class<?> plain -> of(plain);
      default -> throw new IllegalStateException("no argument for " + type);
    };
  }

  private Object valueOrKey(Type type) {
    return isKey(type) ? key(0) : value(type);
  }

  private Object arrayOf(Type component) {
    Class<?> raw =
        switch (component) {
          case Class<?> plain -> plain;
          case ParameterizedType generic -> (Class<?>) generic.getRawType();
          default -> Object.class;
        };
    Object array = Array.newInstance(raw, 1);
    Array.set(array, 0, value(component));
    return array;
  }

  private Object range(ParameterizedType type) {
    return switch (type.getActualTypeArguments()[0].getTypeName()) {
      case "java.lang.String" -> Range.create("-", "+");
      case "java.lang.Long" -> Range.create(0L, 1L);
      case "java.lang.Integer" -> Range.create(1, 2);
      case "? extends java.lang.Number" -> Range.create(1, 2);
      default -> Range.create("a", "b");
    };
  }

  @SuppressWarnings("deprecation") // as long as Lettuce has them
  private Object of(Class<?> type) {
    Map<Class<?>, Supplier<Object>> table = new HashMap<>();
    table.put(boolean.class, () -> true);
    table.put(int.class, () -> 1);
    table.put(long.class, () -> method.getName().contains("expireat") ? LATER * 1000 : 1L);
    table.put(double.class, () -> 1.0);
    table.put(Long.class, () -> 1L);
    table.put(Double.class, () -> 1.0);
    table.put(Number.class, () -> 1);
    table.put(Object.class, () -> "a");
    table.put(String.class, () -> method.getName().startsWith("x") ? "1-1" : "1");
    table.put(CharSequence.class, () -> "1");
    table.put(byte[].class, () -> new byte[] {1, 2});
    table.put(Duration.class, () -> Duration.ofHours(1));
    table.put(Instant.class, () -> Instant.ofEpochSecond(LATER));
    table.put(Date.class, () -> Date.from(Instant.ofEpochSecond(LATER)));

    table.put(BitFieldArgs.class, () -> new BitFieldArgs().get(BitFieldArgs.unsigned(8), 0));
    table.put(BLMovemArgs.class, BLMovemArgs.Builder::leftLeft);
    table.put(CompareCondition.class, () -> CompareCondition.valueEq("a"));
    table.put(Consumer.class, () -> Consumer.from("group", "consumer"));
    table.put(GeoAddArgs.class, () -> new GeoAddArgs().ch());
    table.put(GeoArgs.class, () -> new GeoArgs().withDistance().withCoordinates().asc());
    table.put(GeoRadiusStoreArgs.class, () -> new GeoRadiusStoreArgs<>().withStore("new"));
    table.put(GeoSearch.GeoPredicate.class, () -> GeoSearch.byRadius(200, GeoArgs.Unit.km));
    table.put(GeoSearch.GeoRef.class, () -> GeoSearch.fromMember("Palermo"));
    table.put(GeoValue.class, () -> GeoValue.just(1.0, 2.0, "m"));
    table.put(HashImport.class, () -> HashImport.of(_ -> "fields", "field"));
    table.put(KillArgs.class, () -> new KillArgs().id(99_999));
    table.put(LMoveArgs.class, LMoveArgs.Builder::leftRight);
    table.put(LMovemArgs.class, LMovemArgs.Builder::leftLeft);
    table.put(LcsArgs.class, () -> LcsArgs.Builder.keys("string", "number"));
    table.put(LMPopArgs.class, LMPopArgs.Builder::left);
    table.put(Limit.class, () -> Limit.create(0, 1));
    table.put(ScanArgs.class, () -> new ScanArgs().match("*").limit(100));
    table.put(ScanCursor.class, () -> ScanCursor.of("0"));
    table.put(ScoredValue.class, () -> ScoredValue.just(1.0, "m"));
    table.put(ScriptOutputType.class, () -> ScriptOutputType.MULTI);
    table.put(SetArgs.class, () -> new SetArgs().xx());
    table.put(StrAlgoArgs.class, () -> new StrAlgoArgs().by(StrAlgoArgs.By.STRINGS, "abc", "bcd"));
    table.put(XAddArgs.class, () -> new XAddArgs().id("9-1"));
    table.put(
        XAutoClaimArgs.class,
        () ->
            new XAutoClaimArgs<>()
                .consumer(Consumer.from("group", "c"))
                .minIdleTime(0)
                .startId("0"));
    table.put(XClaimArgs.class, () -> new XClaimArgs().minIdleTime(0).justid());
    table.put(
        XPendingArgs.class,
        () -> new XPendingArgs<>().group("group").range(Range.unbounded()).limit(Limit.from(9)));
    table.put(XReadArgs.class, () -> new XReadArgs().count(2));
    table.put(
        XReadArgs.StreamOffset.class,
        () ->
            method.getName().equals("xreadgroup")
                ? XReadArgs.StreamOffset.lastConsumed("stream")
                : XReadArgs.StreamOffset.from("stream", "0"));
    table.put(XTrimArgs.class, () -> new XTrimArgs().maxlen(1));
    table.put(ZAddArgs.class, () -> new ZAddArgs().ch());

    table.put(ZPopArgs.class, ZPopArgs.Builder::min);

    table.put(ArGrepArgs.class, ArGrepArgs::unbounded);
    table.put(ArrayIndexRange.class, () -> ArrayIndexRange.of(0, 1));
    table.put(JsonPath.class, () -> JsonPath.of("$"));
    table.put(JsonValue.class, Arguments::json);
    table.put(JsonMsetArgs.class, () -> new JsonMsetArgs<>("json", JsonPath.of("$"), json()));
    table.put(IncrementPair.class, () -> IncrementPair.of("a", 1));
    table.put(MergePair.class, () -> MergePair.of("a", 1));
    table.put(AggregationReply.Cursor.class, () -> AggregationReply.Cursor.of(1, "index"));
    table.put(FieldArgs.class, () -> TextFieldArgs.<String>builder().name("field").build());

    table.put(
        ProtocolKeyword.class,
        () -> method.getParameterCount() == 2 ? CommandType.PING : CommandType.GET);
    table.put(
        CommandOutput.class,
        () ->
            method.getParameterCount() == 2
                ? new StatusOutput<>(StringCodec.UTF8)
                : new ValueOutput<>(StringCodec.UTF8));
    table.put(CommandArgs.class, () -> new CommandArgs<>(StringCodec.UTF8).addKey("string"));
    table.put(
        RedisCommand.class,
        () -> new Command<>(CommandType.PING, new StatusOutput<>(StringCodec.UTF8)));

    table.put(KeyStreamingChannel.class, () -> (KeyStreamingChannel<Object>) streamed::add);
    table.put(ValueStreamingChannel.class, () -> (ValueStreamingChannel<Object>) streamed::add);
    table.put(
        KeyValueStreamingChannel.class,
        () ->
            (KeyValueStreamingChannel<Object, Object>)
                (key, value) -> streamed.add(key + "=" + value));
    table.put(
        ScoredValueStreamingChannel.class,
        () -> (ScoredValueStreamingChannel<Object>) streamed::add);
    Supplier<Object> known = table.get(type);
    if (known != null) {
      return known.get();
    }
    if (type.isEnum()) {
      return type.getEnumConstants()[0];
    }
    try {
      return type.getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("no argument for " + type, e);
    }
  }

  private static JsonValue json() {
    return (JsonValue)
        Proxy.newProxyInstance(
            Arguments.class.getClassLoader(),
            new Class<?>[] {JsonValue.class},
            (_, called, _) ->
                called.getReturnType() == ByteBuffer.class
                    ? ByteBuffer.wrap(new byte[] {'1'})
                    : called.getReturnType() == String.class ? "1" : null);
  }
}
