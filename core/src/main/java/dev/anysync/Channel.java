package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** A bounded queue between one producer and one consumer that may both wait. */
abstract class Channel extends Source {
  /*
   * Overview. Elements are in a ring. All that is shared per element is the count of what was
   * produced, a volatile write, which the consumer reads only when it has taken all that it has seen
   * there. A ring that is too small for the window is left for a larger one: its last slot, which is
   * none for elements, then says where that is, and from which count on.
   *
   * `window` bounds how far the producer may be ahead; it grows when the consumer finds the channel
   * empty, which means that it keeps up. The consumer publishes what it has taken in steps of half a
   * window and before it waits, and the producer looks at that only when it has used up what it saw.
   *
   * How a side waits is said in Signal. The producer looks for a consumer that waits after each
   * element: it may go on to block anywhere, where nobody can make it look once more.
   */

  private static final int FIRST_WINDOW = 16;
  private static final int GROWTH = 8;
  private static final int STEP = 16; // pauses between the looks of who waits
  private static final int MOST = 256; // of them, on a virtual thread
  private static final int CLOSE = 64; // behind the producer: not worth another look at once
  private static final int KEPT = 32; // taken elements that the ring may still hold
  private static final int MANY = 16; // elements since the last wait: worth to spin
  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);

  // What a side writes for each element has a cache line of its own: counts[PRODUCED] and so on.
  private static final int PRODUCED = 16;
  private static final int LIMIT = 17; // of what is produced before the producer looks for room
  private static final int TAKEN = 32;
  private static final int SEEN = 33; // what may be taken before the consumer looks for more
  private static final int COUNTS = 48;

  /** Where a ring goes on that was too small. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Next(@Nullable Object[] ring, long from) {}

  private final int maxWindow;
  private final long[] counts = new long[COUNTS];
  private @Nullable Object[] tail; // the producer's
  private @Nullable Object[] head; // the consumer's
  private long producerWaited; // at which count
  private long consumerWaited;
  private boolean isClose; // behind the producer
  private long forgotten; // what was taken before is not in the ring any more
  private long due; // the count of taken elements at which it is settled next

  // Shared
  volatile int window;
  private volatile long consumed;
  private final AtomicBoolean isAwaited = new AtomicBoolean(); // by a consumer that found nothing
  final Signal added = new Signal(new Spin(STEP, MOST)); // or ended
  final Signal taken = new Signal(new Spin(STEP, MOST));
  private final AtomicReference<@Nullable Object> end = new AtomicReference<>(); // END, Throwable

  Channel(int maxWindow) {
    this.maxWindow = maxWindow;
    this.window = Math.min(maxWindow, FIRST_WINDOW);
    int slots = Integer.highestOneBit(Math.max(1, 2 * window - 1)); // or the next power of two
    this.tail = new Object[slots + 1];
    this.head = tail;
    counts[LIMIT] = window;
    due = step();
  }

  /** Adds an element, whether there is room or not. */
  final void add(@Nullable Object element) {
    long at = counts[PRODUCED];
    if (at == counts[LIMIT]) {
      extend();
    }
    @Nullable Object[] ring = tail;
    ring[(int) at & (ring.length - 2)] = element == null ? NULL : element;
    COUNT.setVolatile(counts, PRODUCED, at + 1);
    added.wake();
  }

  /** Looks how many more elements may be added, at least one, and makes slots if there are none. */
  private void extend() {
    long consumed = this.consumed;
    long ahead = counts[PRODUCED] - consumed;
    int slots = tail.length - 1;
    if (ahead == slots) {
      @Nullable Object[] ring = new Object[2 * slots + 1];
      tail[slots] = new Next(ring, counts[PRODUCED]);
      tail = ring;
      slots *= 2;
    }
    counts[LIMIT] = consumed + Math.min(slots, Math.max(window, ahead + 1));
  }

  private boolean hasRoom() {
    return counts[PRODUCED] - consumed < window;
  }

  final void awaitRoom(Strand strand) {
    long produced = counts[PRODUCED];
    if (produced == counts[LIMIT]) {
      if (!hasRoom()) {
        if (produced - producerWaited >= MANY) {
          taken.spin.hope();
        }
        producerWaited = produced;
        var _ = taken.await(strand, this::hasRoom, null, false, -1, "yield()");
      }
      extend();
    }
  }

  /** Ends the elements, after those added; only the first call counts. */
  @Override
  final void end(@Nullable Throwable failure) {
    end.compareAndSet(null, failure == null ? END : failure);
    added.wake();
  }

  private long produced() {
    return (long) COUNT.getVolatile(counts, PRODUCED);
  }

  private boolean isDue() {
    return produced() > counts[TAKEN] || end.get() != null;
  }

  /** Returns whether there is an element. */
  final boolean hasElement() {
    return counts[TAKEN] < counts[SEEN] || look();
  }

  /** Returns the next element if it is there, else null. */
  final @Nullable Object poll() {
    if (!hasElement()) {
      return null;
    }
    @Nullable Object[] ring = head;
    long at = counts[TAKEN]++;
    Object item = ring[(int) at & (ring.length - 2)];
    if (at + 1 == due) {
      settle();
    }
    return item;
  }

  /** Looks how many elements may be taken, and returns whether there are any. */
  private boolean look() {
    long at = counts[TAKEN];
    if (isClose) {
      Spin.pause(STEP); // lets the producer get ahead
    }
    long produced = produced();
    isClose = produced - at < Math.min(CLOSE, window >> 2);
    if (produced <= at) {
      return false;
    }
    Next next = next();
    while (next != null && next.from == at) {
      head = next.ring;
      next = next();
    }
    counts[SEEN] = next == null ? produced : Math.min(produced, next.from);
    return true;
  }

  private @Nullable Next next() {
    return (Next) head[head.length - 1];
  }

  @Override
  @Nullable Object take(Strand strand, boolean async, long nanos) {
    Object item = poll();
    if (item != null) {
      return item;
    }
    if (!isAwaited.compareAndSet(false, true)) {
      return REFUSED;
    }
    try {
      return takeSlowly(strand, async, nanos);
    } finally {
      isAwaited.setRelease(false);
    }
  }

  private @Nullable Object takeSlowly(Strand strand, boolean async, long nanos) {
    publishTaken();
    if (counts[TAKEN] - consumerWaited >= MANY) {
      added.spin.hope();
    }
    consumerWaited = counts[TAKEN];
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
      if (!added.await(strand, this::isDue, task, async, nanos, "next()")) {
        return null;
      }
      widen();
    }
  }

  private long step() {
    return Math.max(1, window >> 1);
  }

  /** Lets go of what was taken, and publishes it if it is enough. */
  private void settle() {
    forget();
    if (counts[TAKEN] - consumed >= step()) {
      publishTaken();
    }
  }

  private void publishTaken() {
    forget();
    long taken = counts[TAKEN];
    long count = taken - consumed;
    if (count > 0) {
      consumed = taken;
      released(count);
    }
  }

  private void forget() {
    long taken = counts[TAKEN];
    int slots = head.length - 1;
    int first = (int) forgotten & (slots - 1);
    int last = first + (int) Math.min(taken - forgotten, slots);
    Arrays.fill(head, first, Math.min(last, slots), null);
    Arrays.fill(head, 0, Math.max(0, last - slots), null);
    forgotten = taken;
    due = taken + Math.min(KEPT, step());
  }

  private void widen() {
    int old = window;
    int wider = (int) Math.min(maxWindow, (long) old * GROWTH);
    if (wider > old) {
      window = wider;
      due = counts[TAKEN] + Math.min(KEPT, step());
      released(wider - old);
    }
  }

  /** Called by the consumer when there is room for {@code count} more elements. */
  void released(long count) {
    taken.wake();
  }

  void beforeWait() {}

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
