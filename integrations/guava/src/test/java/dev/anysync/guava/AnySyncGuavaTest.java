package dev.anysync.guava;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.ListeningExecutorService;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.common.util.concurrent.SettableFuture;
import dev.anysync.AnySync;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.testkit.Readme;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AnySyncGuavaTest {
  private final ListeningExecutorService pool =
      MoreExecutors.listeningDecorator(Executors.newFixedThreadPool(2));

  @AfterEach
  void shutDown() {
    pool.close();
  }

  /** What a generated client of gRPC looks like. */
  private final class Client {
    ListenableFuture<String> greet(String name) {
      return pool.submit(() -> "Hello " + name);
    }
  }

  @Test
  void readme() throws Exception {
    var client = new Client();
    String greeting = AnySyncGuava.run(client.greet("Ann")); // synchronous code, any thread
    assertThat(greeting).isEqualTo("Hello Ann");
    AnySync<String> both =
        AnySync.coroutine(
            () ->
                AnySyncGuava.await(client.greet("Ann")) + AnySyncGuava.await(client.greet("Bob")));
    assertThat(both.run()).isEqualTo("Hello AnnHello Bob");
    ListenableFuture<String> future = AnySyncGuava.toListenableFuture(both);
    assertThat(future.get()).isEqualTo("Hello AnnHello Bob");
    Readme.assertThatItsCodeIsTested("java");
  }

  @Test
  void valuesInEachStyle() throws Exception {
    assertThat(AnySyncGuava.run(Futures.immediateFuture("x"))).isEqualTo("x");
    assertThat(AnySyncGuava.run(Futures.<@Nullable Object>immediateFuture(null))).isNull();
    SettableFuture<String> late = SettableFuture.create();
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<String> awaiting = coroutine(() -> AnySyncGuava.await(late)).start(loop);
      Unfuture<String> other = coroutine(() -> "the loop is free").start(loop);
      assertThat(other.result()).isEqualTo("the loop is free");
      assertThat(late.set("x")).isTrue();
      assertThat(awaiting.result()).isEqualTo("x");
    }
    assertThat(AnySyncGuava.toListenableFuture(coroutine(() -> "x")).get()).isEqualTo("x");
    assertThat(AnySyncGuava.toListenableFuture(Unfuture.of("x")).get()).isEqualTo("x");
    int[] calls = {0};
    AnySync<Integer> cold = AnySyncGuava.from(() -> Futures.immediateFuture(++calls[0]));
    assertThat(cold.run() + cold.run()).isEqualTo(3);
  }

  @Test
  void thereAndBackIsTheSameObject() {
    Unfuture<String> unfuture = new Unfuture<>();
    ListenableFuture<String> future = AnySyncGuava.toListenableFuture(unfuture);
    assertThat(AnySyncGuava.fromListenableFuture(future)).isSameAs(unfuture);
    assertThat(future.toString()).contains("PENDING", "follows");
    unfuture.cancel(true);
    assertThat(future.isCancelled()).isTrue();
  }

  @Test
  void failuresAreTheSameObject() {
    for (Throwable failure :
        List.of(
            new IOException("x"),
            new CompletionException(new IOException("inner")),
            new ExecutionException(new IOException("inner")),
            new StackOverflowError("x"))) {
      ListenableFuture<String> failed = Futures.immediateFailedFuture(failure);
      assertThat(catchThrowable(() -> AnySyncGuava.run(failed))).isSameAs(failure);
      assertThat(catchThrowable(() -> coroutine(() -> AnySyncGuava.await(failed)).run()))
          .isSameAs(failure);
      assertThat(catchThrowable(() -> AnySyncGuava.from(() -> failed).start().result()))
          .isSameAs(failure);
    }
    var failure = new IOException("x");
    ListenableFuture<Object> future =
        AnySyncGuava.toListenableFuture(
            coroutine(
                () -> {
                  throw failure;
                }));
    assertThatThrownBy(future::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isSameAs(failure);
  }

  @Test
  void whoeverStopsWaitingCancels() throws Exception {
    SettableFuture<String> timedOut = SettableFuture.create();
    assertThatThrownBy(() -> AnySyncGuava.run(timedOut, Duration.ofMillis(1)))
        .isInstanceOf(TimeoutException.class);
    Awaitility.await().until(timedOut::isCancelled);
    for (int i = 0; i < 100; i++) { // the wait may be over before its body has begun
      SettableFuture<String> atOnce = SettableFuture.create();
      assertThatThrownBy(() -> AnySyncGuava.run(atOnce, Duration.ZERO))
          .isInstanceOf(TimeoutException.class);
      Awaitility.await().until(atOnce::isCancelled);
    }

    SettableFuture<String> interrupted = SettableFuture.create();
    var waiting = new FutureTask<>(() -> catchThrowable(() -> AnySyncGuava.run(interrupted)));
    Thread thread = Thread.ofPlatform().start(waiting);
    Awaitility.await().until(() -> thread.getState() == Thread.State.WAITING);
    thread.interrupt();
    assertThat(waiting.get()).isInstanceOf(CancellationException.class);
    assertThat(interrupted.isCancelled()).isTrue();

    SettableFuture<String> completed = SettableFuture.create();
    assertThat(AnySyncGuava.fromListenableFuture(completed).complete("by hand")).isTrue();
    assertThat(completed.isCancelled()).isTrue();
  }

  @Test
  void aCancelledFutureCancelsItsWaiter() {
    SettableFuture<String> future = SettableFuture.create();
    Unfuture<String> waiting = AnySyncGuava.fromListenableFuture(future);
    assertThat(future.cancel(false)).isTrue();
    assertThat(waiting.isCancelled()).isTrue();
    assertThatThrownBy(() -> AnySyncGuava.run(future)).isInstanceOf(CancellationException.class);
  }

  @Test
  void cancellingAFutureStopsItsBody() throws Exception {
    var entered = new CountDownLatch(1);
    var stopped = new CountDownLatch(1);
    ListenableFuture<Object> future =
        AnySyncGuava.toListenableFuture(
            coroutine(
                () -> {
                  entered.countDown();
                  try {
                    return AnySync.await(new Unfuture<>());
                  } finally {
                    stopped.countDown();
                  }
                }));
    entered.await();
    assertThat(future.cancel(true)).isTrue();
    stopped.await();
  }

  @Test
  @SuppressWarnings("NullAway")
  void badInput() {
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGuava.fromListenableFuture(null))
        .withMessage("future");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGuava.from(null))
        .withMessage("source");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGuava.from(() -> null).run())
        .withMessage("source returned null instead of a future");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGuava.toListenableFuture((AnySync<String>) null))
        .withMessage("call");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGuava.toListenableFuture((Unfuture<String>) null))
        .withMessage("unfuture");
    assertThatThrownBy(() -> AnySyncGuava.await(Futures.immediateFuture("x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }
}
