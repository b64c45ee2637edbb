package dev.anysync;

import static dev.anysync.AnySync.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.Threads.Endless;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The future of a body: its outcome, unwrapped; its end, stopped; and who runs it. */
class UnfutureTest {
  private static final int STRESS = Integer.getInteger("stress", 1);
  private static final Duration SOON = Duration.ofMillis(20);
  private static final Duration LATE = Duration.ofSeconds(50);

  private static <T> Unfuture<T> failing(Throwable failure) {
    return Unsync.call(
        () -> {
          throw Strand.sneaky(failure);
        });
  }

  /** The body is still running: it waits for what depends on it, but does not run that itself. */
  @Test
  void cancelledBodyDoesNotRunWhatDependsOnIt() throws Exception {
    var self = new CompletableFuture<Unfuture<Object>>();
    var dependent = new CompletableFuture<CompletableFuture<Thread>>();
    var body = new CompletableFuture<Thread>();
    var joined = new CompletableFuture<Thread>();
    Unfuture<Object> source =
        Unsync.call(
            () -> {
              body.complete(Thread.currentThread());
              while (!self.join().isCancelled()) {
                Thread.onSpinWait();
              }
              boolean _ = Thread.interrupted();
              Unfuture<Thread> claimed = Unsync.call(() -> dependent.join().join());
              return joined.complete(claimed.join());
            });
    self.complete(source);
    dependent.complete(source.handle((value, error) -> Thread.currentThread()));
    Thread running = body.join();
    var _ =
        source.whenComplete( // runs before the other, and until the body waits for that
            (value, error) -> Threads.awaitParked(running));
    Thread canceller = Threads.start(() -> source.cancel(true)).thread();
    assertThat(joined.join()).isSameAs(canceller);
    assertThat(canceller.join(Duration.ofSeconds(50))).isTrue();
  }

  // It is a CompletableFuture whose dependents are unfutures

  @Test
  void dependentsAreUnfutures() {
    Unfuture<Integer> source = Unsync.call(() -> 1);
    List<CompletableFuture<?>> dependents =
        List.of(
            source.thenApply(n -> n + 1),
            source.thenApplyAsync(n -> n + 1),
            source.thenCompose(n -> CompletableFuture.completedFuture(n + 1)),
            source.thenCombine(CompletableFuture.completedFuture(1), Integer::sum),
            source.thenAccept(n -> {}),
            source.handle((n, error) -> n + 1),
            source.whenComplete((n, error) -> {}),
            source.exceptionally(error -> 0),
            source.copy(),
            source.orTimeout(50, TimeUnit.SECONDS),
            source.thenApply(n -> n + 1).thenApply(n -> n + 1));
    assertThat(dependents).allMatch(dependent -> dependent instanceof Unfuture);
    dependents.forEach(CompletableFuture::join);
  }

  @Test
  void dependentsHaveAResultAndCanBeAwaited() {
    Unfuture<Integer> dependent = Unfuture.from(Unsync.call(() -> 1).thenApply(n -> n + 1));
    assertThat(dependent.result()).isEqualTo(2);
    assertThat(AnySync.coroutine(() -> await(dependent)).run()).isEqualTo(2);
  }

  @Test
  void asyncDependentsRunOnVirtualThreads() {
    Thread thread = Unfuture.of(1).thenApplyAsync(n -> Thread.currentThread()).join();
    assertThat(thread.isVirtual()).isTrue();
    assertThat(thread.getName()).matches("anysync-\\d+");
  }

  // Outcomes: get and join as in the JDK, result and await with the very exception

  @Test
  void getAndJoinWrapAsInTheJdk() {
    var failure = new IOException("from the body");
    assertThatThrownBy(() -> failing(failure).get())
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isSameAs(failure);
    assertThatThrownBy(() -> failing(failure).get(50, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isSameAs(failure);
    assertThatThrownBy(() -> failing(failure).join())
        .isInstanceOf(CompletionException.class)
        .cause()
        .isSameAs(failure);
  }

  @Test
  void getAndJoinOfWhatIsCancelledAsInTheJdk() {
    Unfuture<String> cancelled = new Unfuture<>();
    cancelled.cancel(true);
    assertThatThrownBy(cancelled::get).isInstanceOf(CancellationException.class);
    assertThatThrownBy(cancelled::join).isInstanceOf(CancellationException.class);
    assertThatThrownBy(cancelled::result).isInstanceOf(CancellationException.class);
  }

  @Test
  void getWithATimeoutAsInTheJdk() throws Exception {
    var future = new Unfuture<String>();
    assertThatThrownBy(() -> future.get(1, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    assertThat(future.isDone()).as("a timed get does not cancel").isFalse();
    future.complete("value");
    assertThat(future.get(0, TimeUnit.SECONDS)).isEqualTo("value");
  }

  private static void assertResultIs(Throwable failure) {
    assertThatThrownBy(() -> failing(failure).result()).isSameAs(failure);
    assertThatThrownBy(() -> failing(failure).result(LATE)).isSameAs(failure);
  }

  private static void assertAwaitThrows(Throwable failure) {
    assertThatThrownBy(() -> AnySync.coroutine(() -> await(failing(failure))).run())
        .isSameAs(failure);
    assertThatThrownBy(() -> Unsync.async(() -> await(failing(failure))).result())
        .isSameAs(failure);
  }

  @Test
  void resultThrowsTheSameUncheckedException() {
    assertResultIs(new IllegalArgumentException("from the body"));
  }

  @Test
  void awaitThrowsTheSameUncheckedException() {
    assertAwaitThrows(new IllegalArgumentException("from the body"));
  }

  @Test
  void resultThrowsTheSameCheckedException() {
    assertResultIs(new IOException("from the body"));
    assertResultIs(new InterruptedException("from the body"));
    assertResultIs(new TimeoutException("from the body"));
    assertResultIs(new ExecutionException("from the body", new IOException("its cause")));
  }

  @Test
  void awaitThrowsTheSameCheckedException() {
    assertAwaitThrows(new IOException("from the body"));
    assertAwaitThrows(new ExecutionException("from the body", new IOException("its cause")));
  }

  @Test
  void resultThrowsTheSameError() {
    assertResultIs(new AssertionError("from the body"));
    assertResultIs(new StackOverflowError("from the body"));
  }

  @Test
  void resultThrowsTheCompletionExceptionThatTheBodyThrew() {
    assertResultIs(new CompletionException("from the body", new IOException("its cause")));
    assertResultIs(new CompletionException("without a cause", null));
  }

  @Test
  void awaitThrowsTheCompletionExceptionThatTheBodyThrew() {
    assertAwaitThrows(new CompletionException("from the body", new IOException("its cause")));
  }

  @Test
  void resultThrowsTheCancellationExceptionThatTheBodyThrew() {
    assertResultIs(new CancellationException("from the body"));
  }

  @Test
  void awaitThrowsTheCancellationExceptionThatTheBodyThrew() {
    assertAwaitThrows(new CancellationException("from the body"));
  }

  @Test
  void resultThrowsWhatItWasCompletedWith() {
    var failure = new IOException("from outside");
    var future = new Unfuture<String>();
    assertThat(future.completeExceptionally(failure)).isTrue();
    assertThatThrownBy(future::result).isSameAs(failure);
  }

  @Test
  void resultOfADependentIsNotWrappedEither() {
    var failure = new IOException("from the body");
    Unfuture<String> source = failing(failure);
    Unfuture<String> dependent =
        Unfuture.from(source.thenApply(x -> x + "never").thenCombine(source, String::concat));
    assertThatThrownBy(dependent::result).isSameAs(failure);
    assertThatThrownBy(() -> AnySync.coroutine(() -> await(dependent)).run()).isSameAs(failure);
    assertThatThrownBy(() -> AnySync.coroutine(() -> await(source.copy())).run()).isSameAs(failure);
  }

  @Test
  void awaitOfAForeignStageIsNotWrappedEither() {
    var failure = new IOException("from the stage");
    CompletionStage<String> stage =
        CompletableFuture.<String>failedFuture(failure).thenApply(x -> x);
    assertThatThrownBy(() -> AnySync.coroutine(() -> await(stage)).run()).isSameAs(failure);
    assertThatThrownBy(() -> Unsync.async(() -> await(stage)).result()).isSameAs(failure);
    assertThatThrownBy(AnySync.from(() -> stage)::run).isSameAs(failure);
  }

  @Test
  void theCallersFramesAreAttachedOncePerKindOfCall() {
    var failure = new IOException("from the body");
    Unfuture<String> future = failing(failure);
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(future::result).isSameAs(failure);
      assertThatThrownBy(() -> AnySync.coroutine(() -> await(future)).run()).isSameAs(failure);
    }
    assertThat(failure.getSuppressed()).hasSizeBetween(1, 2);
    assertThat(failure.getSuppressed()[0].getStackTrace())
        .anyMatch(frame -> frame.getClassName().startsWith(UnfutureTest.class.getName()));
  }

  @Test
  void nullIsAResult() {
    assertThat(Unsync.<@Nullable String>call(() -> null).result()).isNull();
    assertThat(Unfuture.<@Nullable String>of(null).result()).isNull();
  }

  // result(timeout)

  @Test
  void resultInTime() throws Exception {
    assertThat(Unsync.call(() -> "value").result(LATE)).isEqualTo("value");
    assertThat(Unfuture.of("value").result(Duration.ZERO)).isEqualTo("value");
    assertThat(Unsync.call(() -> "value").result(Duration.ofSeconds(Long.MAX_VALUE)))
        .isEqualTo("value");
  }

  @Test
  void resultTooLateCancels() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = endless.call.start();
    endless.started.await();
    assertThatThrownBy(() -> future.result(SOON)).isInstanceOf(TimeoutException.class);
    assertThat(future).isCancelled();
    endless.assertStopped();
  }

  @Test
  void resultWithNoTimeAtAll() {
    var future = new Unfuture<String>();
    assertThatThrownBy(() -> future.result(Duration.ZERO)).isInstanceOf(TimeoutException.class);
    assertThat(future).isCancelled();
  }

  // Stopping

  @Test
  void cancelStopsTheBodyAndWhatItAwaits() throws Exception {
    var endless = new Endless();
    Unfuture<String> outer =
        AnySync.coroutine(() -> await(Unsync.async(() -> await(endless.call.start())))).start();
    endless.started.await();
    assertThat(outer.cancel(true)).isTrue();
    endless.assertStopped();
    outer.stopped().result();
    assertThatThrownBy(outer::result).isInstanceOf(CancellationException.class);
  }

  @Test
  void cancelStopsAnAwaitedFutureThatIsNotACompletableFuture() throws Exception {
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      var started = new CountDownLatch(1);
      var interrupted = new CountDownLatch(1);
      Callable<String> blocking =
          () -> {
            started.countDown();
            try {
              new CountDownLatch(1).await();
              return "never";
            } catch (InterruptedException e) {
              interrupted.countDown();
              throw e;
            }
          };
      Unfuture<String> outer = AnySync.coroutine(() -> await(executor.submit(blocking))).start();
      started.await();
      outer.cancel(true);
      interrupted.await();
    }
  }

  /** The await comes after the cancellation, and still does not leave its future running. */
  @Test
  void theNextAwaitOfACancelledBodyCancelsWhatItIsGiven() throws Exception {
    var request = new CompletableFuture<String>();
    var running = new CountDownLatch(1);
    var cancelled = new AtomicBoolean();
    Unfuture<String> future =
        AnySync.coroutine(
                () -> {
                  running.countDown();
                  while (!cancelled.get()) {
                    Thread.onSpinWait();
                  }
                  return await(request);
                })
            .start();
    running.await();
    future.cancel(true);
    cancelled.set(true);
    future.stopped().result();
    assertThat(request).isCancelled();
  }

  @Test
  void aShieldedFutureIsLeftAlone() throws Exception {
    var started = new CountDownLatch(1);
    var shielded = new CompletableFuture<String>();
    Unfuture<String> future =
        AnySync.coroutine(
                () -> {
                  started.countDown();
                  return AnySync.shield(shielded);
                })
            .start();
    started.await();
    future.cancel(true);
    future.stopped().result();
    assertThat(shielded).isNotCompleted();
  }

  @Test
  void orTimeoutStopsTheBody() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = endless.call.start();
    endless.started.await();
    assertThat(future.orTimeout(20, TimeUnit.MILLISECONDS)).isSameAs(future);
    assertThatThrownBy(future::result).isInstanceOf(TimeoutException.class);
    endless.assertStopped();
  }

  @Test
  void completeOnTimeoutStopsTheBody() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = endless.call.start();
    endless.started.await();
    assertThat(future.completeOnTimeout("instead", 20, TimeUnit.MILLISECONDS)).isSameAs(future);
    assertThat(future.result()).isEqualTo("instead");
    endless.assertStopped();
  }

  @Test
  void completeFromOutsideStopsTheBody() throws Exception {
    var endless = new Endless();
    Unfuture<String> future = endless.call.start();
    endless.started.await();
    assertThat(future.complete("instead")).isTrue();
    assertThat(future.complete("again")).isFalse();
    assertThat(future.result()).isEqualTo("instead");
    endless.assertStopped();
  }

  @Test
  void completeExceptionallyFromOutsideStopsTheBody() throws Exception {
    var endless = new Endless();
    var failure = new IOException("instead");
    Unfuture<String> future = Unsync.async(endless.body);
    endless.started.await();
    assertThat(future.completeExceptionally(failure)).isTrue();
    assertThatThrownBy(future::result).isSameAs(failure);
    endless.assertStopped();
  }

  @Test
  void cancelOfWhatIsDoneDoesNothing() {
    Unfuture<String> future = Unfuture.of("value");
    assertThat(future.cancel(true)).isFalse();
    assertThat(future.result()).isEqualTo("value");
  }

  // stopped()

  @Test
  void stoppedComesOnlyWhenTheBodyHasReallyEnded() throws Exception {
    var started = new CountDownLatch(1);
    var gate = new AtomicBoolean();
    var ended = new AtomicBoolean();
    Unfuture<String> future =
        Unsync.call(
            () -> {
              started.countDown();
              while (!gate.get()) {
                Thread.onSpinWait();
              }
              ended.set(true);
              return "late";
            });
    started.await();
    Unfuture<@Nullable Void> stopped = future.stopped();
    future.cancel(true);
    assertThat(future.isDone()).isTrue();
    assertThat(stopped.isDone()).isFalse();
    assertThat(future.stopped().cancel(true)).as("of this one only").isTrue();
    assertThat(stopped.isDone()).isFalse();
    gate.set(true);
    stopped.result();
    assertThat(ended).isTrue();
    assertThat(future.stopped().isDone()).isTrue();
  }

  @Test
  void stoppedOfWhatHasNoBodyIsThatItIsDone() {
    var future = new Unfuture<String>();
    Unfuture<@Nullable Void> stopped = future.stopped();
    assertThat(stopped.isDone()).isFalse();
    future.complete("value");
    assertThat(stopped.result()).isNull();
  }

  @Test
  void whatIsCancelledBeforeItStartsNeverRuns() throws Exception {
    var ran = new AtomicBoolean();
    Threads.withoutVirtualThreads(
        () -> {
          Unfuture<Boolean> future = Unsync.call(() -> ran.getAndSet(true));
          future.cancel(true);
          assertThat(future.stopped().isDone()).isTrue();
          assertThatThrownBy(future::result).isInstanceOf(CancellationException.class);
        });
    assertThat(Unsync.call(ran::get).result()).isFalse();
  }

  // Interrupt of a waiter

  private static void assertInterruptCancels(
      Function<Unfuture<String>, String> waiting, boolean cancels) throws Exception {
    var endless = new Endless();
    Unfuture<String> future = endless.call.start(Unsync.lanes().loop());
    endless.started.await();
    var about = new CountDownLatch(1);
    var thrown = new AtomicReference<Throwable>();
    var waiter =
        Threads.start(
            () -> {
              about.countDown();
              thrown.set(catchThrowable(() -> assertThat(waiting.apply(future)).isEqualTo("late")));
              return Thread.interrupted();
            });
    about.await();
    waiter.thread().interrupt();
    if (cancels) {
      assertThat(waiter.join()).as("the interrupt flag is kept").isTrue();
      assertThat(thrown.get()).isInstanceOf(CancellationException.class);
      endless.assertStopped();
    } else {
      endless.awaited.complete("late");
      assertThat(waiter.join()).as("the interrupt flag is kept").isTrue();
      assertThat(thrown.get()).isNull();
    }
  }

  @Test
  void interruptOfAWaiterInResult() throws Exception {
    assertInterruptCancels(Unfuture::result, true);
  }

  @Test
  void interruptOfAWaiterInResultWithATimeout() throws Exception {
    assertInterruptCancels(
        future -> {
          try {
            return future.result(LATE);
          } catch (TimeoutException e) {
            return "timeout";
          }
        },
        true);
  }

  @Test
  void interruptOfAWaiterInAwait() throws Exception {
    assertInterruptCancels(future -> AnySync.coroutine(() -> await(future)).run(), true);
  }

  @Test
  void interruptOfAWaiterInJoinIsIgnoredAsInTheJdk() throws Exception {
    assertInterruptCancels(Unfuture::join, false);
  }

  @Test
  void interruptOfAWaiterInGetAsInTheJdk() throws Exception {
    var future = new Unfuture<String>();
    var about = new CountDownLatch(1);
    var waiter =
        Threads.start(
            () -> {
              about.countDown();
              assertThatThrownBy(future::get).isInstanceOf(InterruptedException.class);
              return Thread.interrupted();
            });
    about.await();
    waiter.thread().interrupt();
    assertThat(waiter.join()).as("the exception clears the flag").isFalse();
    assertThat(future.isDone()).isFalse();
  }

  @Test
  void interruptOfAWaiterThatRunsTheTaskItself() throws Exception {
    Threads.withoutVirtualThreads(
        () -> {
          var endless = new Endless();
          Unfuture<String> future = endless.call.start();
          var waiter =
              Threads.start(
                  () -> {
                    assertThatThrownBy(future::result).isInstanceOf(CancellationException.class);
                    return Thread.interrupted();
                  });
          endless.started.await();
          waiter.thread().interrupt();
          assertThat(waiter.join()).as("the interrupt flag is kept").isTrue();
          endless.assertStopped();
          assertThat(future).isCancelled();
        });
  }

  // Claiming

  @Test
  void aWaiterRunsTheTaskThatNobodyHasStarted() throws Exception {
    Threads.withoutVirtualThreads(
        () -> {
          Thread here = Thread.currentThread();
          Callable<Thread> body = Thread::currentThread;
          AnySync<Thread> call = AnySync.coroutine(body);
          assertThat(call.start().result()).isSameAs(here);
          assertThat(call.start().join()).isSameAs(here);
          assertThat(call.start().get()).isSameAs(here);
          assertThat(Unsync.call(body).result()).isSameAs(here);
          assertThat(AnySync.coroutine(() -> await(call.start())).run()).isSameAs(here);
          assertThat(AnySync.coroutine(() -> await(Unsync.call(body))).run()).isSameAs(here);
        });
  }

  @Test
  void aWaiterRunsACpuBoundTaskWhileTheLaneIsBusy() throws Exception {
    int cores = Runtime.getRuntime().availableProcessors();
    var busy = new CountDownLatch(cores);
    var gate = new CountDownLatch(1);
    var blocked = new ArrayList<Unfuture<Boolean>>();
    for (int i = 0; i < cores; i++) {
      blocked.add(
          Unsync.cpuBound(
              () -> {
                busy.countDown();
                gate.await();
                return true;
              }));
    }
    busy.await();
    assertThat(Unsync.cpuBound(Thread::currentThread).result()).isSameAs(Thread.currentThread());
    gate.countDown();
    assertThat(Unfuture.all(blocked).result()).containsOnly(true);
  }

  @Test
  void aWaiterWithATimeLimitDoesNot() throws Exception {
    var ran = new AtomicBoolean();
    Threads.withoutVirtualThreads(
        () -> {
          Callable<Boolean> body = () -> ran.getAndSet(true);
          assertThatThrownBy(() -> Unsync.call(body).result(SOON))
              .isInstanceOf(TimeoutException.class);
          assertThatThrownBy(() -> Unsync.call(body).get(20, TimeUnit.MILLISECONDS))
              .isInstanceOf(TimeoutException.class);
          assertThat(ran).isFalse();
        });
  }

  @Test
  void aWaiterNeverRunsACoroutineOfALoop() {
    assertThat(Unsync.async(Thread::currentThread).result()).isNotSameAs(Thread.currentThread());
  }

  @Test
  void whatAWaiterRunsIsNotAPartOfItsOwnCoroutine() throws Exception {
    Threads.withoutVirtualThreads(
        () -> {
          Unfuture<String> function = Unsync.call(() -> await(Unfuture.of("never")));
          assertThatThrownBy(() -> AnySync.coroutine(() -> await(function)).run())
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("run()");
          assertThat(AnySync.coroutine(() -> await(Unfuture.of("yes"))).start().result())
              .isEqualTo("yes");
          assertThatThrownBy(() -> await(Unfuture.of("never")))
              .isInstanceOf(IllegalStateException.class);
        });
  }

  /** The task that is cancelled is not the innermost that the waiter runs. */
  @Test
  void cancelOfWhatAWaiterRunsLeavesItNoInterrupt() throws Exception {
    Threads.withoutVirtualThreads(
        () -> {
          var endless = new Endless();
          Unfuture<String> outer = AnySync.coroutine(() -> await(endless.call.start())).start();
          var waiter =
              Threads.start(
                  () -> {
                    assertThatThrownBy(outer::result).isInstanceOf(CancellationException.class);
                    return Thread.interrupted();
                  });
          endless.started.await();
          outer.cancel(true);
          assertThat(waiter.join()).as("a stray interrupt").isFalse();
          endless.assertStopped();
        });
  }

  // Races

  /** Returns how often cancel came first. */
  private static int raceCancelAgainstCompletion(
      Function<Callable<Integer>, Unfuture<Integer>> lane) throws Exception {
    int rounds = 10_000 * STRESS;
    var barrier = new CyclicBarrier(2);
    var current = new AtomicReference<>(Unfuture.of(0));
    var answer = new AtomicBoolean();
    var canceller =
        Threads.start(
            () -> {
              for (int round = 0; round < rounds; round++) {
                barrier.await();
                answer.set(current.get().cancel(true));
                barrier.await();
              }
              return rounds;
            });
    int cancelled = 0;
    for (int i = 0; i < rounds; i++) {
      int round = i;
      var runs = new AtomicInteger();
      Unfuture<Integer> future =
          lane.apply(
              () -> {
                runs.incrementAndGet();
                return round;
              });
      current.set(future);
      barrier.await();
      Throwable thrown = catchThrowable(() -> assertThat(future.result()).isEqualTo(round));
      assertThat(Thread.interrupted()).as("a stray interrupt").isFalse();
      barrier.await();
      assertThat(future.isCancelled()).isEqualTo(answer.get());
      if (answer.get()) {
        cancelled++;
        assertThat(thrown).isInstanceOf(CancellationException.class);
      } else {
        assertThat(thrown).isNull();
        assertThat(runs).hasValue(1);
      }
      future.stopped().result();
      assertThat(runs.get()).isLessThanOrEqualTo(1);
    }
    assertThat(canceller.join()).isEqualTo(rounds);
    return cancelled;
  }

  @Test
  void cancelAgainstCompletionOfACall() throws Exception {
    assertThat(raceCancelAgainstCompletion(Unsync::call)).isPositive();
  }

  @Test
  void cancelAgainstCompletionOfACpuBoundCall() throws Exception {
    assertThat(raceCancelAgainstCompletion(Unsync::cpuBound)).isPositive();
  }

  @Test
  void cancelAgainstCompletionOfACoroutine() throws Exception {
    assertThat(
            raceCancelAgainstCompletion(
                body ->
                    AnySync.coroutine(
                            () -> {
                              await(CompletableFuture.completedFuture(1));
                              return body.call();
                            })
                        .start()))
        .isPositive();
  }

  @Test
  void cancelAgainstCompletionOfACoroutineOfALoop() throws Exception {
    assertThat(raceCancelAgainstCompletion(Unsync::async)).isPositive();
  }

  @Test
  void completeFromOutsideAgainstCompletion() throws Exception {
    for (int i = 0; i < 2_000 * STRESS; i++) {
      Unfuture<String> future = Unsync.call(() -> "body");
      boolean won = future.complete("outside");
      assertThat(future.result()).isEqualTo(won ? "outside" : "body");
      assertThat(Thread.interrupted()).isFalse();
    }
  }

  // all

  @Test
  void allHasTheResultsInTheGivenOrder() {
    var first = new CompletableFuture<String>();
    Unfuture<List<String>> all = Unfuture.all(List.of(first, Unfuture.of("b"), Unfuture.of("c")));
    assertThat(all.isDone()).isFalse();
    first.complete("a");
    assertThat(all.result()).containsExactly("a", "b", "c");
    assertThat(AnySync.coroutine(() -> await(all)).run()).containsExactly("a", "b", "c");
  }

  /** A task can tell one of them that it fails; the other has a callback on it. */
  @Test
  void tasksInTwoCollectionsFailBoth() {
    var gate = new CompletableFuture<Integer>();
    Unfuture<Integer> first =
        AnySync.coroutine(() -> await(new CompletableFuture<Integer>())).start();
    Unfuture<Integer> failing = AnySync.coroutine(() -> await(gate)).start();
    Unfuture<Integer> last =
        AnySync.coroutine(() -> await(new CompletableFuture<Integer>())).start();
    CompletableFuture<Integer> before = failing.thenApply(x -> x);
    Unfuture<List<Integer>> one = Unfuture.all(List.of(first, failing, last));
    Unfuture<List<Integer>> two = Unfuture.all(List.of(last, failing, first));
    CompletableFuture<Integer> after = failing.thenApply(x -> x);
    var failure = new IOException("the second");
    gate.completeExceptionally(failure);
    for (Unfuture<?> failed : List.of(one, two, failing)) {
      assertThatThrownBy(failed::result).isSameAs(failure);
    }
    assertThat(catchThrowable(before::join)).hasCause(failure);
    assertThat(catchThrowable(after::join)).hasCause(failure);
    assertThat(first.isDone() || last.isDone()).isFalse();
    first.cancel(true);
    last.cancel(true);
  }

  /** What ends the collection sees that another member has ended it already. */
  @Test
  void membersThatFailAtOnceKeepTheirExceptions() throws Exception {
    for (int i = 0; i < 10_000; i++) {
      var gate = new CyclicBarrier(2);
      List<Unfuture<Integer>> members = List.of(new Unfuture<>(), new Unfuture<>());
      List<Throwable> failures = List.of(new IOException("first"), new IOException("second"));
      Unfuture<List<Integer>> all = Unfuture.all(members);
      Thread other =
          Thread.ofPlatform()
              .start(
                  () -> {
                    awaitBarrier(gate);
                    members.getFirst().completeExceptionally(failures.getFirst());
                  });
      awaitBarrier(gate);
      members.getLast().completeExceptionally(failures.getLast());
      other.join();
      assertThat(all).isCompletedExceptionally();
      assertThat(failures).allSatisfy(failure -> assertThat(failure.getSuppressed()).isEmpty());
    }
  }

  private static void awaitBarrier(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new AssertionError(e);
    }
  }

  /** The failure is not held up by what depends on the member that fails, and waits for it. */
  @Test
  void callbackOfAMemberThatFailsWaitsForAll() throws Exception {
    var gate = new CompletableFuture<Integer>();
    Unfuture<Integer> failing = AnySync.coroutine(() -> await(gate)).start();
    Unfuture<Integer> pending =
        AnySync.coroutine(() -> await(new CompletableFuture<Integer>())).start();
    Unfuture<List<Integer>> all = Unfuture.all(List.of(failing, pending));
    var seen = new CompletableFuture<Throwable>();
    var _ = failing.whenComplete((value, error) -> seen.complete(catchThrowable(() -> all.join())));
    var failure = new IOException("the first");
    gate.completeExceptionally(failure);
    assertThat(seen.join()).hasCause(failure);
    pending.cancel(true);
  }

  /** What depends on a task does not fail what the task is a member of. */
  @Test
  void dependentsOfMembersAreNoMembers() {
    var gate = new CompletableFuture<Integer>();
    Unfuture<Integer> member = AnySync.coroutine(() -> await(gate)).start();
    Unfuture<List<Integer>> all = Unfuture.all(List.of(member));
    CompletableFuture<Integer> dependent = member.thenApply(x -> x);
    dependent.completeExceptionally(new IOException("by hand"));
    assertThat(all.isDone()).isFalse();
    gate.complete(1);
    assertThat(all.result()).containsExactly(1);
  }

  @Test
  void membersThatAreDoneLastFirst() {
    var gates = Stream.generate(() -> new CompletableFuture<Integer>()).limit(100).toList();
    List<Unfuture<Integer>> members =
        gates.stream().map(gate -> AnySync.coroutine(() -> await(gate)).start()).toList();
    Unfuture<List<Integer>> all = Unfuture.all(members);
    for (int i = gates.size() - 1; i >= 0; i--) {
      assertThat(all.isDone()).isFalse();
      gates.get(i).complete(i);
    }
    assertThat(all.result()).hasSize(100).isSorted();
  }

  /** Completed by a function, a task cannot tell; it is seen when the others are done. */
  @Test
  void memberThatIsCompletedByAFunctionThatFails() {
    var gate = new CompletableFuture<Integer>();
    Unfuture<Integer> waiting =
        AnySync.coroutine(() -> await(new CompletableFuture<Integer>())).start();
    Unfuture<Integer> other = AnySync.coroutine(() -> await(gate)).start();
    Unfuture<List<Integer>> all = Unfuture.all(List.of(waiting, other));
    var failure = new IllegalStateException("the function");
    var _ =
        waiting.completeAsync(
            () -> {
              throw failure;
            },
            Runnable::run);
    gate.complete(1);
    assertThatThrownBy(all::result).hasRootCause(failure);
    var _ = waiting.cancel(true);
  }

  @Test
  void allOfNone() {
    assertThat(Unfuture.all(List.<Unfuture<String>>of()).result()).isEmpty();
  }

  @Test
  void allFailsWithTheFirstFailureAndLeavesTheOthersRunning() {
    var failure = new IOException("from one");
    var pending = new CompletableFuture<String>();
    Unfuture<List<String>> all = Unfuture.all(List.of(pending, failing(failure)));
    assertThatThrownBy(all::result).isSameAs(failure);
    assertThat(pending).isNotCompleted();
  }

  @Test
  void cancelOfAllCancelsEach() throws Exception {
    var one = new Endless();
    var two = new Endless();
    Unfuture<List<String>> all = Unfuture.all(List.of(one.call.start(), Unsync.async(two.body)));
    one.started.await();
    two.started.await();
    all.cancel(true);
    one.assertStopped();
    two.assertStopped();
  }

  // from

  @Test
  void fromAnUnfutureIsThatUnfuture() {
    Unfuture<String> future = Unfuture.of("value");
    assertThat(Unfuture.from(future)).isSameAs(future);
    assertThat(Unfuture.from((CompletionStage<String>) future)).isSameAs(future);
    assertThat(Unfuture.from((Future<String>) future)).isSameAs(future);
  }

  @Test
  void fromAFailedStageHasTheUnwrappedException() {
    var failure = new IOException("from the stage");
    CompletableFuture<String> failed =
        CompletableFuture.<String>failedFuture(failure).thenApply(x -> x);
    assertThatThrownBy(Unfuture.from(failed)::result).isSameAs(failure);
    assertThatThrownBy(Unfuture.from(failed)::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isSameAs(failure);
  }

  @Test
  void fromAFailedFutureHasTheUnwrappedException() {
    var failure = new IOException("from the future");
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Callable<String> body =
          () -> {
            throw failure;
          };
      assertThatThrownBy(Unfuture.from(executor.submit(body))::result).isSameAs(failure);
    }
  }

  @Test
  void cancelOfAnUnfutureFromAStageCancelsTheStage() {
    var stage = new CompletableFuture<String>();
    Unfuture.from(stage).cancel(true);
    assertThat(stage).isCancelled();
  }

  @Test
  void cancelOfAnUnfutureFromAFutureCancelsTheFuture() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try {
      var started = new CountDownLatch(1);
      Callable<String> blocking =
          () -> {
            started.countDown();
            new CountDownLatch(1).await();
            return "never";
          };
      var future = executor.submit(blocking);
      started.await();
      Unfuture<String> unfuture = Unfuture.from(future);
      unfuture.cancel(true);
      unfuture.stopped().result();
      assertThatThrownBy(unfuture::result).isInstanceOf(CancellationException.class);
      assertThat(future.isCancelled()).isTrue();
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void cancelOfAStageCancelsTheUnfutureFromIt() {
    var stage = new CompletableFuture<String>();
    Unfuture<String> unfuture = Unfuture.from(stage);
    stage.cancel(true);
    assertThatThrownBy(unfuture::result).isInstanceOf(CancellationException.class);
    assertThat(unfuture).isCancelled();
  }

  // then and thenAsync beyond what the seed shows

  @Test
  void thenRunsAtOnceIfTheSourceIsDone() {
    Thread here = Thread.currentThread();
    assertThat(Unfuture.of(1).then(done -> Thread.currentThread()).result()).isSameAs(here);
  }

  @Test
  void cancelOfThenAsyncCancelsWhatItFollows() throws Exception {
    var endless = new Endless();
    Unfuture<String> chain = Unfuture.of(1).thenAsync(done -> endless.call.start());
    endless.started.await();
    chain.cancel(true);
    endless.assertStopped();
  }

  @Test
  void aContinuationIsNotCalledAfterItsCancellation() {
    var source = new Unfuture<String>();
    var called = new AtomicBoolean();
    Unfuture<Boolean> then = source.then(done -> called.getAndSet(true));
    then.cancel(true);
    assertThat(source).as("cancelling goes up the chain").isCancelled();
    assertThat(called).isFalse();
  }

  @Test
  void aContinuationMayNotAwait() {
    Unfuture<String> then = Unsync.async(() -> "x").then(AnySync::await);
    assertThatThrownBy(then::result).isInstanceOf(IllegalStateException.class);
  }

  // A callback that waits for another

  enum Dependent {
    THEN_APPLY,
    THEN,
    THEN_ASYNC,
    THEN_COMPOSE,
    ALL;

    CompletableFuture<?> of(Unfuture<Integer> source) {
      return switch (this) {
        case THEN_APPLY -> source.handle((value, error) -> "x");
        case THEN -> source.then(done -> "x");
        case THEN_ASYNC -> source.thenAsync(done -> Unfuture.of("x"));
        case THEN_COMPOSE -> source.handle((value, error) -> "x").thenCompose(Unfuture::of);
        case ALL -> Unfuture.all(List.of(source));
      };
    }
  }

  enum End {
    BY_ITS_BODY,
    BY_HAND,
    BY_CANCEL,
    IN_TIME
  }

  static Stream<Arguments> dependentsAndEnds() {
    return Stream.of(Dependent.values())
        .flatMap(dependent -> Stream.of(End.values()).map(end -> Arguments.of(dependent, end)));
  }

  /** It would wait for ever for what its own thread is to do next. */
  @ParameterizedTest
  @MethodSource("dependentsAndEnds")
  void callbackWaitsForAnotherOfTheSameFuture(Dependent dependent, End end) throws Exception {
    var gate = new CompletableFuture<Integer>();
    Unfuture<Integer> source =
        end == End.BY_HAND ? new Unfuture<>() : AnySync.coroutine(() -> await(gate)).start();
    CompletableFuture<?> waitedFor = dependent.of(source);
    var over = new CompletableFuture<Boolean>();
    var _ =
        source.whenComplete( // runs before the other
            (value, error) -> {
              var _ = catchThrowable(waitedFor::join);
              over.complete(waitedFor.isDone());
            });
    TestThread<@Nullable Void> other =
        TestThread.start(
            () -> {
              var _ =
                  switch (end) {
                    case BY_ITS_BODY -> gate.complete(1);
                    case BY_HAND -> source.complete(1);
                    case BY_CANCEL -> source.cancel(true);
                    case IN_TIME -> source.orTimeout(1, TimeUnit.MILLISECONDS);
                  };
            });
    assertThat(over.join()).isTrue();
    other.join();
  }

  /** What it helps with runs as it would have run by itself: in the turn of the loop. */
  @Test
  void whatACallbackHelpsWithIsInTheTurnOfItsLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var gate = new CompletableFuture<Integer>();
      Unfuture<Integer> source = AnySync.coroutine(() -> await(gate)).start(loop);
      CompletableFuture<Boolean> dependent = source.thenApply(value -> loop.inLoop());
      var _ = source.whenComplete((value, error) -> dependent.join());
      gate.complete(1);
      assertThat(dependent.join()).isTrue();
    }
  }

  @Test
  void manyCallbacksThatWaitDoNotNestWithoutEnd() {
    var source = new Unfuture<Integer>();
    var late = new CompletableFuture<Integer>();
    var ran = new AtomicInteger();
    int callbacks = 2_000;
    for (int i = 0; i < callbacks; i++) {
      var _ =
          source.whenComplete(
              (value, error) -> {
                ran.incrementAndGet();
                int _ = Unfuture.from(late).join();
              });
    }
    Unfuture<Boolean> completing = AnySync.coroutine(() -> source.complete(1)).start();
    Awaitility.await()
        .until(() -> ran.get() > Strand.MAX_DEPTH / 2); // each waits, and has the next one run
    late.complete(1);
    assertThat(completing.join()).isTrue();
    assertThat(ran).hasValue(callbacks);
  }

  @Test
  void allFailsWithAMemberThatIsCompletedWithoutItsBody() throws Exception {
    var over = new CountDownLatch(1);
    var started = new CountDownLatch(1);
    Unfuture<String> member =
        Unsync.call(
            () -> {
              started.countDown();
              over.await();
              return "too late";
            });
    started.await();
    Unfuture<List<String>> all = Unfuture.all(List.of(member, new CompletableFuture<String>()));
    var failure = new IllegalStateException("x");
    var _ =
        member.completeAsync(
            () -> {
              throw failure;
            });
    assertThat(catchThrowable(() -> all.get(20, TimeUnit.SECONDS))).hasRootCause(failure);
    over.countDown();
  }
}
