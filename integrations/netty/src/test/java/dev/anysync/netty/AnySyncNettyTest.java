package dev.anysync.netty;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.netty.Lines.Client;
import dev.anysync.testkit.Readme;
import dev.anysync.testkit.TimeLimits;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The conversions; what the event loops' threads do is in {@link NettyThreadsTest}. */
class AnySyncNettyTest {
  private final EventExecutor executor = new DefaultEventExecutor();

  @AfterEach
  void stop() throws InterruptedException {
    var _ = executor.shutdownGracefully(0, 10, TimeUnit.SECONDS).await();
  }

  private <T extends @Nullable Object> Promise<T> promise() {
    return executor.newPromise();
  }

  @Test
  void readme() throws Exception {
    EventLoopGroup backend = Lines.loop("backend");
    EventLoopGroup own = Lines.loop("client");
    try {
      Channel server = Lines.serve(backend, (_, line) -> line + "!");
      Client client = Client.connect(own, server);
      String answer = AnySyncNetty.run(client.ask("Ann")); // synchronous code, any thread
      assertThat(answer).isEqualTo("Ann!");
      AnySync<String> both =
          AnySync.coroutine(
              () -> AnySyncNetty.await(client.ask("Ann")) + AnySyncNetty.await(client.ask("Bob")));
      assertThat(both.run()).isEqualTo("Ann!Bob!");
      EventExecutor executor = client.channel.eventLoop();
      Future<String> future = AnySyncNetty.toFuture(both, executor); // its listeners run there
      assertThat(future.get()).isEqualTo("Ann!Bob!");
      Void _ = AnySyncNetty.run(client.channel.close());
    } finally {
      Lines.stop(own);
      Lines.stop(backend);
    }
    Readme.assertThatItsCodeIsTested("java");
  }

  @Test
  void valuesInEachStyleOnEachKindOfThread() throws Exception {
    assertThat(AnySyncNetty.run(executor.newSucceededFuture("x"))).isEqualTo("x");
    assertThat(AnySyncNetty.<Object>run(executor.newSucceededFuture(null))).isNull();
    assertThat(AnySyncNetty.run(executor.submit(() -> "x"))).isEqualTo("x");
    assertThat(AnySyncNetty.run(executor.submit(() -> "x"), Duration.ofSeconds(50))).isEqualTo("x");
    assertThat(AnySyncNetty.run(executor.schedule(() -> "x", 1, TimeUnit.MILLISECONDS)))
        .isEqualTo("x");
    assertThat(AnySyncNetty.fromFuture(executor.submit(() -> "x")).result()).isEqualTo("x");
    assertThat(AnySyncNetty.<Object>run(this.<Object>promise().setSuccess(null))).isNull();
    var inVirtual = new CompletableFuture<String>();
    Thread thread =
        Thread.startVirtualThread(
            () -> inVirtual.complete(AnySyncNetty.run(executor.submit(() -> "x"))));
    assertThat(inVirtual.get()).isEqualTo("x");
    thread.join();
    Promise<String> late = promise();
    try (EventLoop loop = EventLoop.create("l")) {
      Unfuture<String> awaiting = coroutine(() -> AnySyncNetty.await(late)).start(loop);
      Unfuture<String> other = coroutine(() -> "the loop is free").start(loop);
      assertThat(other.result()).isEqualTo("the loop is free");
      Unfuture<String> running =
          coroutine(() -> AnySyncNetty.run(executor.submit(() -> "y"))).start(loop);
      assertThat(running.result()).isEqualTo("y");
      assertThat(late.trySuccess("x")).isTrue();
      assertThat(awaiting.result()).isEqualTo("x");
    }
    int[] calls = {0};
    AnySync<Integer> cold = AnySyncNetty.from(() -> executor.submit(() -> ++calls[0]));
    assertThat(calls[0]).isZero();
    assertThat(cold.run() + cold.start().result()).isEqualTo(3);
  }

  @Test
  void aPromiseIsCompletedOnItsExecutor() throws Exception {
    Future<String> future = AnySyncNetty.toFuture(coroutine(() -> "x"), executor);
    assertThat(future.get()).isEqualTo("x");
    var listening = new CompletableFuture<Boolean>();
    var _ =
        AnySyncNetty.toFuture(coroutine(() -> "x"), executor)
            .addListener(_ -> listening.complete(executor.inEventLoop()));
    assertThat(listening.get()).isTrue();
    var gate = new CountDownLatch(1);
    Future<String> busy =
        executor.submit(
            () -> {
              gate.await();
              return "was busy";
            });
    Unfuture<String> unfuture = coroutine(() -> "x").start();
    Future<String> waiting =
        AnySyncNetty.toFuture(coroutine(() -> AnySync.await(unfuture)), executor);
    assertThat(unfuture.result()).isEqualTo("x");
    assertThat(AnySyncNetty.fromFuture(waiting).result()).isEqualTo("x");
    assertThat(waiting.isDone()).isFalse(); // not before the executor comes to it
    gate.countDown();
    assertThat(waiting.get()).isEqualTo("x");
    assertThat(busy.get()).isEqualTo("was busy");
    assertThat(
            AnySyncNetty.toFuture(AnySync.<@Nullable String>coroutine(() -> null), executor).get())
        .isNull();
  }

  @Test
  void aPromiseOfAnExecutorThatIsGone() throws Exception {
    var gone = new DefaultEventExecutor();
    var gate = new Unfuture<String>();
    Future<String> future = AnySyncNetty.toFuture(coroutine(() -> AnySync.await(gate)), gone);
    assertThat(gone.shutdownGracefully(0, 10, TimeUnit.SECONDS).await(50, TimeUnit.SECONDS))
        .isTrue();
    gate.complete("x");
    assertThat(future.get()).isEqualTo("x");
    assertThat(AnySyncNetty.run(future)).isEqualTo("x");
  }

  @Test
  void thereAndBackIsTheSame() throws Exception {
    var gate = new Unfuture<String>();
    Future<String> future = AnySyncNetty.toFuture(coroutine(() -> AnySync.await(gate)), executor);
    Unfuture<String> back = AnySyncNetty.fromFuture(future);
    assertThat(AnySyncNetty.fromFuture(future)).isSameAs(back);
    // On its own thread as well: what it waits for is the body.
    Future<String> waiting = executor.submit(() -> AnySyncNetty.run(future));
    gate.complete("x");
    assertThat(waiting.get()).isEqualTo("x");
  }

  @Test
  void failuresAreTheSameObject() throws Exception {
    for (Throwable failure :
        List.of(
            new IOException("x"),
            new CompletionException(new IOException("inner")),
            new ExecutionException(new IOException("inner")),
            new StackOverflowError("x"))) {
      Future<String> failed = executor.newFailedFuture(failure);
      assertThat(catchThrowable(() -> AnySyncNetty.run(failed))).isSameAs(failure);
      Promise<String> late = promise();
      Unfuture<String> waiting = AnySyncNetty.from(() -> late).start();
      assertThat(late.tryFailure(failure)).isTrue();
      assertThat(catchThrowable(waiting::result)).isSameAs(failure);
      assertThat(catchThrowable(() -> coroutine(() -> AnySyncNetty.await(late)).run()))
          .isSameAs(failure);
      Future<Object> future = AnySyncNetty.toFuture(failing(failure), executor);
      assertThat(future.await().cause()).isSameAs(failure);
    }
    // What a handler sees on the event loop, after a hop
    var failure = new IOException("x");
    assertThat(executor.submit(() -> catchThrowable(() -> failing(failure).run())).get())
        .isSameAs(failure);
  }

  private static AnySync<Object> failing(Throwable failure) {
    return coroutine(
        () -> {
          switch (failure) {
            case Exception e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError(failure);
          }
        });
  }

  @Test
  void whoeverStopsWaitingCancels() throws Exception {
    Promise<String> timedOut = promise();
    assertThatThrownBy(() -> AnySyncNetty.run(timedOut, Duration.ofMillis(1)))
        .isInstanceOf(TimeoutException.class);
    assertThat(timedOut.isCancelled()).isTrue();

    Promise<String> cold = promise();
    var asked = new CountDownLatch(1);
    AnySync<String> asking =
        AnySyncNetty.from(
            () -> {
              asked.countDown();
              return cold;
            });
    TimeLimits.assertThatItIsExceeded(asked, asking::run);
    Awaitility.await().until(cold::isCancelled);

    Promise<String> onALoop = promise();
    var other = new DefaultEventExecutor();
    assertThat(
            other
                .submit(() -> catchThrowable(() -> AnySyncNetty.run(onALoop, Duration.ofMillis(1))))
                .get())
        .isInstanceOf(TimeoutException.class);
    assertThat(onALoop.isCancelled()).isTrue();
    var _ = other.shutdownGracefully(0, 10, TimeUnit.SECONDS).await();

    Promise<String> interrupted = promise();
    var waiting = new FutureTask<>(() -> catchThrowable(() -> AnySyncNetty.run(interrupted)));
    Thread thread = Thread.ofPlatform().start(waiting);
    Awaitility.await().until(() -> thread.getState() == Thread.State.WAITING);
    thread.interrupt();
    assertThat(waiting.get()).isInstanceOf(CancellationException.class);
    assertThat(interrupted.isCancelled()).isTrue();

    Promise<String> completed = promise();
    assertThat(AnySyncNetty.fromFuture(completed).complete("by hand")).isTrue();
    assertThat(completed.isCancelled()).isTrue();

    Promise<String> tooLate = promise();
    assertThat(tooLate.setUncancellable()).isTrue();
    Unfuture<String> following = AnySyncNetty.fromFuture(tooLate);
    assertThat(following.cancel(true)).isTrue();
    assertThat(tooLate.isDone()).isFalse(); // it goes on, as Netty says it does
    assertThat(tooLate.trySuccess("x")).isTrue();
    assertThat(following.isCancelled()).isTrue();
  }

  /** The time is over before the body, which is to wait, has a thread. */
  @Test
  void aWaitThatNeverBeganCancels() throws Exception {
    var busy = new AtomicBoolean(true);
    var begun = new CountDownLatch(Runtime.getRuntime().availableProcessors());
    Promise<String> future = promise();
    try {
      for (long i = begun.getCount(); i > 0; i--) {
        var _ =
            Thread.startVirtualThread(
                () -> {
                  begun.countDown();
                  while (busy.get()) {
                    Thread.onSpinWait();
                  }
                });
      }
      begun.await();
      assertThatThrownBy(() -> AnySyncNetty.run(future, Duration.ZERO))
          .isInstanceOf(TimeoutException.class);
      assertThat(future.isCancelled()).isTrue();
    } finally {
      busy.set(false);
    }
  }

  /** Others wait for it as well. */
  @Test
  void theEndOfAChannelIsNotCancelled() throws Exception {
    EventLoopGroup loop = Lines.loop("server");
    try {
      Channel server = Lines.serve(loop, (_, line) -> line);
      assertThatThrownBy(() -> AnySyncNetty.run(server.closeFuture(), Duration.ofMillis(1)))
          .isInstanceOf(TimeoutException.class);
      assertThat(server.closeFuture().isDone()).isFalse();
      Unfuture<Void> end = AnySyncNetty.fromFuture(server.closeFuture());
      var _ = server.close();
      assertThat(end.join()).isNull();
    } finally {
      Lines.stop(loop);
    }
  }

  @Test
  void aCancelledFutureCancelsItsWaiter() throws Exception {
    Promise<String> future = promise();
    Unfuture<String> waiting = AnySyncNetty.from(() -> future).start();
    Unfuture<String> following = AnySyncNetty.fromFuture(future);
    assertThat(future.cancel(false)).isTrue();
    assertThatThrownBy(waiting::result).isInstanceOf(CancellationException.class);
    assertThatThrownBy(following::result).isInstanceOf(CancellationException.class);
    assertThat(following.isCancelled()).isTrue();
    assertThatThrownBy(() -> AnySyncNetty.run(future)).isInstanceOf(CancellationException.class);
  }

  @Test
  void cancellingAFutureStopsItsBody() throws Exception {
    var gate = new CountDownLatch(1);
    Future<String> busy = // its executor has no part in it
        executor.submit(
            () -> {
              gate.await();
              return "was busy";
            });
    var entered = new CountDownLatch(1);
    var stopped = new CountDownLatch(1);
    Future<Object> future =
        AnySyncNetty.toFuture(
            coroutine(
                () -> {
                  entered.countDown();
                  try {
                    return AnySync.await(new Unfuture<>());
                  } finally {
                    stopped.countDown();
                  }
                }),
            executor);
    entered.await();
    assertThat(future.cancel(true)).isTrue();
    stopped.await();
    gate.countDown();
    assertThat(busy.get()).isEqualTo("was busy");

    var cancelled = new Unfuture<String>();
    Future<String> of = AnySyncNetty.toFuture(coroutine(() -> AnySync.await(cancelled)), executor);
    assertThat(cancelled.cancel(true)).isTrue();
    assertThat(of.await().isCancelled()).isTrue();
  }

  /** Neither is bound to a thread. */
  @Test
  void promisesOfNoExecutor() throws Exception {
    for (Promise<String> promise :
        List.of(
            ImmediateEventExecutor.INSTANCE.<String>newPromise(),
            new DefaultPromise<String>(ImmediateEventExecutor.INSTANCE))) {
      var waiting = executor.submit(() -> AnySyncNetty.run(promise));
      Awaitility.await().until(() -> AnySync.dump().toString().contains(promise.toString()));
      assertThat(promise.trySuccess("x")).isTrue();
      assertThat(waiting.get()).isEqualTo("x");
    }
  }

  @Test
  @SuppressWarnings("NullAway") // that is the point
  void badInput() {
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncNetty.fromFuture(null))
        .withMessage("future");
    assertThatNullPointerException().isThrownBy(() -> AnySyncNetty.run(null)).withMessage("future");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncNetty.run(executor.newSucceededFuture("x"), null))
        .withMessage("timeout");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncNetty.from(null))
        .withMessage("source");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncNetty.from(() -> null).run())
        .withMessage("source returned null instead of a future");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncNetty.toFuture(null, executor))
        .withMessage("call");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncNetty.toFuture(coroutine(() -> "x"), null))
        .withMessage("executor");
    assertThatThrownBy(() -> AnySyncNetty.await(executor.newSucceededFuture("x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }
}
