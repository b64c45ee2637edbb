package dev.anysync.guava;

import com.google.common.util.concurrent.ListenableFuture;
import dev.anysync.spi.AsyncType;
import java.util.List;

/** Guava's future, for twins. */
public final class GuavaTypes implements AsyncType.Provider {
  /** Creates the provider; for the service loader. */
  public GuavaTypes() {}

  @Override
  public List<AsyncType<?>> types() {
    return List.of(
        new AsyncType.Value<ListenableFuture<?>>(
            ListenableFuture.class, AnySyncGuava::await, AnySyncGuava::toListenableFuture));
  }
}
