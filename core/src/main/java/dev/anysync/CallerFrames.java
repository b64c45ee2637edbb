package dev.anysync;

import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The stack of a caller, attached as suppressed to an exception that came from another thread. */
final class CallerFrames extends Exception {
  private static final long serialVersionUID = 1;

  private static final Predicate<String> OURS =
      Pattern.compile("dev\\.anysync\\.[A-Z].*|(java|jdk)\\..*").asMatchPredicate();

  private static final Set<String> WAITS = // how they do it is above them on the stack
      Set.of(Strand.class.getName(), EventLoop.class.getName());

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

  /** Returns where in the user's code {@code thread} is; if it waits, without how it does that. */
  static @Nullable String ofUser(Thread thread, boolean waits) {
    Stream<StackTraceElement> frames = Stream.of(thread.getStackTrace());
    return ofUser(
        waits ? frames.dropWhile(frame -> !WAITS.contains(frame.getClassName())) : frames);
  }

  /** Returns the innermost frame in the user's code, if there is one. */
  static @Nullable String ofUser(Stream<StackTraceElement> frames) {
    return frames
        .filter(frame -> !OURS.test(frame.getClassName()))
        .findFirst()
        .map(StackTraceElement::toString)
        .orElse(null);
  }
}
