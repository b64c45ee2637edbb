package dev.anysync.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** No child process is left behind, whatever ends. */
class KillTest {
  private static final Duration LONG = Duration.ofSeconds(100);

  private static String sleep() throws InterruptedException {
    new CountDownLatch(1).await();
    return "";
  }

  @Test
  @Timeout(240)
  void ofTwoHundredEndlessBodiesThatAreCancelledNoneIsLeft() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<ProcessHandle> children;
    try (ProcessLane lane =
            ProcessLane.builder().size(4).heap(32 << 20).grace(Duration.ofMillis(20)).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      List<Unfuture<Object>> all = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        all.add(
            random.nextBoolean()
                ? lanes.cpuBound(() -> ProcessLaneTest.spin())
                : lanes.<Object>cpuBound(() -> sleep()));
      }
      java.util.Collections.shuffle(all, random);
      for (Unfuture<Object> one : all) {
        LockSupport.parkNanos(random.nextInt(20_000_000));
        one.cancel(true);
      }
      for (Unfuture<Object> one : all) {
        one.stopped().result(LONG);
        assertThatThrownBy(() -> one.result(LONG)).isInstanceOf(CancellationException.class);
      }

      for (int i = 0; i < 20; i++) { // fresh ones
        int number = i;
        assertThat(lanes.cpuBound(() -> number).result(LONG)).as("seed %d", seed).isEqualTo(i);
      }
      children = ProcessHandle.current().children().toList();
      assertThat(children).hasSizeLessThanOrEqualTo(4);
    }
    assertThat(children).noneMatch(ProcessHandle::isAlive);
    assertThat(ProcessHandle.current().children()).isEmpty();
  }

  /** A parent whose children do what a child can that does not look for its parent. */
  static final class Parent {
    private Parent() {}

    public static void main(String[] args) throws Exception {
      String folder = args[0];
      ProcessLane lane = ProcessLane.builder().size(4).heap(32 << 20).build();
      Lanes lanes = Lanes.builder().cpu(lane).build();
      List<Unfuture<Object>> all = new ArrayList<>();
      all.add(lanes.cpuBound(() -> begin(folder, "spins") + ProcessLaneTest.spin()));
      all.add(lanes.cpuBound(() -> begin(folder, "sleeps") + sleep()));
      all.add(lanes.cpuBound(() -> begin(folder, "collects") + collects()));
      all.add(lanes.cpuBound(() -> begin(folder, "is stopped") + sleep()));
      Object _ = all.getFirst().result();
    }

    /** Tells which process this is, when it has asked to be ended with its parent. */
    private static String begin(String folder, String what) throws Exception {
      Thread[] threads = new Thread[100];
      while (Arrays.stream(
              threads, 0, Thread.currentThread().getThreadGroup().getParent().enumerate(threads))
          .noneMatch(
              thread ->
                  thread.getName().equals("anysync-parent")
                      && thread.getState() == Thread.State.WAITING)) {
        Thread.onSpinWait();
      }
      Path written =
          Files.writeString(Path.of(folder, "." + what), ProcessHandle.current().pid() + "");
      Files.move(written, Path.of(folder, what));
      return what;
    }

    /** Keeps its heap so full that its threads get to do next to nothing. */
    private static String collects() {
      long[][] kept = new long[600][];
      for (int i = 0; ; i = (i + 1) % kept.length) {
        kept[i] = new long[3_600];
        Arrays.fill(kept[i], i);
      }
    }
  }

  @Test
  void noChildOutlivesAParentThatIsKilled(@TempDir Path folder) throws Exception {
    Process parent =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + folder, // what is killed cleans up nothing
                "-cp",
                System.getProperty("java.class.path"),
                Parent.class.getName(),
                folder.toString())
            .inheritIO()
            .start();
    List<ProcessHandle> children = new ArrayList<>();
    try {
      for (String what : List.of("spins", "sleeps", "collects", "is stopped")) {
        Path told = folder.resolve(what);
        await().atMost(LONG).until(() -> Files.exists(told));
        children.add(ProcessHandle.of(Long.parseLong(Files.readString(told))).orElseThrow());
      }
      assertThat(children).allMatch(KillTest::runs);
      // So that it cannot see the end of any stream.
      String stopped = String.valueOf(children.getLast().pid());
      assertThat(new ProcessBuilder("kill", "-STOP", stopped).start().waitFor()).isZero();
    } finally {
      parent.destroyForcibly();
    }
    int _ = parent.waitFor();

    long killed = System.nanoTime();
    await()
        .pollInterval(Duration.ofMillis(10))
        .until(() -> children.stream().noneMatch(KillTest::runs));
    assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(2));
  }

  /** Returns whether a process is there, and not just its exit code, for whoever asks for that. */
  static boolean runs(ProcessHandle process) {
    try {
      return process.isAlive()
          && Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
              .noneMatch(line -> line.startsWith("State:\tZ"));
    } catch (IOException e) {
      return process.isAlive() && Files.exists(Path.of("/proc/" + process.pid()));
    }
  }
}
