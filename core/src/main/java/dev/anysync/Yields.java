package dev.anysync;

import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** What every yield checks. */
final class Yields {

  private Yields() {}

  /**
   * Refuses a yield on a thread that does not run the body, tells a body that has been cancelled,
   * and refuses one that was told before.
   *
   * @param task the body's, if it is known by now
   */
  static void check(Strand strand, @Nullable Unfuture<?> task) {
    Unfuture<?> current = strand.task;
    if (current == null || (task != null && current != task)) {
      throw new IllegalStateException(
          "yield on thread '"
              + strand
              + "', which does not run this body: yield in the body itself");
    }
    strand.checkCancelled();
    if (current.isDone()) {
      throw afterClose();
    }
  }

  static IllegalStateException afterClose() {
    return new IllegalStateException(
        "the body yielded after it had been closed: let the CancellationException end it");
  }

  /** Returns {@code error} if the current body has thrown it in response to its cancellation. */
  static @Nullable Throwable failure(Throwable error) {
    Unfuture<?> task = Strand.current().task;
    return task != null && task.isDone() && !(error instanceof CancellationException)
        ? error
        : null;
  }
}
