package dev.anysync.twins;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.spi.AsyncType;
import java.lang.invoke.MethodHandle;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a method of a view does with that of its target. */
@FunctionalInterface
interface Call {
  /** Calls {@code method}, which takes the target and all arguments in one array. */
  @Nullable Object call(MethodHandle method, Object target, Object[] arguments);

  /** Returns how a blocking {@code wished} result comes of the target's, or null if it cannot. */
  static @Nullable Call sync(Shape wished, Shape there) {
    Class<?> raw = wished.raw();
    AsyncType<?> type = KnownTypes.of(there.raw());
    if (type == null || (KnownTypes.of(raw) != null && wished.accepts(there))) {
      return direct(wished, there);
    }
    Shape result = Objects.requireNonNull(there.as(type.type())).result();
    switch (type) {
      case AsyncType.Value<?> value -> {
        if (raw == void.class || wished.accepts(result)) {
          return waiting(untyped(value.await()));
        }
      }
      case AsyncType.Elements<?> elements -> {
        Function<Object, ? extends AnySyncIterator<?>> iterator = untyped(elements.iterator());
        if (raw == void.class) {
          return waiting(
              async -> {
                iterator.apply(async).forEach(_ -> {});
                return null;
              });
        }
        boolean fits = wished.result().accepts(result);
        if (fits && Collection.class.isAssignableFrom(raw) && raw.isAssignableFrom(List.class)) {
          return waiting(async -> iterator.apply(async).stream().toList());
        }
        if (fits && raw == Stream.class) {
          return returning(async -> iterator.apply(async).stream());
        }
        if (fits && List.of(AnySyncIterator.class, Iterator.class, Iterable.class).contains(raw)) {
          return returning(iterator);
        }
      }
    }
    return direct(wished, there);
  }

  /** Returns how an async {@code wished} result comes of the target's, or null if it cannot. */
  static @Nullable Call async(Shape wished, Shape there) {
    AsyncType<?> type = KnownTypes.exactly(wished.raw());
    if (type == null || (KnownTypes.of(there.raw()) != null && wished.accepts(there))) {
      return direct(wished, there);
    }
    switch (type) {
      case AsyncType.Value<?> value -> {
        boolean isEndAlone = value.type().getTypeParameters().length == 0;
        return isEndAlone || wished.result().accepts(there)
            ? (method, target, arguments) ->
                value
                    .from()
                    .apply(AnySync.<Object>coroutine(() -> invoke(method, target, arguments)))
            : null;
      }
      case AsyncType.Elements<?> elements -> {
        return Stream.of(Stream.class, Iterable.class, Iterator.class)
                .map(there::as)
                .anyMatch(s -> s != null && wished.result().accepts(s.result()))
            ? (method, target, arguments) ->
                elements
                    .from()
                    .apply(
                        () ->
                            AnySync.iterator(
                                out -> yieldAll(invoke(method, target, arguments), out)))
            : null;
      }
    }
  }

  private static @Nullable Call direct(Shape wished, Shape there) {
    return wished.raw() == void.class || wished.accepts(there) ? Call::invoke : null;
  }

  private static Call returning(Function<Object, ?> conversion) {
    return (method, target, arguments) ->
        conversion.apply(present(invoke(method, target, arguments)));
  }

  /**
   * Where it runs on another thread, the target is called there, so that all of it can be waited
   * for.
   */
  private static Call waiting(Function<Object, ? extends @Nullable Object> await) {
    return (method, target, arguments) ->
        AnySync.<@Nullable Object>coroutine(
                () -> await.apply(present(invoke(method, target, arguments))))
            .run();
  }

  private static Object present(@Nullable Object async) {
    return Objects.requireNonNull(async, "the target returned null where its type is async");
  }

  @SuppressWarnings("unchecked") // what it is given is what a method returns that declares that
  private static <R extends @Nullable Object> Function<Object, R> untyped(
      Function<?, ? extends R> function) {
    return (Function<Object, R>) function;
  }

  private static void yieldAll(@Nullable Object source, AnySyncIterator.Out<Object> out)
      throws Exception {
    try (AutoCloseable _ = source instanceof AutoCloseable resource ? resource : null) {
      switch (present(source)) {
        case Stream<?> elements -> elements.sequential().forEachOrdered(out::yield);
        case Iterable<?> elements -> elements.forEach(out::yield);
        case Object elements -> ((Iterator<?>) elements).forEachRemaining(out::yield);
      }
    }
  }

  private static @Nullable Object invoke(MethodHandle method, Object target, Object[] arguments) {
    try {
      return (Object) method.invokeExact(target, arguments);
    } catch (Throwable e) {
      throw Call.<RuntimeException>sneaky(e);
    }
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <X extends Throwable> RuntimeException sneaky(Throwable e) throws X {
    throw (X) e;
  }
}
