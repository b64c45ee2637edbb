package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** A thread pool that was given to lanes, and which of its threads run their tasks. */
final class Pool {
  private static final Map<ThreadPoolExecutor, Pool> ALL = new WeakHashMap<>();

  private final WeakReference<ThreadPoolExecutor> threads;
  private final Set<Strand> busy = ConcurrentHashMap.newKeySet();

  private Pool(ThreadPoolExecutor threads) {
    this.threads = new WeakReference<>(threads);
  }

  /** Returns the pool of an executor, or null if it is not known how many threads that has. */
  static @Nullable Pool of(Executor executor) {
    if (!(executor instanceof ThreadPoolExecutor threads)) {
      return null;
    }
    synchronized (ALL) {
      return ALL.computeIfAbsent(threads, Pool::new);
    }
  }

  /** Runs a task on one of the pool's threads, or on one that the pool refuses it to. */
  void run(Task<?> task) {
    Strand strand = Strand.current();
    boolean outermost = busy.add(strand);
    try {
      task.runOn(strand);
    } finally {
      if (outermost) {
        busy.remove(strand);
      }
    }
  }

  /** Returns the threads one of which has to come free before the pool can start another task. */
  List<Strand> inTheWay() {
    ThreadPoolExecutor threads = this.threads.get();
    if (threads == null) {
      return List.of();
    }
    int size = threads.getPoolSize();
    boolean grows =
        size < threads.getCorePoolSize()
            || (size < threads.getMaximumPoolSize()
                && threads.getQueue().remainingCapacity() < (1 << 30));
    List<Strand> busy = List.copyOf(this.busy);
    return grows || busy.size() < size ? List.of() : busy;
  }
}
