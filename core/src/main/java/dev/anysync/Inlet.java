package dev.anysync;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.CancellationException;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The elements of a publisher. */
final class Inlet<Y> extends Channel<Y> implements Flow.Subscriber<Y> {

  // Guarded by this
  private Flow.@Nullable Subscription subscription;
  private long due;
  private boolean aborted;

  /** An element was asked for that has not come; used where nothing is asked for in advance. */
  private boolean asked;

  Inlet(int prefetch) {
    super(prefetch);
    due = window();
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    requireNonNull(subscription, "subscription");
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
    add(requireNonNull(element, "element"));
  }

  @Override
  public void onError(Throwable error) {
    end(requireNonNull(error, "error"));
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

  private void request(long count) {
    Flow.Subscription subscription;
    long all;
    synchronized (this) {
      due += count;
      subscription = this.subscription;
      all = due;
      if (subscription != null) {
        due = 0;
      }
    }
    if (subscription != null && all > 0) {
      subscription.request(all);
    }
  }

  @Override
  public void abort() {
    Flow.Subscription subscription;
    synchronized (this) {
      aborted = true;
      subscription = this.subscription;
    }
    if (subscription != null) {
      subscription.cancel();
    }
    end(new CancellationException("closed"));
  }

  @Override
  public @Nullable Unfuture<?> task() {
    return null;
  }

  @Override
  public @Nullable Throwable failure() {
    return null;
  }
}
