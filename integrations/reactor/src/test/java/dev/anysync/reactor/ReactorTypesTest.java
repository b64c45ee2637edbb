package dev.anysync.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.twins.Twins;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Views of what returns monos and fluxes, and the other way. */
class ReactorTypesTest {
  /** A reactive client. */
  public interface Reactive {
    Mono<String> get(String key);

    Flux<Integer> range(int count);
  }

  /** The same, blocking. */
  public interface Blocking {
    String get(String key) throws IOException;

    Stream<Integer> range(int count);
  }

  private final IOException failure = new IOException("x");

  @Test
  void sync() throws Exception {
    Blocking view =
        Twins.sync(
            Blocking.class,
            new Reactive() {
              @Override
              public Mono<String> get(String key) {
                return key.isEmpty() ? Mono.error(failure) : Mono.just(key);
              }

              @Override
              public Flux<Integer> range(int count) {
                return Flux.range(0, count);
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
              public Stream<Integer> range(int count) {
                return Stream.iterate(0, i -> i + 1).limit(count);
              }
            });
    assertThat(AnySyncReactor.run(view.get("a"))).isEqualTo("a");
    Flux<Integer> range = view.range(3);
    assertThat(range.collectList().block()).isEqualTo(List.of(0, 1, 2));
    assertThat(range.collectList().block()).as("it is called anew").isEqualTo(List.of(0, 1, 2));
    assertThat(catchThrowable(() -> AnySyncReactor.run(view.get("")))).isSameAs(failure);
  }
}
