package dev.anysync.processor.it;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.SettableFuture;
import dev.anysync.AnySynced;
import dev.anysync.Unsynced;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Single;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.ConnectableFlux;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Methods of all libraries at once. */
@AnySynced
@AnySynced.Throws(IOException.class)
final class Api {
  final IOException failure = new IOException("failed");
  final AtomicInteger completed = new AtomicInteger();
  final AtomicInteger cancelled = new AtomicInteger();
  final SettableFuture<Integer> neverSet = SettableFuture.create();

  @Unsynced
  Mono<String> mono(String key) throws InterruptedException {
    if (key.isEmpty()) {
      throw new InterruptedException("no key");
    }
    return Mono.delay(Duration.ofMillis(1)).map(_ -> key);
  }

  Mono<String> failing() {
    return Mono.<String>error(failure).delaySubscription(Duration.ofMillis(1));
  }

  Mono<String> never() {
    return Mono.<String>never().doOnCancel(cancelled::incrementAndGet);
  }

  Flux<String> flux() {
    return Flux.just("a", "b");
  }

  ConnectableFlux<String> connectable() {
    return flux().publish();
  }

  Single<Integer> single() {
    return Single.just(1);
  }

  Maybe<Integer> maybe() {
    return Maybe.empty();
  }

  @Unsynced
  Completable completable() {
    return Completable.fromRunnable(completed::incrementAndGet);
  }

  Flowable<Integer> flowable() {
    return Flowable.just(2, 3);
  }

  Uni<Integer> uni() {
    return Uni.createFrom().item(4);
  }

  Multi<Integer> multi() {
    return Multi.createFrom().items(5, 6);
  }

  ListenableFuture<Integer> listenable() {
    return neverSet;
  }

  @Unsynced
  SettableFuture<Integer> settable() {
    SettableFuture<Integer> future = SettableFuture.create();
    future.set(8);
    return future;
  }

  Future<Integer> vertx() {
    return Future.succeededFuture(9);
  }

  Promise<Integer> netty() {
    return ImmediateEventExecutor.INSTANCE.<Integer>newPromise().setSuccess(10);
  }
}
