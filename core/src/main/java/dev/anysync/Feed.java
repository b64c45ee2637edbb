package dev.anysync;

import org.jspecify.annotations.Nullable;

/** A body on a thread of its own that yields into a channel. */
final class Feed<Y extends @Nullable Object> extends Channel implements AnySyncIterator.Out<Y> {
  Feed(AnySyncIterator.Body<Y> body, int maxWindow, Lanes lanes) {
    super(maxWindow);
    start(lanes, () -> end(run(() -> body.run(this))));
  }

  @Override
  public void yield(Y element) {
    awaitRoom(checkYield());
    add(element);
  }
}
