package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** Where one thread waits for what another is about to do. */
final class Signal extends AtomicReference<@Nullable Unfuture<@Nullable Void>> {
  /*
   * Overview. Who has to wait publishes an unfuture here, looks whether it is still to wait, and then
   * waits for it. The other makes its change, looks here, and completes the unfuture if there is one.
   * All four are volatile accesses, which have one order that all threads agree on; in that order the
   * change comes before the waiter's look, or the unfuture before the other's look. So one of the two
   * sees the other, whenever writes become visible: no wake-up is lost, though one may come in vain.
   *
   * Whoever waits spins first. A coroutine that suspends never does, since others wait for the turn
   * that it gives up; nor does a foreign event loop's thread, whose waits, be they short, are subject
   * to a policy.
   */

  private static final long serialVersionUID = 1;

  final transient Spin spin;

  Signal(Spin spin) {
    this.spin = spin;
  }

  /** Wakes who waits; to be called after the volatile write of what that waits for. */
  void wake() {
    if (get() != null) {
      Unfuture<@Nullable Void> waiting = getAndSet(null);
      if (waiting != null) {
        waiting.complete(null);
      }
    }
  }

  /**
   * Waits until it is {@code due}, which is a volatile read, in the way of {@link
   * Strand#waitOrCancel}; returns false if the time is up. {@code source} brings it about, and is
   * cancelled by a waiter that is interrupted.
   */
  boolean await(
      Strand strand,
      BooleanSupplier due,
      @Nullable Task<?> source,
      boolean async,
      long nanos,
      String operation) {
    boolean spins = nanos != 0 && !strand.isForeignLoop() && !(async && strand.suspends());
    long deadline = nanos < 0 ? 0 : System.nanoTime() + nanos;
    if (spins && (due.getAsBoolean() || spin.until(due, strand.thread))) {
      return true;
    }
    do {
      Unfuture<@Nullable Void> waiting = new Unfuture<>();
      waiting.waitFor(source);
      set(waiting);
      if (due.getAsBoolean()) {
        wake();
      }
      long left = nanos < 0 ? -1 : Math.max(0, deadline - System.nanoTime());
      if (!strand.waitOrCancel(waiting, async, left, operation)) {
        return false;
      }
    } while (!due.getAsBoolean());
    return true;
  }
}
