package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** A subscriber that puts what it gets into a channel, and asks for as much as has room there. */
final class Inlet<Y> extends Channel implements Flow.Subscriber<Y> {
  private final AtomicReference<Flow.@Nullable Subscription> subscription = new AtomicReference<>();
  private final AtomicLong due = new AtomicLong(); // to be asked for

  private boolean asked; // for an element that has not come, where none is asked for in advance

  private final Flow.Publisher<? extends Y> publisher;

  Inlet(Flow.Publisher<? extends Y> publisher, int prefetch) {
    super(prefetch);
    this.publisher = publisher;
    due.set(window);
  }

  @Override
  void open(Strand strand) {
    publisher.subscribe(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    Objects.requireNonNull(subscription, "subscription");
    if (!this.subscription.compareAndSet(null, subscription) || aborted) {
      subscription.cancel();
    } else {
      request(0);
    }
  }

  @Override
  public void onNext(Y element) {
    add(Objects.requireNonNull(element, "element"));
  }

  @Override
  public void onError(Throwable error) {
    end(Objects.requireNonNull(error, "error"));
  }

  @Override
  public void onComplete() {
    end(null);
  }

  @Override
  void released(long count) {
    if (window == 0) {
      asked = false;
    } else {
      request(count);
    }
  }

  @Override
  void beforeWait() {
    if (window == 0 && !asked) {
      asked = true;
      request(1);
    }
  }

  /** Asks for {@code count} elements more, once there is a subscription. */
  private void request(long count) {
    due.addAndGet(count);
    Flow.Subscription subscription = this.subscription.get();
    long all = subscription == null ? 0 : due.getAndSet(0);
    if (subscription != null && all > 0) {
      subscription.request(all);
    }
  }

  @Override
  void abort() {
    super.abort();
    Flow.Subscription subscription = this.subscription.get();
    if (subscription != null) {
      subscription.cancel();
    }
  }
}
