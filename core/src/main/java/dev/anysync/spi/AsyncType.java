package dev.anysync.spi;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A type of one library that stands for results to come: of a {@linkplain Value single value}, or
 * of {@linkplain Elements many}. By it, methods that return that type get their other form.
 *
 * <p>If the type has parameters, the first is that of its results; if it has none, there is no
 * result but the end. The functions are called on any thread, by many at once.
 *
 * @param <A> the type, with wildcards for its parameters
 */
public sealed interface AsyncType<A> {
  /** Returns the class or interface; what extends it is treated as it. */
  Class<? super A> type();

  /**
   * A type of one result.
   *
   * @param await called in the body of a coroutine: waits for the result and returns it, or throws
   *     the very exception that there is instead; cancelling the coroutine cancels what it waits
   *     for, if that can be cancelled
   * @param from returns what runs a coroutine, whose result may be null, at once or when it is used
   */
  record Value<A>(
      Class<? super A> type,
      Function<? super A, ? extends @Nullable Object> await,
      Function<AnySync<Object>, ? extends A> from)
      implements AsyncType<A> {}

  /**
   * A type of many results.
   *
   * @param iterator returns an iterator over the elements; closing it cancels them
   * @param from returns what gives the elements of an iterator, a new one for each use if it can be
   *     used more than once
   */
  record Elements<A>(
      Class<? super A> type,
      Function<? super A, ? extends AnySyncIterator<?>> iterator,
      Function<Supplier<AnySyncIterator<Object>>, ? extends A> from)
      implements AsyncType<A> {}

  /** What an integration implements; found with {@link ServiceLoader}. */
  interface Provider {
    /** Returns the types of the library; called once. */
    List<AsyncType<?>> types();
  }

  /** Returns the types of all libraries whose integration is there. */
  static List<AsyncType<?>> all() {
    return Found.ALL;
  }
}

/** The types that there are, looked for once. */
final class Found {
  static final List<AsyncType<?>> ALL = load();

  private Found() {}

  private static List<AsyncType<?>> load() {
    List<AsyncType<?>> all = new ArrayList<>();
    for (AsyncType.Provider provider :
        ServiceLoader.load(AsyncType.Provider.class, AsyncType.class.getClassLoader())) {
      all.addAll(provider.types());
    }
    return List.copyOf(all);
  }
}
