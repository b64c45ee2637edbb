package dev.anysync.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.Lanes;
import dev.anysync.RemoteBody;
import dev.anysync.Unfuture;
import java.io.NotSerializableException;
import java.io.StreamCorruptedException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Bodies of the worst kinds, each among neighbours that all complete. */
class IsolationTest {
  private static final Duration LONG = Duration.ofSeconds(100);
  private static final int NEIGHBOURS = 1_000;

  @SuppressWarnings("restricted") // that is the point
  private static String crashes() {
    MemorySegment.ofAddress(8).reinterpret(8).set(ValueLayout.JAVA_LONG, 0, 1);
    return "";
  }

  private static String isKilled() throws Exception {
    long pid = ProcessHandle.current().pid();
    int _ = new ProcessBuilder("kill", "-9", String.valueOf(pid)).start().waitFor();
    Thread.sleep(100_000);
    return "";
  }

  private static String fillsTheHeap() {
    List<long[]> all = new ArrayList<>();
    while (all.size() < Integer.MAX_VALUE) {
      all.add(new long[1 << 16]);
    }
    return all + "";
  }

  private static String exits() {
    System.err.println("bye");
    System.exit(3);
    return "";
  }

  private static String leaksThreads() {
    for (int i = 0; i < 200; i++) {
      Thread.ofPlatform()
          .daemon()
          .name("leaked-" + i)
          .start(
              () -> {
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              });
    }
    return "leaked";
  }

  private static String printsAGigabyte() {
    byte[] line = ("x".repeat(1023) + "\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    for (int i = 0; i < 1 << 20; i++) {
      System.out.write(line, 0, line.length);
    }
    System.out.flush();
    return "printed";
  }

  private static Object returnsAThread() {
    return new Object[] {"a", Thread.currentThread()};
  }

  private static final class Unserializable extends RuntimeException {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial") // that is the point
    private final Thread thread = Thread.currentThread();

    Unserializable() {
      super("it happened");
    }

    @Override
    public String getMessage() {
      return super.getMessage() + " on " + thread.getName();
    }
  }

  private static String throwsAnUnserializable() {
    throw new Unserializable();
  }

  private static String overflows(int depth) {
    return depth < 0 ? "" : overflows(depth + 1) + depth;
  }

  private static Map<String, RemoteBody<Object>> worst() {
    Map<String, RemoteBody<Object>> worst = new LinkedHashMap<>();
    worst.put("crashes", IsolationTest::crashes);
    worst.put("is killed", IsolationTest::isKilled);
    worst.put("fills the heap", IsolationTest::fillsTheHeap);
    worst.put("exits", IsolationTest::exits);
    worst.put("leaks threads", IsolationTest::leaksThreads);
    worst.put("prints", IsolationTest::printsAGigabyte);
    worst.put("returns a thread", IsolationTest::returnsAThread);
    worst.put("throws", IsolationTest::throwsAnUnserializable);
    worst.put("overflows", () -> overflows(0));
    return worst;
  }

  @Test
  @Timeout(180)
  void eachFailsAloneAndItsNeighboursComplete() throws Exception {
    try (ProcessLane lane =
            ProcessLane.builder().size(2).heap(64 << 20).grace(Duration.ofMillis(100)).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      Map<String, Unfuture<Object>> futures = new LinkedHashMap<>();
      List<Unfuture<Integer>> neighbours = new ArrayList<>();
      List<Map.Entry<String, RemoteBody<Object>>> worst = List.copyOf(worst().entrySet());
      Unfuture<Object> endless = lanes.cpuBound(() -> ProcessLaneTest.spin());
      for (int i = 0; i < NEIGHBOURS; i++) {
        int number = i;
        neighbours.add(lanes.cpuBound(() -> number + 1));
        int kind = i / 100;
        if (i % 100 == 50 && kind < worst.size()) {
          futures.put(worst.get(kind).getKey(), lanes.cpuBound(worst.get(kind).getValue()));
        }
      }

      assertThat(Unfuture.all(neighbours).result(LONG))
          .isEqualTo(IntStream.rangeClosed(1, NEIGHBOURS).boxed().toList());
      endless.cancel(true);
      assertThatThrownBy(() -> endless.result(LONG)).isInstanceOf(CancellationException.class);
      assertLost(futures, "crashes", 1, "SIGSEGV");
      assertLost(futures, "is killed", 137, "signal 9");
      assertLost(futures, "fills the heap", 3, "java.lang.OutOfMemoryError");
      assertLost(futures, "exits", 3, "bye");
      assertThat(of(futures, "leaks threads").result(LONG)).isEqualTo("leaked");
      assertThat(of(futures, "prints").result(LONG)).isEqualTo("printed");
      assertThatThrownBy(() -> of(futures, "returns a thread").result(LONG))
          .isInstanceOf(NotSerializableException.class)
          .hasMessageContaining("the result")
          .hasMessageContaining("an element is of type java.lang.Thread");
      assertThatThrownBy(() -> of(futures, "throws").result(LONG))
          .isInstanceOf(NotSerializableException.class)
          .hasMessageContaining("the field 'thread' is of type java.lang.Thread")
          .hasMessageContaining("Unserializable: it happened on anysync-worker")
          .cause()
          .satisfies(
              e ->
                  assertThat(e.getStackTrace())
                      .anyMatch(frame -> frame.getMethodName().equals("throwsAnUnserializable")));
      assertThatThrownBy(() -> of(futures, "overflows").result(LONG))
          .isInstanceOf(StackOverflowError.class);
    }
  }

  /** Writes to all sockets of the process, so to that of its parent. */
  @SuppressWarnings("restricted") // that is the point
  private static String writesGarbage() throws Throwable {
    Linker linker = Linker.nativeLinker();
    MethodHandle write =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("write"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG));
    try (Arena arena = Arena.ofConfined();
        Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      MemorySegment garbage = arena.allocateFrom("what no frame begins with");
      for (Path file : files.toList()) {
        if (Files.readSymbolicLink(file).toString().startsWith("socket:")) {
          int number = Integer.parseInt(file.getFileName().toString());
          long _ = (long) write.invokeExact(number, garbage, garbage.byteSize());
        }
      }
    }
    new CountDownLatch(1).await();
    return "";
  }

  private static String garbage() throws Exception {
    try {
      return writesGarbage();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aProcessThatGoesMadIsKilledAndItsNeighboursComplete() throws Exception {
    try (ProcessLane lane = ProcessLane.builder().size(2).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      List<Unfuture<String>> mad = new ArrayList<>();
      List<Unfuture<Integer>> neighbours = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        int number = i;
        neighbours.add(lanes.cpuBound(() -> number + 1));
        if (i % 25 == 10) {
          mad.add(lanes.cpuBound(IsolationTest::garbage));
        }
      }

      assertThat(Unfuture.all(neighbours).result(LONG))
          .isEqualTo(IntStream.rangeClosed(1, 100).boxed().toList());
      for (Unfuture<String> one : mad) {
        assertThatThrownBy(() -> one.result(LONG))
            .isInstanceOf(WorkerLostException.class)
            .hasMessageContaining("as it had sent what is no message")
            .hasCauseInstanceOf(StreamCorruptedException.class);
      }
    }
  }

  private static Unfuture<Object> of(Map<String, Unfuture<Object>> futures, String name) {
    return java.util.Objects.requireNonNull(futures.get(name), name);
  }

  private static void assertLost(
      Map<String, Unfuture<Object>> futures, String name, int code, String message) {
    assertThatThrownBy(() -> of(futures, name).result(LONG))
        .as(name)
        .isInstanceOf(WorkerLostException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(((WorkerLostException) e).exitCode()).isEqualTo(code));
  }

  @Test
  void aProcessWithLeakedThreadsIsReplaced() throws Exception {
    try (ProcessLane lane = ProcessLane.builder().size(1).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      long first = lanes.cpuBound(() -> ProcessHandle.current().pid()).result(LONG);
      assertThat(lanes.cpuBound(IsolationTest::leaksThreads).result(LONG)).isEqualTo("leaked");

      assertThat(lanes.cpuBound(() -> ProcessHandle.current().pid()).result(LONG))
          .isNotEqualTo(first);
      assertThat(ProcessHandle.of(first)).isEmpty();
    }
  }
}
