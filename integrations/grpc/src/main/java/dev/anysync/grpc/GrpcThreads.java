package dev.anysync.grpc;

import dev.anysync.spi.WaitStrategy;

/**
 * The event loops of {@code grpc-netty-shaded}, on which callbacks run where the channel or server
 * has a direct executor: bodies do not run on them, and while one waits its channels stand still.
 */
public final class GrpcThreads implements WaitStrategy {
  private static final String LOOP =
      "io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocalThread";

  /** Creates the strategy; for the service loader. */
  public GrpcThreads() {}

  @Override
  public boolean owns(Thread thread) {
    return thread.getClass().getName().equals(LOOP);
  }

  @Override
  public boolean runsBodies() {
    return false;
  }

  /** One, as what waits in its sockets cannot be seen, and nobody else will read it. */
  @Override
  public int queued(Thread thread) {
    return 1;
  }
}
