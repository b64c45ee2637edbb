package dev.anysync;

import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** A body on a thread of its own that yields into a channel. */
final class Feed<Y extends @Nullable Object> extends Channel implements AnySyncIterator.Out<Y> {

  private volatile @Nullable Task<?> task;
  private volatile @Nullable Throwable failure;

  Feed(int maxWindow) {
    super(maxWindow);
  }

  void start(AnySyncIterator.Body<Y> body, Lanes lanes) {
    task = lanes.startTask(() -> run(body));
  }

  private void run(AnySyncIterator.Body<Y> body) {
    try {
      body.run(this);
      end(null);
    } catch (Throwable e) {
      failure = Source.afterStop(e);
      end(e);
    }
  }

  @Override
  public void yield(Y element) {
    Strand strand = Strand.current();
    Source.checkYield(strand, task);
    awaitRoom(strand);
    add(element);
  }

  @Override
  public void abort() {
    end(new CancellationException("closed"));
    Task<?> task = this.task;
    if (task != null) {
      task.future.cancel(true);
    }
  }

  @Override
  public @Nullable Task<?> task() {
    return task;
  }

  @Override
  public @Nullable Throwable failure() {
    return failure;
  }
}
