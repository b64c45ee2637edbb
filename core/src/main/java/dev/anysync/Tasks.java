package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** Tasks that have not ended, in the order in which they were added. */
final class Tasks {
  /*
   * Overview. A linked list of chunks of slots. To add a task is to win the first free slot of the
   * last chunk; to remove it is to mark its slot as gone, which takes no search, as the task knows
   * its slot. A chunk of which all slots are gone is taken out of the list by and by: with every few
   * tasks that are removed, a few chunks are looked at, in turn. So one that lasts keeps the others
   * of its chunk from being reused, but neither what was in them nor what came after.
   *
   * Slots are filled without gaps. Whoever looks for tasks that wait to be started reads up to the
   * first that is free; `next` remembers up to where all have been started. A chunk that was taken
   * out still leads to those that followed it.
   */

  private static final int CHUNK = 64;
  private static final int SWEEP = 16; // with every so manieth slot that is gone
  private static final int SWEPT = 4; // so many chunks are looked at
  private static final Object GONE = new Object();
  // Counts of a chunk, which are plain and may be behind. Those who add tasks write one, those who
  // start them the other, so each has a cache line of 64 bytes to itself.
  private static final int LINE = 16;
  private static final int FILLED = LINE; // no slot before it is free
  private static final int STARTED = 2 * LINE; // of no slot before it the task has to be started
  private static final int COUNTS = 3 * LINE;

  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Object[].class);

  /** Some slots, and what follows them. */
  static final class Chunk {
    private final @Nullable Object[] slots = new Object[CHUNK]; // null, then a task, then GONE
    private final Tasks list;
    private volatile @Nullable Chunk following;
    private final int[] counts = new int[COUNTS];
    private int gone; // all slots before it are; for the one that sweeps

    private Chunk(Tasks list) {
      this.list = list;
    }

    /** Returns the chunk after this one, to which one is added if need be. */
    private Chunk following() {
      Chunk following = this.following;
      if (following != null) {
        return following;
      }
      synchronized (this) {
        following = this.following;
        if (following == null) {
          following = new Chunk(list);
          this.following = following;
        }
        return following;
      }
    }

    private Stream<Task<?>> tasks() {
      return IntStream.range(0, CHUNK)
          .mapToObj(slot -> SLOT.getAcquire(slots, slot))
          .filter(item -> item instanceof Task<?>)
          .map(item -> (Task<?>) item);
    }

    private boolean isGone() {
      while (gone < CHUNK && SLOT.getAcquire(slots, gone) == GONE) {
        gone++;
      }
      return gone == CHUNK;
    }
  }

  private final Registry registry;
  private final Chunk first = new Chunk(this); // has no tasks
  private volatile Chunk last = first.following();
  private volatile @Nullable Chunk next; // where to look for tasks that have to be started
  private final ReentrantLock sweeping = new ReentrantLock();
  private Chunk swept = first; // up to here, in this turn; guarded by sweeping

  Tasks(Registry registry) {
    this.registry = registry;
  }

  /** Adds a task, or cancels it and throws if the registry is closed. */
  void add(Task<?> task) {
    Chunk chunk = last;
    int slot = chunk.counts[FILLED];
    while (true) {
      while (slot == CHUNK) { // others may have filled that, too
        chunk = chunk.following();
        last = chunk;
        slot = chunk.counts[FILLED];
      }
      task.chunk = chunk;
      task.slot = (byte) slot;
      if (SLOT.compareAndSet(chunk.slots, slot++, null, task)) {
        chunk.counts[FILLED] = slot;
        break;
      }
    }
    if (registry.closed) {
      registry.drop(task);
      registry.checkOpen();
    }
  }

  /** Takes a task off its list; whether that was the last one of all, others have to look. */
  static void remove(Task<?> task) {
    Chunk chunk = task.chunk;
    if (chunk != null) {
      int slot = task.slot;
      SLOT.setRelease(chunk.slots, slot, GONE);
      if (slot % SWEEP == SWEEP - 1) {
        chunk.list.sweep();
      }
    }
  }

  /** Tells whoever closes that a task, which has been removed, was perhaps the last. */
  static void checkEmptied(Task<?> task) {
    Chunk chunk = task.chunk;
    if (chunk != null) {
      VarHandle.fullFence(); // removed before the registry is found open
      chunk.list.registry.checkEmptied();
    }
  }

  /** Looks at a few chunks, and takes those out of the list of which all is gone. */
  private void sweep() {
    if (!sweeping.tryLock()) {
      return;
    }
    try {
      Chunk before = swept;
      for (int i = 0; i < SWEPT; i++) {
        Chunk chunk = Objects.requireNonNull(before.following);
        Chunk following = chunk.following;
        if (following == null) { // the last one stays
          before = first;
          break;
        }
        if (chunk.isGone()) {
          before.following = following;
        } else {
          before = chunk;
        }
      }
      swept = before;
    } finally {
      sweeping.unlock();
    }
  }

  boolean isEmpty() {
    sweeping.lock();
    try {
      swept = first;
      Chunk chunk = Objects.requireNonNull(first.following);
      Chunk following = chunk.following;
      while (chunk.isGone() && following != null) {
        first.following = following;
        chunk = following;
        following = chunk.following;
      }
      return chunk.gone == CHUNK || SLOT.getVolatile(chunk.slots, chunk.gone) == null;
    } finally {
      sweeping.unlock();
    }
  }

  /** Returns the first task that has to be started, or null. */
  @Nullable Task<?> peek() {
    Chunk chunk = next;
    if (chunk == null) {
      chunk = Objects.requireNonNull(first.following);
    }
    while (true) {
      for (int slot = chunk.counts[STARTED]; slot < CHUNK; slot++) {
        Object item = SLOT.getVolatile(chunk.slots, slot);
        if (item == null || (item instanceof Task<?> task && !task.isStarted())) {
          chunk.counts[STARTED] = slot;
          return (Task<?>) item;
        }
      }
      chunk.counts[STARTED] = CHUNK;
      Chunk following = chunk.following;
      if (following == null) {
        return null;
      }
      next = following; // perhaps back to it, from a later one: that leads there again
      chunk = following;
    }
  }

  Stream<Task<?>> stream() {
    return Stream.<@Nullable Chunk>iterate(
            first.following, Objects::nonNull, chunk -> Objects.requireNonNull(chunk).following)
        .flatMap(chunk -> Objects.requireNonNull(chunk).tasks());
  }

  /** Returns whether there are tasks after {@code task}, which is in the list. */
  boolean isFollowed(Task<?> task) {
    Chunk chunk = Objects.requireNonNull(task.chunk);
    int slot = task.slot + 1;
    return slot == CHUNK ? chunk.following != null : SLOT.getVolatile(chunk.slots, slot) != null;
  }
}
