package dev.anysync.spi;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Moves one kind of context (a logging context, a security principal, a trace) to the thread that a
 * body runs on, and what the body changed back to its caller.
 *
 * <p>At every hop the library calls {@link #capture} on the caller, {@link #restore} with that
 * snapshot on the body's thread before the body, {@code capture} there after it, {@link #leave}
 * with what that thread had before, and, when the caller waits for the body, {@code restore} with
 * the body's snapshot on the caller. A body that runs on its caller's own thread needs none of this
 * and calls none of it. The body of a generator and its consumer {@code restore} at each step what
 * the other one had. What the body of an iterator that looks ahead changes stays with it.
 *
 * <p>Carriers are found with {@link java.util.ServiceLoader} or given to {@code
 * Lanes.builder().carry(..)}. They are called from many threads at once, must not block, and must
 * not throw.
 */
public interface ContextCarrier {
  /** Returns what the current thread has now, or null if it has nothing; must not change later. */
  @Nullable Object capture();

  /** Gives the current thread what {@link #capture} returned on some thread; null clears. */
  void restore(@Nullable Object snapshot);

  /**
   * Ends on the current thread what one or more calls of {@link #restore} began there for a body,
   * and gives it back {@code before}, which {@link #capture} returned there before the first of
   * them. For contexts that are entered and left, as scopes are; for others {@code restore} does
   * it, and is what this calls if not overridden.
   */
  default void leave(@Nullable Object before) {
    restore(before);
  }

  /** Returns a carrier of one thread local; a null value counts as not set. */
  static ContextCarrier of(ThreadLocal<?> local) {
    return new OfThreadLocal<>(Objects.requireNonNull(local, "local"));
  }
}

/** Carries one thread local's value; the value itself is shared, not copied. */
record OfThreadLocal<V>(ThreadLocal<V> local) implements ContextCarrier {
  @Override
  public @Nullable Object capture() {
    return local.get();
  }

  @Override
  @SuppressWarnings("unchecked") // what capture returned on this same local
  public void restore(@Nullable Object snapshot) {
    if (snapshot == null) {
      local.remove();
    } else {
      local.set((V) snapshot);
    }
  }
}
