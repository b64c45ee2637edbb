package dev.anysync.rxjava3;

import dev.anysync.AnySync;
import dev.anysync.spi.AsyncType;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Single;
import java.util.List;

/** RxJava's types, for twins. */
public final class RxJavaTypes implements AsyncType.Provider {
  /** Creates the provider; for the service loader. */
  public RxJavaTypes() {}

  @Override
  public List<AsyncType<?>> types() {
    return List.of(
        new AsyncType.Value<Single<?>>(Single.class, AnySyncRxJava::await, AnySyncRxJava::toSingle),
        new AsyncType.Value<Maybe<?>>(Maybe.class, AnySyncRxJava::await, AnySyncRxJava::toMaybe),
        new AsyncType.Value<Completable>(
            Completable.class,
            completable -> AnySync.await(AnySyncRxJava.from(completable)),
            AnySyncRxJava::toCompletable),
        new AsyncType.Elements<Flowable<?>>(
            Flowable.class, AnySyncRxJava::from, AnySyncRxJava::toFlowable));
  }
}
