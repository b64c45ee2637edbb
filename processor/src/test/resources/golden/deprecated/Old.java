package golden;

import dev.anysync.AnySynced;
import java.util.List;

@AnySynced
@SuppressWarnings({"rawtypes", "removal", "deprecation"})
public class Old {
  /**
   * Does it the old way.
   *
   * @deprecated there is {@link #better}
   */
  @Deprecated(since = "2")
  public String old() {
    return "old";
  }

  @Deprecated(forRemoval = true)
  public String gone() {
    return "gone";
  }

  public String better(List raw, Passed passed, Passing passing) {
    return "better";
  }

  @Deprecated(forRemoval = true)
  public static class Passed {}

  @Deprecated
  public static class Passing {}

  @AnySynced
  @Deprecated(forRemoval = true)
  public interface Ended {
    int one();
  }
}
