package dev.anysync.mutiny;

import dev.anysync.spi.AsyncType;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.util.List;

/** Mutiny's types, for twins. */
public final class MutinyTypes implements AsyncType.Provider {
  /** Creates the provider; for the service loader. */
  public MutinyTypes() {}

  @Override
  public List<AsyncType<?>> types() {
    return List.of(
        new AsyncType.Value<Uni<?>>(Uni.class, AnySyncMutiny::await, AnySyncMutiny::toUni),
        new AsyncType.Elements<Multi<?>>(Multi.class, AnySyncMutiny::from, AnySyncMutiny::toMulti));
  }
}
