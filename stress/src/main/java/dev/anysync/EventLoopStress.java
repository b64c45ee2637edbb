package dev.anysync;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Whoever has the turn of a loop has it alone, and sees what was done in the turns before. */
class EventLoopStress {
  private EventLoopStress() {}

  /** Returns a loop without its watchdog: there are millions of them. */
  private static EventLoop unwatched() {
    EventLoop loop = EventLoop.create("anysync-stress");
    loop.watched.set(true);
    return loop;
  }

  /** Two threads, and a plain field. */
  @JCStressTest
  @Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "one after the other")
  @Outcome(expect = Expect.FORBIDDEN, desc = "two at once, or not seen")
  @State
  public static class Turn {
    private final EventLoop loop = unwatched();
    private int count;

    private void increment() {
      loop.acquire(Strand.current(), false);
      count++;
      loop.release();
    }

    @Actor
    public void one() {
      increment();
    }

    @Actor
    public void two() {
      increment();
    }

    @Arbiter
    public void after(I_Result result) {
      result.r1 = count;
    }
  }

  /** A coroutine that awaits goes on when its future is done, and sees what was done meanwhile. */
  @JCStressTest
  @Outcome(id = "3", expect = Expect.ACCEPTABLE, desc = "one after the other")
  @Outcome(expect = Expect.FORBIDDEN, desc = "two at once, or not seen")
  @State
  public static class Suspend {
    private final EventLoop loop = unwatched();
    private final Unfuture<Integer> future = new Unfuture<>();
    private int count;

    @Actor
    public void waiter() {
      Strand strand = Strand.current();
      loop.acquire(strand, false);
      try {
        loop.suspend(strand, future, true);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      count++;
      loop.release();
    }

    @Actor
    public void completer() {
      loop.acquire(Strand.current(), false);
      count++;
      boolean _ = future.complete(1);
      count++;
      loop.release();
    }

    @Arbiter
    public void after(I_Result result) {
      result.r1 = count;
    }
  }

  /** A callback runs in the turn of a coroutine that awaits, or in one of its own; but it runs. */
  @JCStressTest
  @Outcome(id = "3", expect = Expect.ACCEPTABLE, desc = "one after the other")
  @Outcome(expect = Expect.FORBIDDEN, desc = "two at once, or not seen")
  @State
  public static class Callback {
    private final EventLoop loop = unwatched();
    private final Unfuture<Integer> future = new Unfuture<>();
    private int count;

    @Actor
    public void waiter() {
      Strand strand = Strand.current();
      loop.acquire(strand, false);
      count++;
      try {
        loop.suspend(strand, future, true);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      count++;
      loop.release();
    }

    @Actor
    public void caller() {
      loop.execute(
          () -> {
            count++;
            boolean _ = future.complete(1);
          });
    }

    @Arbiter
    public void after(I_Result result) {
      result.r1 = count;
    }
  }
}
