package dev.anysync.vertx;

import dev.anysync.spi.AsyncType;
import io.vertx.core.Future;
import io.vertx.core.streams.ReadStream;
import java.util.List;

/** The types of Vert.x, for twins. */
public final class VertxTypes implements AsyncType.Provider {
  /** Creates the provider; for the service loader. */
  public VertxTypes() {}

  @Override
  public List<AsyncType<?>> types() {
    return List.of(
        new AsyncType.Value<Future<?>>(Future.class, AnySyncVertx::await, AnySyncVertx::toFuture),
        new AsyncType.Elements<ReadStream<?>>(
            ReadStream.class, AnySyncVertx::from, it -> AnySyncVertx.toReadStream(it.get())));
  }
}
