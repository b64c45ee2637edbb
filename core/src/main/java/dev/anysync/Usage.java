package dev.anysync;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A context in use on one stack: the body below, the block above its yield. */
final class Usage<R extends @Nullable Object, T extends @Nullable Object>
    implements AnySyncIterator.Out<R> {
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
