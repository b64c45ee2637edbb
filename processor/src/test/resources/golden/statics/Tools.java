package golden;

import dev.anysync.AnySynced;
import dev.anysync.Unsynced;

/** Has no objects. */
@AnySynced
public final class Tools<T> {
  private Tools() {}

  @Unsynced
  public static int twice(int n) {
    return 2 * n;
  }

  @SafeVarargs
  public static <T> int count(T... ts) {
    return ts.length;
  }
}
