package dev.anysync;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** What passes through a channel is seen whole, and wakes whoever waits for it. */
class ChannelStress {
  private static final int NOTHING = -1;
  private static final int THE_END = -2;

  private ChannelStress() {}

  /** An element whose field is no more than what publishes it. */
  private static final class Box {
    int value;

    static Box of(int value) {
      var box = new Box();
      box.value = value;
      return box;
    }
  }

  /** A channel with room for one, where who waits parks at once. */
  static class Ring extends Channel {
    Ring() {
      super(1);
      added.spin.rest = Integer.MAX_VALUE;
      taken.spin.rest = Integer.MAX_VALUE;
    }

    /** Takes what is there, without waiting; if nothing is, leaves a signal as a waiter does. */
    int takeNow() {
      Object item = take(Strand.current(), false, 0);
      return item == END ? THE_END : value(item);
    }

    static int value(@Nullable Object item) {
      return item instanceof Box box ? box.value : NOTHING;
    }
  }

  /** An element is never missed by a consumer that sees the end set after it. */
  @JCStressTest
  @Outcome(
      id = {"-1", "1"},
      expect = Expect.ACCEPTABLE,
      desc = "neither, or the element first, whole")
  @Outcome(expect = Expect.FORBIDDEN, desc = "the end without the element before it")
  @State
  public static class ElementBeforeTheEnd extends Ring {
    @Actor
    public void producer() {
      add(Box.of(1));
      end(null);
    }

    @Actor
    public void consumer(I_Result result) {
      result.r1 = takeNow();
    }
  }

  /** A consumer that has found nothing, and waits, has its signal taken by the producer. */
  @JCStressTest
  @Outcome(
      id = {"-1, 0", "1, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "woken, or not waiting")
  @Outcome(expect = Expect.FORBIDDEN, desc = "the wake-up is lost")
  @State
  public static class ConsumerIsWoken extends Ring {
    @Actor
    public void producer() {
      add(Box.of(1));
    }

    @Actor
    public void consumer(II_Result result) {
      result.r1 = takeNow();
    }

    @Arbiter
    public void after(II_Result result) {
      result.r2 = added.get() == null ? 0 : 1; // left, and nobody has taken it
      if (result.r1 == NOTHING && takeNow() != 1) {
        result.r1 = 0;
      }
    }
  }

  /** The same, where it does wait, and its producer does nothing more. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "woken, or not waiting")
  @Outcome(expect = Expect.FORBIDDEN, desc = "another than that element")
  @State
  public static class ConsumerGoesOn extends Ring {
    @Actor
    public void producer() {
      add(Box.of(1));
    }

    @Actor
    public void consumer(I_Result result) {
      result.r1 = value(take(Strand.current(), false, -1));
    }
  }

  /** A producer that waits for room is woken: it goes on, and the elements keep their order. */
  @JCStressTest
  @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "both, in order")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost, doubled, or out of order")
  @State
  public static class ProducerIsWoken extends Ring {
    @Actor
    public void producer() {
      Strand strand = Strand.current();
      awaitRoom(strand);
      add(Box.of(1));
      awaitRoom(strand);
      add(Box.of(2));
    }

    @Actor
    public void consumer(II_Result result) {
      Strand strand = Strand.current();
      result.r1 = value(take(strand, false, -1));
      result.r2 = value(take(strand, false, -1));
    }
  }
}
