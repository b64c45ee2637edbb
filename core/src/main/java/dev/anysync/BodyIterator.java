package dev.anysync;

import org.jspecify.annotations.Nullable;

/** An iterator over what a body yields. */
final class BodyIterator<Y extends @Nullable Object> extends Sequence<Y> {
  private final Body<Y> body;

  BodyIterator(Body<Y> body) {
    this.body = body;
  }

  @Override
  Body<Y> body() {
    return body;
  }

  @Override
  Source<Y> open(Strand strand, int prefetch) {
    if (prefetch == 0 || strand.loop != null) {
      Body<Y> body = this.body;
      return new Steps<Y, @Nullable Object>(
          out ->
              body.run(
                  element -> {
                    var _ = out.yield(element);
                  }));
    }
    Feed<Y> feed = new Feed<>(prefetch);
    feed.start(body, strand.lanes());
    return feed;
  }
}
