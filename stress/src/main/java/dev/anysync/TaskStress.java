package dev.anysync;

import dev.anysync.spi.ContextCarrier;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** A body runs once, and what it did is seen by whoever sees that it is done. */
class TaskStress {
  private static final int PENDING = -1;
  private static final Lane LANE =
      new Lane(Unsync.lanes(), null, Strand.NONE, Runnable::run).claimable(true);

  private TaskStress() {}

  /** A task whose body leaves its trace in a plain field. */
  static class Once {
    int runs;
    final Task<Integer> task = new Task<Integer>(() -> ++runs, LANE);
    final Unfuture<Integer> future = task;
  }

  /** A waiter runs the body itself, or sees what the lane's thread did in it. */
  @JCStressTest
  @Outcome(id = "1, 1, 1", expect = Expect.ACCEPTABLE, desc = "once, by either")
  @Outcome(expect = Expect.FORBIDDEN, desc = "twice, or not seen")
  @State
  public static class Claim extends Once {
    @Actor
    public void lane() {
      task.run();
    }

    @Actor
    public void waiter(III_Result result) {
      result.r1 = future.result();
      result.r2 = runs;
    }

    @Arbiter
    public void after(III_Result result) {
      result.r3 = runs;
    }
  }

  /** A cancellation wins or loses, but leaves no interrupt on the thread that ran the body. */
  @JCStressTest
  @Outcome(id = "0, 0, 1", expect = Expect.ACCEPTABLE, desc = "the body first")
  @Outcome(id = "0, 1, 0", expect = Expect.ACCEPTABLE, desc = "the cancellation first")
  @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "cancelled while the body ran")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a stray interrupt, or the body ran twice")
  @State
  public static class Cancel extends Once {
    @Actor
    public void lane(III_Result result) {
      task.run();
      result.r1 = Thread.interrupted() ? 1 : 0;
    }

    @Actor
    public void canceller(III_Result result) {
      result.r2 = future.cancel(true) ? 1 : 0;
    }

    @Arbiter
    public void after(III_Result result) {
      boolean consistent = future.isCancelled() == (result.r2 == 1);
      result.r3 = consistent ? runs : PENDING;
    }
  }

  /** Whoever asks for the signal of the body's end gets it, before or after. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the signal comes")
  @Outcome(expect = Expect.FORBIDDEN, desc = "the signal is missed")
  @State
  public static class Stopped extends Once {
    @Actor
    public void lane() {
      task.run();
    }

    @Actor
    public void waiter(I_Result result) {
      Unfuture<@Nullable Void> stopped = task.ended();
      Strand.current().waitOrGiveUp(stopped, false);
      result.r1 = runs;
    }
  }

  /** A task leaves its registry, then its future is done, then its end is signalled. */
  @JCStressTest
  @Outcome(
      id = {"0, 0, 1", "0, 0, 0", "0, 1, 0", "1, 1, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "as far as it has come")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one before the other")
  @State
  public static class Order extends Once {
    private final Registry registry = task.lanes().tasks;

    public Order() {
      registry.list(0).add(task);
    }

    @Actor
    public void lane() {
      task.run();
    }

    @Actor
    public void looker(III_Result result) {
      result.r1 = task.ended().isDone() ? 1 : 0;
      result.r2 = future.isDone() ? 1 : 0;
      result.r3 = registry.tasks().anyMatch(task::equals) ? 1 : 0;
    }
  }

  /** A closed registry is emptied by its last task, or finds that it is empty. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "emptied")
  @Outcome(expect = Expect.FORBIDDEN, desc = "waits for nobody")
  @State
  public static class LastTask extends Once {
    private final Registry registry = new Registry("anysync-stress", null, 1);
    private @Nullable Unfuture<@Nullable Void> emptied;

    public LastTask() {
      registry.list(0).add(task);
    }

    @Actor
    public void end() {
      task.run();
    }

    @Actor
    public void closer() {
      emptied = registry.close();
    }

    @Arbiter
    public void after(I_Result result) {
      result.r1 = emptied != null && emptied.isDone() ? 1 : 0;
    }
  }

  /** What a body left in a carried context is seen by the caller that takes it back. */
  @JCStressTest
  @Outcome(
      id = {"-1", "2"},
      expect = Expect.ACCEPTABLE,
      desc = "pending, or what the body left")
  @Outcome(expect = Expect.FORBIDDEN, desc = "done, but without what the body left")
  @State
  public static class CarryBack {
    /** A value whose field is no more than what publishes it. */
    private static final class Box {
      int value;
    }

    private static final ThreadLocal<@Nullable Box> CURRENT = new ThreadLocal<>();

    private static final Lanes LANES =
        Lanes.builder()
            .carry(
                new ContextCarrier() {
                  @Override
                  public @Nullable Object capture() {
                    return CURRENT.get();
                  }

                  @Override
                  public void restore(@Nullable Object snapshot) {
                    CURRENT.set((Box) snapshot);
                  }
                })
            .build();

    private final Task<Integer> task =
        new Task<Integer>(
            () -> {
              var box = new Box();
              box.value = 2;
              CURRENT.set(box);
              return 1;
            },
            new Lane(LANES, null, Strand.BODY, null).captured(true));
    private final Unfuture<Integer> future = task;

    @Actor
    public void lane() {
      task.run();
    }

    @Actor
    public void caller(I_Result result) {
      if (future.isDone()) {
        CURRENT.remove();
        task.carryBack();
        Box box = CURRENT.get();
        result.r1 = box == null ? 0 : box.value;
      } else {
        result.r1 = PENDING;
      }
    }
  }
}
