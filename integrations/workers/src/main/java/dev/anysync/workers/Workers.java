package dev.anysync.workers;

import java.util.Objects;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * A thread that runs what is scheduled, in order, and that is replaced by another while it waits
 * for something: what is queued behind it goes on. As long as none waits there is one thread; one
 * that comes back from a wait ends what it was doing beside its replacement, and one of the two
 * then goes.
 */
public final class Workers extends ScheduledThreadPoolExecutor {
  private static final ThreadLocal<@Nullable Workers> CURRENT = new ThreadLocal<>();

  private int waiting; // guarded by this

  /** Creates one whose threads, none of which is started yet, are made by {@code factory}. */
  public Workers(ThreadFactory factory) {
    super(1);
    Objects.requireNonNull(factory, "factory");
    setThreadFactory(
        task ->
            factory.newThread(
                () -> {
                  CURRENT.set(this);
                  task.run();
                }));
    setMaximumPoolSize(1);
    setRemoveOnCancelPolicy(true);
  }

  /** Returns that of which the current thread is one, or null. */
  public static @Nullable Workers current() {
    return CURRENT.get();
  }

  /** Blocks the current thread, which is one of these, until {@code wait} is over. */
  public void block(ManagedBlocker wait) throws InterruptedException {
    try {
      resize(1);
      boolean over = wait.isReleasable();
      while (!over) {
        over = wait.block();
      }
    } finally {
      resize(-1);
    }
  }

  private synchronized void resize(int by) {
    waiting += by;
    int size = 1 + waiting;
    if (by > 0) {
      setMaximumPoolSize(size);
      setCorePoolSize(size);
      boolean _ = prestartCoreThread();
    } else {
      setCorePoolSize(size);
      setMaximumPoolSize(size); // so that a thread goes although there is more to do
    }
  }
}
