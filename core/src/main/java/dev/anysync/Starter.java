package dev.anysync;

import module java.base;

/** Starts the tasks of a list on as many threads as it takes for none to wait in vain. */
final class Starter implements Runnable {
  /*
   * Overview. A thread that has started one task goes on with the next, so that many short ones
   * share the cost of a thread. None is to wait behind one that blocks: whenever there is a task to
   * be started, there is a thread on its way that has not begun to look for one, or one that looks.
   * So whoever adds a task sees to it that one is on its way, and so does a thread that finds more
   * than the task that it is about to run. One is enough: it does the same when it begins. On
   * virtual threads it has no core to run on as long as all are busy, and so costs nothing.
   */

  private final Tasks tasks;
  private final Executor threads;
  private final AtomicBoolean onItsWay = new AtomicBoolean();

  Starter(Tasks tasks, Executor threads) {
    this.tasks = tasks;
    this.threads = threads;
  }

  /** To be called when a task has been added. */
  void call() {
    if (!onItsWay.get() && onItsWay.compareAndSet(false, true)) {
      try {
        threads.execute(this);
      } catch (Throwable e) {
        onItsWay.set(false);
        throw e;
      }
    }
  }

  @Override
  public void run() {
    onItsWay.set(false); // before it looks
    boolean over = false;
    try {
      Strand strand = Strand.current();
      for (Task<?> task = tasks.peek(); task != null; task = tasks.peek()) {
        if (tasks.isFollowed(task)) {
          call();
        }
        task.runOn(strand);
        boolean _ = Thread.interrupted(); // what a task does to its thread is not the next one's
      }
      over = true;
    } finally {
      if (!over) { // out of memory, or of stack: it is no reason to leave the others waiting
        call();
      }
    }
  }
}
