package dev.anysync;

/** The stack of a caller, attached as suppressed to an exception that came from another thread. */
final class CallerFrames extends Exception {
  private static final long serialVersionUID = 1;

  /** Who observed the exception; each kind attaches its frames once, so that they stay bounded. */
  enum Observer {
    RUN("run()"),
    RESULT("result()"),
    AWAIT("await()"),
    NEXT("the body's consumer"),
    CLOSE("close()");

    private final String text;

    Observer(String text) {
      this.text = text;
    }
  }

  private final Observer observer;

  private CallerFrames(Observer observer) {
    super("called by %s on thread '%s'".formatted(observer.text, Thread.currentThread().getName()));
    this.observer = observer;
  }

  /** Attaches the current stack to {@code error}, and returns it. */
  static Throwable attach(Throwable error, Observer observer) {
    synchronized (error) { // the lock of Throwable's own methods: two observers may come at once
      for (Throwable suppressed : error.getSuppressed()) {
        if (suppressed instanceof CallerFrames frames && frames.observer == observer) {
          return error;
        }
      }
      error.addSuppressed(new CallerFrames(observer));
    }
    return error;
  }
}
