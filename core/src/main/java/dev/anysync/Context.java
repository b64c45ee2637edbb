package dev.anysync;

import dev.anysync.spi.ContextCarrier;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** What travels with one body to another thread, and back; it is let go of as soon as it has. */
final class Context {
  private static final @Nullable Object[] NOTHING = {};

  private static final ClassLoader USUAL = ClassLoader.getSystemClassLoader(); // what threads have

  static final Context NONE = new Context(new ContextCarrier[0], NOTHING, null, null);

  private final ContextCarrier[] carriers;
  private ScopedValue.@Nullable Carrier scoped; // until the body is called
  private @Nullable ClassLoader loader; // until the body is called; null for the usual one
  private @Nullable Object[] snapshots; // the caller's until the body has run, then the body's
  private boolean isCarriedBack; // set before the body is called
  private volatile boolean hasRun; // publishes what the body left

  private Context(
      ContextCarrier[] carriers,
      @Nullable Object[] snapshots,
      ScopedValue.@Nullable Carrier scoped,
      @Nullable ClassLoader loader) {
    this.carriers = carriers;
    this.snapshots = snapshots;
    this.scoped = scoped;
    this.loader = loader;
  }

  /** Captures the current thread's context; {@link #NONE} where there is nothing to carry. */
  static Context capture(Lanes lanes) {
    ScopedValue.Carrier scoped = null;
    for (ScopedValue<?> key : lanes.keys) {
      scoped = bind(scoped, key);
    }
    ClassLoader current = Thread.currentThread().getContextClassLoader();
    ClassLoader loader = current == USUAL ? null : current;
    return lanes.carriers.length == 0 && scoped == null && loader == null
        ? NONE
        : new Context(lanes.carriers, snapshot(lanes.carriers), scoped, loader);
  }

  private static <V> ScopedValue.@Nullable Carrier bind(
      ScopedValue.@Nullable Carrier scoped, ScopedValue<V> key) {
    if (!key.isBound()) {
      return scoped;
    }
    return scoped == null ? ScopedValue.where(key, key.get()) : scoped.where(key, key.get());
  }

  /** Calls {@code body} in this context and leaves the thread with what it had before. */
  <T extends @Nullable Object> T call(Callable<? extends T> body) throws Exception {
    if (this == NONE) {
      return body.call();
    }
    @Nullable Object[] before = snapshot(carriers);
    restore(carriers, snapshots);
    ScopedValue.Carrier scoped = this.scoped;
    this.scoped = null;
    Thread thread = Thread.currentThread();
    ClassLoader loader = this.loader;
    ClassLoader loaderBefore = loader == null ? null : thread.getContextClassLoader();
    if (loader != null) {
      this.loader = null;
      thread.setContextClassLoader(loader);
    }
    try {
      return scoped == null ? body.call() : scoped.<T, Exception>call(body::call);
    } finally {
      if (loader != null) {
        thread.setContextClassLoader(loaderBefore);
      }
      snapshots = isCarriedBack ? snapshot(carriers) : NOTHING;
      hasRun = true;
      leave(before);
    }
  }

  /** In the opposite order: what was entered last is left first. */
  private void leave(@Nullable Object[] before) {
    for (int i = before.length - 1; i >= 0; i--) {
      carriers[i].leave(before[i]);
    }
  }

  /** Has what the body leaves kept for {@link #carryBack}. */
  void willCarryBack() {
    if (this != NONE) {
      isCarriedBack = true;
    }
  }

  /** Gives the current thread what the body left, if it has run. */
  void carryBack() {
    if (hasRun) {
      restore(carriers, snapshots);
      drop();
    }
  }

  /** Lets go of all it carries. */
  void drop() {
    if (this != NONE) {
      scoped = null;
      loader = null;
      snapshots = NOTHING;
    }
  }

  static @Nullable Object[] snapshot(ContextCarrier[] carriers) {
    if (carriers.length == 0) {
      return NOTHING;
    }
    @Nullable Object[] snapshots = new Object[carriers.length];
    for (int i = 0; i < carriers.length; i++) {
      snapshots[i] = carriers[i].capture();
    }
    return snapshots;
  }

  /** Gives the current thread what {@link #snapshot} saw, here or on another thread. */
  static void restore(ContextCarrier[] carriers, @Nullable Object[] snapshots) {
    for (int i = 0; i < snapshots.length; i++) {
      carriers[i].restore(snapshots[i]);
    }
  }
}
