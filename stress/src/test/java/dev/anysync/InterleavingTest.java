package dev.anysync;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.jetbrains.lincheck.util.LoggingLevel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Small protocols of the core, in many of the orders that their steps can have: Lincheck's model
 * checker decides which thread goes on at each access to shared memory, and finds a thread that
 * nobody wakes. It knows no virtual threads, so what is here runs on platform threads.
 */
@Timeout(300)
class InterleavingTest {
  private static final Lane LANE =
      new Lane(Unsync.lanes(), null, Strand.NONE, Runnable::run).claimable(true);
  private static final int STRESS = Integer.getInteger("stress", 1);

  /**
   * How many orders are tried of each protocol: at first those in which one thread is held up once,
   * at each of its steps, so these should be more than the steps.
   */
  private static final int ORDERS = STRESS == 1 ? 100 : 250 * STRESS;

  // One step at most: atomic by contract, or beside the protocols. None of them runs a body.
  static final ManagedStrategyGuarantee BESIDE =
      forClasses(
              "dev.anysync.CallerFrames",
              "dev.anysync.Spin",
              "dev.anysync.WaitGraph",
              "dev.anysync.WaitStrategies",
              "java.util.Queue",
              "java.util.Set")
          .allMethods()
          .treatAsAtomic();
  static final ManagedStrategyGuarantee CURRENT =
      forClasses("dev.anysync.Context", "dev.anysync.Strand")
          .methods("capture", "snapshot", "restore", "current", "lanes", "spin")
          .treatAsAtomic();

  /** Returns a loop without its watchdog, which is a thread that no tool here knows of. */
  static EventLoop unwatched() {
    EventLoop loop = EventLoop.create("test");
    loop.watched.set(true);
    return loop;
  }

  private static void inManyOrders(Class<? extends Protocol> protocol) {
    new ModelCheckingOptions()
        .threads(2)
        .actorsPerThread(1)
        .actorsBefore(0)
        .actorsAfter(0)
        .iterations(1)
        .invocationsPerIteration(ORDERS)
        .checkObstructionFreedom(false)
        .loopBound(100) // a chunk of tasks has fewer slots
        .minimizeFailedScenario(false)
        .verifier(EpsilonVerifier.class)
        .logLevel(LoggingLevel.ERROR)
        .addGuarantee(BESIDE)
        .addGuarantee(CURRENT)
        .check(protocol);
  }

  /** What two threads do at once. The classes are public for Lincheck, which makes them anew. */
  public abstract static class Protocol {
    private @Nullable Throwable failure;

    abstract void one() throws Exception;

    abstract void other() throws Exception;

    /** Looks at what the two have left behind. */
    void after() {}

    @Operation(runOnce = true)
    public final void runOne() {
      run(this::one);
    }

    @Operation(runOnce = true)
    public final void runOther() {
      run(this::other);
    }

    private void run(VoidBody part) {
      try {
        part.run();
      } catch (Throwable e) {
        failure = e;
      }
    }

    @Validate
    public final void verify() {
      if (failure != null) {
        throw Strand.sneaky(failure);
      }
      after();
    }
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }

  private static void checkEqual(@Nullable Object actual, @Nullable Object expected) {
    check(Objects.equals(actual, expected), actual + " instead of " + expected);
  }

  @Test
  void aFaultIsFound() {
    assertThatThrownBy(() -> inManyOrders(WithoutTurn.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("an increment is lost");
  }

  public static class WithoutTurn extends Protocol {
    private int count;

    @Override
    void one() {
      count++;
    }

    @Override
    void other() {
      count++;
    }

    @Override
    void after() {
      check(count == 2, "an increment is lost");
    }
  }

  @Test
  void aHangIsFound() {
    assertThatThrownBy(() -> inManyOrders(LostSignal.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("hung");
  }

  /** Looks before it publishes what it waits for. */
  public static class LostSignal extends Protocol {
    private volatile boolean there;
    private volatile @Nullable Unfuture<Integer> signal;

    @Override
    void one() {
      there = true;
      Unfuture<Integer> waiting = signal;
      if (waiting != null) {
        boolean _ = waiting.complete(1);
      }
    }

    @Override
    void other() {
      var waiting = new Unfuture<Integer>();
      if (!there) {
        signal = waiting;
        var _ = waiting.result();
      }
    }
  }

  // Channel: signal, fence, look; and what is added before the end is taken before it

  private static final class Ring extends Channel {
    Ring(int window) {
      super(window);
    }

    @Nullable Object takeNext() {
      return take(Strand.current(), false, -1);
    }

    /** Lets {@code count} elements through, so that the next ones are at another place. */
    Ring after(int count) {
      for (int i = 0; i < count; i++) {
        add(i);
        var _ = takeNext();
      }
      return this;
    }
  }

  @Test
  void anElementWakesTheConsumer() {
    inManyOrders(Element.class);
  }

  public static class Element extends Protocol {
    private final Ring ring = new Ring(1);

    @Override
    void one() {
      ring.add(1);
    }

    @Override
    void other() {
      checkEqual(ring.takeNext(), 1);
    }
  }

  @Test
  void theEndWakesTheConsumer() {
    inManyOrders(End.class);
  }

  public static class End extends Protocol {
    private final Ring ring = new Ring(1);

    @Override
    void one() {
      ring.end(null);
    }

    @Override
    void other() {
      checkEqual(ring.takeNext(), Source.END);
    }
  }

  @Test
  void roomWakesTheProducer() {
    inManyOrders(Room.class);
  }

  public static class Room extends Protocol {
    private final Ring ring = new Ring(1);
    private boolean taken; // plain: the wake-up makes it visible

    public Room() {
      ring.add(1);
    }

    @Override
    void one() {
      taken = true;
      var _ = ring.takeNext();
    }

    @Override
    void other() {
      ring.awaitRoom(Strand.current());
      check(taken, "there was no room");
    }
  }

  @Test
  void anElementComesBeforeTheEnd() {
    inManyOrders(ElementThenEnd.class);
  }

  public static class ElementThenEnd extends Protocol {
    private final Ring ring = new Ring(1);

    @Override
    void one() {
      ring.add(1);
      ring.end(null);
    }

    @Override
    void other() {
      checkEqual(ring.takeNext(), 1);
      checkEqual(ring.takeNext(), Source.END);
    }
  }

  @Test
  void theElementsGoOnInALargerRing() {
    inManyOrders(LargerRing.class);
  }

  public static class LargerRing extends Protocol {
    private final Ring ring = new Ring(1).after(1);

    @Override
    void one() {
      ring.add(1);
      ring.add(2);
    }

    @Override
    void other() {
      checkEqual(ring.takeNext(), 1);
      checkEqual(ring.takeNext(), 2);
    }
  }

  // EventLoop: its turn, which hands itself over without a thread of the loop's own

  @Test
  void oneThreadAtATimeHasTheTurn() {
    inManyOrders(Turns.class);
  }

  public static class Turns extends Protocol {
    private final EventLoop loop = unwatched();
    private int count; // plain: the turn makes it visible

    @Override
    void one() {
      Strand strand = Strand.current();
      loop.acquire(strand, false);
      check(loop.holder == strand, "has not the turn");
      count++;
      loop.release();
    }

    @Override
    void other() {
      one();
    }

    @Override
    void after() {
      check(count == 2, "two had the turn at once: " + count);
      check(loop.holder == null, "has the turn for ever");
    }
  }

  @Test
  void whoeverSuspendsGoesOnWhenTheFutureIsDone() {
    inManyOrders(Suspension.class);
  }

  public static class Suspension extends Protocol {
    private final EventLoop loop = unwatched();
    private final Unfuture<Integer> future = new Unfuture<>();
    private int count; // plain: the turn makes it visible

    @Override
    void one() throws Exception {
      Strand strand = Strand.current();
      loop.acquire(strand, false);
      loop.suspend(strand, future, true);
      check(future.isDone(), "went on too early");
      check(loop.holder == strand, "has not the turn");
      count++;
      loop.release();
    }

    @Override
    void other() {
      loop.acquire(Strand.current(), false);
      count++;
      boolean _ = future.complete(1);
      count++;
      loop.release();
    }

    @Override
    void after() {
      check(count == 3, "two had the turn at once: " + count);
      check(loop.holder == null, "has the turn for ever");
    }
  }

  @Test
  void anInterruptOrTheFutureEndsASuspension() {
    inManyOrders(InterruptedSuspension.class);
  }

  /** The interrupt comes first, and the future is done while the waiter notices. */
  public static class InterruptedSuspension extends Protocol {
    private final EventLoop loop = unwatched();
    private final Unfuture<Integer> future = new Unfuture<>();

    @Override
    void one() {
      Strand strand = Strand.current();
      loop.acquire(strand, false);
      Thread.currentThread().interrupt();
      try {
        loop.suspend(strand, future, true);
        check(Thread.interrupted(), "the interrupt is lost");
      } catch (InterruptedException e) {
        check(future.isDone(), "neither done nor cancelled");
      }
      check(loop.holder == strand, "has not the turn");
      loop.release();
    }

    @Override
    void other() {
      boolean _ = future.complete(1);
    }

    @Override
    void after() {
      check(loop.holder == null, "has the turn for ever");
    }
  }

  // Task and Unfuture

  /** A task whose body leaves its trace in a plain field. */
  public abstract static class Once extends Protocol {
    int runs;
    boolean running;
    final Task<Integer> task = new Task<Integer>(this::body, LANE);
    final Unfuture<Integer> future = task;
    private @Nullable Thread lane;

    private int body() {
      running = true;
      runs++;
      running = false;
      return runs;
    }

    /** Runs the body, as a lane does; no interrupt may be left for what the lane runs next. */
    @Override
    void one() {
      lane = Thread.currentThread();
      task.run();
    }

    @Override
    void after() {
      check(lane == null || !lane.isInterrupted(), "a stray interrupt");
      check(future.isDone(), "not done");
      check(task.ended().isDone(), "not stopped");
    }
  }

  @Test
  void theLaneOrAWaiterRunsTheBody() {
    inManyOrders(LaneOrWaiter.class);
  }

  public static class LaneOrWaiter extends Once {
    @Override
    void other() {
      checkEqual(future.result(), 1);
      check(runs == 1, "the body ran " + runs + " times");
    }
  }

  @Test
  void oneOfTwoWaitersRunsTheBody() {
    inManyOrders(TwoWaiters.class);
  }

  public static class TwoWaiters extends Once {
    @Override
    void one() {
      checkEqual(future.result(), 1);
    }

    @Override
    void other() {
      one();
    }

    @Override
    void after() {
      super.after();
      check(runs == 1, "the body ran " + runs + " times");
    }
  }

  @Test
  void cancelAgainstTheBody() {
    inManyOrders(Cancel.class);
  }

  public static class Cancel extends Once {
    private boolean cancelled;

    @Override
    void one() {
      super.one();
      check(runs == 0 || future.isDone(), "goes on before the future is done");
    }

    @Override
    void other() {
      cancelled = future.cancel(true);
      check(!task.ended().isDone() || !running, "stopped before it ended");
    }

    @Override
    void after() {
      super.after();
      checkEqual(future.isCancelled(), cancelled);
      check(cancelled ? runs <= 1 : runs == 1, "ran " + runs + " times");
    }
  }

  @Test
  void cancelAgainstAWaiterThatRunsTheBody() {
    inManyOrders(CancelOfTheClaimed.class);
  }

  public static class CancelOfTheClaimed extends Once {
    @Override
    void one() {
      try {
        checkEqual(future.result(), 1);
        check(!future.isCancelled(), "a result in spite of the cancellation");
      } catch (CancellationException e) {
        check(future.isCancelled(), "a cancellation without one");
      }
      check(!Thread.interrupted(), "a stray interrupt");
    }

    @Override
    void other() {
      checkEqual(future.cancel(true), future.isCancelled());
    }
  }

  @Test
  void completeFromOutsideAgainstTheBody() {
    inManyOrders(Complete.class);
  }

  public static class Complete extends Once {
    private boolean won;

    @Override
    void other() {
      won = future.complete(7);
    }

    @Override
    void after() {
      super.after();
      checkEqual(future.resultNow(), won ? 7 : 1);
    }
  }

  @Test
  void theSignalOfTheEndIsNeverMissed() {
    inManyOrders(Stopped.class);
  }

  public static class Stopped extends Once {
    @Override
    void other() {
      Strand.current().waitOrGiveUp(task.ended(), false);
      check(runs == 1, "stopped before it ended");
    }
  }

  @Test
  void aTaskLeavesItsRegistryThenSettlesItsFutureThenEnds() {
    inManyOrders(EndOfATask.class);
  }

  public static class EndOfATask extends Once {
    private final Registry registry = task.lanes().tasks;

    @Override
    void one() {
      registry.list(0).add(task);
      super.one();
    }

    @Override
    void other() {
      boolean stopped = task.ended().isDone();
      boolean done = future.isDone();
      boolean listed = registry.tasks().anyMatch(task::equals);
      check(done || !stopped, "ended before its future was done");
      check(!done || !listed, "done before it left its registry");
    }
  }

  @Test
  void anInterruptOfAWaiterCancelsWhatItWaitsFor() {
    inManyOrders(Interrupt.class);
  }

  public static class Interrupt extends Protocol {
    private final Unfuture<Integer> future = new Unfuture<>();
    private volatile @Nullable Thread waiter;

    @Override
    void one() {
      waiter = Thread.currentThread();
      try {
        checkEqual(future.result(), "a cancellation");
      } catch (CancellationException e) {
        waiter = null;
        check(future.isCancelled(), "not cancelled");
      }
      boolean _ = Thread.interrupted(); // the thread is used again
    }

    @Override
    void other() {
      Thread waiter = this.waiter;
      if (waiter != null) {
        waiter.interrupt();
      } else {
        boolean _ = future.cancel(true);
      }
    }
  }

  // Registry

  @Test
  void aTaskAddedToARegistryThatIsClosedIsCancelled() {
    inManyOrders(AddedWhileClosed.class);
  }

  public static class AddedWhileClosed extends Once {
    private final Registry registry = new Registry("test", null, 1);

    @Override
    void one() {
      try {
        registry.list(0).add(task);
      } catch (RejectedExecutionException e) {
        check(registry.closed, "refused by an open registry");
      }
    }

    @Override
    void other() {
      var _ = registry.close();
    }

    @Override
    void after() {
      super.after();
      check(future.isCancelled(), "goes on");
    }
  }

  // Steps: a body and its consumer hand each other the next step

  /** A consumer, which starts the body, and who runs that. */
  public abstract static class WithBody extends Protocol {
    private final Unfuture<Runnable> started = new Unfuture<>();
    private final Lanes lanes;

    WithBody() {
      Lanes.Builder builder = Lanes.builder().cpu(Runnable::run);
      builder.virtual = task -> started.complete(task);
      lanes = builder.build();
    }

    abstract void consume();

    @Override
    void one() {
      started.result().run();
    }

    @Override
    void other() {
      Callable<@Nullable Void> consumer = Executors.callable(this::consume, null);
      var task = new Task<@Nullable Void>(consumer, new Lane(lanes, null, Strand.BODY, null));
      task.run();
      task.result();
    }
  }

  @Test
  void bodyAndConsumerOfAGeneratorAlternate() {
    inManyOrders(Alternation.class);
  }

  public static class Alternation extends WithBody {
    private int sum; // plain: the hand-over makes it visible

    @Override
    void consume() {
      AnySyncGenerator<Integer, Integer> adder =
          AnySync.generator(
              out -> {
                check(sum++ == 0, "the body runs ahead");
                Integer sent = out.yield(4);
                check(sum == 3, "the body runs ahead");
                sum += Objects.requireNonNull(sent);
              });
      checkEqual(adder.next(), 4);
      check(sum == 1, "the consumer runs ahead");
      sum += 2;
      try {
        checkEqual(adder.send(5), "the end");
      } catch (NoSuchElementException e) {
        check(sum == 8, "the consumer runs ahead");
      }
    }
  }

  @Test
  void theEndIsTheAnswerToAStep() {
    inManyOrders(EndAgainstStep.class);
  }

  /** The body never runs, so that nobody but its future ends the steps. */
  public static class EndAgainstStep extends WithBody {
    private final Steps<Integer, Integer> steps = new Steps<>(out -> {});

    @Override
    void one() {
      steps.end(null);
    }

    @Override
    void consume() {
      checkEqual(steps.take(Strand.current(), false, -1), Source.END);
    }
  }
}
