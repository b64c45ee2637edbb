package golden;

import dev.anysync.AnySynced;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * Keeps values.
 *
 * @param <K> of the keys
 * @param <V> of the values
 */
@AnySynced
@NullMarked
public interface Store<K extends Comparable<K>, V extends @Nullable Object> {
  /**
   * Returns the value of {@code key}, see {@link #name(Integer)}, {@link Map} and {@link
   * IOException its failure}; also {@link java.util.concurrent.TimeUnit} and {@link Nowhere}.
   *
   * @param key what to look for
   * @return its value
   * @throws IOException if it cannot be read
   * @throws IllegalArgumentException if {@code key} is none
   */
  V get(K key) throws IOException;

  /** Returns a name; null if there is none. */
  @Nullable String name(@Nullable Integer id);

  int size();

  /** Forgets all. */
  void clear();

  <T extends Number & Comparable<T>> T largest(Class<T> type, List<? extends T> numbers);

  <T> T any(String name);

  /** Adds several. */
  @SuppressWarnings("unchecked")
  void all(K... keys);

  /** Adds an entry. */
  default Map.@Nullable Entry<K, V> entry(K delegate, V value) {
    return Map.entry(delegate, value);
  }

  // overloads
  String[] @Nullable [] find(int... ids);

  String find(String name);

  long find(long id);

  static <E> List<E> of(E element) {
    return List.of(element);
  }

  /** The name that a link goes to, which is no type here. */
  class Nowhere {
    private Nowhere() {}
  }
}
