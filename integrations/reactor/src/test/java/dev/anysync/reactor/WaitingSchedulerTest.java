package dev.anysync.reactor;

import static dev.anysync.reactor.AnySyncReactor.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.DeadlockException;
import dev.anysync.Lanes;
import dev.anysync.Unsync;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Threads that are replaced while they wait. */
class WaitingSchedulerTest {
  private static final int STRESS = Integer.getInteger("stress", 1);

  private Scheduler scheduler;

  @BeforeEach
  void install() {
    AnySyncReactor.install();
    scheduler = Schedulers.newParallel("two", 2);
  }

  @AfterEach
  void reset() {
    scheduler.dispose();
    Schedulers.resetFactory();
  }

  /** Which hangs with plain futures, as the next test shows for one worker. */
  @Test
  void twoCallersWaitForTheSchedulerThatTheyAreOn() throws Exception {
    int rounds = 500 * STRESS;
    for (int round = 0; round < rounds; round++) {
      List<CompletableFuture<@Nullable Long>> results = List.of(callOnIt(), callOnIt());
      for (CompletableFuture<@Nullable Long> result : results) {
        assertThat(result.get()).isZero();
      }
    }
  }

  private CompletableFuture<@Nullable Long> callOnIt() {
    var result = new CompletableFuture<@Nullable Long>();
    Disposable _ =
        scheduler.schedule(() -> result.complete(run(Mono.delay(Duration.ofMillis(2), scheduler))));
    return result;
  }

  @Test
  void withoutItPlainFuturesHang() throws Exception {
    Schedulers.resetFactory();
    Scheduler plain = Schedulers.newParallel("plain", 1);
    try {
      var outcome = new CompletableFuture<Throwable>();
      Disposable _ =
          plain.schedule(
              () ->
                  outcome.complete(
                      catchThrowable(
                          () ->
                              Mono.delay(Duration.ofMillis(2), plain)
                                  .toFuture()
                                  .get(300, TimeUnit.MILLISECONDS))));
      assertThat(outcome.get()).isInstanceOf(TimeoutException.class);
    } finally {
      plain.dispose();
    }
  }

  @Test
  void sharedSchedulers() throws Exception {
    var result = new CompletableFuture<@Nullable Long>();
    Disposable _ =
        Schedulers.single()
            .schedule(
                () -> result.complete(run(Mono.delay(Duration.ofMillis(1), Schedulers.single()))));
    assertThat(result.get()).isZero();
    assertThat(Schedulers.parallel().toString()).isNotNull();
    assertThat(
            Flux.range(0, 1_000)
                .parallel()
                .runOn(Schedulers.parallel())
                .map(
                    i -> Objects.requireNonNull(run(Mono.just(i).publishOn(Schedulers.parallel()))))
                .sequential()
                .count()
                .block())
        .isEqualTo(1_000);
  }

  /** Whatever waits meanwhile; and each runs its tasks in the order in which it got them. */
  @Test
  void noWorkerRunsTwoOfItsTasksAtOnce() throws Exception {
    int workers = 5;
    int tasks = 400 * STRESS;
    var wrong = new AtomicReference<String>();
    var done = new CountDownLatch(workers * tasks);
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
                  if (inside.getAndIncrement() != 0) {
                    wrong.set("two at once");
                  }
                  if (last.getAndSet(number) != number - 1) {
                    wrong.set("task " + number + " after " + last);
                  }
                  if (number % 3 == 0) {
                    Long _ = run(Mono.delay(Duration.ofNanos(number * 1_000L), scheduler));
                  }
                  inside.decrementAndGet();
                  done.countDown();
                });
      }
    }
    done.await();
    assertThat(wrong.get()).isNull();
    all.forEach(Disposable::dispose);
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
                Disposable _ = worker.schedule(() -> next.complete("never"));
                outcome.complete(catchThrowable(() -> run(Mono.fromFuture(next))));
              });
      assertThat(outcome.get())
          .isInstanceOf(DeadlockException.class)
          .hasMessageContaining("suspected deadlock");
    } finally {
      worker.dispose();
      Unsync.share(before).close();
    }
  }

  @Test
  void asManyThreadsAsBefore() throws Exception {
    var results = new ArrayList<CompletableFuture<@Nullable Long>>();
    for (int i = 0; i < 20; i++) {
      results.add(callOnIt());
    }
    for (CompletableFuture<@Nullable Long> result : results) {
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
    entered.await();
    queued.dispose();
    running.dispose();
    assertThat(interrupted.get()).isTrue();
    assertThat(queued.isDisposed()).isTrue();
    var after = new CompletableFuture<String>();
    Disposable _ = worker.schedule(() -> after.complete("x"));
    assertThat(after.get()).isEqualTo("x");
    assertThat(ran).hasValue(0);
    worker.dispose();
    assertThatThrownBy(() -> worker.schedule(ran::incrementAndGet))
        .isInstanceOf(java.util.concurrent.RejectedExecutionException.class);
  }

  @Test
  void periodicTasks() throws Exception {
    var ticks = new CountDownLatch(6);
    Disposable ofScheduler =
        scheduler.schedulePeriodically(ticks::countDown, 0, 1, TimeUnit.MILLISECONDS);
    Scheduler.Worker worker = scheduler.createWorker();
    Disposable _ = worker.schedulePeriodically(ticks::countDown, 1, 1, TimeUnit.MILLISECONDS);
    ticks.await();
    ofScheduler.dispose();
    worker.dispose();
    assertThat(Flux.interval(Duration.ofMillis(1), scheduler).take(5).collectList().block())
        .containsExactly(0L, 1L, 2L, 3L, 4L);
  }

  @Test
  void whatATaskThrowsGoesToItsThreadsHandler() throws Exception {
    var seen = new CompletableFuture<Throwable>();
    Scheduler one =
        new WaitingScheduler(
            "one",
            1,
            task -> {
              Thread thread = new Thread(task, "one");
              thread.setUncaughtExceptionHandler((_, error) -> seen.complete(error));
              return thread;
            });
    var error = new IllegalStateException("x");
    Disposable _ =
        one.schedule(
            () -> {
              throw error;
            });
    assertThat(seen.get()).isSameAs(error);
    one.dispose();
    assertThat(one.isDisposed()).isTrue();
    assertThatThrownBy(() -> one.schedule(() -> {}))
        .isInstanceOf(java.util.concurrent.RejectedExecutionException.class);
  }

  /** An operator that has what it wants disposes of its worker, in a task of that very worker. */
  @Test
  void aTaskThatDisposesOfItsWorkerMayWaitAfterwards() {
    Mono<Long> first =
        Flux.range(0, 10)
            .publishOn(scheduler)
            .next()
            .map(_ -> Objects.requireNonNull(run(Mono.delay(Duration.ofMillis(2), scheduler))));
    assertThat(first.block()).isZero();
    Mono<Long> ofTicks =
        Flux.interval(Duration.ofMillis(1), scheduler)
            .next()
            .map(_ -> Objects.requireNonNull(run(Mono.delay(Duration.ofMillis(2), scheduler))));
    assertThat(ofTicks.block()).isZero();
  }

  @Test
  void anErrorDoesNotEndItsWorker() throws Exception {
    var seen = new CompletableFuture<Throwable>();
    Scheduler one =
        new WaitingScheduler(
            "one",
            1,
            task -> {
              Thread thread = new Thread(task, "one");
              thread.setUncaughtExceptionHandler(
                  (_, error) -> {
                    seen.complete(error);
                    throw new IllegalStateException("of the handler");
                  });
              return thread;
            });
    Scheduler.Worker worker = one.createWorker();
    var error = new StackOverflowError("x");
    Disposable _ =
        worker.schedule(
            () -> {
              throw error;
            });
    var next = new CompletableFuture<String>();
    Disposable _ = worker.schedule(() -> next.complete("x"));
    assertThat(next.get()).isEqualTo("x");
    assertThat(seen.get()).isSameAs(error);
    one.dispose();
  }

  @Test
  void disposedTimersAreNotKept() {
    WaitingScheduler own = (WaitingScheduler) scheduler;
    Scheduler.Worker worker = scheduler.createWorker();
    for (int i = 0; i < 100; i++) {
      scheduler.schedule(() -> {}, 1, TimeUnit.HOURS).dispose();
      worker.schedule(() -> {}, 1, TimeUnit.HOURS).dispose();
      worker.schedulePeriodically(() -> {}, 1, 1, TimeUnit.HOURS).dispose();
      scheduler.schedulePeriodically(() -> {}, 1, 1, TimeUnit.HOURS).dispose();
    }
    Disposable _ = worker.schedule(() -> {}, 1, TimeUnit.HOURS);
    worker.dispose();
    assertThat(own.threads).allSatisfy(one -> assertThat(one.getQueue()).isEmpty());
  }

  @Test
  void aTickThatThrowsIsNotTheLast() throws Exception {
    var ticks = new CountDownLatch(6);
    Runnable tick =
        () -> {
          ticks.countDown();
          throw new IllegalStateException("x");
        };
    Scheduler one =
        new WaitingScheduler(
            "one",
            1,
            task -> {
              Thread thread = new Thread(task, "one");
              thread.setUncaughtExceptionHandler((_, _) -> {});
              return thread;
            });
    Disposable direct = one.schedulePeriodically(tick, 0, 1, TimeUnit.MILLISECONDS);
    Disposable ofWorker =
        one.createWorker().schedulePeriodically(tick, 0, 0, TimeUnit.MILLISECONDS);
    ticks.await();
    direct.dispose();
    ofWorker.dispose();
    one.dispose();
  }
}
