package dev.anysync;

import module java.base;

import dev.anysync.spi.ContextCarrier;
import org.jspecify.annotations.Nullable;

/** A body on a thread of its own that alternates with its consumer. */
final class Steps<Y extends @Nullable Object, S extends @Nullable Object> extends Source
    implements AnySyncGenerator.Out<Y, S> {
  /*
   * Overview. Body and consumer take turns. Who has the turn puts an item into its cell, and gives the
   * turn away by a volatile write, which hands over all else that was written before. How the other
   * waits for it is said in Signal. The turn stays with a body that has ended, or never starts: the
   * end is set instead.
   *
   * During a step the body acts for its consumer: it takes over its context and its event loop. If
   * the consumer blocks, it keeps holding the loop, and the body is HELD as in a nested run(); if it
   * suspends, the body acquires the loop's turn for itself, and gives it up before it answers.
   *
   * A consumer that gives up cancels the task; the body is then on its own.
   */

  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(Object[].class);

  // In `cells`, each on a cache line of its own: the turn and what is handed over with it ...
  private static final int TURN = 16; // BODY, or null for the consumer
  private static final int ITEM = 17; // what is sent, yielded or raised
  private static final int CONSUMER = 34; // ... and who is in a step
  private static final int CELLS = 51;

  private static final Object BODY = "the body's turn";
  private static final int MOST = 64; // pauses of a virtual thread that waits, some 2 us

  /** A request to throw. */
  private record Raise(Throwable error) {}

  private final AnySyncGenerator.Body<Y, S> body;
  private final AtomicReference<@Nullable Object> end = new AtomicReference<>(); // END, Throwable
  private final Signal asked = new Signal(new Spin(1, MOST));
  private final Signal answered = new Signal(new Spin(1, MOST)); // or ended
  private volatile boolean hasReturned; // the body
  private boolean acts; // the body, for its consumer; for its thread

  // Handed over with each step; written only if they change
  private @Nullable EventLoop loop;
  private int mode;
  private boolean isStarted;
  private ContextCarrier[] carriers = {};
  private @Nullable Object[] snapshots = {};

  private final @Nullable Object[] cells = new Object[CELLS];

  Steps(AnySyncGenerator.Body<Y, S> body) {
    this.body = body;
  }

  @Override
  @Nullable Object take(Strand strand, boolean async, long nanos) {
    return step(strand, async, nanos, null, null);
  }

  /** Makes the body's yield return {@code value} or throw {@code error}, and takes the next. */
  @Nullable Object step(
      Strand strand, boolean async, long nanos, @Nullable S value, @Nullable Throwable error) {
    if (!CELL.compareAndSet(cells, CONSUMER, null, strand)) {
      return REFUSED;
    }
    try {
      Object end = this.end.get();
      if (end != null) {
        return ended(end);
      }
      if (loop != strand.loop) {
        loop = strand.loop;
      }
      boolean suspends = async && strand.mode == Strand.BODY;
      int mode = suspends || loop == null ? Strand.BODY : Strand.HELD;
      if (this.mode != mode) {
        this.mode = mode;
      }
      boolean starts = !isStarted;
      if (starts) {
        isStarted = true;
        carriers = strand.lanes().carriers;
      }
      handOver();
      turnTo(BODY, error != null ? new Raise(error) : value, asked);
      if (starts) {
        start(strand.lanes(), this::runBody);
      }
      if (!answered.await(strand, this::isAnswered, task, async, nanos, "next()")) {
        return null;
      }
      if (!isWorking()) { // or it has been left to itself, and may be about to write what it has
        Context.restore(carriers, snapshots);
      }
      return isAsked() ? ended(Objects.requireNonNull(this.end.get())) : cells[ITEM];
    } finally {
      CELL.setRelease(cells, CONSUMER, null);
    }
  }

  private void turnTo(@Nullable Object side, @Nullable Object item, Signal waiting) {
    cells[ITEM] = item;
    CELL.setVolatile(cells, TURN, side);
    waiting.wake();
  }

  private boolean isAsked() {
    return CELL.getVolatile(cells, TURN) == BODY;
  }

  private boolean isAnswered() {
    return !isAsked() || end.get() != null;
  }

  private static Object ended(Object end) {
    if (end instanceof Throwable failure) {
      throw Strand.sneaky(CallerFrames.attach(failure, "the body's consumer"));
    }
    return end;
  }

  /** Returns whether the body is in a step, be it that its consumer has given up. */
  boolean isWorking() {
    return isAsked() && !hasReturned;
  }

  @Override
  void end(@Nullable Throwable failure) {
    end.compareAndSet(null, failure == null ? END : failure);
    answered.wake();
  }

  private void runBody() {
    Strand strand = Strand.current();
    Throwable error =
        run(
            () -> {
              takeOver(strand);
              body.run(this);
            });
    giveBack(strand);
    hasReturned = true;
    end(error);
  }

  @Override
  @SuppressWarnings("unchecked") // what was sent
  public @Nullable S yield(Y element) {
    Strand strand = checkYield();
    giveBack(strand);
    turnTo(null, element == null ? NULL : element, answered);
    var _ = asked.await(strand, this::isAsked, null, false, -1, "yield()");
    Object item = cells[ITEM];
    takeOver(strand);
    if (item instanceof Raise raise) {
      throw Strand.sneaky(CallerFrames.attach(raise.error, "await()"));
    }
    return (S) item;
  }

  /** Starts to act for the consumer that has asked. */
  private void takeOver(Strand strand) {
    Context.restore(carriers, snapshots);
    acts = true;
    strand.loop = loop;
    strand.mode = mode;
    if (loop != null && strand.suspends()) {
      try {
        loop.acquire(strand, true);
      } catch (Throwable e) {
        leave(strand);
        throw e;
      }
    }
  }

  /** Stops acting for the consumer, if it does: not if it was cancelled while it waited. */
  private void giveBack(Strand strand) {
    if (!acts) {
      return;
    }
    acts = false;
    handOver();
    EventLoop loop = strand.loop;
    if (loop != null && strand.suspends()) {
      loop.release();
    }
    leave(strand);
  }

  private static void leave(Strand strand) {
    strand.loop = null;
    strand.mode = Strand.BODY;
  }

  private void handOver() {
    if (carriers.length > 0) {
      snapshots = Context.snapshot(carriers);
    }
  }
}
