package dev.anysync.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.Lanes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arguments and results of all sizes. */
class PayloadTest {
  private static final Duration LONG = Duration.ofSeconds(50);
  private static final int LARGE = 200 << 20;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_000, 65_531, 65_536, 70_000, 131_072, 1 << 20, 10_000_001})
  void bytesComeBackAsTheyWent(int size) throws Exception {
    byte[] there = new byte[size];
    for (int i = 0; i < size; i++) {
      there[i] = (byte) (i * 31);
    }
    try (ProcessLane lane = ProcessLane.builder().size(1).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      assertThat(Arrays.equals(lanes.cpuBound(() -> there).result(LONG), there)).isTrue();
      assertThat(lanes.cpuBound(() -> there.length).result(LONG)).isEqualTo(size);
    }
  }

  /** Has room for one copy of what it sends or gets, and none for another. */
  static final class Small {
    private Small() {}

    public static void main(String[] args) throws Exception {
      try (ProcessLane lane =
              ProcessLane.builder().size(1).heap(300 << 20).jvmOptions("-Xmn50m").build();
          Lanes lanes = Lanes.builder().cpu(lane).build()) {
        if (args[0].equals("back")) {
          System.out.println(lanes.cpuBound(() -> new byte[LARGE]).result(LONG).length);
        } else {
          byte[] there = new byte[LARGE];
          System.out.println(lanes.cpuBound(() -> there.length).result(LONG));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"there", "back"})
  void whatIsLargeIsInNoHeapTwice(String way) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx420m",
                "-XX:+UseSerialGC",
                "-Xmn50m",
                "-cp",
                System.getProperty("java.class.path"),
                Small.class.getName(),
                way)
            .redirectErrorStream(true)
            .start();
    try (var output = process.inputReader()) {
      assertThat(output.lines().toList()).containsExactly(LARGE + "");
      assertThat(process.waitFor()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void manyObjectsComeBackAsTheyWent() throws Exception {
    var list = IntStream.range(0, 300_000).mapToObj(i -> "item " + i).toList();
    try (ProcessLane lane = ProcessLane.builder().size(1).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      assertThat(lanes.cpuBound(() -> list).result(LONG)).isEqualTo(list);
    }
  }
}
