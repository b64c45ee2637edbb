package dev.anysync;

import module java.base;

/** How one side waits for a moment before it parks. */
final class Spin {
  /*
   * Overview. To be woken takes longer than many a wait lasts. So whoever is about to park looks for a
   * while whether it has to: on a platform thread for as long as a wake-up may take, on a virtual one,
   * whose core others could use, for a fraction of that; after a moment it lets others run between
   * its looks, as whom it has woken before may have been given the same core. If it was in vain a
   * few times in a row, more and more waits go without; and if there were others to run, all for a
   * while, which gets longer if there are again: it then loses its core for longer than it would
   * take to be woken. A moment's disturbance is soon forgotten, threads that compute are not.
   */

  static final long LONGEST = TimeUnit.MICROSECONDS.toNanos(100);

  private static final boolean SPINS = Runtime.getRuntime().availableProcessors() > 1;
  private static final int FINE = 64; // pauses before the looks become rarer
  private static final int PAUSES = 2_048; // some 60 us
  private static final int FREE = 3; // spins in vain before there is one wait without
  private static final int MAX_REST = 6; // as a power of two
  private static final long BUSY = TimeUnit.MICROSECONDS.toNanos(50); // that others have run for
  private static final int SHORT_BUSY_REST = 16; // waits after the first time, ...
  private static final int LONG_BUSY_REST = 1_024; // ... four times as many each time, at most this
  private static final int CALM = 64; // spins without, after which that is forgotten by one step

  private final int step; // pauses between the first looks, as a look slows the other side down
  private final int most; // pauses of a virtual thread

  private int inVain;
  private int busyRest = SHORT_BUSY_REST;
  private int calm; // spins since then
  int rest; // waits not to spin in

  Spin(int step, int most) {
    this.step = step;
    this.most = most;
  }

  /** Lets the next wait spin, unless others need the core. */
  void hope() {
    if (rest <= 1 << MAX_REST) {
      rest = 0;
    }
  }

  /** Returns whether it became {@code due} while the current thread span. */
  @SuppressWarnings("ThreadPriorityCheck") // no more than a hint
  boolean until(BooleanSupplier due, Thread current) {
    if (!SPINS) {
      return false;
    }
    if (rest > 0) {
      rest--;
      return false;
    }
    int pauses = current.isVirtual() ? most : PAUSES;
    int step = this.step;
    for (int done = 0; done < pauses; done += step) {
      if (done >= FINE) {
        step *= 2;
        long before = System.nanoTime();
        Thread.yield();
        if (System.nanoTime() - before > BUSY) {
          rest = busyRest;
          busyRest = Math.min(4 * busyRest, LONG_BUSY_REST);
          calm = 0;
          return due.getAsBoolean();
        }
      }
      pause(step);
      if (due.getAsBoolean()) {
        inVain = 0;
        if (++calm == CALM) {
          calm = 0;
          busyRest = Math.max(busyRest / 4, SHORT_BUSY_REST);
        }
        return true;
      }
    }
    inVain = Math.min(inVain + 1, FREE + MAX_REST);
    rest = inVain < FREE ? 0 : 1 << (inVain - FREE);
    return false;
  }

  static void pause(int times) {
    for (int i = 0; i < times; i++) {
      Thread.onSpinWait();
    }
  }
}
