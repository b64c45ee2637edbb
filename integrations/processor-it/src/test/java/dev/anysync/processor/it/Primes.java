package dev.anysync.processor.it;

import dev.anysync.Unsynced;
import java.io.Serializable;
import java.util.stream.IntStream;

/** Computes, in whatever process it is sent to. */
class Primes implements Serializable {
  private static final long serialVersionUID = 1;

  private final int from;

  Primes(int from) {
    this.from = from;
  }

  @Unsynced(cpuBound = true, lane = "processes")
  long countBelow(int end) {
    return IntStream.range(from, end)
        .filter(n -> n > 1 && IntStream.rangeClosed(2, (int) Math.sqrt(n)).allMatch(d -> n % d > 0))
        .count();
  }

  @Unsynced(cpuBound = true, lane = "processes")
  long process(int delegate) {
    return delegate * ProcessHandle.current().pid();
  }
}
