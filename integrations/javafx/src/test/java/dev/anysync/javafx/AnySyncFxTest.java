package dev.anysync.javafx;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.VoidBody;
import dev.anysync.testkit.Readme;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javafx.application.Platform;
import javafx.concurrent.Service;
import javafx.concurrent.Task;
import javafx.concurrent.Worker;
import javafx.event.ActionEvent;
import javafx.event.Event;
import javafx.scene.Group;
import javafx.scene.text.Text;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnySyncFxTest extends FxTest {
  /** A task as JavaFX code has them. */
  private static <T extends @Nullable Object> Task<T> task(Callable<T> body) {
    return new Task<>() {
      @Override
      protected T call() throws Exception {
        return body.call();
      }
    };
  }

  private static <T extends @Nullable Object> Service<T> service(Callable<T> body) {
    return new Service<>() {
      @Override
      protected Task<T> createTask() {
        return task(body);
      }
    };
  }

  /** A body that says when it has begun, and waits until it is interrupted. */
  private static final class Endless implements Callable<String> {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch stopped = new CountDownLatch(1);

    @Override
    public String call() throws Exception {
      begun.countDown();
      try {
        return "not interrupted: " + new CountDownLatch(1).await(50, TimeUnit.SECONDS);
      } finally {
        stopped.countDown();
      }
    }
  }

  private static Thread start(Runnable task) {
    return Thread.ofPlatform().daemon().start(task);
  }

  private static Worker.State stateOf(Worker<?> worker) throws Exception {
    return onFxThread(worker::getState);
  }

  // From workers

  /** Where the waiting is done. */
  enum Where {
    ON_THIS_THREAD {
      @Override
      void run(VoidBody test) throws Exception {
        test.run();
      }
    },
    ON_THE_FX_THREAD {
      @Override
      void run(VoidBody test) throws Exception {
        onFxThread(
            () -> {
              test.run();
              return true;
            });
      }
    },
    ON_A_VIRTUAL_THREAD {
      @Override
      void run(VoidBody test) throws Exception {
        coroutine(test).run(LONG);
      }
    },
    IN_A_COROUTINE_OF_A_LOOP {
      @Override
      void run(VoidBody test) throws Exception {
        try (EventLoop loop = EventLoop.create("l")) {
          loop.run(coroutine(test));
        }
      }
    };

    abstract void run(VoidBody test) throws Exception;
  }

  @ParameterizedTest
  @EnumSource
  void value(Where where) throws Exception {
    where.run(
        () -> {
          Task<String> task = task(() -> "x");
          start(task);
          assertThat(AnySyncFx.run(task)).isEqualTo("x");
          assertThat(AnySyncFx.run(task)).as("of one that has ended").isEqualTo("x");
          assertThat(AnySyncFx.run(task, LONG)).isEqualTo("x");
          assertThat(coroutine(() -> AnySyncFx.await(task)).run()).isEqualTo("x");
          Task<@Nullable String> none = AnySyncFxTest.<@Nullable String>task(() -> null);
          start(none);
          assertThat(AnySyncFx.<@Nullable String>run(none)).isNull();
        });
  }

  @ParameterizedTest
  @EnumSource
  void failure(Where where) throws Exception {
    where.run(
        () -> {
          for (Throwable thrown : List.of(new IOException("task"), new AssertionError("task"))) {
            Task<String> task =
                task(
                    () -> {
                      if (thrown instanceof Error error) {
                        throw error;
                      }
                      throw (Exception) thrown;
                    });
            start(task);
            assertThat(catchThrowable(() -> AnySyncFx.run(task))).isSameAs(thrown);
            assertThat(catchThrowable(() -> coroutine(() -> AnySyncFx.await(task)).run()))
                .isSameAs(thrown);
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void workerThatIsCancelled(Where where) throws Exception {
    where.run(
        () -> {
          var endless = new Endless();
          Task<String> task = task(endless);
          start(task);
          endless.begun.await();
          Platform.runLater(() -> task.cancel());
          assertThatThrownBy(() -> AnySyncFx.run(task)).isInstanceOf(CancellationException.class);
          endless.stopped.await();
        });
  }

  @ParameterizedTest
  @EnumSource
  void timeout(Where where) throws Exception {
    var endless = new Endless();
    Task<String> task = task(endless);
    start(task);
    endless.begun.await();
    where.run(
        () ->
            assertThatThrownBy(() -> AnySyncFx.run(task, Duration.ofMillis(30)))
                .isInstanceOf(TimeoutException.class));
    endless.stopped.await();
    assertThat(stateOf(task)).isEqualTo(Worker.State.CANCELLED);
  }

  @Test
  void cancellingTheUnfutureCancelsTheWorker() throws Exception {
    var endless = new Endless();
    Service<String> service = service(endless);
    onFxThread(
        () -> {
          service.start();
          return true;
        });
    endless.begun.await();
    Unfuture<String> unfuture = AnySyncFx.fromWorker(service);
    assertThat(unfuture.cancel(true)).isTrue();
    endless.stopped.await();
    assertThat(stateOf(service)).isEqualTo(Worker.State.CANCELLED);
  }

  @Test
  void cancellingACoroutineCancelsWhatItAwaits() throws Exception {
    var endless = new Endless();
    Task<String> task = task(endless);
    start(task);
    var entered = new CountDownLatch(1);
    Unfuture<String> waiter =
        coroutine(
                () -> {
                  entered.countDown();
                  return AnySyncFx.await(task);
                })
            .start();
    entered.await();
    endless.begun.await();
    assertThat(waiter.cancel(true)).isTrue();
    endless.stopped.await();
    assertThat(stateOf(task)).isEqualTo(Worker.State.CANCELLED);
  }

  @Test
  void workerThatHasNotBeenStarted() throws Exception {
    Task<String> task = task(() -> "x");
    Unfuture<String> unfuture = AnySyncFx.fromWorker(task);
    assertThat(stateOf(task)).isEqualTo(Worker.State.READY);
    assertThat(unfuture.isDone()).isFalse();
    start(task);
    assertThat(unfuture.result()).isEqualTo("x");
    Task<String> never = task(() -> "x");
    assertThat(AnySyncFx.fromWorker(never).cancel(true)).isTrue();
    assertThat(stateOf(never)).isEqualTo(Worker.State.CANCELLED);
  }

  /** Each run of a service is one of its own. */
  @Test
  void serviceThatIsRestarted() throws Exception {
    int[] runs = {0};
    Service<Integer> service = service(() -> ++runs[0]);
    for (int i = 1; i <= 3; i++) {
      Unfuture<Integer> run =
          onFxThread(
              () -> {
                service.restart();
                return AnySyncFx.fromWorker(service);
              });
      assertThat(run.result()).isEqualTo(i);
    }
    Unfuture<Integer> last = AnySyncFx.fromWorker(service);
    assertThat(last.result()).isEqualTo(3);
    var endless = new Endless();
    Service<String> other = service(endless);
    Unfuture<String> first =
        onFxThread(
            () -> {
              other.start();
              return AnySyncFx.fromWorker(other);
            });
    endless.begun.await();
    onFxThread(
        () -> {
          other.restart();
          return true;
        });
    assertThatThrownBy(first::result).isInstanceOf(CancellationException.class);
    assertThat(stateOf(other)).isIn(Worker.State.SCHEDULED, Worker.State.RUNNING);
    assertThat(onFxThread(other::cancel)).isTrue();
  }

  /** The loop's other coroutines run while one of them awaits a worker. */
  @Test
  void awaitGivesTheLoopUp() {
    Task<String> task = task(() -> "x");
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<String> awaiting = coroutine(() -> AnySyncFx.await(task)).start(loop);
      assertThat(coroutine(() -> "the loop is free").start(loop).result())
          .isEqualTo("the loop is free");
      start(task);
      assertThat(awaiting.result()).isEqualTo("x");
    }
  }

  @Test
  void awaitOutsideACoroutine() {
    Task<String> task = task(() -> "x");
    assertThatThrownBy(() -> AnySyncFx.await(task))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }

  // To tasks

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void taskOfACoroutine(boolean virtual) throws Exception {
    Task<String> task = AnySyncFx.toTask(coroutine(() -> "x"));
    var succeeded = new CompletableFuture<String>();
    onFxThread(
        () -> {
          task.setOnSucceeded(_ -> succeeded.complete(task.getValue()));
          return true;
        });
    Thread thread = virtual ? Thread.startVirtualThread(task) : start(task);
    assertThat(succeeded.get(50, TimeUnit.SECONDS)).isEqualTo("x");
    assertThat(task.get()).isEqualTo("x");
    thread.join();
  }

  @Test
  void taskOfACoroutineThatFails() throws Exception {
    for (Throwable thrown : List.of(new IOException("body"), new AssertionError("body"))) {
      Task<String> task =
          AnySyncFx.toTask(
              coroutine(
                  () -> {
                    if (thrown instanceof Error error) {
                      throw error;
                    }
                    throw (Exception) thrown;
                  }));
      start(task);
      assertThatThrownBy(() -> AnySyncFx.run(task)).isSameAs(thrown);
      assertThat(onFxThread(task::getException)).isSameAs(thrown);
      assertThatThrownBy(task::get).isInstanceOf(ExecutionException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void cancellingTheTaskStopsTheBody(boolean onTheFxThread) throws Exception {
    var begun = new CountDownLatch(1);
    var stopped = new CountDownLatch(1);
    var awaited = new CompletableFuture<String>();
    Task<String> task =
        AnySyncFx.toTask(
            coroutine(
                () -> {
                  try {
                    begun.countDown();
                    return AnySync.await(awaited);
                  } finally {
                    stopped.countDown();
                  }
                }));
    Thread thread = start(task);
    begun.await();
    boolean cancelled = onTheFxThread ? onFxThread(() -> task.cancel()) : task.cancel();
    assertThat(cancelled).isTrue();
    stopped.await();
    thread.join();
    assertThat(awaited).isCancelled();
    assertThat(stateOf(task)).isEqualTo(Worker.State.CANCELLED);
  }

  @Test
  void taskRunsOnce() throws Exception {
    var runs = new ArrayList<Integer>();
    Task<Boolean> task = AnySyncFx.toTask(coroutine(() -> runs.add(1)));
    task.run();
    task.run();
    assertThat(task.get()).isTrue();
    assertThat(runs).hasSize(1);
  }

  @Test
  void badInput() {
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncFx.fromWorker(nothing()))
        .withMessage("worker");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncFx.run(AnySyncFxTest.<Worker<String>>nothing()))
        .withMessage("worker");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncFx.run(task(() -> "x"), nothing()))
        .withMessage("timeout");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncFx.toTask(nothing()))
        .withMessage("coroutine");
  }

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T nothing() {
    return null;
  }

  // The page

  private static AnySync<String> greet(String name) {
    return coroutine(
        () -> {
          AnySync.sleep(Duration.ofMillis(1));
          return "Hello " + name;
        });
  }

  @Test
  void readme() throws Exception {
    var text = onFxThread(Text::new);
    var button = onFxThread(Group::new);
    onFxThread(
        () -> {
          button.addEventHandler(
              ActionEvent.ACTION,
              _ -> {
                String greeting = greet("Ann").run(); // the window stays alive
                text.setText(greeting);
              });
          Event.fireEvent(button, new ActionEvent());
          return true;
        });
    assertThat(onFxThread(text::getText)).isEqualTo("Hello Ann");
    AnySync<String> shout =
        AnySync.coroutine(
            () -> {
              Platform.runLater(() -> text.setText("one moment"));
              String said =
                  AnySync.await(CompletableFuture.supplyAsync(text::getText, Platform::runLater));
              return said + "!";
            });
    assertThat(onFxThread(() -> shout.run())).isEqualTo("one moment!");
    Service<String> greeter =
        new Service<>() {
          @Override
          protected Task<String> createTask() {
            return AnySyncFx.toTask(greet("Bob"));
          }
        };
    String greeting =
        onFxThread(
            () -> {
              greeter.start();
              return AnySyncFx.run(greeter);
            });
    assertThat(greeting).isEqualTo("Hello Bob");
    Readme.assertThatItsCodeIsTested("java");
  }
}
