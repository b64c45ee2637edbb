package dev.anysync.netty;

import dev.anysync.spi.WaitStrategy;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import io.netty.util.internal.ThreadExecutorMap;

/**
 * The threads of Netty's event executors, of whatever library: bodies do not run on them, and while
 * they wait nothing else does.
 */
public final class NettyThreads implements WaitStrategy {
  /** Creates the strategy; for the service loader. */
  public NettyThreads() {}

  @Override
  public boolean owns(Thread thread) {
    return ThreadExecutorMap.currentExecutor() != null;
  }

  @Override
  public boolean runsBodies() {
    return false;
  }

  /**
   * The tasks of the executor, and one more if it does I/O: what waits in its sockets cannot be
   * seen, nor does it tell how many it has.
   */
  @Override
  public int queued(Thread thread) {
    if (!(ThreadExecutorMap.currentExecutor() instanceof SingleThreadEventExecutor executor)) {
      return -1;
    }
    return executor.pendingTasks() + (executor instanceof IoEventLoop ? 1 : 0);
  }
}
