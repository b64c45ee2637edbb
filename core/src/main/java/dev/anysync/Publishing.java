package dev.anysync;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.CancellationException;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Publishes what a body yields, to one subscriber. */
final class Publishing<Y extends @Nullable Object> implements Flow.Publisher<Y>, Source {

  private final AnySyncIterator.Body<Y> body;
  private final AtomicReference<@Nullable Delivery<Y>> delivery = new AtomicReference<>();

  Publishing(AnySyncIterator.Body<Y> body) {
    this.body = body;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super Y> subscriber) {
    requireNonNull(subscriber, "subscriber");
    Delivery<Y> delivery = new Delivery<>(subscriber);
    if (this.delivery.compareAndSet(null, delivery)) {
      subscriber.onSubscribe(delivery);
      delivery.start(body, Strand.current().lanes());
    } else {
      subscriber.onSubscribe(Refused.INSTANCE);
      subscriber.onError(
          new IllegalStateException("the publisher has a subscriber already; it is single use"));
    }
  }

  @Override
  public Object take(Strand strand, boolean async, long nanos) {
    throw new IllegalStateException("the elements go to the publisher's subscriber");
  }

  @Override
  public void abort() {
    Delivery<Y> delivery = this.delivery.get();
    Task<?> task = delivery == null ? null : delivery.task;
    if (task != null) {
      task.future.cancel(true);
    }
  }

  @Override
  public @Nullable Task<?> task() {
    Delivery<Y> delivery = this.delivery.get();
    return delivery == null ? null : delivery.task;
  }

  @Override
  public @Nullable Throwable failure() {
    return null; // the subscriber gets it
  }

  /** The subscription of one that came too late. */
  private enum Refused implements Flow.Subscription {
    INSTANCE;

    @Override
    public void request(long n) {}

    @Override
    public void cancel() {}
  }

  /** A subscription, and the body's side of it. Rule numbers are those of Reactive Streams. */
  private static final class Delivery<Y extends @Nullable Object>
      implements Flow.Subscription, AnySyncIterator.Out<Y> {

    private final AtomicLong demand = new AtomicLong();
    private final AtomicReference<@Nullable Unfuture<@Nullable Void>> waiting =
        new AtomicReference<>();
    private volatile Flow.@Nullable Subscriber<? super Y> subscriber;
    private volatile boolean cancelled;
    private volatile @Nullable Throwable badRequest;
    private volatile @Nullable Task<?> task;

    Delivery(Flow.Subscriber<? super Y> subscriber) {
      this.subscriber = subscriber;
    }

    void start(AnySyncIterator.Body<Y> body, Lanes lanes) {
      if (!cancelled) {
        Task<?> task = lanes.startTask(() -> run(body));
        this.task = task;
        if (cancelled) {
          task.future.cancel(true);
        }
      }
    }

    private void run(AnySyncIterator.Body<Y> body) {
      Throwable error = null;
      try {
        body.run(this);
      } catch (Throwable e) {
        error = e;
      }
      Flow.Subscriber<? super Y> subscriber = this.subscriber;
      this.subscriber = null;
      Throwable badRequest = this.badRequest;
      if (subscriber == null || (cancelled && badRequest == null)) {
        return;
      }
      if (badRequest != null) {
        subscriber.onError(badRequest);
      } else if (error != null) {
        subscriber.onError(error);
      } else {
        subscriber.onComplete();
      }
    }

    @Override
    public void yield(Y element) {
      requireNonNull(element, "element: is null, which a publisher cannot publish");
      Strand strand = Strand.current();
      Source.checkYield(strand, task);
      awaitDemand(strand);
      Flow.Subscriber<? super Y> subscriber = this.subscriber;
      if (cancelled || subscriber == null) {
        throw new CancellationException("the subscription was cancelled");
      }
      try {
        subscriber.onNext(element);
      } catch (Throwable e) { // against rule 2.13
        cancelled = true;
        Lanes.LOG.log(System.Logger.Level.WARNING, "a subscriber threw from onNext", e);
        throw new CancellationException("the subscriber failed");
      }
    }

    private void awaitDemand(Strand strand) {
      while (demand.get() == 0 && !cancelled) {
        Unfuture<@Nullable Void> signal = new Unfuture<>();
        waiting.set(signal);
        if (demand.get() == 0 && !cancelled) {
          var _ = strand.blockOrCancel(signal, -1, "yield()");
        }
      }
      if (demand.get() != Long.MAX_VALUE) {
        demand.decrementAndGet();
      }
    }

    @Override
    public void request(long n) {
      if (n <= 0) {
        badRequest = new IllegalArgumentException("rule 3.9: request(" + n + ") is not positive");
        cancelled = true;
      } else {
        demand.getAndAccumulate(n, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
      }
      wake();
    }

    @Override
    public void cancel() {
      cancelled = true;
      subscriber = null; // rule 3.13
      Task<?> task = this.task;
      if (task != null) {
        task.future.cancel(true);
      }
      wake();
    }

    private void wake() {
      Unfuture<@Nullable Void> signal = waiting.getAndSet(null);
      if (signal != null) {
        signal.complete(null);
      }
    }
  }
}
