package dev.anysync.twins;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.spi.AsyncType;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All async types: the core's own, and those of the integrations that are there. */
final class KnownTypes {
  // What is a future of the JDK besides is first of all what its library takes it for.
  private static final List<AsyncType<?>> ALL =
      Stream.of(
              Stream.of(
                  new AsyncType.Value<CompletionStage<?>>(
                      CompletionStage.class, AnySync::await, KnownTypes::start),
                  new AsyncType.Value<CompletableFuture<?>>(
                      CompletableFuture.class, AnySync::await, KnownTypes::start),
                  new AsyncType.Value<Unfuture<?>>(
                      Unfuture.class, AnySync::await, KnownTypes::start),
                  new AsyncType.Value<AnySync<?>>(AnySync.class, AnySync::await, call -> call),
                  new AsyncType.Elements<AnySyncIterator<?>>(
                      AnySyncIterator.class, elements -> elements, Supplier::get)),
              AsyncType.all().stream(),
              Stream.of(
                  new AsyncType.Elements<Flow.Publisher<?>>(
                      Flow.Publisher.class,
                      AnySyncIterator::from,
                      elements -> elements.get().publisher()),
                  new AsyncType.Value<Future<?>>(Future.class, AnySync::await, KnownTypes::start)))
          .<AsyncType<?>>flatMap(types -> types)
          .toList();

  private KnownTypes() {}

  private static Unfuture<Object> start(AnySync<Object> call) {
    return Unsync.call(call::run);
  }

  /** Returns the async type that {@code type} itself is, or null. */
  static @Nullable AsyncType<?> exactly(Class<?> type) {
    return ALL.stream().filter(async -> async.type() == type).findFirst().orElse(null);
  }

  /** Returns the async type that {@code type} is or extends, or null. */
  static @Nullable AsyncType<?> of(Class<?> type) {
    AsyncType<?> exactly = exactly(type);
    return exactly != null
        ? exactly
        : ALL.stream()
            .filter(async -> async.type().isAssignableFrom(type))
            .findFirst()
            .orElse(null);
  }
}
