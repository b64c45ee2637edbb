package dev.anysync.netty;

import io.netty.channel.ChannelFuture;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Tells the thread without which a future never gets done, as far as its listeners can see. */
record Completer(Future<?> future) implements Predicate<Thread> {
  /*
   * Overview. What is done in a channel is done by its event loop, and a channel shows its loop. A
   * promise calls its listeners on its executor, whoever completes it, but shows that only to those
   * that extend it. So it is asked by reflection; where that is not allowed, on the module path, no
   * thread is known to be needed.
   *
   * An executor that says of any thread that it is its own, as those of an EmbeddedChannel and
   * ImmediateEventExecutor do, has none.
   */

  private static final Thread NOBODY = Thread.ofVirtual().unstarted(() -> {});

  private static final @Nullable MethodHandle EXECUTOR = executor();

  private static @Nullable MethodHandle executor() {
    try {
      return MethodHandles.privateLookupIn(DefaultPromise.class, MethodHandles.lookup())
          .findVirtual(
              DefaultPromise.class, "executor", MethodType.methodType(EventExecutor.class));
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  @Override
  public boolean test(Thread thread) {
    return isThatOf(loop(), thread) || isThatOf(notifier(), thread);
  }

  private static boolean isThatOf(@Nullable EventExecutor executor, Thread thread) {
    return executor != null && executor.inEventLoop(thread) && !executor.inEventLoop(NOBODY);
  }

  private @Nullable EventExecutor loop() {
    return future instanceof ChannelFuture ofChannel && ofChannel.channel().isRegistered()
        ? ofChannel.channel().eventLoop()
        : null;
  }

  private @Nullable EventExecutor notifier() {
    if (EXECUTOR == null || !(future instanceof DefaultPromise<?> promise)) {
      return null;
    }
    try {
      return (EventExecutor) EXECUTOR.invokeExact((DefaultPromise<?>) promise);
    } catch (Throwable e) {
      return null; // of a channel that is not registered
    }
  }

  @Override
  public String toString() {
    return future.toString();
  }
}
