package dev.anysync;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Enters a context, hands out its resource for a block of code, and exits it, however the block
 * ends. Entering and exiting are coroutine bodies and run in the same thread and context. If
 * entering fails, nothing is left behind.
 *
 * <p>Subclass it, or write both as one body with {@link AnySync#contextManager}. It may be used any
 * number of times, also at the same time; each use enters anew.
 *
 * <ul>
 *   <li>{@link #use}: enter, block and exit on this thread; the exit sees the block's exception and
 *       may swallow it.
 *   <li>{@link #open}: for try-with-resources; the exit does not see the block's exception, since
 *       {@code close()} is not told. Enter and exit run on a virtual thread of their own, whoever
 *       closes; what the context carriers carry travels from and to the block.
 * </ul>
 *
 * @param <R> the type of the resource, which may be null
 */
@SuppressWarnings("NamedLikeContextualKeyword")
public abstract class AnySyncContextManager<R extends @Nullable Object> {

  /** A context manager as one body, which yields the resource exactly once. */
  @FunctionalInterface
  public interface Body<R extends @Nullable Object> {

    /**
     * Runs the body: enters, yields, exits. If the yield throws, the block has failed; a body that
     * then returns swallows the failure.
     *
     * @throws Exception whatever the body throws; the caller gets the same object
     */
    void run(Out<R> out) throws Exception;
  }

  /** Where a body yields to. */
  @FunctionalInterface
  public interface Out<R extends @Nullable Object> {

    /**
     * Hands out the resource, waits until the block has ended, and throws what the block threw.
     *
     * @throws CancellationException if the context was opened and dropped, or its opening given up
     * @throws IllegalStateException at a second yield
     */
    void yield(R resource);
  }

  /** A context that has been entered; single use. Close it to exit. */
  public interface Opened<R extends @Nullable Object> extends AutoCloseable {

    /**
     * Returns the resource.
     *
     * @throws IllegalStateException if the context has been closed
     */
    R value();

    /**
     * Exits the context and waits for it; does nothing if it was closed before. What the exit
     * throws is thrown. Safe from any thread.
     *
     * @throws CancellationException if this thread is interrupted, which cancels the exit
     */
    @Override
    void close();

    /**
     * Returns a coroutine that does {@link #close()} and does not hold its event loop meanwhile.
     */
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
  public final Opened<R> open() {
    return Session.open(body(), false);
  }

  /** Returns a coroutine that does {@link #open()}, each time it is run. */
  public final AnySync<Opened<R>> openAsync() {
    return AnySync.coroutine(() -> Session.open(body(), true));
  }

  /**
   * Enters the context, calls {@code work} with the resource, exits, and returns what {@code work}
   * returned, or null if the exit swallowed its exception.
   *
   * @param work not a coroutine, so it must not {@code await} unless called inside one
   */
  public final <T extends @Nullable Object> @Nullable T use(Function<? super R, ? extends T> work) {
    requireNonNull(work, "work");
    Strand strand = Strand.current();
    if (!strand.runsBodies()) {
      return Session.use(body(), work);
    }
    Usage<R, T> usage = new Usage<>(strand, strand.mode, work);
    return strand.run(() -> usage.run(body()));
  }

  /**
   * Returns a coroutine that does {@link #use}, each time it is run.
   *
   * @param work a part of the coroutine, so it may {@code await}
   */
  public final <T extends @Nullable Object> AnySync<@Nullable T> useAsync(
      Function<? super R, ? extends T> work) {
    requireNonNull(work, "work");
    return AnySync.<@Nullable T>coroutine(
        () -> {
          Strand strand = Strand.current();
          return new Usage<R, T>(strand, strand.mode, work).run(body());
        });
  }
}

/** A context in use on one stack: the body below, the block above its yield. */
final class Usage<R extends @Nullable Object, T extends @Nullable Object>
    implements AnySyncContextManager.Out<R> {
  private final Strand strand;
  private final int blockMode;
  private final Function<? super R, ? extends T> work;
  private boolean yielded;
  private @Nullable T result;
  private @Nullable Throwable blockError;

  Usage(Strand strand, int blockMode, Function<? super R, ? extends T> work) {
    this.strand = strand;
    this.blockMode = blockMode;
    this.work = work;
  }

  @Nullable T run(AnySyncContextManager.Body<R> body) throws Exception {
    try {
      body.run(this);
    } catch (Throwable e) {
      if (blockError != null && blockError != e) {
        e.addSuppressed(blockError);
      }
      throw e;
    }
    if (!yielded) {
      throw Session.noYield();
    }
    return result;
  }

  @Override
  public void yield(R resource) {
    if (yielded) {
      throw Session.secondYield();
    }
    yielded = true;
    int bodyMode = strand.mode;
    strand.mode = blockMode;
    try {
      result = work.apply(resource);
    } catch (Throwable e) {
      blockError = e;
      throw e;
    } finally {
      strand.mode = bodyMode;
    }
  }
}

/** A context that is open: the body waits at its yield, on a thread of its own. */
final class Session<R extends @Nullable Object> implements AnySyncContextManager.Opened<R> {
  private final BodyGenerator<R, @Nullable Void> generator;
  private final R value;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Session(BodyGenerator<R, @Nullable Void> generator, R value) {
    this.generator = generator;
    this.value = value;
  }

  static <R extends @Nullable Object> Session<R> open(
      AnySyncContextManager.Body<R> body, boolean async) {
    BodyGenerator<R, @Nullable Void> generator =
        new BodyGenerator<>(
            out ->
                body.run(
                    resource -> {
                      var _ = out.yield(resource);
                    }));
    Object item = generator.advance(async, null, null);
    if (item == Source.END) {
      throw noYield();
    }
    return new Session<>(generator, Sequence.element(item));
  }

  /** As {@link AnySyncContextManager#use} on a thread that may not run bodies. */
  static <R extends @Nullable Object, T extends @Nullable Object> @Nullable T use(
      AnySyncContextManager.Body<R> body, Function<? super R, ? extends T> work) {
    Session<R> session = open(body, false);
    T result;
    try {
      result = work.apply(session.value);
    } catch (Throwable e) {
      session.exit(false, e);
      return null;
    }
    session.exit(false, null);
    return result;
  }

  @Override
  public R value() {
    if (closed.get()) {
      throw new IllegalStateException("value() of a context that has been closed; open a new one");
    }
    return value;
  }

  @Override
  public void close() {
    exit(false, null);
  }

  @Override
  public AnySync<@Nullable Void> closeAsync() {
    return AnySync.coroutine(() -> exit(true, null));
  }

  /** Lets the body go on, to its end; returns if it swallows {@code error}. */
  private void exit(boolean async, @Nullable Throwable error) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    Object item;
    try {
      item = generator.advance(async, null, error);
    } catch (Throwable e) {
      if (error != null && e != error) {
        e.addSuppressed(error);
      }
      throw e;
    }
    if (item != Source.END) {
      generator.close();
      throw secondYield();
    }
  }

  static IllegalStateException noYield() {
    return new IllegalStateException(
        "the body of the context manager ended without a yield; it must yield its resource once");
  }

  static IllegalStateException secondYield() {
    return new IllegalStateException(
        "the body of the context manager yielded twice; it must yield its resource once");
  }
}
