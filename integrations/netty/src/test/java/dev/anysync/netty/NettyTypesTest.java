package dev.anysync.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.twins.Twins;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Views of what returns Netty's futures, and the other way. */
class NettyTypesTest {
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
    Async async =
        key ->
            key.isEmpty()
                ? GlobalEventExecutor.INSTANCE.newFailedFuture(failure)
                : GlobalEventExecutor.INSTANCE.newSucceededFuture(key);
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
    assertThat(AnySyncNetty.run(view.get("a"))).isEqualTo("a");
    assertThat(catchThrowable(() -> AnySyncNetty.run(view.get("")))).isSameAs(failure);
  }
}
