package dev.anysync.vertx;

import dev.anysync.spi.WaitStrategy;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import io.netty.util.internal.ThreadExecutorMap;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.internal.ContextInternal;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** How the threads of Vert.x wait, for the service loader: one strategy for each of three kinds. */
public final class VertxThreads {
  /** How many waits there are for something that needs the turn of a worker context. */
  private static final ConcurrentHashMap<ContextInternal, Integer> WAITS =
      new ConcurrentHashMap<>();

  private VertxThreads() {}

  /** Returns whether this thread has the turn of its context. */
  private static boolean hasTurn(@Nullable ContextInternal context) {
    return context != null && context.inThread();
  }

  /** Returns whether nothing can run on {@code context} as long as this thread is blocked. */
  static boolean isHeld(@Nullable ContextInternal context) {
    return hasTurn(context) && !Thread.currentThread().isVirtual();
  }

  /** Notes that somebody waits, until {@code over}, for what comes by way of {@code context}. */
  static void note(@Nullable ContextInternal context, CompletionStage<?> over) {
    if (context != null && context.threadingModel() == ThreadingModel.WORKER) {
      ContextInternal worker = context.unwrap();
      WAITS.merge(worker, 1, Integer::sum);
      var _ =
          over.whenComplete(
              (_, _) -> WAITS.computeIfPresent(worker, (_, n) -> n == 1 ? null : n - 1));
    }
  }

  /** The threads of event loops: bodies run elsewhere, while the loop waits. */
  public static final class EventLoops implements WaitStrategy {
    /** Creates the strategy; for the service loader. */
    public EventLoops() {}

    @Override
    public boolean owns(Thread thread) {
      return Context.isOnEventLoopThread();
    }

    @Override
    public boolean runsBodies() {
      return false;
    }

    @Override
    public int queued(Thread thread) {
      if (!(ThreadExecutorMap.currentExecutor() instanceof SingleThreadEventExecutor executor)) {
        return -1;
      }
      int tasks = executor.pendingTasks();
      int channels = executor instanceof SingleThreadEventLoop loop ? loop.registeredChannels() : 0;
      // What waits in a socket, and the loop's timers, cannot be seen, but nobody else will run it.
      return Math.max(1, tasks + Math.max(0, channels));
    }
  }

  /**
   * Workers, which are there to be blocked. But the tasks of one context run one by one, those
   * included that complete the futures which were made in that context. So bodies run elsewhere:
   * what they make does not belong to the context that waits for them.
   */
  public static final class Workers implements WaitStrategy {
    /** Creates the strategy; for the service loader. */
    public Workers() {}

    @Override
    public boolean owns(Thread thread) {
      return Context.isOnWorkerThread();
    }

    @Override
    public boolean runsBodies() {
      return false;
    }

    @Override
    public boolean blocksOthers(Thread thread) {
      return false;
    }

    @Override
    public int queued(Thread thread) {
      ContextInternal context = ContextInternal.current();
      return context != null && hasTurn(context) ? WAITS.getOrDefault(context.unwrap(), 0) : 0;
    }
  }

  /**
   * The virtual threads of contexts: bodies run on them, and one that waits gives up its context's
   * turn until the wait is over, as {@code Future.await} does.
   */
  public static final class Virtual implements WaitStrategy {
    /** Creates the strategy; for the service loader. */
    public Virtual() {}

    @Override
    public boolean mayOwnVirtual() {
      return true;
    }

    @Override
    public boolean owns(Thread thread) {
      return thread.isVirtual()
          && (thread.getName().startsWith("vert.x-virtual-thread-")
              || hasTurn(ContextInternal.current()));
    }

    @Override
    public boolean runsBodies() {
      return true;
    }

    @Override
    public void await(ManagedBlocker wait, CompletionStage<?> over) throws InterruptedException {
      if (!hasTurn(ContextInternal.current())) {
        boolean _ = wait.block();
        return;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedException();
      }
      Promise<Void> turn = Promise.promise();
      var left = new AtomicBoolean(); // by an interrupt: nobody is there to get the turn back
      var _ =
          over.whenComplete(
              (_, _) -> {
                if (!left.get()) {
                  boolean _ = turn.tryComplete();
                }
              });
      if (!wait.isReleasable()) {
        try {
          turn.future().await();
        } catch (Throwable e) { // which it does not declare
          left.set(true);
          Thread.currentThread().interrupt();
          throw e;
        }
      }
    }
  }
}
