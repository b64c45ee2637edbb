package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** A body, and where and when it was started. */
final class Recorded<T extends @Nullable Object> implements Callable<T> {
  private final Callable<? extends T> body;
  private final long since = System.nanoTime();
  final String frame;

  Recorded(Callable<? extends T> body) {
    this.body = body;
    String frame =
        StackWalker.getInstance()
            .walk(
                frames ->
                    CallerFrames.ofUser(frames.map(StackWalker.StackFrame::toStackTraceElement)));
    this.frame = frame == null ? "no code of the user's" : frame;
  }

  @Override
  public T call() throws Exception {
    return body.call();
  }

  long millis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
  }
}
