package dev.anysync.nettyclient;

import static dev.anysync.AnySync.coroutine;

import dev.anysync.DeadlockException;
import dev.anysync.Lanes;
import dev.anysync.Unsync;
import dev.anysync.netty.AnySyncNetty;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A program that waits on an event loop for what only that can bring; to be run outside of the
 * module, in a JVM of its own.
 */
public final class Waits {
  private Waits() {}

  @SuppressWarnings("SystemOut")
  public static void main(String[] args) throws Exception {
    var group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    EventLoop loop = group.next();
    var channel = new NioSocketChannel();
    var _ = loop.register(channel).sync();
    System.out.println("module: " + AnySyncNetty.class.getModule().isNamed());
    Duration toSuspect = Duration.parse(args[0]);
    System.out.println("promise: " + waitFor(loop.newPromise(), loop, toSuspect));
    System.out.println("channel: " + waitFor(channel.newPromise(), loop, Duration.ofHours(1)));
    var _ = channel.close().sync();
    var _ = group.shutdownGracefully(0, 10, TimeUnit.SECONDS).await();
  }

  private static String waitFor(Future<?> future, EventLoop loop, Duration toSuspect)
      throws Exception {
    try (Lanes lanes =
        Lanes.builder()
            .watchdog(toSuspect)
            .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL)
            .build()) {
      Lanes _ = Unsync.share(lanes);
      return loop.submit(
              () -> {
                try {
                  return "" + coroutine(() -> AnySyncNetty.await(future)).run();
                } catch (DeadlockException e) {
                  return e.toString().lines().findFirst().orElseThrow();
                }
              })
          .get();
    }
  }
}
