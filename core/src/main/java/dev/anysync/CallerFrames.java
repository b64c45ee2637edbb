package dev.anysync;

/** The stack of a caller, attached as suppressed to an exception that came from another thread. */
final class CallerFrames extends Exception {
  private static final long serialVersionUID = 1;

  private final String operation;

  private CallerFrames(String operation) {
    super("called by " + operation + " on thread '" + Thread.currentThread().getName() + "'");
    this.operation = operation;
  }

  /** Attaches the current stack to {@code error}, once per operation, and returns it. */
  static Throwable attach(Throwable error, String operation) {
    synchronized (error) { // the lock of Throwable's own methods: two observers may come at once
      for (Throwable suppressed : error.getSuppressed()) {
        if (suppressed instanceof CallerFrames frames && frames.operation.equals(operation)) {
          return error;
        }
      }
      error.addSuppressed(new CallerFrames(operation));
    }
    return error;
  }
}
