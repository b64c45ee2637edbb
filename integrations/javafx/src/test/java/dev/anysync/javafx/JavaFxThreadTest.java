package dev.anysync.javafx;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncGenerator;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.javafx.app.ButtonProgram;
import dev.anysync.javafx.app.ExitProgram;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javafx.animation.AnimationTimer;
import javafx.application.Platform;
import javafx.concurrent.Task;
import javafx.event.ActionEvent;
import javafx.event.Event;
import javafx.scene.Group;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls that wait on the JavaFX application thread, which goes on dispatching events. */
class JavaFxThreadTest extends FxTest {
  /** JavaFX dispatches no events inside more than so many others. */
  private static final int MOST = 200;

  /** The ways to wait for {@code future}. */
  enum Wait {
    RUN {
      @Override
      String wait(CompletableFuture<String> future) {
        return coroutine(() -> await(future)).run();
      }
    },
    RUN_IN_TIME {
      @Override
      String wait(CompletableFuture<String> future) throws TimeoutException {
        return coroutine(() -> await(future)).run(LONG);
      }
    },
    RESULT {
      @Override
      String wait(CompletableFuture<String> future) {
        return Unfuture.from(future).result();
      }
    },
    RESULT_IN_TIME {
      @Override
      String wait(CompletableFuture<String> future) throws TimeoutException {
        return Unfuture.from(future).result(LONG);
      }
    },
    RESULT_OF_CALL {
      @Override
      String wait(CompletableFuture<String> future) {
        return Unsync.call(() -> future.get()).result();
      }
    },
    JOIN {
      @Override
      String wait(CompletableFuture<String> future) {
        return Unfuture.from(future).join();
      }
    },
    GET {
      @Override
      String wait(CompletableFuture<String> future) throws Exception {
        return Unfuture.from(future).get();
      }
    },
    NEXT {
      @Override
      String wait(CompletableFuture<String> future) {
        return AnySync.<String>iterator(out -> out.yield(await(future))).next();
      }
    },
    FOR_EACH {
      @Override
      String wait(CompletableFuture<String> future) {
        var elements = new ArrayList<String>();
        AnySync.<String>iterator(out -> out.yield(await(future))).forEach(elements::add);
        return elements.getFirst();
      }
    },
    SEND {
      @Override
      String wait(CompletableFuture<String> future) {
        AnySyncGenerator<String, String> generator =
            AnySync.generator(
                out -> {
                  var _ = out.yield(await(future));
                });
        return generator.send(null);
      }
    },
    OPEN {
      @Override
      String wait(CompletableFuture<String> future) {
        try (var opened = AnySync.<String>contextManager(out -> out.yield(await(future))).open()) {
          return opened.value();
        }
      }
    },
    USE {
      @Override
      String wait(CompletableFuture<String> future) {
        return requireNonNull(
            AnySync.<String>contextManager(out -> out.yield(await(future))).<String>use(s -> s));
      }
    },
    LOOP_RUN {
      @Override
      String wait(CompletableFuture<String> future) {
        try (EventLoop loop = EventLoop.create("l")) {
          return loop.run(coroutine(() -> await(future)));
        }
      }
    };

    abstract String wait(CompletableFuture<String> future) throws Exception;
  }

  /** If it did not dispatch events while it waits, what it waits for would never come. */
  @ParameterizedTest
  @EnumSource
  void eventsAreDispatchedMeanwhile(Wait wait) throws Exception {
    var future = new CompletableFuture<String>();
    var dispatched = new AtomicInteger();
    String result =
        onFxThread(
            () -> {
              for (int i = 0; i < 10; i++) {
                Platform.runLater(dispatched::incrementAndGet);
              }
              Platform.runLater(() -> future.complete("from an event"));
              return wait.wait(future) + ", " + dispatched;
            });
    assertThat(result).isEqualTo("from an event, 10");
    assertThatNothingIsNested();
  }

  private static void assertThatNothingIsNested() throws Exception {
    assertThat(onFxThread(Platform::isNestedLoopRunning)).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void waitForWhatIsThere(Wait wait) throws Exception {
    var future = CompletableFuture.completedFuture("x");
    for (int i = 0; i < 20; i++) {
      assertThat(onFxThread(() -> wait.wait(future))).isEqualTo("x");
    }
    assertThatNothingIsNested();
  }

  /** What ends a loop may come before it is entered, or while it is. */
  @Test
  void manyShortWaits() throws Exception {
    int sum =
        onFxThread(
            () ->
                IntStream.range(0, 2_000)
                    .map(i -> coroutine(() -> await(Unsync.call(() -> i))).run())
                    .sum());
    assertThat(sum).isEqualTo(1_999_000);
    assertThatNothingIsNested();
  }

  @Test
  void eventHandlerThatRunsACall() throws Exception {
    int events = 50;
    var log = new ArrayList<String>(); // the JavaFX thread's
    var pressed = new CountDownLatch(1);
    var fired = new CountDownLatch(1);
    var all = new CompletableFuture<String>();
    AnySync<String> call = coroutine(() -> "result after " + await(all));
    Platform.runLater(
        () -> {
          var node = new Group();
          node.addEventHandler(
              ActionEvent.ACTION,
              _ -> {
                log.add("pressed");
                pressed.countDown();
                log.add(call.run());
              });
          Event.fireEvent(node, new ActionEvent());
          log.add("fired");
          fired.countDown();
        });
    pressed.await();
    for (int i = 0; i < events; i++) {
      String event = "event " + i;
      onFxThread(() -> log.add(event)); // each when the one before has been dispatched
    }
    all.complete(events + " events");
    fired.await(); // the nested loop dispatches until it has left
    assertThat(onFxThread(() -> List.copyOf(log)))
        .startsWith("pressed", "event 0", "event 1")
        .endsWith("event 49", "result after 50 events", "fired")
        .hasSize(events + 3);
  }

  /** A button, two seconds, and a JVM of its own, as an application has it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void buttonThatRunsACall(boolean onTheModulePath) throws Exception {
    List<String> lines = run(ButtonProgram.class, onTheModulePath);
    assertThat(lines)
        .containsSubsequence(
            "in time",
            onTheModulePath ? "module path" : "class path",
            "pressed",
            "event 0",
            "event 49",
            "result after 50",
            "fired");
    assertThat(lines).filteredOn(line -> line.startsWith("event ")).hasSize(50);
  }

  // Nested waits

  @Test
  void nestedWait() throws Exception {
    var outer = new CompletableFuture<String>();
    var inner = new CompletableFuture<String>();
    String result =
        onFxThread(
            () -> {
              Platform.runLater(
                  () -> {
                    // An event that waits itself, while the first still does.
                    Platform.runLater(() -> inner.complete("inner"));
                    outer.complete(coroutine(() -> await(inner)).run() + ", outer");
                  });
              return coroutine(() -> await(outer)).run();
            });
    assertThat(result).isEqualTo("inner, outer");
  }

  /** Each call goes on when those that began after it have ended. */
  @Test
  void nestedWaitsOfWhichTheOuterAreOverFirst() throws Exception {
    int levels = 5;
    var log = new ArrayList<String>(); // the JavaFX thread's
    List<CompletableFuture<String>> futures =
        Stream.generate(CompletableFuture<String>::new).limit(levels).toList();
    onFxThread(
        () -> {
          for (int i = 1; i < levels; i++) {
            int level = i;
            Platform.runLater(() -> log.add(coroutine(() -> await(futures.get(level))).run()));
          }
          for (int i = 0; i < levels; i++) {
            int level = i;
            Platform.runLater(() -> futures.get(level).complete("level " + level));
          }
          return log.add(coroutine(() -> await(futures.getFirst())).run());
        });
    assertThat(log).containsExactly("level 4", "level 3", "level 2", "level 1", "level 0");
    assertThatNothingIsNested();
  }

  /** The innermost parks, and what it waits for comes from elsewhere. */
  @Test
  void moreNestedWaitsThanJavaFxHasLoopsFor() throws Exception {
    assertThat(onFxThread(() -> nested(MOST))).isEqualTo("parked" + ".".repeat(MOST));
    assertThatNothingIsNested();
  }

  private static String nested(int levels) {
    if (levels == 0) {
      assertThat(Platform.canStartNestedEventLoop()).isFalse();
      return coroutine(() -> await(Unsync.call(() -> "parked"))).run();
    }
    var inner = new CompletableFuture<String>();
    Platform.runLater(() -> completeBy(inner, () -> nested(levels - 1)));
    return coroutine(() -> await(inner)).run() + ".";
  }

  // Where bodies run

  @Test
  void bodyHopsOffTheThread() throws Exception {
    assertThat(
            onFxThread(
                () ->
                    coroutine(
                            () ->
                                Platform.isFxApplicationThread()
                                    + " "
                                    + Thread.currentThread().isVirtual())
                        .run()))
        .isEqualTo("false true");
  }

  @Test
  void bodyMayUseTheThreadThatWaitsForIt() throws Exception {
    AnySync<String> call =
        coroutine(
            () ->
                await(
                    CompletableFuture.supplyAsync(
                        () -> "on it " + Platform.isFxApplicationThread(), Platform::runLater)));
    assertThat(onFxThread(() -> call.run())).isEqualTo("on it true");
    assertThat(call.run()).isEqualTo("on it true");
    try (EventLoop loop = EventLoop.create("l")) {
      assertThat(loop.run(call)).isEqualTo("on it true");
    }
  }

  @Test
  void forEachCallsTheConsumerOnTheThread() throws Exception {
    var threads = new ArrayList<Boolean>();
    onFxThread(
        () -> {
          AnySync.<Integer>iterator(
                  out -> {
                    out.yield(1);
                    out.yield(2);
                  })
              .forEach(_ -> threads.add(Platform.isFxApplicationThread()));
          return true;
        });
    assertThat(threads).containsExactly(true, true);
  }

  @Test
  void otherThreadsAreNotItsOwn() throws Exception {
    var strategy = new JavaFxThread();
    assertThat(strategy.owns(Thread.currentThread())).isFalse();
    var named = new CompletableFuture<Boolean>();
    Thread thread =
        Thread.ofPlatform()
            .name("JavaFX Application Thread")
            .start(() -> completeBy(named, () -> strategy.owns(Thread.currentThread())));
    assertThat(named.get()).isFalse();
    thread.join();
    assertThat(onFxThread(() -> strategy.owns(Thread.currentThread()))).isTrue();
  }

  // How calls end

  @Test
  void timeout() throws Exception {
    var never = new CompletableFuture<String>();
    assertThat(
            onFxThread(
                () ->
                    catchThrowable(() -> coroutine(() -> await(never)).run(Duration.ofMillis(30)))))
        .isInstanceOf(TimeoutException.class);
    assertThat(catchThrowable(() -> never.get(50, TimeUnit.SECONDS)))
        .isInstanceOf(CancellationException.class);
  }

  @Test
  void exceptionIsTheSameObject() throws Exception {
    var thrown = new IOException("body");
    assertThat(
            onFxThread(
                () ->
                    catchThrowable(
                        () ->
                            coroutine(
                                    () -> {
                                      throw thrown;
                                    })
                                .run())))
        .isSameAs(thrown);
  }

  @Test
  void interruptBeforeTheCall() throws Exception {
    var never = new CompletableFuture<String>();
    assertThat(
            onFxThread(
                () -> {
                  Thread.currentThread().interrupt();
                  Throwable thrown = catchThrowable(() -> coroutine(() -> await(never)).run());
                  assertThat(Thread.interrupted()).isTrue();
                  return thrown;
                }))
        .isInstanceOf(CancellationException.class);
    assertThat(onFxThread(() -> "alive")).isEqualTo("alive");
  }

  /** An exception of an event does not become one of the call that waits meanwhile. */
  @Test
  void eventThatFailsMeanwhile() throws Exception {
    var thrown = new IllegalStateException("event");
    var future = new CompletableFuture<String>();
    var uncaught = new CompletableFuture<Throwable>();
    String result =
        onFxThread(
            () -> {
              Thread thread = Thread.currentThread();
              Thread.UncaughtExceptionHandler before = thread.getUncaughtExceptionHandler();
              thread.setUncaughtExceptionHandler((_, e) -> uncaught.complete(e));
              try {
                Platform.runLater(
                    () -> {
                      throw thrown;
                    });
                Platform.runLater(() -> future.complete("x"));
                return coroutine(() -> await(future)).run();
              } finally {
                thread.setUncaughtExceptionHandler(before);
              }
            });
    assertThat(result).isEqualTo("x");
    assertThat(uncaught.join()).isSameAs(thrown);
  }

  @Test
  void policyThatRefuses() throws Exception {
    try (Lanes lanes = Lanes.builder().onForeignLoop(Lanes.ForeignLoopPolicy.FAIL).build()) {
      var never = new CountDownLatch(1);
      Unfuture<Boolean> unfuture = lanes.call(() -> never.await(50, TimeUnit.SECONDS));
      assertThat(onFxThread(() -> catchThrowable(unfuture::join)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("JavaFX Application Thread")
          .hasMessageContaining("start()");
    }
  }

  /** There JavaFX dispatches no events: the thread parks. */
  @Test
  void callInAnAnimation() throws Exception {
    var seen = new CompletableFuture<String>();
    onFxThread(
        () -> {
          new AnimationTimer() {
            @Override
            public void handle(long now) {
              stop();
              completeBy(
                  seen,
                  () ->
                      Platform.canStartNestedEventLoop()
                          + " "
                          + coroutine(() -> await(Unsync.call(() -> "x"))).run());
            }
          }.start();
          return true;
        });
    assertThat(seen.get(50, TimeUnit.SECONDS)).isEqualTo("false x");
  }

  /** It alone could complete the worker. */
  @Test
  void callInAnAnimationThatWaitsForAWorkerIsRefused() throws Exception {
    var seen = new CompletableFuture<String>();
    onFxThread(
        () -> {
          new AnimationTimer() {
            @Override
            public void handle(long now) {
              stop();
              completeBy(
                  seen,
                  () -> {
                    Task<String> task =
                        new Task<>() {
                          @Override
                          protected String call() {
                            return "x";
                          }
                        };
                    return String.valueOf(catchThrowable(() -> AnySyncFx.run(task)));
                  });
            }
          }.start();
          return true;
        });
    assertThat(seen.get(50, TimeUnit.SECONDS))
        .startsWith("java.lang.IllegalStateException")
        .contains("Platform.runLater");
  }

  @Test
  void platformExitCancelsTheCallsThatWait() throws Exception {
    // The thread's interrupt flag is set, which JavaFX's headless loop reports.
    assertThat(run(ExitProgram.class, true)).containsSubsequence("cancelled", "stopped");
  }

  private static <T> void completeBy(CompletableFuture<T> future, Supplier<T> supplier) {
    try {
      future.complete(supplier.get());
    } catch (Throwable e) {
      future.completeExceptionally(e);
    }
  }

  /** Runs {@code program} in a JVM of its own, and returns the lines that it prints. */
  private static List<String> run(Class<?> program, boolean onTheModulePath) throws Exception {
    String modules = System.getProperty("jdk.module.path");
    String tests =
        Path.of("target/test-classes").toAbsolutePath()
            + File.pathSeparator
            + System.getProperty("java.class.path");
    String withControls =
        Stream.of(tests.split(File.pathSeparator))
            .filter(path -> path.contains("javafx-controls"))
            .reduce(modules, (all, path) -> all + File.pathSeparator + path);
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String property : List.of("glass.platform", "prism.order", "javafx.cachedir")) {
      command.add("-D" + property + "=" + System.getProperty(property));
    }
    if (onTheModulePath) {
      command.addAll(List.of("--enable-native-access=javafx.graphics", "-p", withControls));
      command.addAll(List.of("--add-modules", "dev.anysync,javafx.controls", "-cp", tests));
    } else {
      command.add("--enable-native-access=ALL-UNNAMED");
      command.addAll(List.of("-cp", modules + File.pathSeparator + tests));
    }
    command.add(program.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader output = process.inputReader()) {
      List<String> lines = output.lines().toList();
      assertThat(process.waitFor()).as("%s", lines).isEqualTo(0);
      return lines;
    } finally {
      process.destroyForcibly();
    }
  }
}
