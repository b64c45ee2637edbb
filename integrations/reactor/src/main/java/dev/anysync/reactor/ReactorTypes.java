package dev.anysync.reactor;

import dev.anysync.spi.AsyncType;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reactor's types, for twins. */
public final class ReactorTypes implements AsyncType.Provider {
  /** Creates the provider; for the service loader. */
  public ReactorTypes() {}

  @Override
  public List<AsyncType<?>> types() {
    return List.of(
        new AsyncType.Value<Mono<?>>(Mono.class, AnySyncReactor::await, AnySyncReactor::toMono),
        new AsyncType.Elements<Flux<?>>(Flux.class, AnySyncReactor::from, AnySyncReactor::toFlux));
  }
}
