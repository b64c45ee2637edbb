package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** A subscriber that puts what it gets into a channel, and asks for as much as has room there. */
final class Inlet<Y> extends Channel implements Flow.Subscriber<Y> {
  // Guarded by this
  private Flow.@Nullable Subscription subscription;
  private long due;
  private boolean aborted;

  private boolean asked; // for an element that has not come, where none is asked for in advance

  private Inlet(int prefetch) {
    super(prefetch);
    due = window();
  }

  static <Y> Inlet<Y> to(Flow.Publisher<? extends Y> publisher, int prefetch) {
    Inlet<Y> inlet = new Inlet<>(prefetch);
    publisher.subscribe(inlet);
    return inlet;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    Objects.requireNonNull(subscription, "subscription");
    boolean refused;
    synchronized (this) {
      refused = aborted || this.subscription != null;
      if (!refused) {
        this.subscription = subscription;
      }
    }
    if (refused) {
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
    if (window() == 0) {
      asked = false;
    } else {
      request(count);
    }
  }

  @Override
  void beforeWait() {
    if (window() == 0 && !asked) {
      asked = true;
      request(1);
    }
  }

  /** Asks for {@code count} elements more, once there is a subscription. */
  private void request(long count) {
    Flow.Subscription subscription;
    long all;
    synchronized (this) {
      due += count;
      all = due;
      subscription = this.subscription;
      if (subscription == null || all == 0) {
        return;
      }
      due = 0;
    }
    subscription.request(all);
  }

  @Override
  void abort() {
    Flow.Subscription subscription;
    synchronized (this) {
      aborted = true;
      subscription = this.subscription;
    }
    if (subscription != null) {
      subscription.cancel();
    }
    super.abort();
  }
}
