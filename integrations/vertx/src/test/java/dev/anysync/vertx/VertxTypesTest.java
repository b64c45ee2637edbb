package dev.anysync.vertx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.twins.Twins;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.streams.ReadStream;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Views of what returns futures and streams of Vert.x, and the other way. */
class VertxTypesTest {
  /** An async client. */
  public interface Async {
    Future<String> get(String key);
  }

  /** The same, blocking. */
  public interface Blocking {
    String get(String key) throws IOException;
  }

  private final IOException failure = new IOException("x");

  @Test
  void sync() throws Exception {
    Async async = key -> key.isEmpty() ? Future.failedFuture(failure) : Future.succeededFuture(key);
    Blocking view = Twins.sync(Blocking.class, async);
    assertThat(view.get("a")).isEqualTo("a");
    assertThat(catchThrowable(() -> view.get(""))).isSameAs(failure);
  }

  @Test
  void async() {
    Blocking blocking =
        key -> {
          if (key.isEmpty()) {
            throw failure;
          }
          return key;
        };
    Async view = Twins.async(Async.class, blocking);
    assertThat(AnySyncVertx.run(view.get("a"))).isEqualTo("a");
    assertThat(catchThrowable(() -> AnySyncVertx.run(view.get("")))).isSameAs(failure);
  }

  @Test
  void onAnEventLoop() throws Exception {
    Vertx vertx = Vertx.vertx();
    Vertx own = Vertx.vertx(); // of the client
    try {
      Async async = key -> own.timer(1, TimeUnit.MILLISECONDS).map(_ -> key);
      Blocking view = Twins.sync(Blocking.class, async);
      assertThat(OnVertx.call(vertx, ThreadingModel.EVENT_LOOP, () -> view.get("a")))
          .isEqualTo("a");
    } finally {
      AnySyncVertx.run(vertx.close());
      AnySyncVertx.run(own.close());
    }
  }

  /** Streams, as the library has them. */
  public interface Streaming {
    ReadStream<Integer> numbers();
  }

  /** The same, as elements. */
  public interface Elements {
    AnySyncIterator<Integer> numbers();
  }

  @Test
  void streams() {
    Elements elements = () -> AnySync.iterator(out -> List.of(1, 2, 3).forEach(out::yield));
    Streaming streaming = Twins.async(Streaming.class, elements);
    assertThat((Iterable<Integer>) Twins.sync(Elements.class, streaming).numbers())
        .containsExactly(1, 2, 3);
  }
}
