package dev.anysync.twins;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import dev.anysync.testkit.Readme;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;

class ReadmeTest {
  /** An async client. */
  public interface Client {
    CompletableFuture<String> get(String key);

    Flow.Publisher<String> keys();
  }

  interface BlockingClient {
    String get(String key) throws IOException;

    List<String> keys();
  }

  interface AsyncClient {
    AnySync<String> get(String key);

    Unfuture<List<String>> keys();
  }

  private static final class Memory implements Client {
    @Override
    public CompletableFuture<String> get(String key) {
      return CompletableFuture.supplyAsync(() -> "value of " + key);
    }

    @Override
    public Flow.Publisher<String> keys() {
      AnySyncIterator<String> keys = AnySync.iterator(out -> out.yield("a"));
      return keys.publisher();
    }
  }

  @Test
  void readme() throws Exception {
    Client client = new Memory();
    BlockingClient blocking = Twins.sync(BlockingClient.class, client);
    String value = blocking.get("a"); // on any thread
    assertThat(value).isEqualTo("value of a");
    assertThat(blocking.keys()).containsExactly("a");

    AsyncClient async = Twins.async(AsyncClient.class, blocking);
    AnySync<String> both =
        AnySync.coroutine(() -> AnySync.await(async.get("a")) + AnySync.await(async.get("b")));
    assertThat(both.run()).isEqualTo("value of avalue of b");
    assertThat(async.keys().result()).containsExactly("a");
    Readme.assertThatItsCodeIsTested("java");
  }
}
