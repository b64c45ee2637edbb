package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** The subscription to an iterator's elements; the numbers of rules are of Reactive Streams. */
final class Delivery<Y extends @Nullable Object> implements Flow.Subscription {
  private static final int PAUSES = 64; // before it parks, some 2 us

  private final AtomicLong demand = new AtomicLong();
  private final Signal requested = new Signal(new Spin(1, PAUSES));
  private volatile Flow.@Nullable Subscriber<? super Y> subscriber; // null at the end; rule 3.13

  private volatile @Nullable Throwable failure = new CancellationException("never started");
  private volatile @Nullable Throwable badRequest;
  private volatile @Nullable Task<?> task;

  private Delivery(Flow.Subscriber<? super Y> subscriber) {
    this.subscriber = subscriber;
  }

  static <Y extends @Nullable Object> void to(
      Flow.Subscriber<? super Y> subscriber, Sequence<Y> elements, AtomicBoolean subscribed) {
    Delivery<Y> delivery = new Delivery<>(Objects.requireNonNull(subscriber, "subscriber"));
    if (subscribed.compareAndSet(false, true)) {
      subscriber.onSubscribe(delivery);
      Task<?> started = Strand.current().lanes().startTask(() -> delivery.run(elements));
      delivery.task = started;
      elements.publishing = started;
      var _ = started.stopped().whenComplete((value, error) -> delivery.terminate());
    } else {
      delivery.cancel();
      subscriber.onSubscribe(delivery);
      subscriber.onError(
          new IllegalStateException("the publisher has a subscriber already; it is single use"));
    }
  }

  private void run(Sequence<Y> elements) {
    task = Strand.current().task; // before it looks: a cancellation sees the one or is seen
    try {
      if (subscriber != null && badRequest == null && !elements.isOver()) {
        elements.forEachRemaining(this::deliver);
      }
      failure = null;
    } catch (Throwable e) {
      failure = e;
    }
  }

  /** Signals the end, after the body, which perhaps never ran; unless cancelled. */
  private void terminate() {
    Throwable failure = badRequest != null ? badRequest : this.failure;
    Flow.Subscriber<? super Y> subscriber = this.subscriber;
    this.subscriber = null;
    if (subscriber != null && failure != null) {
      subscriber.onError(failure);
    } else if (subscriber != null) {
      subscriber.onComplete();
    }
  }

  private void deliver(Y element) {
    Objects.requireNonNull(element, "element: is null, which a publisher cannot publish");
    Strand strand = Strand.current();
    if (!isDue()) {
      var _ = requested.await(strand, this::isDue, null, false, -1, "yield()");
    }
    strand.checkCancelled(null);
    Flow.Subscriber<? super Y> subscriber = live();
    if (demand.get() != Long.MAX_VALUE) {
      demand.decrementAndGet();
    }
    subscriber.onNext(element);
    live();
  }

  private boolean isDue() {
    return demand.get() != 0 || badRequest != null;
  }

  /** Returns the subscriber, or tells the body that there is none any more. */
  private Flow.Subscriber<? super Y> live() {
    Flow.Subscriber<? super Y> subscriber = this.subscriber;
    if (subscriber == null || badRequest != null) {
      throw new CancellationException("the subscription has ended");
    }
    return subscriber;
  }

  @Override
  public void request(long n) {
    if (n > 0) {
      demand.getAndAccumulate(n, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
      requested.wake();
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
    if (task != null && task != Strand.current().task) { // its own thread looks anyway
      var _ = task.cancel(true);
    }
  }
}
