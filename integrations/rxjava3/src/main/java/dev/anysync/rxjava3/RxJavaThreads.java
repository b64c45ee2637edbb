package dev.anysync.rxjava3;

import dev.anysync.spi.WaitStrategy;
import dev.anysync.workers.Workers;
import io.reactivex.rxjava3.core.Scheduler;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;
import org.jspecify.annotations.Nullable;

/**
 * Threads that RxJava counts as non-blocking: those of its computation and single schedulers, which
 * are replaced while they wait if they belong to those of {@link AnySyncRxJava#install}.
 */
public final class RxJavaThreads implements WaitStrategy {
  private static final @Nullable Class<?> NON_BLOCKING = nonBlocking();

  /** Creates the strategy; for the service loader. */
  public RxJavaThreads() {}

  /** Returns the marker of RxJava's own threads, which its module does not export. */
  private static @Nullable Class<?> nonBlocking() {
    try {
      return Class.forName(
          "io.reactivex.rxjava3.internal.schedulers.NonBlockingThread",
          false,
          Scheduler.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      return null;
    }
  }

  @Override
  public boolean owns(Thread thread) {
    return thread instanceof WaitingScheduler.Replaced
        || (NON_BLOCKING != null && NON_BLOCKING.isInstance(thread));
  }

  @Override
  public boolean runsBodies() {
    return false;
  }

  @Override
  public void await(ManagedBlocker wait, CompletionStage<?> over) throws InterruptedException {
    Workers workers = Workers.current();
    if (workers != null) {
      workers.block(wait);
    } else {
      boolean _ = wait.block();
    }
  }

  @Override
  public int queued(Thread thread) {
    return Workers.current() != null ? WaitingScheduler.queued() : -1;
  }

  @Override
  public boolean blocksOthers(Thread thread) {
    return Workers.current() == null;
  }
}
