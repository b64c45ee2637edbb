package dev.anysync.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;

/** Time limits that work is to exceed, on machines that may be busy. */
public final class TimeLimits {
  private TimeLimits() {}

  /** A call that waits, for at most the given time, for work that never ends. */
  @FunctionalInterface
  public interface Call {
    void run(Duration limit) throws Exception;
  }

  /**
   * Asserts that {@code call} throws a {@link TimeoutException}, with longer and longer limits
   * until the work has begun, as {@code begun} says, before its limit was over.
   */
  public static void assertThatItIsExceeded(CountDownLatch begun, Call call) {
    Duration limit = Duration.ofMillis(10);
    do {
      Duration current = limit;
      assertThatThrownBy(() -> call.run(current)).isInstanceOf(TimeoutException.class);
      limit = limit.multipliedBy(2);
    } while (begun.getCount() > 0);
  }
}
