package golden;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import java.util.List;

public final class AnySyncMine {
  private AnySyncMine() {}

  public static <T> T await(Promise<T> promise) {
    return AnySync.await(AnySync.coroutine(() -> promise.value()));
  }

  public static <T> AnySyncIterator<T> from(Many<T> many) {
    return AnySync.iterator(out -> many.values().forEach(out::yield));
  }

  public record Many<T>(List<T> values) {}
}
