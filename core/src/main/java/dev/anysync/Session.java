package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

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
        new BodyGenerator<>(out -> body.run(resource -> out.yield(resource)));
    Object item = generator.advance(async, null, null);
    if (item == Source.END) {
      throw Usage.misuse("ended without a yield");
    }
    return new Session<>(generator, Sequence.element(item));
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
  void exit(boolean async, @Nullable Throwable error) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      if (generator.advance(async, null, error) == Source.END) {
        return;
      }
    } catch (Throwable e) {
      throw Usage.suppress(e, error);
    }
    generator.close();
    throw Usage.misuse("yielded twice");
  }
}
