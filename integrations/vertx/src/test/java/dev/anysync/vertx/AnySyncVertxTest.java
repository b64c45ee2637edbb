package dev.anysync.vertx;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.testkit.Readme;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.AsyncFile;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.streams.ReadStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Futures, from plain threads. */
class AnySyncVertxTest {
  private static Vertx vertx;

  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stop() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  private Future<String> greet(String name) {
    return vertx.timer(1, TimeUnit.MILLISECONDS).map(_ -> "Hello " + name);
  }

  @Test
  void readme() throws Exception {
    String greeting = AnySyncVertx.from(() -> greet("Ann")).run(); // synchronous code, any thread
    assertThat(greeting).isEqualTo("Hello Ann");

    AnySync<String> both =
        AnySync.coroutine(
            () -> AnySyncVertx.await(greet("Ann")) + ", " + AnySyncVertx.await(greet("Bob")));
    assertThat(both.run()).isEqualTo("Hello Ann, Hello Bob");

    Future<String> future = AnySyncVertx.toFuture(both);
    assertThat(future.toCompletionStage().toCompletableFuture().get())
        .isEqualTo("Hello Ann, Hello Bob");

    Path path = Files.writeString(folder.resolve("file"), "x".repeat(100_000));
    AsyncFile file = AnySyncVertx.run(vertx.fileSystem().open(path.toString(), new OpenOptions()));
    long size = 0;
    try (AnySyncIterator<Buffer> pieces = AnySyncVertx.from(file)) {
      for (Buffer piece : pieces) {
        size += piece.length(); // the file is read no faster than this
      }
    }
    assertThat(size).isEqualTo(100_000);
    Void _ = AnySyncVertx.run(file.close());

    ReadStream<Buffer> squares =
        AnySyncVertx.toReadStream(
            out -> {
              for (int i = 1; i <= 3; i++) {
                out.yield(Buffer.buffer(i * i + "\n")); // waits while there is no demand
              }
            });
    assertThat(AnySyncVertx.from(squares).stream().map(Buffer::toString))
        .containsExactly("1\n", "4\n", "9\n");
    Readme.assertThatItsCodeIsTested("java");
  }

  @Test
  void valuesInEachStyle() throws Exception {
    assertThat(AnySyncVertx.run(Future.succeededFuture("x"))).isEqualTo("x");
    assertThat(AnySyncVertx.<@Nullable Object>run(Future.succeededFuture())).isNull();
    assertThat(AnySyncVertx.run(greet("x"))).isEqualTo("Hello x");
    assertThat(AnySyncVertx.run(greet("x"), Duration.ofSeconds(50))).isEqualTo("Hello x");
    Promise<String> late = Promise.promise();
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<String> awaiting = coroutine(() -> AnySyncVertx.await(late.future())).start(loop);
      Unfuture<String> other = coroutine(() -> "the loop is free").start(loop);
      assertThat(other.result()).isEqualTo("the loop is free");
      late.complete("x");
      assertThat(awaiting.result()).isEqualTo("x");
      assertThat(loop.run(coroutine(() -> AnySyncVertx.run(greet("y"))))).isEqualTo("Hello y");
    }
    var onVirtual = new FutureTask<>(() -> AnySyncVertx.run(greet("z")));
    Thread _ = Thread.startVirtualThread(onVirtual);
    assertThat(onVirtual.get()).isEqualTo("Hello z");
    int[] calls = {0};
    AnySync<Integer> cold = AnySyncVertx.from(() -> Future.succeededFuture(++calls[0]));
    assertThat(cold.run() + cold.run()).isEqualTo(3);
  }

  private static <T extends @Nullable Object> T join(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void thereAndBack() {
    assertThat(join(AnySyncVertx.toFuture(coroutine(() -> "x")))).isEqualTo("x");
    assertThat(join(AnySyncVertx.toFuture(Unfuture.of("x")))).isEqualTo("x");
    Unfuture<String> late = new Unfuture<>();
    Future<String> future = AnySyncVertx.toFuture(late);
    assertThat(future.isComplete()).isFalse();
    assertThat(late.complete("x")).isTrue();
    assertThat(future.result()).isEqualTo("x");
    AnySync<@Nullable Void> empty = coroutine(() -> {});
    assertThat(AnySyncVertxTest.<@Nullable Void>join(AnySyncVertx.toFuture(empty))).isNull();
  }

  @Test
  void failuresAreTheSameObject() {
    for (Throwable error :
        List.of(new IOException("x"), new IllegalStateException("x"), new AssertionError("x"))) {
      Future<String> failed = Future.failedFuture(error);
      Future<String> fails = vertx.timer(1).compose(_ -> failed);
      assertThat(catchThrowable(() -> AnySyncVertx.run(failed))).isSameAs(error);
      assertThat(catchThrowable(() -> AnySyncVertx.run(fails))).isSameAs(error);
      assertThat(catchThrowable(() -> AnySyncVertx.run(failed, Duration.ofSeconds(50))))
          .isSameAs(error);
      assertThat(catchThrowable(() -> AnySyncVertx.from(() -> failed).run())).isSameAs(error);
      assertThat(catchThrowable(() -> AnySyncVertx.fromFuture(failed).result())).isSameAs(error);
      assertThat(catchThrowable(coroutine(() -> AnySyncVertx.await(failed))::run)).isSameAs(error);
      AnySync<String> throwing =
          coroutine(
              () -> {
                if (error instanceof Error unchecked) {
                  throw unchecked;
                }
                throw (Exception) error;
              });
      Future<String> out = AnySyncVertx.toFuture(throwing);
      Awaitility.await().until(out::isComplete);
      assertThat(out.cause()).isSameAs(error);
    }
  }

  /** The operation goes on: it cannot be cancelled. */
  @Test
  void cancellingEndsTheWait() throws Exception {
    Promise<String> promise = Promise.promise();
    Unfuture<String> following = AnySyncVertx.fromFuture(promise.future());
    assertThat(following.cancel(true)).isTrue();
    var entered = new CountDownLatch(1);
    Unfuture<String> coroutine =
        AnySyncVertx.from(
                () -> {
                  entered.countDown();
                  return promise.future();
                })
            .start();
    entered.await();
    assertThat(coroutine.cancel(true)).isTrue();
    coroutine.stopped().join();
    assertThatThrownBy(() -> AnySyncVertx.run(promise.future(), Duration.ofMillis(1)))
        .isInstanceOf(TimeoutException.class);
    var waiting = new FutureTask<>(() -> catchThrowable(() -> AnySyncVertx.run(promise.future())));
    Thread thread = Thread.ofPlatform().start(waiting);
    Awaitility.await().until(() -> thread.getState() == Thread.State.WAITING);
    thread.interrupt();
    assertThat(waiting.get()).isInstanceOf(CancellationException.class);
    assertThat(promise.future().isComplete()).isFalse();
    assertThat(promise.tryComplete("x")).isTrue();
    assertThat(following.isCancelled()).isTrue();
  }

  @Test
  void cancellingTheUnfutureStopsTheBodyAndFailsTheFuture() throws Exception {
    var entered = new CountDownLatch(1);
    var stopped = new CountDownLatch(1);
    Unfuture<String> body =
        coroutine(
                () -> {
                  entered.countDown();
                  try {
                    return AnySyncVertx.await(Promise.<String>promise().future());
                  } finally {
                    stopped.countDown();
                  }
                })
            .start();
    Future<String> future = AnySyncVertx.toFuture(body);
    entered.await();
    body.cancel(true);
    stopped.await();
    assertThat(future.cause()).isInstanceOf(CancellationException.class);
  }

  @Test
  void handlersAreCalledOnTheContextOfTheCaller() throws Exception {
    for (ThreadingModel model :
        List.of(ThreadingModel.EVENT_LOOP, ThreadingModel.WORKER, ThreadingModel.VIRTUAL_THREAD)) {
      Context context = OnVertx.context(vertx, model);
      var called = new CompletableFuture<@Nullable Context>();
      OnVertx.start(
              context,
              () ->
                  AnySyncVertx.toFuture(coroutine(() -> "x"))
                      .onComplete(_ -> called.complete(Vertx.currentContext())))
          .get();
      assertThat(called.get()).isSameAs(context);
    }
    var called = new CompletableFuture<@Nullable Context>();
    Unfuture<String> late = new Unfuture<>();
    var _ = AnySyncVertx.toFuture(late).onComplete(_ -> called.complete(Vertx.currentContext()));
    late.complete("x");
    assertThat(called.isDone()).isTrue();
    assertThat(called.get()).isNull();
  }

  @Test
  @SuppressWarnings("NullAway") // which is what is tested
  void badInput() {
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.run((Future<String>) null))
        .withMessage("future");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.run((Future<String>) null, Duration.ZERO))
        .withMessage("future");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.run(Future.succeededFuture("x"), null))
        .withMessage("timeout");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.await((Future<String>) null))
        .withMessage("future");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.fromFuture(null))
        .withMessage("future");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.from((java.util.function.Supplier<Future<String>>) null))
        .withMessage("source");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.from(() -> (Future<String>) null).run())
        .withMessageContaining("source");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.from((ReadStream<String>) null))
        .withMessage("stream");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.toFuture((AnySync<String>) null))
        .withMessage("call");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.toFuture((Unfuture<String>) null))
        .withMessage("unfuture");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.toReadStream((AnySyncIterator.Body<String>) null))
        .withMessage("body");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncVertx.toReadStream((AnySyncIterator<String>) null))
        .withMessage("elements");
    assertThatThrownBy(() -> AnySyncVertx.await(Future.succeededFuture("x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
    assertThatThrownBy(() -> AnySyncVertx.run(Future.succeededFuture("x"), Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
