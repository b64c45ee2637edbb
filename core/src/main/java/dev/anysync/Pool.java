package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** A thread pool that was given to lanes, and which of its threads run their tasks. */
final class Pool {
  private static final Map<ThreadPoolExecutor, Pool> ALL = new WeakHashMap<>();

  private final WeakReference<ThreadPoolExecutor> threads;
  private final Set<Strand> strands = // those of its threads that have run a task
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

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

  /** Has a thread of the pool run {@code task}, or this one, if the pool refuses it. */
  void execute(Task<?> task, Executor executor) {
    Strand submitter = Strand.current();
    @Nullable Strand[] submitting = {submitter};
    executor.execute(
        () -> {
          Strand strand = Strand.current();
          boolean enters = submitting[0] != strand && strand.pool == null;
          if (enters) {
            enter(strand);
          }
          try {
            task.runOn(strand);
          } finally {
            if (enters) {
              strand.pool = null;
            }
          }
        });
    submitting[0] = null; // plain: only this thread asks for itself
  }

  /** Has a thread known as busy; it enters the set but once, as that takes longer than the rest. */
  private void enter(Strand strand) {
    if (strand.home != this) {
      strand.home = this;
      strands.add(strand);
    }
    strand.pool = this;
  }

  /** Returns those of its threads that run tasks of ours. */
  private List<Strand> busy() {
    synchronized (strands) {
      return strands.stream().filter(strand -> strand.pool == this).toList();
    }
  }

  /** Returns whether one of its threads is free, or runs something that does not wait. */
  boolean isLive() { // without streams, as whoever waits for a task in the pool comes here
    int busy = 0;
    synchronized (strands) {
      for (Strand strand : strands) {
        if (strand.pool == this) {
          if (strand.wait == null) {
            return true;
          }
          busy++;
        }
      }
    }
    return !isFull(busy);
  }

  /** Returns the threads one of which has to come free before the pool can start another task. */
  List<Strand> inTheWay() {
    List<Strand> busy = busy();
    return isFull(busy.size()) ? busy : List.of();
  }

  /** Returns whether all its threads run tasks of ours, and it will not add one. */
  private boolean isFull(int busy) {
    ThreadPoolExecutor threads = this.threads.get();
    if (threads == null || !isOfJdk(threads.getRejectedExecutionHandler())) {
      return false;
    }
    int size = threads.getPoolSize();
    boolean grows =
        size < threads.getCorePoolSize()
            || (size < threads.getMaximumPoolSize()
                && threads.getQueue().remainingCapacity() < (1 << 30));
    return !grows && busy >= size;
  }

  /** Returns whether it runs what the pool refuses on no third thread, so that we count right. */
  private static boolean isOfJdk(RejectedExecutionHandler handler) {
    return handler.getClass().getEnclosingClass() == ThreadPoolExecutor.class;
  }
}
