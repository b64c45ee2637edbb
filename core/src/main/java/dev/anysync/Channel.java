package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** A bounded queue between one producer and one consumer that may both wait. */
abstract class Channel extends Source {
  /*
   * Overview. Elements are in a linked list of chunks; the last slot of a chunk links to the next
   * one. A slot is written once, with release, and read with acquire; nothing else is shared per
   * element. `window` bounds how far the producer may be ahead; it doubles when the consumer finds
   * the channel empty, which means that it keeps up. The consumer publishes what it has taken in
   * steps of half a window and before it waits.
   *
   * A side that has to wait publishes a signal (an unfuture), issues a full fence, looks again, and
   * waits for it. The other publishes its change, issues a full fence, and takes the signal if there
   * is one. So one of the two sees the other: no wake-up is lost, though one may come in vain.
   */

  private static final int CHUNK = 32;
  private static final int FIRST_WINDOW = 16;
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Object[].class);

  private final int maxWindow;

  // The producer's
  private @Nullable Object[] tail = new Object[CHUNK + 1];
  private int tailIndex;
  private long produced;

  // The consumer's
  private @Nullable Object[] head = tail;
  private int headIndex;
  private long taken;

  // Shared
  volatile int window;
  private volatile long consumed;
  private final AtomicReference<@Nullable Unfuture<@Nullable Void>> consumerWaits =
      new AtomicReference<>();
  private final AtomicReference<@Nullable Unfuture<@Nullable Void>> producerWaits =
      new AtomicReference<>();
  private final AtomicReference<@Nullable Object> end = new AtomicReference<>(); // END, Throwable

  Channel(int maxWindow) {
    this.maxWindow = maxWindow;
    this.window = Math.min(maxWindow, FIRST_WINDOW);
  }

  /** Adds an element, whether there is room or not. */
  final void add(@Nullable Object element) {
    Object item = element == null ? NULL : element;
    if (tailIndex == CHUNK) {
      @Nullable Object[] chunk = new Object[CHUNK + 1];
      chunk[0] = item;
      SLOT.setRelease(tail, CHUNK, chunk);
      tail = chunk;
      tailIndex = 1;
    } else {
      SLOT.setRelease(tail, tailIndex++, item);
    }
    produced++;
    wake(consumerWaits);
  }

  private boolean isFull() {
    return produced - consumed >= window;
  }

  final void awaitRoom(Strand strand) {
    while (isFull()) {
      Unfuture<@Nullable Void> signal = new Unfuture<>();
      producerWaits.set(signal);
      VarHandle.fullFence();
      if (isFull()) {
        strand.waitOrCancel(signal, false, -1, "yield()");
      }
    }
  }

  /** Ends the elements, after those added; only the first call counts. */
  @Override
  final void end(@Nullable Throwable failure) {
    end.compareAndSet(null, failure == null ? END : failure);
    wake(consumerWaits);
  }

  private @Nullable Object poll() {
    Object item = SLOT.getAcquire(head, headIndex);
    if (headIndex == CHUNK && item != null) {
      head = (@Nullable Object[]) item;
      headIndex = 0;
      item = SLOT.getAcquire(head, 0);
    }
    if (item != null) {
      head[headIndex++] = null;
      taken++;
    }
    return item;
  }

  @Override
  @Nullable Object take(Strand strand, boolean async, long nanos) {
    Object item = poll();
    if (item == null) {
      return takeSlowly(strand, async, nanos);
    }
    if (taken - consumed >= Math.max(1, window >> 1)) {
      publishTaken();
    }
    return item;
  }

  private @Nullable Object takeSlowly(Strand strand, boolean async, long nanos) {
    long deadline = System.nanoTime() + nanos;
    publishTaken();
    while (true) {
      Object ended = end.get(); // before the poll: what was added before the end must be seen
      Object item = poll();
      if (item != null) {
        return item;
      }
      if (ended instanceof Throwable failure) {
        throw Strand.sneaky(CallerFrames.attach(failure, "the body's consumer"));
      }
      if (ended != null) {
        return END;
      }
      beforeWait();
      Unfuture<@Nullable Void> signal = new Unfuture<>();
      signal.waitFor(task);
      if (!consumerWaits.compareAndSet(null, signal)) {
        return REFUSED;
      }
      VarHandle.fullFence();
      if (SLOT.getAcquire(head, headIndex) == null && end.get() == null) {
        long left = nanos < 0 ? -1 : Math.max(0, deadline - System.nanoTime());
        if (!strand.waitOrCancel(signal, async, left, "next()")) {
          return null;
        }
      }
      consumerWaits.compareAndSet(signal, null);
      widen();
    }
  }

  private void publishTaken() {
    long count = taken - consumed;
    if (count > 0) {
      consumed = taken;
      released(count);
    }
  }

  private void widen() {
    int old = window;
    int wider = Math.min(maxWindow, old * 2);
    if (wider > old) {
      window = wider;
      released(wider - old);
    }
  }

  /** Called by the consumer when there is room for {@code count} more elements. */
  void released(long count) {
    wake(producerWaits);
  }

  void beforeWait() {}

  private static void wake(AtomicReference<@Nullable Unfuture<@Nullable Void>> side) {
    VarHandle.fullFence();
    if (side.get() != null) {
      Unfuture<@Nullable Void> signal = side.getAndSet(null);
      if (signal != null) {
        signal.complete(null);
      }
    }
  }

  /** A body on a thread of its own that yields into a channel. */
  static final class Feed<Y extends @Nullable Object> extends Channel
      implements AnySyncIterator.Out<Y> {
    private final AnySyncIterator.Body<Y> body;

    Feed(AnySyncIterator.Body<Y> body, int maxWindow) {
      super(maxWindow);
      this.body = body;
    }

    @Override
    void open(Strand strand) {
      start(strand.lanes(), () -> end(run(() -> body.run(this))));
    }

    @Override
    public void yield(Y element) {
      awaitRoom(checkYield());
      add(element);
    }
  }
}
