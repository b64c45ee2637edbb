package dev.anysync.spi;

/**
 * How the threads of one framework wait, and whether a body may run on them.
 *
 * <p>A strategy is asked once per platform thread whether it owns it; the first that does is used
 * for as long as the thread lives. Threads that nobody owns park, and bodies run on them. Virtual
 * threads are never asked about. Strategies are found with {@link java.util.ServiceLoader}; those
 * of the library itself (fork/join workers, the Swing thread) come last.
 */
public interface WaitStrategy {

  /** Returns whether {@code thread}, which is the current thread, belongs to this strategy. */
  boolean owns(Thread thread);

  /**
   * Returns whether bodies may run on such a thread, in {@code run()} or when a waiter takes over a
   * task that has not been started. False for event loops and UI threads: there a body runs on a
   * virtual thread while the caller waits.
   */
  boolean runsBodies();

  /**
   * Blocks the current thread until {@link Wait#isOver()}. May return early; it is then called
   * again.
   *
   * @param wait what is waited for
   * @throws InterruptedException if the thread was interrupted; its flag is then cleared
   */
  void await(Wait wait) throws InterruptedException;

  /** One wait of one thread: over when the result is there or the time is up. */
  interface Wait {

    /** Returns whether there is nothing left to wait for; safe from any thread. */
    boolean isOver();

    /**
     * Parks the current thread until the wait is over, or for no reason; to be called only by the
     * thread that waits.
     *
     * @throws InterruptedException if the thread was interrupted; its flag is then cleared
     */
    void park() throws InterruptedException;

    /**
     * Runs {@code action} once when the wait is over, on the thread that ends it, or at once on
     * this one if it is over already. It must be short and must not throw.
     */
    void whenOver(Runnable action);
  }
}
