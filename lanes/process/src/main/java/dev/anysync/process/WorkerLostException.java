package dev.anysync.process;

/**
 * The process that ran a body has died, or had to be killed: the body may have done all, some or
 * nothing of its work. The message says how it died, with the last lines of its error stream.
 */
public final class WorkerLostException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int exitCode;

  WorkerLostException(String message, int exitCode) {
    super(message);
    this.exitCode = exitCode;
  }

  /**
   * Returns the exit code of the process, which is 128 plus the number of a signal that ended it.
   */
  public int exitCode() {
    return exitCode;
  }
}
