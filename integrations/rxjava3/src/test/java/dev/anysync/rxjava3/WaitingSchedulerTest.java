package dev.anysync.rxjava3;

import static dev.anysync.rxjava3.AnySyncRxJava.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.DeadlockException;
import dev.anysync.Lanes;
import dev.anysync.Unsync;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.plugins.RxJavaPlugins;
import io.reactivex.rxjava3.schedulers.Schedulers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Threads that are replaced while they wait. */
class WaitingSchedulerTest {
  private static final int STRESS = Integer.getInteger("stress", 1);

  private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();
  private WaitingScheduler scheduler;

  @BeforeEach
  void create() {
    RxJavaPlugins.setErrorHandler(errors::add);
    scheduler = new WaitingScheduler("two", 2);
  }

  @AfterEach
  void shutDown() {
    scheduler.shutdown();
    RxJavaPlugins.reset();
    assertThat(errors).isEmpty();
  }

  /** How a caller, on one of the threads of a scheduler, waits. */
  private interface Waiting {
    long get(Single<Long> timer) throws Exception;
  }

  /** Holds all threads, and then waits on each for a timer of the same scheduler. */
  private static List<CompletableFuture<Long>> callOnAll(
      Scheduler scheduler, int threads, Waiting waiting) {
    var allAreHeld = new CyclicBarrier(threads);
    return IntStream.range(0, threads)
        .mapToObj(
            _ -> {
              var result = new CompletableFuture<Long>();
              Disposable _ =
                  scheduler.scheduleDirect(
                      () -> {
                        try {
                          allAreHeld.await();
                          result.complete(
                              waiting.get(Single.timer(2, TimeUnit.MILLISECONDS, scheduler)));
                        } catch (Throwable e) {
                          result.completeExceptionally(e);
                        }
                      });
              return result;
            })
        .toList();
  }

  /** 1,000 callers; with plain futures all of them would hang, as the next test shows. */
  @Test
  void twoCallersAtATimeWaitForTheSchedulerThatTheyAreOn() throws Exception {
    int rounds = 500 * STRESS;
    for (int round = 0; round < rounds; round++) {
      for (CompletableFuture<Long> result : callOnAll(scheduler, 2, AnySyncRxJava::run)) {
        assertThat(result.get()).isZero();
      }
    }
  }

  @Test
  void withoutItPlainFuturesHang() {
    int threads = Runtime.getRuntime().availableProcessors();
    Scheduler plain = RxJavaPlugins.createComputationScheduler(Thread::new);
    try {
      List<CompletableFuture<Long>> results =
          callOnAll(
              plain,
              threads,
              timer ->
                  timer.toCompletionStage().toCompletableFuture().get(300, TimeUnit.MILLISECONDS));
      assertThat(results)
          .hasSize(threads)
          .anySatisfy( // whoever gives up first may then serve the others
              result -> assertThatThrownBy(result::get).hasCauseInstanceOf(TimeoutException.class));
    } finally {
      plain.shutdown();
    }
  }

  @Test
  void installed() throws Exception {
    AnySyncRxJava.install();
    AnySyncRxJava.install(); // again does nothing
    for (Scheduler shared : List.of(Schedulers.computation(), Schedulers.single())) {
      assertThat(shared).isInstanceOf(WaitingScheduler.class);
      for (CompletableFuture<Long> result : callOnAll(shared, 1, AnySyncRxJava::run)) {
        assertThat(result.get()).isZero();
      }
    }
    assertThat(Schedulers.computation()).isSameAs(Schedulers.computation());
    assertThat(
            Flowable.range(0, 1_000)
                .parallel()
                .runOn(Schedulers.computation())
                .map(i -> run(Single.just(i).delay(1, TimeUnit.MICROSECONDS)))
                .sequential()
                .count()
                .blockingGet())
        .isEqualTo(1_000);
    RxJavaPlugins.reset();
    assertThat(Schedulers.computation()).isNotInstanceOf(WaitingScheduler.class);
    assertThat(Schedulers.single()).isNotInstanceOf(WaitingScheduler.class);
  }

  @Test
  void whoRefusesToBlockIsStillAsked() throws Exception {
    RxJavaPlugins.setFailOnNonBlockingScheduler(true);
    Thread refusing = Thread.currentThread();
    RxJavaPlugins.setOnBeforeBlocking(() -> Thread.currentThread() == refusing);
    AnySyncRxJava.install();
    Throwable refused = catchThrowable(() -> Single.never().blockingGet());
    assertThat(refused).isInstanceOf(IllegalStateException.class);
    var outcome = new CompletableFuture<Throwable>();
    Disposable _ =
        Schedulers.single()
            .scheduleDirect(
                () -> outcome.complete(catchThrowable(() -> Single.never().blockingGet())));
    assertThat(outcome.get()).isInstanceOf(IllegalStateException.class);
    var allowed = new CompletableFuture<String>();
    Disposable _ =
        Schedulers.io().scheduleDirect(() -> allowed.complete(Single.just("x").blockingGet()));
    assertThat(allowed.get()).isEqualTo("x");
  }

  /** Whatever waits meanwhile; and each runs its tasks in the order in which it got them. */
  @Test
  void noWorkerRunsTwoOfItsTasksAtOnce() throws Exception {
    int workers = 5;
    int tasks = 400 * STRESS;
    var wrong = new ConcurrentLinkedQueue<String>();
    var done = new CountDownLatch(workers * tasks);
    var running = new AtomicInteger();
    var most = new AtomicInteger();
    List<Scheduler.Worker> all = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      Scheduler.Worker worker = scheduler.createWorker();
      all.add(worker);
      var inside = new AtomicInteger();
      var last = new AtomicInteger(-1);
      for (int t = 0; t < tasks; t++) {
        int number = t;
        Disposable _ =
            worker.schedule(
                () -> {
                  most.accumulateAndGet(running.incrementAndGet(), Math::max);
                  if (inside.getAndIncrement() != 0) {
                    wrong.add("two at once");
                  }
                  if (last.getAndSet(number) != number - 1) {
                    wrong.add("task " + number + " after " + last);
                  }
                  if (number % 3 == 0) {
                    Long _ = run(Single.timer(number * 1_000L, TimeUnit.NANOSECONDS, scheduler));
                  }
                  inside.decrementAndGet();
                  running.decrementAndGet();
                  done.countDown();
                });
      }
    }
    done.await();
    assertThat(wrong).isEmpty();
    assertThat(most.get()).isGreaterThan(2); // there were more threads than two
    all.forEach(Disposable::dispose);
  }

  /** The same, of tasks that are delayed or periodic. */
  @Test
  void neitherDoTimers() throws Exception {
    int workers = 4;
    int tasks = 300 * STRESS;
    var wrong = new ConcurrentLinkedQueue<String>();
    var done = new CountDownLatch(workers * tasks);
    List<Scheduler.Worker> all = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      Scheduler.Worker worker = scheduler.createWorker();
      all.add(worker);
      var inside = new AtomicInteger();
      Runnable task =
          () -> {
            if (inside.getAndIncrement() != 0) {
              wrong.add("two at once");
            }
            if (ThreadLocalRandom.current().nextInt(3) == 0) {
              Long _ = run(Single.timer(100, TimeUnit.MICROSECONDS, scheduler));
            }
            inside.decrementAndGet();
          };
      Disposable _ = worker.schedulePeriodically(task, 0, 1, TimeUnit.MILLISECONDS);
      for (int t = 0; t < tasks; t++) {
        Disposable _ =
            worker.schedule(
                () -> {
                  task.run();
                  done.countDown();
                },
                ThreadLocalRandom.current().nextInt(20_000),
                TimeUnit.MICROSECONDS);
      }
    }
    done.await();
    assertThat(wrong).isEmpty();
    for (Scheduler.Worker worker : all) {
      var last = new CountDownLatch(1); // so that none is disposed of while its task waits
      Disposable _ =
          worker.schedule(
              () -> {
                worker.dispose();
                last.countDown();
              });
      last.await();
    }
  }

  /** As the worker cannot run its next task before this one has ended. */
  @Test
  void aTaskThatWaitsForTheNextOfItsWorkerIsReported() throws Exception {
    Lanes failing =
        Lanes.builder()
            .watchdog(Duration.ofMillis(50))
            .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL)
            .build();
    Lanes before = Unsync.share(failing);
    Scheduler.Worker worker = scheduler.createWorker();
    try {
      var outcome = new CompletableFuture<Throwable>();
      var next = new CompletableFuture<String>();
      Disposable _ =
          worker.schedule(
              () -> {
                Disposable _ = worker.schedule(() -> next.complete("x"), 60, TimeUnit.MILLISECONDS);
                Disposable _ = worker.schedule(() -> {}, 1, TimeUnit.HOURS); // is not due
                outcome.complete(catchThrowable(() -> run(Single.fromCompletionStage(next))));
              });
      assertThat(outcome.get())
          .isInstanceOf(DeadlockException.class)
          .hasMessageContaining("queued for its own thread (1)");
      worker.dispose();
    } finally {
      Unsync.share(before).close();
    }
  }

  @Test
  void aTaskThatWaitsForSomethingElseIsNot() throws Exception {
    Lanes failing =
        Lanes.builder()
            .watchdog(Duration.ofMillis(10))
            .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL)
            .build();
    Lanes before = Unsync.share(failing);
    Scheduler.Worker worker = scheduler.createWorker();
    try {
      var outcome = new CompletableFuture<Long>();
      Disposable _ =
          worker.schedule(
              () -> {
                try {
                  worker.schedule(() -> {}).dispose();
                  Disposable _ = worker.schedule(() -> {}, 1, TimeUnit.HOURS);
                  outcome.complete(run(Single.timer(200, TimeUnit.MILLISECONDS, scheduler)));
                } catch (Throwable e) {
                  outcome.completeExceptionally(e);
                }
              });
      assertThat(outcome.get()).isZero();
      worker.dispose();
    } finally {
      Unsync.share(before).close();
    }
  }

  @Test
  void asManyThreadsAsBefore() throws Exception {
    var results = new ArrayList<CompletableFuture<Long>>();
    for (int i = 0; i < 20; i++) {
      results.addAll(callOnAll(scheduler, 1, AnySyncRxJava::run));
    }
    for (CompletableFuture<Long> result : results) {
      assertThat(result.get()).isZero();
    }
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(
                        Thread.getAllStackTraces().keySet().stream()
                            .filter(thread -> thread.getName().startsWith("two-")))
                    .hasSizeLessThanOrEqualTo(2));
  }

  @Test
  void disposedTasksDoNotRun() throws Exception {
    var entered = new CountDownLatch(1);
    var interrupted = new CompletableFuture<Boolean>();
    var ran = new AtomicInteger();
    Scheduler.Worker worker = scheduler.createWorker();
    Disposable running =
        worker.schedule(
            () -> {
              entered.countDown();
              try {
                new CountDownLatch(1).await();
                interrupted.complete(false);
              } catch (InterruptedException e) {
                interrupted.complete(true);
              }
            });
    Disposable queued = worker.schedule(ran::incrementAndGet);
    Disposable delayed = worker.schedule(ran::incrementAndGet, 1, TimeUnit.HOURS);
    entered.await();
    queued.dispose();
    delayed.dispose();
    running.dispose();
    assertThat(interrupted.get()).isTrue();
    assertThat(queued.isDisposed()).isTrue();
    assertThat(delayed.isDisposed()).isTrue();
    var after = new CompletableFuture<String>();
    Disposable _ = worker.schedule(() -> after.complete("x"));
    assertThat(after.get()).isEqualTo("x");
    assertThat(ran).hasValue(0);
    worker.dispose();
    assertThat(worker.schedule(ran::incrementAndGet)).isSameAs(Disposable.disposed());
    assertThat(worker.isDisposed()).isTrue();
  }

  @Test
  void disposingATaskCancelsWhatItWaitsFor() throws Exception {
    var subscribed = new CountDownLatch(1);
    var cancelled = new CountDownLatch(1);
    Scheduler.Worker worker = scheduler.createWorker();
    Disposable waiting =
        worker.schedule(
            () ->
                run(
                    Single.never()
                        .doOnSubscribe(_ -> subscribed.countDown())
                        .doOnDispose(cancelled::countDown)));
    subscribed.await();
    waiting.dispose();
    cancelled.await();
    var after = new CompletableFuture<Boolean>();
    Disposable _ = worker.schedule(() -> after.complete(Thread.currentThread().isInterrupted()));
    assertThat(after.get()).isFalse();
    worker.dispose();
    assertThat(errors).hasSize(1); // RxJava has nobody to give the cancellation to
    assertThat(errors.remove()).isInstanceOf(CancellationException.class);
  }

  @Test
  void periodicTasks() throws Exception {
    var ticks = new CountDownLatch(9);
    Disposable fixed =
        scheduler.schedulePeriodicallyDirect(ticks::countDown, 0, 1, TimeUnit.MILLISECONDS);
    Disposable immediate =
        scheduler.schedulePeriodicallyDirect(ticks::countDown, 1, 0, TimeUnit.MILLISECONDS);
    Scheduler.Worker worker = scheduler.createWorker();
    Disposable _ = worker.schedulePeriodically(ticks::countDown, 1, 1, TimeUnit.MILLISECONDS);
    ticks.await();
    fixed.dispose();
    immediate.dispose();
    worker.dispose();
    assertThat(
            Flowable.interval(1, TimeUnit.MILLISECONDS, scheduler).take(5).toList().blockingGet())
        .containsExactly(0L, 1L, 2L, 3L, 4L);
  }

  @Test
  void aTaskThatThrowsDoesNotEndItsWorker() throws Exception {
    var error = new IllegalStateException("x");
    Scheduler.Worker worker = scheduler.createWorker();
    Disposable _ =
        worker.schedule(
            () -> {
              throw error;
            });
    var after = new CompletableFuture<String>();
    Disposable _ = worker.schedule(() -> after.complete("x"));
    assertThat(after.get()).isEqualTo("x");
    worker.dispose();
    assertThat(errors).hasSize(1);
    assertThat(errors.remove()).isSameAs(error);
  }

  @Test
  void startedAgain() throws Exception {
    var first = new CompletableFuture<Thread>();
    Disposable _ = scheduler.scheduleDirect(() -> first.complete(Thread.currentThread()));
    scheduler.start(); // does nothing
    Thread thread = first.get();
    scheduler.shutdown();
    thread.join();
    Disposable _ = scheduler.scheduleDirect(() -> {});
    Scheduler.Worker worker = scheduler.createWorker();
    assertThat(worker.schedule(() -> {})).isSameAs(Disposable.disposed());
    assertThat(errors)
        .hasSize(2)
        .allMatch(error -> error.getCause() instanceof RejectedExecutionException);
    errors.clear();
    scheduler.start();
    for (CompletableFuture<Long> result : callOnAll(scheduler, 2, AnySyncRxJava::run)) {
      assertThat(result.get()).isZero();
    }
  }

  /** An operator that has what it wants disposes of its worker, in a task of that very worker. */
  @Test
  void aTaskThatDisposesOfItsWorkerMayWaitAfterwards() {
    Flowable<Integer> numbers = Flowable.range(0, 10).observeOn(scheduler);
    assertThat(
            numbers
                .firstOrError()
                .map(_ -> AnySyncRxJava.run(Single.timer(2, TimeUnit.MILLISECONDS, scheduler)))
                .blockingGet())
        .isZero();
  }
}
