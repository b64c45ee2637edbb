package dev.anysync;

import java.util.concurrent.Flow;

/** An iterator over the elements of a publisher. */
final class PublisherIterator<Y> extends Sequence<Y> {
  private final Flow.Publisher<? extends Y> publisher;

  PublisherIterator(Flow.Publisher<? extends Y> publisher) {
    this.publisher = publisher;
  }

  @Override
  Body<Y> body() {
    Flow.Publisher<? extends Y> publisher = this.publisher;
    return out -> {
      Inlet<Y> inlet = new Inlet<>(256);
      publisher.subscribe(inlet);
      Strand strand = Strand.current();
      try {
        for (Object item = inlet.take(strand, true, -1);
            item != Source.END;
            item = inlet.take(strand, true, -1)) {
          out.yield(element(item));
        }
      } catch (InterruptedException e) {
        throw strand.cancelled("next()");
      } finally {
        inlet.abort();
      }
    };
  }

  @Override
  Source<Y> open(Strand strand, int prefetch) {
    Inlet<Y> inlet = new Inlet<>(prefetch);
    publisher.subscribe(inlet);
    return inlet;
  }
}
