package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** Publishes the elements of an iterator to one subscriber. */
record Publishing<Y extends @Nullable Object>(Sequence<Y> elements, AtomicBoolean subscribed)
    implements Flow.Publisher<Y> {
  @Override
  public void subscribe(Flow.Subscriber<? super Y> subscriber) {
    Objects.requireNonNull(subscriber, "subscriber");
    Delivery<Y> delivery = new Delivery<>(subscriber);
    if (subscribed.compareAndSet(false, true)) {
      subscriber.onSubscribe(delivery);
      delivery.start(elements, Strand.current().lanes());
    } else {
      delivery.cancel();
      subscriber.onSubscribe(delivery);
      subscriber.onError(
          new IllegalStateException("the publisher has a subscriber already; it is single use"));
    }
  }

  /** A subscription; the numbers of rules are those of Reactive Streams. */
  private static final class Delivery<Y extends @Nullable Object> implements Flow.Subscription {
    private final AtomicLong demand = new AtomicLong();
    private final AtomicReference<@Nullable Unfuture<@Nullable Void>> waiting =
        new AtomicReference<>();
    private volatile Flow.@Nullable Subscriber<? super Y> subscriber; // null at the end; rule 3.13

    private volatile @Nullable Throwable badRequest;
    private volatile @Nullable Task<?> task;

    Delivery(Flow.Subscriber<? super Y> subscriber) {
      this.subscriber = subscriber;
    }

    void start(Sequence<Y> elements, Lanes lanes) {
      task = lanes.startTask(() -> run(elements));
      if (subscriber == null) {
        cancel();
      }
    }

    private void run(Sequence<Y> elements) {
      Throwable error = null;
      try {
        if (subscriber != null && badRequest == null && !elements.isOver()) {
          elements.forEachInline(Strand.current(), this::deliver);
        }
      } catch (Throwable e) {
        error = e;
      }
      if (badRequest != null) {
        error = badRequest;
      }
      Flow.Subscriber<? super Y> subscriber = this.subscriber;
      this.subscriber = null;
      if (subscriber != null && error != null) {
        subscriber.onError(error);
      } else if (subscriber != null) {
        subscriber.onComplete();
      }
    }

    private void deliver(Y element) {
      Objects.requireNonNull(element, "element: is null, which a publisher cannot publish");
      Strand strand = Strand.current();
      while (demand.get() == 0) {
        Unfuture<@Nullable Void> signal = new Unfuture<>();
        waiting.set(signal);
        if (demand.get() == 0) {
          strand.blockOrCancel(signal, -1, "yield()");
        }
      }
      strand.checkCancelled(null);
      if (badRequest != null) {
        throw new CancellationException("bad request");
      }
      if (demand.get() != Long.MAX_VALUE) {
        demand.decrementAndGet();
      }
      Flow.Subscriber<? super Y> subscriber = this.subscriber;
      if (subscriber != null) {
        subscriber.onNext(element);
      }
    }

    @Override
    public void request(long n) {
      if (n > 0) {
        demand.getAndAccumulate(n, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
        Unfuture<@Nullable Void> signal = waiting.getAndSet(null);
        if (signal != null) {
          signal.complete(null);
        }
      } else {
        badRequest = new IllegalArgumentException("rule 3.9: request(" + n + ") is not positive");
        stop();
      }
    }

    @Override
    public void cancel() {
      subscriber = null;
      stop();
    }

    private void stop() {
      Task<?> task = this.task;
      if (task != null) {
        task.future.cancel(true);
      }
    }
  }
}
