package dev.anysync.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.RemoteBody;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.commons.collections.Transformer;
import org.apache.commons.collections.functors.ChainedTransformer;
import org.apache.commons.collections.functors.ConstantTransformer;
import org.apache.commons.collections.functors.InvokerTransformer;
import org.apache.commons.collections.keyvalue.TiedMapEntry;
import org.apache.commons.collections.map.LazyMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bytes that are not what they should be, for both ends: a body for a child, a result for us. */
class HostileBytesTest {
  private static final int ROUNDS = 10_000;

  @TempDir private Path folder;
  private ServerSocketChannel server;
  private ProcessLane lane;

  @BeforeEach
  void open() throws IOException {
    System.clearProperty("anysync.gadget");
    lane = ProcessLane.builder().size(1).heap(16 << 20).build();
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    lane.close();
  }

  /** What the gadget of the Commons Collections 3 does when it is read: calls a method it names. */
  private static Object gadget() throws Exception {
    Transformer harmless = new ConstantTransformer(1);
    Transformer chain =
        new ChainedTransformer(
            new Transformer[] {
              new ConstantTransformer(System.class),
              new InvokerTransformer(
                  "getMethod",
                  new Class<?>[] {String.class, Class[].class},
                  new Object[] {"setProperty", new Class<?>[] {String.class, String.class}}),
              new InvokerTransformer(
                  "invoke",
                  new Class<?>[] {Object.class, Object[].class},
                  new Object[] {null, new Object[] {"anysync.gadget", "executed"}})
            });
    Map<Object, Object> inner = new HashMap<>();
    Map<?, ?> lazy = LazyMap.decorate(inner, harmless);
    TiedMapEntry entry = new TiedMapEntry(lazy, "key");
    Set<Object> set = new HashSet<>();
    set.add(entry);
    inner.clear();
    Field factory = LazyMap.class.getDeclaredField("factory");
    factory.setAccessible(true);
    factory.set(lazy, chain);
    return set;
  }

  private static byte[] bytes(Object object) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    return bytes.toByteArray();
  }

  private static byte[] frames(byte[] message, byte end) {
    return ByteBuffer.allocate(message.length + 10)
        .put(Frames.DATA)
        .putInt(message.length)
        .put(message)
        .put(end)
        .putInt(0)
        .array();
  }

  @Test
  void theGadgetWorksWhereNobodyLooks() throws Exception {
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes(gadget())))) {
      Object _ = in.readObject();
    }

    assertThat(System.getProperty("anysync.gadget")).isEqualTo("executed");
  }

  @Test
  void theGadgetIsRefusedByBothEnds() throws Exception {
    byte[] message = frames(bytes(gadget()), Frames.END);

    assertThatThrownBy(() -> resultOf(message))
        .isInstanceOf(InvalidClassException.class)
        .hasMessageContaining("org.apache.commons.collections");
    assertThat(String.valueOf(answerOf(message)))
        .contains("org.apache.commons.collections", "is not allowed");
    assertThat(System.getProperty("anysync.gadget")).isNull();
  }

  @Test
  void aBodyOfAnAllowedClassThatIsNoBodyIsRefused() throws Exception {
    assertThat(String.valueOf(answerOf(frames(bytes("text"), Frames.END))))
        .contains("ClassCastException");
  }

  @Test
  void anArrayThatIsTooLongIsRefusedBeforeItIsMade() throws Exception {
    byte[] array = bytes(new byte[16]);
    ByteBuffer.wrap(array).putInt(array.length - 16 - Integer.BYTES, Integer.MAX_VALUE - 8);

    assertThatThrownBy(() -> resultOf(frames(array, Frames.END)))
        .isInstanceOf(InvalidClassException.class)
        .hasMessageContaining("more than 16777216 bytes");
  }

  @Test
  void manyArraysThatAreTooMuchTogetherAreRefused() throws Exception {
    byte[][] arrays = new byte[20][1 << 20]; // where sixteen MiB are allowed
    byte[] fewer = bytes(Arrays.copyOf(arrays, 15));
    byte[] bytes = bytes(arrays);

    assertThat(lane.allowed().read(new ByteArrayInputStream(fewer), null)).isNotNull();
    assertThatThrownBy(() -> lane.allowed().read(new ByteArrayInputStream(bytes), null))
        .isInstanceOf(InvalidClassException.class)
        .hasMessageContaining("more than 16777216 bytes");
  }

  private record Body(String text, List<Integer> numbers, Map<String, Integer> map)
      implements RemoteBody<Integer>, Serializable {
    @Override
    public Integer call() {
      return text.length() + numbers.size() + map.size();
    }
  }

  @Test
  @Timeout(240)
  void randomAndMutatedFramesDoNothing() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<byte[]> good =
        List.of(
            frames(bytes(new Body("abc", List.of(1, 2, 3), Map.of("a", 1))), Frames.END),
            frames(bytes(gadget()), Frames.END),
            frames(bytes(new IllegalStateException("x")), Frames.FAILURE));
    int refused = 0;
    for (int i = 0; i < ROUNDS; i++) {
      byte[] bytes = hostile(good, random);
      refused += isRefused(() -> resultOf(bytes), seed, i);
      refused += isRefused(() -> answerOf(bytes), seed, i);
    }

    assertThat(System.getProperty("anysync.gadget")).as("seed %d", seed).isNull();
    assertThat(refused).isGreaterThan(ROUNDS / 2);
  }

  private static byte[] hostile(List<byte[]> good, Random random) {
    if (random.nextInt(4) == 0) {
      byte[] bytes = new byte[random.nextInt(200)];
      random.nextBytes(bytes);
      if (bytes.length > 5 && random.nextBoolean()) { // a frame at least
        ByteBuffer.wrap(bytes).put(Frames.DATA).putInt(bytes.length - 5);
      }
      return bytes;
    }
    byte[] bytes = good.get(random.nextInt(good.size())).clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }

  private interface Read {
    @Nullable Object read() throws Exception;
  }

  private static int isRefused(Read read, long seed, int round) {
    try {
      Object answer = read.read();
      return answer instanceof String text && text.contains("could not be read") ? 1 : 0;
    } catch (Exception e) {
      return 1;
    } catch (Error e) {
      throw new AssertionError("seed " + seed + ", round " + round, e);
    }
  }

  /** Two ends of one stream. */
  private record Ends(SocketChannel ours, SocketChannel theirs) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      ours.close();
      theirs.close();
    }
  }

  private Ends ends() throws IOException {
    SocketChannel ours = SocketChannel.open(server.getLocalAddress());
    return new Ends(ours, server.accept());
  }

  /** Sends {@code bytes}, and nothing after them. */
  private static void send(SocketChannel channel, byte[] bytes) throws IOException {
    ByteBuffer left = ByteBuffer.wrap(bytes);
    while (left.hasRemaining()) {
      int _ = channel.write(left);
    }
    channel.shutdownOutput();
  }

  /** Reads what a child that has gone mad answers to a body. */
  private @Nullable Object resultOf(byte[] answer) throws Exception {
    try (Ends ends = ends()) {
      send(ends.theirs, answer);
      Worker.Outcome outcome =
          Worker.exchange(
              Packed.of(() -> 42, lane.allowed()),
              new Frames.Writer(ends.ours),
              new Frames.Reader(ends.ours),
              lane.allowed(),
              HostileBytesTest.class.getClassLoader(),
              () -> {},
              _ -> {});
      if (outcome.error() instanceof Exception error) {
        throw error;
      }
      return outcome.value();
    }
  }

  /** Returns what a child answers to a parent that has gone mad. */
  private @Nullable Object answerOf(byte[] body) throws Exception {
    try (Ends ends = ends()) {
      Child child = new Child(ends.theirs, lane.allowed());
      child.start();
      send(ends.ours, body);
      try {
        child.readAll();
      } catch (Frames.BrokenException e) {
        // It is our end.
      } finally {
        child.finish();
      }
      Frames.Reader in = new Frames.Reader(ends.ours);
      assertThat(in.next()).isEqualTo(Frames.READY);
      Object answer = lane.allowed().read(in.message(in.next()), null);
      return answer instanceof Throwable error ? error.toString() : answer;
    }
  }
}
