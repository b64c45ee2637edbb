package dev.anysync;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.util.LoggingLevel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * That what several threads do at once to a part of the core has the results that the same calls
 * could have one after the other. Lincheck makes up the calls, and looks for such an order of them.
 *
 * <p>Each part is a class of operations, and the class of what they mean for one thread. Virtual
 * threads are beyond the model checker, so what they run is under jcstress only.
 */
@Timeout(300)
class LinearizabilityTest {
  private static final Lane LANE =
      new Lane(Unsync.lanes(), null, Strand.NONE, Runnable::run).claimable(true);
  private static final int STRESS = Integer.getInteger("stress", 1);

  private static void linearizable(Class<?> operations, Class<?> meaning) {
    new ModelCheckingOptions()
        .iterations(STRESS == 1 ? 2 : 3 * STRESS)
        .invocationsPerIteration(100)
        .logLevel(LoggingLevel.ERROR)
        .addGuarantee(InterleavingTest.BESIDE)
        .addGuarantee(InterleavingTest.CURRENT)
        .threads(2)
        .actorsPerThread(3)
        .actorsBefore(1)
        .actorsAfter(1)
        .minimizeFailedScenario(false)
        .sequentialSpecification(meaning)
        .check(operations);
  }

  // A ring: one producer, one consumer, and anybody who ends it

  @Test
  void ring() {
    linearizable(Ring.class, QueueWithAnEnd.class);
  }

  /** What is public here is so for Lincheck. */
  public static class QueueWithAnEnd {
    private final Queue<Integer> elements = new ArrayDeque<>();
    private boolean ended;

    public void add(int element) {
      elements.add(element);
    }

    public void end() {
      ended = true;
    }

    public String take() {
      Integer element = elements.poll();
      return element != null ? element.toString() : ended ? "the end" : "nothing";
    }
  }

  public static class Ring extends QueueWithAnEnd {
    private final Channel channel = new Channel(2) {};

    @Override
    @Operation(nonParallelGroup = "producer")
    public void add(@Param(gen = IntGen.class) int element) {
      channel.add(element);
    }

    @Override
    @Operation
    public void end() {
      channel.end(null);
    }

    @Override
    @Operation(nonParallelGroup = "consumer")
    public String take() {
      Object item = channel.take(Strand.current(), false, 0);
      return item == Source.END
          ? "the end"
          : item == null || item == Source.REFUSED ? "nothing" : item.toString();
    }
  }

  // An unfuture with a body

  @Test
  void unfutureWithABody() {
    linearizable(FutureOfABody.class, FutureOfOne.class);
  }

  public static class FutureOfOne {
    private @Nullable String outcome;

    private boolean settle(String outcome) {
      boolean first = this.outcome == null;
      if (first) {
        this.outcome = outcome;
      }
      return first;
    }

    /** Runs the body as a lane does; returns whether an interrupt is left behind. */
    public boolean run() {
      boolean _ = settle("1");
      return false;
    }

    /** Runs the body or waits for it. */
    public String result() {
      boolean _ = run();
      return peek();
    }

    public boolean cancel() {
      boolean _ = settle("cancelled");
      return peek().equals("cancelled");
    }

    public boolean complete(int value) {
      return settle(String.valueOf(value));
    }

    public String peek() {
      return outcome == null ? "pending" : outcome;
    }
  }

  public static class FutureOfABody extends FutureOfOne {
    private final Task<Integer> task = new Task<Integer>(() -> 1, LANE);
    private final Unfuture<Integer> future = task;

    @Override
    @Operation
    public boolean run() {
      task.run();
      return Thread.interrupted();
    }

    @Override
    @Operation
    public String result() {
      try {
        return future.result().toString();
      } catch (CancellationException e) {
        return "cancelled";
      }
    }

    @Override
    @Operation
    public boolean cancel() {
      return future.cancel(true);
    }

    @Override
    @Operation
    public boolean complete(@Param(gen = IntGen.class) int value) {
      return future.complete(value);
    }

    @Override
    @Operation
    public String peek() {
      return !future.isDone()
          ? "pending"
          : future.isCancelled() ? "cancelled" : future.resultNow().toString();
    }
  }

  // The turn of a loop

  @Test
  void turn() {
    linearizable(TurnTaker.class, Total.class);
  }

  public static class Total {
    int total;

    public int add(int number) {
      return total += number;
    }
  }

  public static class TurnTaker extends Total {
    private final EventLoop loop = InterleavingTest.unwatched();

    @Override
    @Operation
    public int add(@Param(gen = IntGen.class) int number) {
      loop.acquire(Strand.current(), false);
      try {
        return super.add(number);
      } finally {
        loop.release();
      }
    }
  }

  // That a fault is found

  @Test
  void aFaultIsFound() {
    assertThatThrownBy(() -> linearizable(NoTurn.class, Total.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("Invalid execution results");
  }

  /** Adds without a turn. */
  public static class NoTurn extends Total {
    @Override
    @Operation
    public int add(@Param(gen = IntGen.class) int number) {
      int before = total;
      Thread.onSpinWait();
      total = before + number;
      return total;
    }
  }
}
