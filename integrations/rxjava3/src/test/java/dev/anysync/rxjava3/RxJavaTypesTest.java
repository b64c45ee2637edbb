package dev.anysync.rxjava3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.twins.Twins;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Single;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Views of what returns RxJava's types, and the other way. */
class RxJavaTypesTest {
  /** A reactive client. */
  public interface Reactive {
    Single<String> get(String key);

    Maybe<String> find(String key);

    Completable clear();

    Flowable<Integer> range(int count);
  }

  /** The same, blocking. */
  public interface Blocking {
    String get(String key) throws IOException;

    @Nullable String find(String key);

    void clear() throws IOException;

    List<Integer> range(int count);
  }

  private final IOException failure = new IOException("x");

  @Test
  void sync() throws Exception {
    Blocking view =
        Twins.sync(
            Blocking.class,
            new Reactive() {
              @Override
              public Single<String> get(String key) {
                return key.isEmpty() ? Single.error(failure) : Single.just(key);
              }

              @Override
              public Maybe<String> find(String key) {
                return key.isEmpty() ? Maybe.empty() : Maybe.just(key);
              }

              @Override
              public Completable clear() {
                return Completable.error(failure);
              }

              @Override
              public Flowable<Integer> range(int count) {
                return Flowable.range(0, count);
              }
            });
    assertThat(view.get("a")).isEqualTo("a");
    assertThat(view.find("a")).isEqualTo("a");
    assertThat(view.find("")).isNull();
    assertThat(view.range(3)).containsExactly(0, 1, 2);
    assertThat(catchThrowable(() -> view.get(""))).isSameAs(failure);
    assertThat(catchThrowable(view::clear)).isSameAs(failure);
  }

  @Test
  void async() {
    Reactive view =
        Twins.async(
            Reactive.class,
            new Blocking() {
              @Override
              public String get(String key) {
                return key;
              }

              @Override
              public @Nullable String find(String key) {
                return key.isEmpty() ? null : key;
              }

              @Override
              public void clear() throws IOException {
                throw failure;
              }

              @Override
              public List<Integer> range(int count) {
                return List.of(0, 1, 2).subList(0, count);
              }
            });
    assertThat(AnySyncRxJava.run(view.get("a"))).isEqualTo("a");
    assertThat(AnySyncRxJava.run(view.find("a"))).isEqualTo("a");
    assertThat(AnySyncRxJava.run(view.find(""))).isNull();
    assertThat((Iterable<Integer>) AnySyncRxJava.from(view.range(3))).containsExactly(0, 1, 2);
    assertThat(catchThrowable(() -> AnySyncRxJava.run(view.clear()))).isSameAs(failure);
  }
}
