package dev.anysync;

import static dev.anysync.AnySync.await;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random trees of bodies, each cancelled at a random point: every body ends, every waiter gets its
 * exception, nothing is left. {@code -Dstress=50} makes 100,000 trees; {@code -Dseed=} makes the
 * one tree of a failure, again and again.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES) // at any size; a tree that hangs fails by itself
class CancellationFuzzTest {
  private static final int STRESS = Integer.getInteger("stress", 1);
  private static final int TREES = 2_000 * STRESS;
  private static final @Nullable Long SEED = Long.getLong("seed");
  private static final Duration BOUND = Duration.ofSeconds(20);

  /** How the root is waited for. */
  private enum Way {
    RUN,
    RUN_IN_TIME,
    LOOP_RUN,
    RESULT,
    RESULT_IN_TIME,
    GET,
    JOIN,
    LOOP_RESULT;

    /** Returns what may happen to the root meanwhile. */
    List<Action> actions() {
      Set<Action> actions = EnumSet.allOf(Action.class);
      if (this == RUN || this == RUN_IN_TIME || this == LOOP_RUN) { // there is no future
        actions.removeAll(CANCELS);
      }
      if (this == JOIN) { // it ignores interrupts
        actions.remove(Action.INTERRUPT);
        actions.remove(Action.CLOSE_LOOP);
      }
      if (this == GET) { // it does not cancel when interrupted
        actions.remove(Action.CLOSE_LOOP);
      }
      if (this != RUN_IN_TIME && this != RESULT_IN_TIME) {
        actions.remove(Action.TIMEOUT);
      }
      return List.copyOf(actions);
    }
  }

  private enum Action {
    NONE,
    CANCEL,
    /** By a body of the tree. */
    CANCEL_INSIDE,
    COMPLETE,
    INTERRUPT,
    TIMEOUT,
    /** And an interrupt, as not all bodies are the loop's. */
    CLOSE_LOOP,
    /** While their consumers are at it; and an interrupt, as the other bodies go on. */
    CLOSE_ITERATORS
  }

  private static final Set<Action> CANCELS =
      EnumSet.of(Action.CANCEL, Action.CANCEL_INSIDE, Action.COMPLETE);

  /** What the waiter got. */
  private record Outcome(int value, @Nullable Throwable error, boolean flag) {}

  /** A tree, its waiter and its end. */
  private static final class Trial {
    private static final int COMPLETED = -7;

    private final long seed;
    private final Way way;
    private final Action action;
    private final FuzzTree tree;
    private final TestThread.Kind kind;
    private final Duration timeout;
    private final int pause; // between the trigger and what it triggers
    private final CountDownLatch triggered = new CountDownLatch(1);
    private final CompletableFuture<Unfuture<Integer>> root = new CompletableFuture<>();

    Trial(long seed) {
      Random random = new Random(seed);
      this.seed = seed;
      way = pick(random, List.of(Way.values()));
      action = pick(random, way.actions());
      kind = pick(random, List.of(TestThread.Kind.values()));
      timeout =
          action == Action.TIMEOUT
              ? Duration.ofNanos(random.nextInt(2_000_000))
              : BOUND.plus(BOUND);
      pause = random.nextInt(4) == 0 ? random.nextInt(20_000) : 0;
      tree = new FuzzTree(random, action != Action.NONE, this::onTrigger);
    }

    private static <T> T pick(Random random, List<T> list) {
      return list.get(random.nextInt(list.size()));
    }

    private void onTrigger() {
      Unfuture<Integer> started = root.getNow(null);
      if (action == Action.CANCEL_INSIDE && started != null) {
        started.cancel(true);
      }
      triggered.countDown();
    }

    void run() throws Exception {
      try {
        AnySync<Integer> coroutine = tree.coroutine();
        TestThread<Outcome> waiter = kind.start(() -> waitFor(coroutine));
        assertThat(triggered.await(BOUND.toSeconds(), TimeUnit.SECONDS)).as("trigger").isTrue();
        spin(pause);
        act(waiter);
        within("the waiter's end", waiter::isDone);
        check(waiter.join());
        checkTheEnd();
      } catch (Throwable e) {
        throw new AssertionError(
            "repeat it with -Dseed=%s: %s, %s, on a %s thread\n%s\n%s"
                .formatted(seed, way, action, kind, tree, Threads.dump()),
            e);
      }
    }

    private Outcome waitFor(AnySync<Integer> coroutine) throws Exception {
      int value = -1;
      Throwable error = null;
      try {
        value = waitInWay(coroutine);
      } catch (ExecutionException | CompletionException e) {
        error = way == Way.GET || way == Way.JOIN ? e.getCause() : e;
      } catch (Throwable e) {
        error = e;
      } finally {
        triggered.countDown();
      }
      boolean flag = Thread.interrupted();
      Strand strand = Strand.current();
      assertThat(strand.depth).as("depth").isEqualTo(0);
      assertThat(strand.mode).as("mode").isEqualTo(Strand.NONE);
      assertThat(strand.loop).as("loop").isNull();
      assertThat(strand.task).as("task").isNull();
      assertThat(strand.wait).as("wait").isNull();
      return new Outcome(value, error, flag);
    }

    private int waitInWay(AnySync<Integer> coroutine) throws Exception {
      return switch (way) {
        case RUN -> coroutine.run();
        case RUN_IN_TIME -> coroutine.run(timeout);
        case LOOP_RUN -> tree.loop.run(coroutine);
        case RESULT -> started(coroutine.start()).result();
        case RESULT_IN_TIME -> started(coroutine.start()).result(timeout);
        case GET -> started(coroutine.start()).get();
        case JOIN -> started(coroutine.start()).join();
        case LOOP_RESULT -> started(coroutine.start(tree.loop)).result();
      };
    }

    private Unfuture<Integer> started(Unfuture<Integer> future) {
      root.complete(future);
      return future;
    }

    private void act(TestThread<Outcome> waiter) throws Exception {
      switch (action) {
        case NONE, TIMEOUT -> {}
        case CANCEL, CANCEL_INSIDE -> cancel();
        case COMPLETE -> {
          Unfuture<Integer> started = root.get(BOUND.toSeconds(), TimeUnit.SECONDS);
          started.complete(COMPLETED);
        }
        case INTERRUPT -> waiter.interrupt();
        case CLOSE_LOOP -> {
          TestThread<@Nullable Void> closer = TestThread.start(() -> tree.loop.close());
          waiter.interrupt();
          closer.join();
        }
        case CLOSE_ITERATORS -> {
          TestThread<@Nullable Void> closer =
              TestThread.start(() -> tree.iterators.forEach(Trial::close));
          if (way != Way.JOIN) {
            waiter.interrupt();
          }
          if (way == Way.JOIN || way == Way.GET) { // an interrupt does not cancel these
            cancel();
          }
          closer.join(); // it waits for bodies that may need what others hold until they end
        }
      }
    }

    private static void close(AnySyncIterator<Integer> iterator) {
      try {
        iterator.close();
      } catch (Throwable e) {
        if (!(e instanceof FuzzTree.Boom)) {
          throw e;
        }
      }
    }

    private void cancel() throws Exception {
      Unfuture<Integer> started = root.get(BOUND.toSeconds(), TimeUnit.SECONDS);
      started.cancel(true);
    }

    private void check(Outcome outcome) {
      Throwable error = outcome.error;
      Unfuture<Integer> started = root.getNow(null);
      boolean cancelled = error instanceof CancellationException;
      if (started != null && CANCELS.contains(action)) { // the waiter got what the future has
        assertThat(cancelled).isEqualTo(started.isCancelled());
        if (started.state() == Future.State.SUCCESS) {
          assertThat(error).isNull();
          assertThat(outcome.value).isEqualTo(started.resultNow());
        }
      }
      if (action == Action.NONE) {
        assertThat(outcome.flag).as("interrupt flag").isFalse();
        assertThat(cancelled).as("cancelled by nobody").isFalse();
        if (tree.value() >= 0) {
          assertThat(error).isNull();
          assertThat(outcome.value).isEqualTo(tree.value());
        }
      }
      if (action == Action.INTERRUPT && cancelled) {
        assertThat(outcome.flag).as("interrupt flag").isTrue();
      }
      boolean expected =
          switch (error) {
            case null -> true;
            case FuzzTree.Boom _ -> tree.mayFail();
            case CancellationException _ -> true;
            case TimeoutException _ -> action == Action.TIMEOUT;
            case InterruptedException _ ->
                tree.mayBeInterrupted() || (way == Way.GET && outcome.value == -1);
            case RejectedExecutionException _ -> action == Action.CLOSE_LOOP;
            default -> false;
          };
      if (!expected) {
        throw new AssertionError("what the waiter got", error);
      }
    }

    private void checkTheEnd() throws Exception {
      Unfuture<Integer> started = root.getNow(null);
      if (started != null) {
        started.cancel(true); // an interrupt of get() leaves it
        started.stopped().result(BOUND);
      }
      within(
          "end of all that is attached",
          () -> tree.bodies.stream().noneMatch(body -> !body.detached && body.isRunning()));
      within(
          "end of all",
          () ->
              cancelAll(tree.detached) // those that were started just now, too
                  && Unsync.lanes().tasks.isEmpty()
                  && tree.loop.tasks.isEmpty()
                  && tree.bodies.stream().noneMatch(FuzzTree.Body::isRunning));
      for (FuzzTree.Body body : tree.bodies) {
        assertThat(body.entered.get()).as("%s", body).isLessThanOrEqualTo(1);
        assertThat(body.ended).as("%s", body).hasValue(body.entered.get());
      }
      TestThread.start(() -> tree.loop.close()).join();
    }

    private static boolean cancelAll(Collection<Unfuture<Integer>> futures) {
      return futures.stream().allMatch(future -> future.isDone() || future.cancel(true));
    }

    private static void within(String what, BooleanSupplier condition) {
      long start = System.nanoTime();
      while (!condition.getAsBoolean()) {
        if (System.nanoTime() - start > BOUND.toNanos()) {
          throw new AssertionError("not within " + BOUND.toSeconds() + " s: " + what);
        }
        LockSupport.parkNanos(20_000);
      }
    }
  }

  @Test
  void randomTrees() throws Exception {
    Map<Long, String> before = Threads.ours();
    Set<Way> ways = EnumSet.noneOf(Way.class);
    Set<Action> actions = EnumSet.noneOf(Action.class);
    Random seeds = new Random();
    Lanes lanes = Lanes.builder().build();
    Lanes shared = Unsync.share(lanes);
    try {
      for (int i = 0; i < TREES; i++) {
        Trial trial = new Trial(SEED != null ? SEED : seeds.nextLong());
        trial.run();
        ways.add(trial.way);
        actions.add(trial.action);
      }
    } finally {
      Unsync.share(shared);
    }
    lanes.close(); // but not after a failure, which might keep it waiting
    if (SEED == null) {
      assertThat(ways).containsExactlyInAnyOrder(Way.values());
      assertThat(actions).containsExactlyInAnyOrder(Action.values());
    }
    Map<Long, String> cleaner = Threads.ours(); // it stays, for the next time
    cleaner.values().removeIf(name -> !name.equals("anysync-cleaner"));
    before.putAll(cleaner);
    Threads.awaitNoneBut(before);
  }

  /** A third thread cancels just as the body returns: it is the one or the other, for everybody. */
  @Test
  void cancellationMeetsCompletion() throws Exception {
    long seed = SEED != null ? SEED : new Random().nextLong();
    Random random = new Random(seed);
    var toCancel = new SynchronousQueue<Unfuture<Integer>>();
    var cancelled = new Semaphore(0);
    int rounds = 5_000 * STRESS;
    int[] pauses = random.ints(rounds, 0, 400).toArray();
    TestThread<@Nullable Void> canceller =
        TestThread.start(
            () -> {
              for (int pause : pauses) {
                Unfuture<Integer> future = toCancel.take();
                spin(pause);
                future.cancel(true);
                cancelled.release();
              }
            });
    int completed = 0;
    try (ExecutorService two = Executors.newFixedThreadPool(2);
        Lanes lanes = Lanes.builder().thread(two).build()) {
      for (int i = 0; i < rounds; i++) {
        int pause = random.nextInt(400);
        AnySync<Integer> body =
            AnySync.coroutine(
                () -> {
                  spin(pause);
                  return await(AnySync.coroutine(() -> 1));
                });
        Unfuture<Integer> future =
            switch (i % 4) {
              case 0 -> body.start();
              case 1 -> body.start(lanes.loop());
              case 2 -> lanes.call(() -> body.run());
              default -> lanes.cpuBound(() -> body.run());
            };
        toCancel.put(future);
        boolean got = gets(future);
        cancelled.acquire();
        completed += got ? 1 : 0;
        String round = "seed %s, round %s".formatted(seed, i);
        assertThat(future.isCancelled()).as(round).isEqualTo(!got);
        future.stopped().result();
        assertThat(Thread.interrupted()).as(round).isFalse();
        // Nor does it reach what runs next on any of those threads.
        assertThat(lanes.call(Thread::interrupted).result()).as(round).isFalse();
        assertThat(lanes.cpuBound(Thread::interrupted).result()).as(round).isFalse();
        assertThat(lanes.async(Thread::interrupted).result()).as(round).isFalse();
      }
    }
    canceller.join();
    assertThat(completed).as("those that were not cancelled").isBetween(1, rounds - 1);
  }

  private static boolean gets(Unfuture<Integer> future) {
    try {
      assertThat(future.result()).isEqualTo(1);
      return true;
    } catch (CancellationException e) {
      return false;
    }
  }

  private static void spin(int times) {
    for (int i = 0; i < times; i++) {
      Thread.onSpinWait();
    }
  }
}
