package dev.anysync.mutiny;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.twins.Twins;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Views of what returns unis and multis, and the other way. */
class MutinyTypesTest {
  /** A reactive client. */
  public interface Reactive {
    Uni<String> get(String key);

    Multi<Integer> range(int count);
  }

  /** The same, blocking. */
  public interface Blocking {
    String get(String key) throws IOException;

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
              public Uni<String> get(String key) {
                return key.isEmpty()
                    ? Uni.createFrom().failure(failure)
                    : Uni.createFrom().item(key);
              }

              @Override
              public Multi<Integer> range(int count) {
                return Multi.createFrom().range(0, count);
              }
            });
    assertThat(view.get("a")).isEqualTo("a");
    assertThat(view.range(3)).containsExactly(0, 1, 2);
    assertThat(catchThrowable(() -> view.get(""))).isSameAs(failure);
  }

  @Test
  void async() {
    Reactive view =
        Twins.async(
            Reactive.class,
            new Blocking() {
              @Override
              public String get(String key) throws IOException {
                if (key.isEmpty()) {
                  throw failure;
                }
                return key;
              }

              @Override
              public List<Integer> range(int count) {
                return List.of(0, 1, 2).subList(0, count);
              }
            });
    assertThat(AnySyncMutiny.run(view.get("a"))).isEqualTo("a");
    assertThat((Iterable<Integer>) AnySyncMutiny.from(view.range(3))).containsExactly(0, 1, 2);
    assertThat(catchThrowable(() -> AnySyncMutiny.run(view.get("")))).isSameAs(failure);
  }
}
