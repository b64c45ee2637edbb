package golden;

import dev.anysync.AnySynced;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

@NullMarked
@AnySynced
abstract class Sub<T> extends Super<T> implements Base<@Nullable String, Map<String, T>>, Other {
  @Override
  public CompletableFuture<Map<String, T>> b() {
    return CompletableFuture.completedFuture(Map.of());
  }

  abstract CompletableFuture<Integer> own();
}
