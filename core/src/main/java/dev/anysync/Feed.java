package dev.anysync;

import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** A body on a thread of its own that yields into a channel. */
final class Feed<Y extends @Nullable Object> extends Channel<Y> implements AnySyncIterator.Out<Y> {

  private volatile @Nullable Unfuture<?> task;
  private volatile @Nullable Throwable failure;

  Feed(int maxWindow) {
    super(maxWindow);
  }

  void start(AnySyncIterator.Body<Y> body, Lanes lanes) {
    task =
        lanes.start(
            () -> {
              run(body);
              return null;
            });
  }

  private void run(AnySyncIterator.Body<Y> body) {
    try {
      body.run(this);
      end(null);
    } catch (Throwable e) {
      failure = Yields.failure(e);
      end(e);
    }
  }

  @Override
  public void yield(Y element) {
    Strand strand = Strand.current();
    Yields.check(strand, task);
    try {
      awaitRoom(strand);
    } catch (InterruptedException e) {
      throw strand.cancelled("yield()");
    }
    add(element);
  }

  @Override
  public void abort() {
    end(new CancellationException("closed"));
    Unfuture<?> task = this.task;
    if (task != null) {
      task.cancel(true);
    }
  }

  @Override
  public @Nullable Unfuture<?> task() {
    return task;
  }

  @Override
  public @Nullable Throwable failure() {
    return failure;
  }
}
