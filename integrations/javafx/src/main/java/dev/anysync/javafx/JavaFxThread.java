package dev.anysync.javafx;

import dev.anysync.spi.WaitStrategy;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;
import javafx.application.Platform;

/**
 * The JavaFX application thread: a body that it calls runs on a virtual thread, and it goes on
 * dispatching events until that has ended. Found as a service: nothing has to be called.
 *
 * <p>Of calls that wait inside of one another, by events that are dispatched meanwhile, the one
 * that began last returns first. During animation and layout, and when 200 such calls are waiting,
 * JavaFX refuses to dispatch events: the thread then parks until the call has ended. {@link
 * Platform#exit} cancels the calls that wait. An interrupt of the thread may end an event instead
 * of the wait.
 */
public final class JavaFxThread implements WaitStrategy {
  private static final String NAME = "JavaFX Application Thread";

  /** Creates the strategy; for the service loader. */
  public JavaFxThread() {}

  @Override
  public boolean owns(Thread thread) {
    return thread.getName().equals(NAME) // to ask JavaFX would start it
        && Platform.isFxApplicationThread();
  }

  @Override
  public boolean runsBodies() {
    return false;
  }

  @Override
  public void await(ManagedBlocker wait, CompletionStage<?> over) throws InterruptedException {
    throwIfInterrupted();
    if (!Platform.canStartNestedEventLoop()) {
      boolean _ = wait.block();
      return;
    }
    Loop loop = new Loop();
    // The event that ends the loop is dispatched inside it, so it cannot come too early.
    var _ = over.whenComplete((_, _) -> Platform.runLater(loop::exit));
    if (!wait.isReleasable() && !loop.enter() && !wait.isReleasable()) {
      throw new InterruptedException("JavaFX is shutting down");
    }
    throwIfInterrupted();
  }

  private static void throwIfInterrupted() throws InterruptedException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedException();
    }
  }

  /** A nested event loop; confined to the JavaFX application thread. */
  private static final class Loop {
    private boolean isRunning;

    /** Dispatches events, and returns whether {@link #exit} has ended that. */
    boolean enter() {
      isRunning = true;
      return Platform.enterNestedEventLoop(this) == this;
    }

    void exit() {
      if (isRunning) {
        isRunning = false;
        Platform.exitNestedEventLoop(this, this);
      }
    }
  }
}
