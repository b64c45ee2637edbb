package dev.anysync;

import module java.base;

import dev.anysync.spi.WaitStrategy;
import java.awt.EventQueue;
import java.awt.SecondaryLoop;
import java.awt.Toolkit;
import org.jspecify.annotations.Nullable;

/** The wait strategies in force, the library's own last. */
final class WaitStrategies {
  private static final WaitStrategy[] ALL = load();
  private static final WaitStrategy[] OF_VIRTUAL = ofVirtual();

  private WaitStrategies() {}

  // Without streams, which take longer than all else that the first run() of a program does.
  private static WaitStrategy[] load() {
    List<WaitStrategy> all = new ArrayList<>();
    for (WaitStrategy strategy :
        ServiceLoader.load(WaitStrategy.class, WaitStrategies.class.getClassLoader())) {
      all.add(strategy);
    }
    all.add(new ForkJoin());
    all.add(new Swing());
    return all.toArray(new WaitStrategy[0]);
  }

  private static WaitStrategy[] ofVirtual() {
    List<WaitStrategy> some = new ArrayList<>();
    for (WaitStrategy strategy : ALL) {
      if (strategy.mayOwnVirtual()) {
        some.add(strategy);
      }
    }
    return some.toArray(new WaitStrategy[0]);
  }

  /** Returns the strategy of {@code thread}, or null if nobody owns it, so that it just parks. */
  static @Nullable WaitStrategy of(Thread thread) {
    for (WaitStrategy strategy : thread.isVirtual() ? OF_VIRTUAL : ALL) {
      if (strategy.owns(thread)) {
        return strategy;
      }
    }
    return null;
  }

  /** Workers of fork/join pools: the pool is told, so that it can add a worker meanwhile. */
  private static final class ForkJoin implements WaitStrategy {
    @Override
    public boolean owns(Thread thread) {
      return thread instanceof ForkJoinWorkerThread;
    }

    @Override
    public boolean runsBodies() {
      return true;
    }

    @Override
    public void await(ForkJoinPool.ManagedBlocker wait, CompletionStage<?> over)
        throws InterruptedException {
      try {
        ForkJoinPool.managedBlock(wait);
      } catch (RejectedExecutionException e) {
        boolean _ = wait.block(); // the pool has as many threads as it may have
      }
    }
  }

  /**
   * The Swing event dispatch thread: it goes on dispatching events while it waits. Recognised by
   * its class's name, since asking AWT would start AWT.
   */
  private static final class Swing implements WaitStrategy {
    @Override
    public boolean owns(Thread thread) {
      return thread.getClass().getName().equals("java.awt.EventDispatchThread");
    }

    @Override
    public boolean runsBodies() {
      return false;
    }

    @Override
    public void await(ForkJoinPool.ManagedBlocker wait, CompletionStage<?> over)
        throws InterruptedException {
      SecondaryLoop loop = Toolkit.getDefaultToolkit().getSystemEventQueue().createSecondaryLoop();
      // The event that ends the loop is dispatched inside it, so it cannot come too early.
      var _ = over.whenComplete((value, error) -> EventQueue.invokeLater(loop::exit));
      if (!wait.isReleasable() && !loop.enter()) {
        boolean _ = wait.block(); // the queue refuses to nest: freeze rather than spin
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedException();
      }
    }
  }
}
