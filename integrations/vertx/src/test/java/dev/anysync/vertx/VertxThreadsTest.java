package dev.anysync.vertx;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.DeadlockException;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Waiting on the threads of Vert.x. */
class VertxThreadsTest {
  private static final int STRESS = Integer.getInteger("stress", 1);

  private Vertx vertx;
  private Vertx own; // a client's

  @BeforeEach
  void start() {
    vertx = Vertx.vertx();
    own = Vertx.vertx();
  }

  @AfterEach
  void stop() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
    own.close().toCompletionStage().toCompletableFuture().join();
  }

  private static Future<String> greet(Vertx vertx) {
    return vertx.timer(1, TimeUnit.MILLISECONDS).map(_ -> "Hello");
  }

  private static <T> T with(Lanes.Builder builder, Callable<T> call) throws Exception {
    Lanes before = Unsync.share(builder.build());
    try {
      return call.call();
    } finally {
      Unsync.share(before).close();
    }
  }

  private static Lanes.Builder failing() {
    return Lanes.builder()
        .watchdog(Duration.ofMillis(50))
        .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL);
  }

  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER", "VIRTUAL_THREAD"})
  void runOnEachKindOfThread(ThreadingModel model) throws Exception {
    Context context = OnVertx.context(vertx, model);
    for (int i = 0; i < 20 * STRESS; i++) {
      String result =
          OnVertx.start(
                  context,
                  () -> {
                    Thread thread = Thread.currentThread();
                    AnySync<String> both =
                        coroutine(
                            () -> AnySyncVertx.await(greet(own)) + AnySyncVertx.await(greet(own)));
                    String all =
                        both.run()
                            + AnySyncVertx.from(() -> greet(own)).run()
                            + AnySyncVertx.run(greet(own))
                            + AnySyncVertx.run(greet(own), Duration.ofSeconds(50))
                            + AnySyncVertx.from(() -> greet(own)).run(Duration.ofSeconds(50))
                            + both.start().result();
                    assertThat(Thread.currentThread()).isSameAs(thread);
                    assertThat(Vertx.currentContext()).isSameAs(context);
                    return all;
                  })
              .get();
      assertThat(result).isEqualTo("Hello".repeat(8));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER", "VIRTUAL_THREAD"})
  void failuresAndTimeouts(ThreadingModel model) throws Exception {
    var error = new java.io.IOException("x");
    assertThat(
            OnVertx.<Throwable>call(
                vertx,
                model,
                () ->
                    catchThrowable(
                        () ->
                            AnySyncVertx.from(
                                    () ->
                                        own.timer(1)
                                            .<String>compose(_ -> Future.failedFuture(error)))
                                .run())))
        .isSameAs(error);
    Promise<String> never = Promise.promise();
    assertThat(
            OnVertx.<Throwable>call(
                vertx,
                model,
                () -> catchThrowable(() -> AnySyncVertx.run(never.future(), Duration.ofMillis(5)))))
        .isInstanceOf(TimeoutException.class);
  }

  /** Of the very Vert.x whose thread waits: its loops are free. */
  @ParameterizedTest
  @EnumSource(names = {"WORKER", "VIRTUAL_THREAD"})
  void whatIsMadeInABodyIsNotOfTheContextThatWaits(ThreadingModel model) throws Exception {
    Context context = OnVertx.context(vertx, model);
    for (int i = 0; i < 20 * STRESS; i++) {
      assertThat(
              OnVertx.start(
                      context,
                      () ->
                          AnySyncVertx.from(() -> greet(vertx)).run()
                              + coroutine(() -> AnySyncVertx.await(greet(vertx))).run())
                  .get())
          .isEqualTo("HelloHello");
    }
  }

  /** As its handlers are called by the thread that waits, or after what that does now. */
  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER"})
  void futureOfTheThreadsOwnContextIsRefused(ThreadingModel model) throws Exception {
    Throwable refused =
        OnVertx.call(vertx, model, () -> catchThrowable(() -> AnySyncVertx.run(greet(vertx))));
    assertThat(refused)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("thread 'vert.x-")
        .hasMessageContaining("AnySyncVertx.from(() -> ...)");
    assertThat(
            OnVertx.<Throwable>call(
                vertx,
                model,
                () -> catchThrowable(() -> AnySyncVertx.run(greet(vertx), Duration.ofSeconds(50)))))
        .isInstanceOf(IllegalStateException.class);
    assertThat(
            OnVertx.<String>call(
                vertx, model, () -> AnySyncVertx.run(Future.succeededFuture("done"))))
        .isEqualTo("done");
  }

  /** The same where it cannot be seen at once, since the body that waits has another thread. */
  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER"})
  void futureOfTheContextThatABodyRunsForIsReported(ThreadingModel model) throws Exception {
    Throwable found =
        with(
            failing(),
            () ->
                OnVertx.call(
                    vertx,
                    model,
                    () -> {
                      Future<String> first = greet(vertx);
                      Future<String> second = greet(vertx);
                      AnySync<String> both =
                          coroutine(() -> AnySyncVertx.await(first) + AnySyncVertx.await(second));
                      return catchThrowable(both::run);
                    }));
    assertThat(found)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("suspected deadlock")
        .hasMessageContaining("vert.x-");
  }

  /** It would count as a wait for the context for as long as the future is not completed. */
  @Test
  void aWaitThatIsGivenUpBeforeItBeganIsForgotten() throws Exception {
    Context worker = OnVertx.context(vertx, ThreadingModel.WORKER);
    Promise<String> promise = ((ContextInternal) worker).promise();
    for (int i = 0; i < 100; i++) {
      assertThat(catchThrowable(() -> AnySyncVertx.run(promise.future(), Duration.ZERO)))
          .isInstanceOf(TimeoutException.class);
    }
    var workers = new VertxThreads.Workers();
    Awaitility.await()
        .until(
            () -> OnVertx.start(worker, () -> workers.queued(Thread.currentThread())).get() == 0);
    assertThat(promise.future().isComplete()).isFalse();
  }

  @Test
  void futureThatOnlyThisEventLoopCanCompleteIsReported() throws Exception {
    Context context = OnVertx.context(vertx, ThreadingModel.EVENT_LOOP);
    Promise<String> promise = Promise.promise();
    Throwable found =
        with(
            failing(),
            () ->
                OnVertx.start(
                        context,
                        () -> {
                          context.runOnContext(_ -> promise.complete("too late"));
                          return catchThrowable(() -> AnySyncVertx.run(promise.future()));
                        })
                    .get());
    assertThat(found)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("suspected deadlock")
        .hasMessageContaining("vert.x-eventloop-thread-");
    assertThat(AnySyncVertx.run(promise.future())).isEqualTo("too late"); // the loop goes on
  }

  /** On a virtual thread the context goes on while the thread waits, in whatever way. */
  @Test
  void virtualThreadGivesUpTheTurn() throws Exception {
    Context context = OnVertx.context(vertx, ThreadingModel.VIRTUAL_THREAD);
    for (int i = 0; i < 50 * STRESS; i++) {
      String result =
          OnVertx.start(
                  context,
                  () -> {
                    Future<String> hot = greet(vertx);
                    Promise<String> next = Promise.promise();
                    context.runOnContext(_ -> next.complete("next"));
                    Unfuture<String> following = AnySyncVertx.fromFuture(greet(vertx));
                    String all =
                        AnySyncVertx.run(hot)
                            + AnySyncVertx.run(next.future())
                            + following.result()
                            + AnySyncVertx.run(greet(vertx), Duration.ofSeconds(50));
                    assertThat(Vertx.currentContext()).isSameAs(context);
                    return all;
                  })
              .get();
      assertThat(result).isEqualTo("HellonextHelloHello");
    }
  }

  /** And has it back afterwards: no two tasks of a context run at the same time. */
  @ParameterizedTest
  @EnumSource(names = {"WORKER", "VIRTUAL_THREAD"})
  void tasksOfAContextRunOneByOne(ThreadingModel model) throws Exception {
    Context context = OnVertx.context(vertx, model);
    int tasks = 100 * STRESS;
    var inside = new java.util.concurrent.atomic.AtomicInteger();
    var wrong = new java.util.concurrent.atomic.AtomicReference<@Nullable String>();
    var done = new CountDownLatch(tasks);
    for (int i = 0; i < tasks; i++) {
      CompletableFuture<?> _ =
          OnVertx.start(
              context,
              () -> {
                for (int turn = 0; turn < 3; turn++) {
                  if (inside.getAndIncrement() != 0) {
                    wrong.set("two at once");
                  }
                  Thread.onSpinWait();
                  inside.decrementAndGet();
                  String _ = AnySyncVertx.from(() -> greet(vertx)).run();
                }
                done.countDown();
                return done;
              });
    }
    done.await();
    assertThat(wrong.get()).isNull();
  }

  /** A worker that waits keeps the order of its context's tasks. */
  @Test
  void workersNextTaskComesAfterTheWait() throws Exception {
    Context context = OnVertx.context(vertx, ThreadingModel.WORKER);
    var order = new ConcurrentLinkedQueue<String>();
    CompletableFuture<?> first =
        OnVertx.start(
            context,
            () -> {
              order.add("first");
              String _ = AnySyncVertx.from(() -> greet(vertx)).run();
              return order.add("and its end");
            });
    OnVertx.start(context, () -> order.add("second")).get();
    first.get();
    assertThat(order).containsExactly("first", "and its end", "second");
  }

  @Test
  void interruptedVirtualThreadLeavesItsWait() throws Exception {
    Context context = OnVertx.context(vertx, ThreadingModel.VIRTUAL_THREAD);
    var waiting = new CompletableFuture<Thread>();
    Promise<String> never = Promise.promise();
    CompletableFuture<@Nullable Throwable> outcome =
        OnVertx.start(
            context,
            () -> {
              waiting.complete(Thread.currentThread());
              Throwable thrown = catchThrowable(() -> AnySyncVertx.run(never.future()));
              assertThat(Thread.interrupted()).isTrue();
              return thrown;
            });
    Thread thread = waiting.get();
    assertThat(OnVertx.start(context, () -> "has the turn").get()).isEqualTo("has the turn");
    thread.interrupt();
    assertThat(outcome.get()).isInstanceOf(java.util.concurrent.CancellationException.class);
    assertThat(OnVertx.start(context, () -> "goes on").get()).isEqualTo("goes on");
  }

  @Test
  void policiesAreForEventLoopsAlone() throws Exception {
    List<@Nullable Throwable> thrown =
        with(
            Lanes.builder().onForeignLoop(Lanes.ForeignLoopPolicy.FAIL),
            () -> {
              var all = new java.util.ArrayList<@Nullable Throwable>();
              for (ThreadingModel model :
                  List.of(
                      ThreadingModel.EVENT_LOOP,
                      ThreadingModel.WORKER,
                      ThreadingModel.VIRTUAL_THREAD)) {
                all.add(
                    OnVertx.call(
                        vertx,
                        model,
                        () -> catchThrowable(() -> AnySyncVertx.from(() -> greet(own)).run())));
              }
              return all;
            });
    assertThat(thrown.get(0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("vert.x-eventloop-thread-");
    assertThat(thrown.get(1)).isNull();
    assertThat(thrown.get(2)).isNull();
  }

  /** It has a thread of the worker pool, but not the turn of its context. */
  @Test
  void executeBlocking() throws Exception {
    Future<String> hot =
        OnVertx.call(
            vertx,
            ThreadingModel.EVENT_LOOP,
            () -> vertx.executeBlocking(() -> AnySyncVertx.run(greet(vertx)) + "!"));
    assertThat(AnySyncVertx.run(hot)).isEqualTo("Hello!");
  }
}
