package dev.anysync.spi;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;

/**
 * How the threads of one framework wait, and whether a body may run on them.
 *
 * <p>A strategy is asked once per platform thread whether it owns it; the first that does is used
 * for as long as the thread lives. Threads that nobody owns park, and bodies run on them. About
 * virtual threads only those strategies are asked that {@linkplain #mayOwnVirtual say so}.
 * Strategies are found with {@link java.util.ServiceLoader}; those of the library itself (fork/join
 * workers, the Swing thread) come last.
 */
public interface WaitStrategy {
  /** Returns whether {@code thread}, which is the current thread, belongs to this strategy. */
  boolean owns(Thread thread);

  /**
   * Returns whether this strategy is to be asked about virtual threads as well; false if not
   * overridden. There are many of them: {@link #owns} had better be quick.
   */
  default boolean mayOwnVirtual() {
    return false;
  }

  /**
   * Returns whether bodies may run on such a thread, in {@code run()} or when a waiter takes over a
   * task that has not been started. False for event loops and UI threads: there a body runs on a
   * virtual thread while the caller waits.
   */
  boolean runsBodies();

  /**
   * Blocks the current thread until {@code wait} is releasable: the result is there or the time is
   * up. May return early; it is then called again. Parks the thread if not overridden.
   *
   * @param wait its {@code block} parks the current thread, and is for that thread only; {@code
   *     isReleasable} may be called by any
   * @param over completed when the wait is over, on the thread that ends it; what depends on it
   *     must be short
   * @throws InterruptedException if the thread was interrupted; its flag had better stay set until
   *     then, as {@code wait.block()} leaves it
   */
  default void await(ManagedBlocker wait, CompletionStage<?> over) throws InterruptedException {
    boolean _ = wait.block();
  }

  /**
   * Returns how many tasks are queued for {@code thread}, which is the current one, or a negative
   * number, as here, if that is not known. If there are any while the thread is blocked by a wait
   * for which nothing that is known goes on, that is reported as a suspected deadlock; see {@link
   * dev.anysync.Lanes.Builder#onSuspectedDeadlock}. A thread is looked after only while it is in
   * the {@code block} of its wait.
   */
  default int queued(Thread thread) {
    return -1;
  }

  /**
   * Returns whether other work is held up while {@code thread}, which is the current one, waits.
   * Where another thread takes its place meanwhile, or it is there to be blocked, that is not so:
   * no warning is logged that it is blocked, and no policy for foreign loops applies to it.
   */
  default boolean blocksOthers(Thread thread) {
    return true;
  }
}
