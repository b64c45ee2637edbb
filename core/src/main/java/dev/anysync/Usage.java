package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** A context in use: enter and exit on one stack with the block if it may be, else in a session. */
final class Usage<R extends @Nullable Object, T extends @Nullable Object>
    implements AnySyncIterator.Out<R> {
  private Strand strand;
  private final int blockMode;
  private final Function<? super R, ? extends T> work;
  private boolean yielded;
  private @Nullable T result;
  private @Nullable Throwable blockError;

  Usage(Strand strand, Function<? super R, ? extends T> work) {
    this.strand = strand;
    this.blockMode = strand.mode;
    this.work = work;
  }

  @Nullable T run(AnySyncContextManager.Body<R> body) {
    // Nested too deep for the stack, all of it hops; on a foreign loop the block stays where it is.
    return strand.isForeignLoop() ? runInSession(body) : strand.run(() -> call(body));
  }

  private @Nullable T runInSession(AnySyncContextManager.Body<R> body) {
    Session<R> session = Session.open(body, false);
    T result;
    try {
      result = work.apply(session.value());
    } catch (Throwable e) {
      session.exit(false, e);
      return null;
    }
    session.close();
    return result;
  }

  /** Calls the body below the block, as a part of the coroutine that this thread is in. */
  @Nullable T call(AnySyncContextManager.Body<R> body) throws Exception {
    strand = Strand.current();
    try {
      body.run(this);
    } catch (Throwable e) {
      throw suppress(e, blockError);
    }
    if (!yielded) {
      throw misuse("ended without a yield");
    }
    return result;
  }

  @Override
  public void yield(R resource) {
    if (yielded) {
      throw misuse("yielded twice");
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
      if (blockMode == Strand.NONE && blockError instanceof CancellationException) {
        strand.noteTold();
      }
    }
  }

  /** Throws {@code error}, with what the block threw suppressed in it. */
  static RuntimeException suppress(Throwable error, @Nullable Throwable blockError) {
    if (blockError != null && blockError != error) {
      error.addSuppressed(blockError);
    }
    throw Strand.sneaky(error);
  }

  static IllegalStateException misuse(String what) {
    return new IllegalStateException(
        "the body of the context manager " + what + "; it must yield its resource once");
  }
}
