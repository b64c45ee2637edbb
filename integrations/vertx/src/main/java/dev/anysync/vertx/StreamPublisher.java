package dev.anysync.vertx;

import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** A paused stream, for one subscriber: demand is fetched. */
final class StreamPublisher<T> implements Flow.Publisher<T>, Flow.Subscription {
  private final ReadStream<T> stream;
  private final @Nullable ContextInternal context;
  private final CompletableFuture<@Nullable Void> over = new CompletableFuture<>();

  StreamPublisher(ReadStream<T> stream, @Nullable ContextInternal context) {
    this.stream = stream;
    this.context = context;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super T> subscriber) {
    // The handlers first: what is fetched without them is lost. It is paused, so nothing comes yet.
    var _ =
        stream.exceptionHandler(
            error -> {
              over.complete(null);
              subscriber.onError(error);
            });
    var _ =
        stream.endHandler(
            _ -> {
              over.complete(null);
              subscriber.onComplete();
            });
    var _ = stream.handler(subscriber::onNext);
    VertxThreads.note(context, over);
    subscriber.onSubscribe(this);
  }

  @Override
  public void request(long count) {
    var _ = stream.fetch(count);
  }

  /** Leaves the stream paused, as it may have no end. */
  @Override
  public void cancel() {
    over.complete(null);
    var _ = stream.pause();
    var _ = stream.endHandler(null);
    var _ = stream.exceptionHandler(null);
    var _ = stream.handler(null);
  }
}
