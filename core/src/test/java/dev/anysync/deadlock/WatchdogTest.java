package dev.anysync.deadlock;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.Warnings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Event loops that somebody holds: it is told, once, and only if it is so. */
class WatchdogTest {
  private static final Duration THRESHOLD = Duration.ofMillis(100);
  private static final Duration LONG =
      Duration.ofSeconds(1); // no thread waits that long for a core

  private final CountDownLatch release = new CountDownLatch(1);

  /** Holds the loop of {@code lanes}. */
  private Unfuture<String> hold(Lanes lanes) throws InterruptedException {
    var entered = new CountDownLatch(1);
    Unfuture<String> held =
        lanes.async(
            () -> {
              entered.countDown();
              release.await();
              return "released";
            });
    entered.await();
    return held;
  }

  private static Lanes lanes(String loop, Duration threshold) {
    return Lanes.builder().loop(EventLoop.create(loop)).watchdog(threshold).build();
  }

  private static List<String> about(String loop, Warnings warnings) {
    return warnings.messages().stream().filter(m -> m.contains("'" + loop + "'")).toList();
  }

  private static void awaitWarning(String loop, Warnings warnings) {
    Awaitility.await().until(() -> !about(loop, warnings).isEmpty());
  }

  @Test
  void heldLoopIsReportedOnceWithTheStackOfItsHolder() throws Exception {
    try (var warnings = new Warnings();
        Lanes lanes = lanes("held", THRESHOLD);
        Lanes other = lanes("another", THRESHOLD.multipliedBy(3))) {
      Unfuture<String> held = hold(lanes);
      awaitWarning("held", warnings);
      Unfuture<String> another = hold(other);
      awaitWarning("another", warnings); // by then the first could have been reported again
      assertThat(about("held", warnings)).hasSize(1);
      assertThat(about("held", warnings).getFirst())
          .matches(
              "(?s)the event loop 'held' has been held for \\d+ ms by thread 'held'#\\d+: let that"
                  + " await, or move what it does to call\\(\\) or cpuBound\\(\\)\n"
                  + ".*WatchdogTest.*");
      release.countDown();
      assertThat(end(lanes, held)).isEqualTo("released");
      assertThat(end(other, another)).isEqualTo("released");
    }
  }

  private static String end(Lanes lanes, Unfuture<String> future) {
    String result = future.result();
    lanes.loop().close();
    return result;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void loopIsReportedEachTimeItIsHeld(boolean logFails) throws Exception {
    try (var warnings = new Warnings();
        Lanes lanes = lanes("again", THRESHOLD)) {
      if (logFails) {
        warnings.fail();
      }
      for (int i = 1; i <= 3; i++) {
        var reported = new CountDownLatch(1);
        Unfuture<String> held =
            lanes.async(
                () -> {
                  reported.await();
                  return "x";
                });
        int times = i;
        Awaitility.await().until(() -> about("again", warnings).size() == times);
        reported.countDown();
        assertThat(held.result()).isEqualTo("x");
      }
      lanes.loop().close();
    }
  }

  @Test
  void callbackThatHoldsTheLoopIsReported() throws Exception {
    try (var warnings = new Warnings();
        Lanes lanes = lanes("callbacks", THRESHOLD)) {
      Lanes before = Unsync.share(lanes);
      try {
        var entered = new CountDownLatch(1);
        lanes
            .loop()
            .execute(
                () -> {
                  entered.countDown();
                  boolean _ = awaitRelease();
                });
        entered.await();
        awaitWarning("callbacks", warnings);
        release.countDown();
        lanes.loop().close();
      } finally {
        Unsync.share(before);
      }
    }
  }

  private boolean awaitRelease() {
    try {
      release.await();
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  /** A coroutine that awaits, and one that has many turns, hold nothing. */
  @Test
  void loopThatGoesOnIsNotReported() throws Exception {
    try (var warnings = new Warnings();
        Lanes lanes = lanes("goes on", LONG);
        Lanes other = lanes("held", LONG.multipliedBy(2))) {
      var gate = new CompletableFuture<String>();
      Unfuture<String> awaiting = lanes.async(() -> await(gate));
      Unfuture<String> busy =
          lanes.async(
              () -> {
                while (!gate.isDone()) {
                  await(lanes.async(() -> "a turn"));
                }
                return "busy";
              });
      Unfuture<String> held = hold(other);
      awaitWarning("held", warnings);
      assertThat(about("goes on", warnings)).isEmpty();
      gate.complete("x");
      release.countDown();
      assertThat(awaiting.result()).isEqualTo("x");
      assertThat(busy.result()).isEqualTo("busy");
      assertThat(held.result()).isEqualTo("released");
      lanes.loop().close();
      other.loop().close();
    }
  }

  @Test
  void zeroTurnsItOff() throws Exception {
    try (var warnings = new Warnings();
        Lanes lanes = lanes("unwatched", Duration.ZERO);
        Lanes other = lanes("held", THRESHOLD)) {
      Unfuture<String> held = hold(lanes);
      Unfuture<String> another = hold(other);
      awaitWarning("held", warnings);
      assertThat(about("unwatched", warnings)).isEmpty();
      release.countDown();
      assertThat(held.result()).isEqualTo("released");
      assertThat(another.result()).isEqualTo("released");
      lanes.loop().close();
      other.loop().close();
    }
  }

  /** No virtual thread could tell of it. */
  @Test
  void loopsThatOccupyAllCarriersAreReported() throws Exception {
    try (var warnings = new Warnings()) {
      var lanes = new ArrayList<Lanes>();
      var held = new ArrayList<Unfuture<String>>();
      int cores = Runtime.getRuntime().availableProcessors();
      for (int i = 0; i < cores; i++) {
        String name = "computing " + i;
        lanes.add(lanes(name, THRESHOLD));
        held.add(
            lanes
                .get(i)
                .async(
                    () -> {
                      while (about(name, warnings).isEmpty()) {
                        Thread.onSpinWait();
                      }
                      return "computed";
                    }));
      }
      for (int i = 0; i < cores; i++) {
        assertThat(end(lanes.get(i), held.get(i))).isEqualTo("computed");
        lanes.get(i).close();
      }
    }
  }

  /** The threshold is that of the lanes whose work holds the loop, whoever made it busy. */
  @Test
  void thresholdIsThatOfTheHolder() throws Exception {
    EventLoop loop = EventLoop.create("shared");
    try (var warnings = new Warnings();
        Lanes off = Lanes.builder().loop(loop).watchdog(Duration.ZERO).build();
        Lanes on = Lanes.builder().loop(loop).watchdog(THRESHOLD).build()) {
      var gate = new CompletableFuture<String>();
      Unfuture<String> first = off.async(() -> await(gate));
      Unfuture<String> held = hold(on);
      awaitWarning("shared", warnings);
      release.countDown();
      gate.complete("x");
      assertThat(first.result() + held.result()).isEqualTo("xreleased");
      loop.close();
    }
  }

  @Test
  void runThatHoldsALoopIsReported() throws Exception {
    try (var warnings = new Warnings();
        Lanes lanes = lanes("run", THRESHOLD)) {
      var gate = new CompletableFuture<String>();
      Unfuture<String> held = lanes.async(() -> coroutine(() -> await(gate)).run());
      awaitWarning("run", warnings);
      gate.complete("x");
      assertThat(held.result()).isEqualTo("x");
      lanes.loop().close();
    }
  }
}
