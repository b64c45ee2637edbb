package golden;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.SettableFuture;
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
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.ConnectableFlux;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

public class Use {
  private static final class Backend implements Api {
    final AtomicInteger completed = new AtomicInteger();

    @Override
    public Mono<String> mono(String key) throws IOException {
      if (key.isEmpty()) {
        throw new IOException("no key");
      }
      return Mono.delay(Duration.ofMillis(1)).map(_ -> key);
    }

    @Override
    public Flux<String> flux() {
      return Flux.just("a", "b");
    }

    @Override
    public ConnectableFlux<String> connectable() {
      return flux().publish();
    }

    @Override
    public Single<Integer> single() {
      return Single.just(1);
    }

    @Override
    public Maybe<Integer> maybe() {
      return Maybe.empty();
    }

    @Override
    public Completable completable() {
      return Completable.fromAction(completed::incrementAndGet);
    }

    @Override
    public Flowable<Integer> flowable() {
      return Flowable.just(2, 3);
    }

    @Override
    public Uni<Integer> uni() {
      return Uni.createFrom().item(4);
    }

    @Override
    public Multi<Integer> multi() {
      return Multi.createFrom().items(5, 6);
    }

    @Override
    public ListenableFuture<Integer> listenable() {
      return Futures.immediateFuture(7);
    }

    @Override
    public SettableFuture<Integer> settable() {
      SettableFuture<Integer> future = SettableFuture.create();
      future.set(8);
      return future;
    }

    @Override
    public Future<Integer> vertx() {
      return Future.succeededFuture(9);
    }

    @Override
    public Promise<Integer> netty() {
      return ImmediateEventExecutor.INSTANCE.<Integer>newPromise().setSuccess(10);
    }
  }

  public static void main() throws IOException {
    Backend backend = new Backend();
    ApiSync sync = new ApiSync(backend);
    assert sync.mono("k").equals("k");
    try {
      sync.mono("");
      assert false;
    } catch (IOException e) {
      assert e.getMessage().equals("no key");
    }
    assert sync.flux().stream().toList().equals(List.of("a", "b"));
    assert sync.connectable() != null;
    assert sync.single() == 1 && sync.maybe() == null;
    sync.completable();
    assert backend.completed.get() == 1;
    assert sync.flowable().stream().toList().equals(List.of(2, 3));
    assert sync.uni() == 4 && sync.multi().stream().toList().equals(List.of(5, 6));
    assert sync.listenable() == 7 && sync.settable() == 8;
    assert sync.vertx() == 9 && sync.netty() == 10;

    ApiUnsync unsync = new ApiUnsync(backend);
    assert unsync.mono("k").result().equals("k");
    unsync.completable().result();
    assert backend.completed.get() == 2 && unsync.settable().result() == 8;
  }
}
