package dev.anysync;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/** Durations as arguments. */
final class Durations {

  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

  private Durations() {}

  /**
   * Returns the nanoseconds of {@code duration}, or {@code Long.MAX_VALUE} if they are too many.
   */
  static long nanos(Duration duration, String parameter) {
    requireNonNull(duration, parameter);
    if (duration.isNegative()) {
      throw new IllegalArgumentException(
          parameter + ": is negative (" + duration + "); give zero or more");
    }
    return duration.compareTo(LONGEST) >= 0 ? Long.MAX_VALUE : duration.toNanos();
  }
}
