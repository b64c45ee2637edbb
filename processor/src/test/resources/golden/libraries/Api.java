package golden;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.SettableFuture;
import dev.anysync.AnySynced;
import dev.anysync.Unsynced;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Single;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import org.jspecify.annotations.NullMarked;
import reactor.core.publisher.ConnectableFlux;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

@NullMarked
@AnySynced
interface Api {
  @Unsynced
  Mono<String> mono(String key) throws IOException;

  Flux<String> flux();

  ConnectableFlux<String> connectable();

  Single<Integer> single();

  Maybe<Integer> maybe();

  @Unsynced
  Completable completable();

  Flowable<Integer> flowable();

  Uni<Integer> uni();

  Multi<Integer> multi();

  ListenableFuture<Integer> listenable();

  @Unsynced
  SettableFuture<Integer> settable();

  io.vertx.core.Future<Integer> vertx();

  io.netty.util.concurrent.Promise<Integer> netty();
}
