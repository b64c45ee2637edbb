package dev.anysync;

/** Where a thread is, to be shown by what it is attached to. */
final class ThreadStack extends Exception {
  private static final long serialVersionUID = 1;

  ThreadStack(Thread thread, String what) {
    super("thread '" + thread.getName() + "'#" + thread.threadId() + " " + what, null, false, true);
    setStackTrace(thread.getStackTrace());
  }
}
