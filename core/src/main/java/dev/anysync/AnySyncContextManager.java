package dev.anysync;

import module java.base;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.Nullable;

/**
 * Enters a context, hands out its resource for a block of code, and exits it, however the block
 * ends. Entering and exiting are coroutine bodies and run in the same thread and context. If
 * entering fails, nothing is left behind.
 *
 * <p>Subclass it, or write both as one body with {@link AnySync#contextManager}. Each use enters
 * anew, also several at the same time.
 *
 * <p>With {@link #use}, enter, block and exit run on this thread; the exit sees the block's
 * exception and may swallow it. {@link #open} is for try-with-resources; the exit does not see the
 * block's exception, since {@code close()} is not told. Enter and exit run on a virtual thread of
 * their own, whoever closes; what the context carriers carry travels from and to the block.
 *
 * @param <R> the type of the resource, which may be null
 */
@SuppressWarnings("NamedLikeContextualKeyword")
public abstract class AnySyncContextManager<R extends @Nullable Object> {
  /**
   * A context manager as one body: enters, yields the resource exactly once, exits. The yield waits
   * until the block has ended and throws what the block threw; a body that then returns swallows
   * it. A second yield is an {@link IllegalStateException}.
   */
  @FunctionalInterface
  public interface Body<R extends @Nullable Object> extends AnySyncIterator.Body<R> {}

  /** A context that has been entered; single use. Close it to exit. */
  public interface Opened<R extends @Nullable Object> extends AutoCloseable {
    /** Returns the resource; an {@link IllegalStateException} if the context has been closed. */
    R value();

    /**
     * Exits the context, on whatever thread, and waits for it; what the exit throws is thrown. Does
     * nothing if it was closed before.
     *
     * @throws CancellationException if this thread is interrupted, which cancels the exit
     */
    @Override
    void close();

    /** Returns a coroutine that does {@link #close()} and does not hold its event loop. */
    AnySync<@Nullable Void> closeAsync();
  }

  /** For subclasses. */
  protected AnySyncContextManager() {}

  /**
   * Enters the context and returns its resource; may {@code await}.
   *
   * @throws Exception if the context cannot be entered; {@link #exit} is not called then
   */
  protected abstract R enter() throws Exception;

  /**
   * Exits the context; may {@code await}. Called once for each {@link #enter} that returned.
   *
   * @param error what the block threw, or null
   * @return whether to swallow {@code error}
   * @throws Exception in place of {@code error}, which is then suppressed in it
   */
  protected abstract boolean exit(@Nullable Throwable error) throws Exception;

  /** Returns enter and exit as one body. */
  Body<R> body() {
    return out -> {
      R resource = enter();
      try {
        out.yield(resource);
      } catch (Throwable e) {
        if (exit(e)) {
          return;
        }
        throw e;
      }
      var _ = exit(null);
    };
  }

  /**
   * Enters the context and returns it; legal on every thread.
   *
   * @throws CancellationException if this thread is interrupted meanwhile; the context is then left
   */
  @CheckReturnValue
  public final Opened<R> open() {
    return Session.open(body(), false);
  }

  /** Returns a coroutine that does {@link #open()}, each time it is run. */
  @CheckReturnValue
  public final AnySync<Opened<R>> openAsync() {
    return AnySync.coroutine(() -> Session.open(body(), true));
  }

  /**
   * Enters the context, calls {@code work} with the resource, exits, and returns what {@code work}
   * returned, or null if the exit swallowed its exception. The work is not a coroutine, so it must
   * not {@code await} unless called inside one.
   */
  public final <T extends @Nullable Object> @Nullable T use(Function<? super R, ? extends T> work) {
    Objects.requireNonNull(work, "work");
    return new Usage<R, T>(Strand.current(), work).run(body());
  }

  /** Returns a coroutine that does {@link #use} each time; {@code work} is a part of it. */
  @CheckReturnValue
  public final <T extends @Nullable Object> AnySync<@Nullable T> useAsync(
      Function<? super R, ? extends T> work) {
    Objects.requireNonNull(work, "work");
    return AnySync.<@Nullable T>coroutine(
        () -> new Usage<R, T>(Strand.current(), work).call(body()));
  }

  /** Returns a context manager over a body; enter and exit are never called. */
  static <R extends @Nullable Object> AnySyncContextManager<R> of(Body<R> body) {
    return new AnySyncContextManager<>() {
      @Override
      Body<R> body() {
        return body;
      }

      @Override
      protected R enter() {
        throw new AssertionError();
      }

      @Override
      protected boolean exit(@Nullable Throwable error) {
        throw new AssertionError();
      }
    };
  }
}
