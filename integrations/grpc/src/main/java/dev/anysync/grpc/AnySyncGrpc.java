package dev.anysync.grpc;

import com.google.errorprone.annotations.CheckReturnValue;
import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Flow;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Calls of gRPC in either style. What a future stub returns is a {@code ListenableFuture}: {@code
 * AnySyncGuava} of the module {@code dev.anysync.guava} waits for it. Here is the rest: a stream of
 * responses as an iterator, and a coroutine or a body that yields as a method of a server.
 *
 * <table>
 *   <caption>Conversions</caption>
 *   <tr><th></th><th>cold or hot</th><th>who runs it</th><th>failure</th><th>cancelling</th></tr>
 *   <tr><td>{@link #iterator}</td><td>calls with the first element asked for; once</td>
 *     <td>the server</td><td>the stub's {@link StatusRuntimeException}, after the elements before
 *     it</td><td>closing the iterator cancels the call</td></tr>
 *   <tr><td>{@link #answer(AnySync, StreamObserver)}</td><td>starts it</td>
 *     <td>a virtual thread</td><td>a status is sent as it is, anything else as {@code UNKNOWN}, a
 *     cancellation as {@code CANCELLED}</td><td>the end of the call, by the client or by its
 *     deadline, stops the body</td></tr>
 *   <tr><td>{@link #answer(AnySyncIterator.Body, StreamObserver)}</td><td>starts it</td>
 *     <td>a virtual thread, which waits while the client does not read</td><td>the same</td>
 *     <td>the same</td></tr>
 * </table>
 *
 * <p>gRPC's {@code Context} travels with each body.
 */
@CheckReturnValue
public final class AnySyncGrpc {
  private AnySyncGrpc() {}

  /**
   * Returns an iterator over the responses to {@code request}: {@code iterator(stub::count,
   * request)}, of an asynchronous stub. It asks for responses as far ahead as {@link
   * AnySyncIterator#prefetch} says.
   */
  public static <Q, R> AnySyncIterator<R> iterator(
      BiConsumer<Q, StreamObserver<R>> method, Q request) {
    Objects.requireNonNull(method, "method");
    Objects.requireNonNull(request, "request");
    return AnySyncIterator.from(
        (Flow.Publisher<R>)
            subscriber -> {
              Responses<Q, R> responses = new Responses<>(subscriber);
              method.accept(request, responses);
              responses.subscribe();
            });
  }

  /**
   * In a method of a server: starts {@code call} and answers with its result, which must not be
   * null.
   *
   * @param observer what gRPC gave to the method, which must not have returned yet
   * @throws IllegalArgumentException if {@code observer} is of another kind
   */
  public static <R> void answer(AnySync<R> call, StreamObserver<R> observer) {
    Objects.requireNonNull(call, "call");
    ServerCallStreamObserver<R> client = ofServer(observer);
    start(
        call,
        client,
        value -> {
          client.onNext(Objects.requireNonNull(value, "the result, which gRPC has to send"));
          client.onCompleted();
        });
  }

  /**
   * In a method of a server: runs {@code body} and answers with what it yields, as fast as the
   * client reads. The parameter is as above.
   */
  public static <R> void answer(AnySyncIterator.Body<R> body, StreamObserver<R> observer) {
    Objects.requireNonNull(body, "body");
    ServerCallStreamObserver<R> client = ofServer(observer);
    Readiness readiness = new Readiness(client);
    client.setOnReadyHandler(readiness::changed);
    AnySync<?> call =
        AnySync.coroutine(
            () ->
                AnySync.iterator(body)
                    .forEach(
                        element -> {
                          readiness.await();
                          client.onNext(element);
                        }));
    start(call, client, _ -> client.onCompleted());
  }

  private static <T extends @Nullable Object> void start(
      AnySync<T> call, ServerCallStreamObserver<?> client, Consumer<? super T> success) {
    client.setOnCancelHandler(() -> {}); // refused if it is too late, and then nothing is started
    Unfuture<T> future = call.start();
    client.setOnCancelHandler(() -> future.cancel(true));
    var _ =
        future.whenComplete(
            (value, error) -> {
              Throwable failure = error;
              if (failure == null) {
                try {
                  success.accept(value);
                } catch (Throwable e) { // such as of a message that cannot be sent
                  failure = e;
                }
              }
              if (failure != null && !client.isCancelled()) {
                client.onError(statusOf(failure));
              }
            });
  }

  private static Throwable statusOf(Throwable error) {
    return error instanceof CancellationException
        ? Status.CANCELLED.withCause(error).asRuntimeException()
        : error; // gRPC makes UNKNOWN of what has no status
  }

  private static <R> ServerCallStreamObserver<R> ofServer(StreamObserver<R> observer) {
    if (Objects.requireNonNull(observer, "observer")
        instanceof ServerCallStreamObserver<R> server) {
      return server;
    }
    throw new IllegalArgumentException(
        "observer: is a "
            + observer.getClass().getName()
            + "; give the one that gRPC gave to the method of the server");
  }

  /** Lets a body wait until its client is ready for more. */
  private static final class Readiness {
    private final ServerCallStreamObserver<?> client;
    private volatile @Nullable Unfuture<@Nullable Void> next;

    Readiness(ServerCallStreamObserver<?> client) {
      this.client = client;
    }

    /** Called by gRPC when the client may have become ready. */
    void changed() {
      Unfuture<@Nullable Void> next = this.next;
      if (next != null) {
        next.complete(null);
      }
    }

    void await() {
      while (!client.isReady()) {
        Unfuture<@Nullable Void> change = new Unfuture<>();
        next = change;
        if (!client.isReady()) { // or the change may have come before
          AnySync.await(change);
        }
      }
    }
  }
}
