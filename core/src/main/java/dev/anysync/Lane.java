package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/**
 * Where and how bodies run: what the tasks of one kind have in common.
 *
 * @param loop of the coroutine (mode BODY), or held by its caller (HELD)
 * @param mode of the strand while it runs the body
 * @param executor that the tasks are given to; null for an event loop's coroutines
 * @param claimable whether whoever waits for a body may run it
 * @param context what travels with the one task that has a lane of its own
 */
record Lane(
    Lanes lanes,
    @Nullable EventLoop loop,
    int mode,
    @Nullable Executor executor,
    boolean claimable,
    Context context) {

  Lane(Lanes lanes, @Nullable EventLoop loop, int mode, @Nullable Executor executor) {
    this(lanes, loop, mode, executor, false, Context.NONE);
  }

  Lane claimable(boolean claimable) {
    return new Lane(lanes, loop, mode, executor, claimable, context);
  }

  /** Returns this lane, or one like it, with what the current thread has to carry. */
  Lane captured(boolean carriesBack) {
    Context captured = Context.capture(lanes);
    if (captured == Context.NONE) {
      return this;
    }
    if (carriesBack) {
      captured.willCarryBack();
    }
    return new Lane(lanes, loop, mode, executor, claimable, captured);
  }

  /** Returns the event loop whose turn its bodies need. */
  @Nullable EventLoop turn() {
    return mode == Strand.BODY ? loop : null;
  }

  /** Returns whether threads of the library start its tasks, which come whatever happens. */
  boolean isOwn() {
    return loop != null || lanes.isOwn(executor);
  }

  /** Returns the pool that has to start its tasks, if that is known. */
  @Nullable Pool pool() {
    return executor == null ? null : lanes.pool(executor);
  }

  @Override
  public String toString() {
    return loop == null
        ? lanes.name(executor)
        : "event loop '" + loop + (mode == Strand.BODY ? "'" : "', which its caller holds");
  }
}
