package dev.anysync.deadlock;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.DeadlockException;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.NewJvm;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.Warnings;
import dev.anysync.spi.WaitStrategy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Threads of an event loop that is not ours, blocked by calls that wait: what the watchdog tells.
 * In a JVM of its own, as a strategy is found as a service, once and for all.
 */
class ForeignLoopTest {
  @TempDir private Path services;

  /** Returns the lines that the new JVM prints, what it logs included. */
  private List<String> inANewJvm(String scenario) throws Exception {
    Path service = services.resolve("META-INF/services/" + WaitStrategy.class.getName());
    Files.createDirectories(service.getParent());
    Files.writeString(service, Strategy.class.getName() + "\n" + OfVirtual.class.getName());
    return NewJvm.run(Child.class, scenario, services.toString());
  }

  private static List<String> warnings(List<String> lines) {
    return lines.stream().filter(line -> line.startsWith("WARNING: ")).toList();
  }

  @Test
  void blockedLoopIsReportedOnceWithItsStack() throws Exception {
    List<String> lines = inANewJvm("blocked");
    assertThat(lines).last().isEqualTo("result: x");
    assertThat(warnings(lines)).hasSize(1);
    assertThat(warnings(lines).getFirst())
        .matches(
            "WARNING: a foreign event loop's thread is blocked by a call that waits: await or"
                + " start\\(\\) it instead, or make the call on another thread:");
    assertThat(lines.get(1))
        .matches(
            "  thread 'foreign'#\\d+ waits for what runs on thread 'anysync-\\d+'#\\d+, since \\d+"
                + " ms; at .*ForeignLoopTest\\$Child.*");
    assertThat(lines).anyMatch(line -> line.contains("ForeignLoopTest$Child.lambda$main"));
  }

  @Test
  void queueThatGrowsWhileNothingGoesOnIsSuspected() throws Exception {
    List<String> lines = inANewJvm("suspected");
    assertThat(lines).last().isEqualTo("result: x");
    assertThat(warnings(lines)).hasSize(2);
    assertThat(warnings(lines).getLast())
        .isEqualTo(
            "WARNING: suspected deadlock: nothing that is known goes on to end this wait; it may"
                + " wait for what is queued for its own thread (1):");
    assertThat(lines.get(lines.indexOf(warnings(lines).getLast()) + 1))
        .matches("  thread 'foreign'#\\d+ waits for what runs on thread 'anysync-.*");
  }

  @Test
  void suspectedDeadlockFailsIfThePolicySaysSo() throws Exception {
    List<String> lines = inANewJvm("fails");
    assertThat(lines.get(lines.size() - 3))
        .isEqualTo(
            "result: dev.anysync.DeadlockException: suspected deadlock: nothing that is known goes"
                + " on to end this wait; it may wait for what is queued for its own thread (1):");
    assertThat(lines).last().isEqualTo("true, and goes on");
  }

  /** Nothing is known of what it waits for, in each of these ways. */
  @ParameterizedTest
  @ValueSource(strings = {"task of the loop", "stage of a function", "lanes on the loop"})
  void whatMayBeQueuedForItIsSuspected(String scenario) throws Exception {
    List<String> lines = inANewJvm(scenario);
    assertThat(lines)
        .contains(
            "result: dev.anysync.DeadlockException: suspected deadlock: nothing that is known goes"
                + " on to end this wait; it may wait for what is queued for its own thread (1):");
  }

  /** The body has hopped; whoever of the two closes the cycle tells. */
  @Test
  void whatOnlyTheLoopCanCompleteIsADeadlockAtOnce() throws Exception {
    List<String> lines = inANewJvm("completed by the loop");
    assertThat(lines.getFirst())
        .isEqualTo("result: dev.anysync.DeadlockException: this wait would never end:");
    assertThat(lines.subList(1, 4))
        .anySatisfy(
            line ->
                assertThat(line)
                    .matches(
                        "  thread 'anysync-\\d+'#\\d+ waits for the loop's answer, which only"
                            + " thread 'foreign'#\\d+ can complete, since .*"))
        .anySatisfy(
            line ->
                assertThat(line)
                    .matches("  thread 'foreign'#\\d+ waits for what runs on thread 'anysync-.*"))
        .last()
        .isEqualTo("  start() or await what waits there, or let another thread wait");
  }

  @Test
  void whatAnotherLoopIsToCompleteIsSuspectedAsAnythingElse() throws Exception {
    List<String> lines = inANewJvm("completed by another loop");
    assertThat(lines)
        .contains(
            "result: dev.anysync.DeadlockException: suspected deadlock: nothing that is known goes"
                + " on to end this wait; it may wait for what is queued for its own thread (1):");
  }

  @Test
  void queueThatGrowsWhileSomethingGoesOnIsNot() throws Exception {
    List<String> lines = inANewJvm("goes on");
    assertThat(lines).last().isEqualTo("result: x");
    assertThat(warnings(lines)).hasSize(1);
  }

  @Test
  void virtualThreadThatHasAStrategy() throws Exception {
    assertThat(inANewJvm("virtual")).containsExactly("result: x, on it, the strategy waited");
  }

  @Test
  void threadThatIsReplacedIsNotBlocked() throws Exception {
    assertThat(inANewJvm("replaced")).containsExactly("result: x");
    List<String> lines = inANewJvm("replaced, suspected");
    assertThat(warnings(lines)).hasSize(1);
    assertThat(warnings(lines).getFirst()).startsWith("WARNING: suspected deadlock: ");
    assertThat(lines).last().isEqualTo("result: x");
  }

  @Test
  void zeroTurnsItOff() throws Exception {
    assertThat(inANewJvm("off")).containsExactly("result: x");
  }

  /** A loop with one thread and a queue, as the event loops of frameworks are. */
  static final class Loop implements Runnable {
    final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    final LoopThread thread = new LoopThread(this);

    @Override
    public void run() {
      try {
        while (true) {
          tasks.take().run();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    <T> FutureTask<T> submit(Callable<T> call) {
      var task = new FutureTask<T>(call);
      tasks.add(task);
      return task;
    }
  }

  static final class LoopThread extends Thread {
    final Loop loop;

    LoopThread(Loop loop) {
      super(null, loop, "foreign");
      this.loop = loop;
      setDaemon(true);
    }
  }

  public static final class Strategy implements WaitStrategy {
    static volatile boolean replaces;

    @Override
    public boolean owns(Thread thread) {
      return thread instanceof LoopThread;
    }

    @Override
    public boolean runsBodies() {
      return false;
    }

    @Override
    public void await(ManagedBlocker wait, CompletionStage<?> over) throws InterruptedException {
      boolean _ = wait.block();
    }

    @Override
    public int queued(Thread thread) {
      return ((LoopThread) thread).loop.tasks.size();
    }

    @Override
    public boolean blocksOthers(Thread thread) {
      return !replaces;
    }
  }

  /** Of virtual threads, on which bodies run. */
  public static final class OfVirtual implements WaitStrategy {
    static final CountDownLatch WAITED = new CountDownLatch(1);

    @Override
    public boolean mayOwnVirtual() {
      return true;
    }

    @Override
    public boolean owns(Thread thread) {
      return thread.isVirtual() && thread.getName().equals("foreign");
    }

    @Override
    public boolean runsBodies() {
      return true;
    }

    @Override
    public void await(ManagedBlocker wait, CompletionStage<?> over) throws InterruptedException {
      WAITED.countDown();
      boolean _ = wait.block();
    }
  }

  /** What the new JVM runs. */
  static final class Child {
    private static final Duration THRESHOLD = Duration.ofMillis(100);

    private Child() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws Exception {
      String scenario = args[0];
      var warnings = new Warnings(); // for as long as the JVM lives
      var gate = new CompletableFuture<String>();
      if (scenario.equals("virtual")) {
        System.out.println("result: " + onAVirtualThread(gate));
        return;
      }
      Lanes.Builder builder =
          Lanes.builder().watchdog(scenario.equals("off") ? Duration.ZERO : THRESHOLD);
      Strategy.replaces = scenario.startsWith("replaced");
      if (Strategy.replaces) {
        builder.onForeignLoop(Lanes.ForeignLoopPolicy.FAIL); // which is for loops that are held up
      } else if (!List.of("blocked", "suspected", "goes on", "off").contains(scenario)) {
        builder.onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL);
      }
      Lanes lanes = builder.build();
      Lanes _ = Unsync.share(lanes);
      Lanes clock =
          Lanes.builder()
              .loop(EventLoop.create("clock"))
              .watchdog(THRESHOLD.multipliedBy(4))
              .build();
      var loop = new Loop();
      loop.thread.start();
      var body = new CompletableFuture<Thread>();
      var ended = new CountDownLatch(1);
      @Nullable Callable<String> call =
          switch (scenario) {
            case "task of the loop" -> coroutine(() -> await(loop.submit(() -> "x")))::run;
            case "stage of a function" ->
                () -> coroutine(() -> "x").start().thenCompose(x -> gate).join();
            case "completed by the loop" ->
                coroutine(() -> await(new Unfuture<String>(completer(loop.thread))))::run;
            case "completed by another loop" ->
                coroutine(() -> await(new Unfuture<String>(completer(new Loop().thread))))::run;
            case "lanes on the loop" ->
                () -> builder.thread(loop.tasks::add).build().call(() -> "x").join();
            default -> null;
          };
      if (call != null) {
        FutureTask<String> waiting =
            loop.submit(
                () -> {
                  if (List.of("stage of a function", "completed by another loop")
                      .contains(scenario)) {
                    FutureTask<String> _ = loop.submit(() -> "what it may wait for");
                  }
                  try {
                    return call.call();
                  } catch (DeadlockException e) {
                    return e.toString();
                  }
                });
        System.out.println("result: " + waiting.get());
        return;
      }
      boolean goesOn = scenario.equals("goes on");
      FutureTask<String> blocked =
          loop.submit(
              () -> {
                try {
                  return coroutine(
                          () -> {
                            body.complete(Thread.currentThread());
                            try {
                              return goesOn ? gate.get() : await(gate);
                            } finally {
                              ended.countDown();
                            }
                          })
                      .run();
                } catch (Exception e) {
                  return e.toString();
                }
              });
      while (body.join().getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      if (List.of("suspected", "fails", "goes on", "replaced, suspected").contains(scenario)) {
        FutureTask<String> _ = loop.submit(() -> "what it may wait for, as far as anybody knows");
      }
      if (scenario.equals("fails")) {
        System.out.println("result: " + blocked.get());
        ended.await();
        System.out.println(gate.isCancelled() + loop.submit(() -> ", and goes on").get());
        return;
      }
      overlook(clock, warnings);
      gate.complete("x");
      String result = blocked.get();
      warnings.messages().stream()
          .filter(message -> !message.contains("clock"))
          .forEach(message -> System.out.println("WARNING: " + message));
      System.out.println("result: " + result);
    }

    private static String onAVirtualThread(CompletableFuture<String> gate) throws Exception {
      var outcome = new CompletableFuture<String>();
      Thread thread =
          Thread.ofVirtual()
              .name("foreign")
              .start(
                  () ->
                      outcome.complete(
                          coroutine(
                                  () ->
                                      await(gate)
                                          + (Thread.currentThread().getName().equals("foreign")
                                              ? ", on it"
                                              : ", elsewhere"))
                              .run()));
      OfVirtual.WAITED.await();
      gate.complete("x");
      thread.join();
      return outcome.join() + ", the strategy waited";
    }

    private static Predicate<Thread> completer(Thread thread) {
      return new Predicate<>() {
        @Override
        public boolean test(Thread other) {
          return other == thread;
        }

        @Override
        public String toString() {
          return "the loop's answer";
        }
      };
    }

    /** Waits for four thresholds, by means of the watchdog of other lanes. */
    private static void overlook(Lanes clock, Warnings warnings) {
      var release = new CountDownLatch(1);
      Unfuture<String> held =
          clock.async(
              () -> {
                release.await();
                return "held";
              });
      while (warnings.messages().stream().noneMatch(message -> message.contains("'clock'"))) {
        Thread.onSpinWait();
      }
      release.countDown();
      String _ = held.result();
    }
  }
}
