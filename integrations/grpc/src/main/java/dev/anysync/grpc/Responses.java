package dev.anysync.grpc;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Hands the responses of one call on to a subscriber, as many as it asks for. The call begins with
 * none asked for, and may fail before there is a subscription: that is then kept.
 */
final class Responses<Q, R> implements ClientResponseObserver<Q, R>, Flow.Subscription {
  private final Flow.Subscriber<? super R> subscriber;
  private @Nullable ClientCallStreamObserver<Q> call; // set before the call begins
  private boolean subscribed; // guarded by this, as are the others
  private boolean ended;
  private @Nullable Throwable failure;

  Responses(Flow.Subscriber<? super R> subscriber) {
    this.subscriber = subscriber;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> call) {
    this.call = call;
    call.disableAutoRequestWithInitial(0);
  }

  /** Tells the subscriber that the call has begun. */
  void subscribe() {
    subscriber.onSubscribe(this);
    boolean ended;
    synchronized (this) {
      subscribed = true;
      ended = this.ended;
    }
    if (ended) {
      finish();
    }
  }

  private void finish() {
    if (failure == null) {
      subscriber.onComplete();
    } else {
      subscriber.onError(failure);
    }
  }

  private ClientCallStreamObserver<Q> call() {
    if (call == null) {
      throw new IllegalArgumentException(
          "method: has not called a stub; give a method of an asynchronous one");
    }
    return call;
  }

  @Override
  public void request(long n) {
    call().request((int) Math.min(n, Integer.MAX_VALUE));
  }

  @Override
  public void cancel() {
    call().cancel("the iterator was closed", null);
  }

  @Override
  public void onNext(R response) {
    subscriber.onNext(response);
  }

  @Override
  public void onError(Throwable failure) {
    end(failure);
  }

  @Override
  public void onCompleted() {
    end(null);
  }

  private void end(@Nullable Throwable failure) {
    boolean subscribed;
    synchronized (this) {
      this.failure = failure;
      ended = true;
      subscribed = this.subscribed;
    }
    if (subscribed) {
      finish();
    }
  }
}
