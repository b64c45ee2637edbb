package dev.anysync.reactor;

import dev.anysync.spi.WaitStrategy;
import dev.anysync.workers.Workers;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import io.netty.util.internal.ThreadExecutorMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;
import reactor.core.scheduler.NonBlocking;

/**
 * Threads that Reactor forbids to block: those of its parallel and single schedulers, which are
 * replaced while they wait if they were made after {@link AnySyncReactor#install}, and the event
 * loops of reactor-netty.
 */
public final class ReactorThreads implements WaitStrategy {
  private static final boolean NETTY = isThere("io.netty.channel.IoEventLoop");

  /** Creates the strategy; for the service loader. */
  public ReactorThreads() {}

  private static boolean isThere(String type) {
    try {
      Class.forName(type, false, ReactorThreads.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  @Override
  public boolean owns(Thread thread) {
    return thread instanceof NonBlocking;
  }

  @Override
  public boolean runsBodies() {
    return false;
  }

  @Override
  public void await(ManagedBlocker wait, CompletionStage<?> over) throws InterruptedException {
    Workers workers = Workers.current();
    if (workers != null) {
      Replaced.block(workers, wait);
    } else {
      boolean _ = wait.block();
    }
  }

  @Override
  public int queued(Thread thread) {
    return Workers.current() != null ? WaitingScheduler.queued() : NETTY ? Netty.queued() : -1;
  }

  @Override
  public boolean blocksOthers(Thread thread) {
    return Workers.current() == null;
  }

  /** The one place where BlockHound lets these threads block. */
  static final class Replaced {
    private Replaced() {}

    static void block(Workers workers, ManagedBlocker wait) throws InterruptedException {
      workers.block(wait);
    }
  }

  /** Touched only where Netty is there. */
  private static final class Netty {
    static int queued() {
      if (!(ThreadExecutorMap.currentExecutor() instanceof SingleThreadEventExecutor executor)) {
        return -1;
      }
      // What waits in its sockets cannot be seen, but nobody else will read it.
      return executor.pendingTasks() + (executor instanceof IoEventLoop ? 1 : 0);
    }
  }
}
