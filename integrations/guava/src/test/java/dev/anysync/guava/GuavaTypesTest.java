package dev.anysync.guava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.SettableFuture;
import dev.anysync.AnySync;
import dev.anysync.Unfuture;
import dev.anysync.twins.Twins;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Views of what returns Guava's futures, and the other way. */
class GuavaTypesTest {
  /** An async client. */
  public interface Async {
    ListenableFuture<String> get(String key);
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
            key.isEmpty() ? Futures.immediateFailedFuture(failure) : Futures.immediateFuture(key);
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
    assertThat(AnySyncGuava.run(view.get("a"))).isEqualTo("a");
    assertThat(catchThrowable(() -> AnySyncGuava.run(view.get("")))).isSameAs(failure);
  }

  @Test
  void cancellingReachesTheFutureOfTheClient() throws Exception {
    SettableFuture<String> pending = SettableFuture.create();
    var asked = new CountDownLatch(1);
    Async async =
        _ -> {
          asked.countDown();
          return pending;
        };
    Blocking view = Twins.sync(Blocking.class, async);
    Unfuture<String> waiting = AnySync.<String>coroutine(() -> view.get("a")).start();
    asked.await();
    assertThat(waiting.cancel(true)).isTrue();
    Awaitility.await().until(pending::isCancelled);
  }
}
