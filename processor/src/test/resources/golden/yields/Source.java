package golden;

import dev.anysync.AnySync;
import dev.anysync.AnySyncGenerator;
import dev.anysync.AnySyncIterator;
import dev.anysync.AnySynced;
import java.util.List;

/** A class that is not public, and with fields and a constructor that nobody else sees. */
@AnySynced
class Source {
  private final List<String> log;

  Source(List<String> log) {
    this.log = log;
  }

  /**
   * Yields the numbers.
   *
   * @param end where to end
   * @param out where to
   */
  void count(int end, AnySyncIterator.Out<? super Integer> out) {
    for (int i = 0; i < end; i++) {
      AnySync.sleep(java.time.Duration.ZERO);
      out.yield(i);
    }
  }

  void sum(AnySyncGenerator.Out<Integer, Long> out) {
    int total = 0;
    while (total < 100) {
      Long more = out.yield(total);
      total += more == null ? 0 : more.intValue();
    }
  }

  /** Enters and leaves. */
  @AnySynced.ContextManager
  void open(AnySyncIterator.Out<String> out, String... names) {
    log.add("enter");
    try {
      out.yield(String.join("+", names));
    } finally {
      log.add("exit");
    }
  }

  @SafeVarargs
  final <T> T first(T... elements) {
    hidden();
    return elements[0];
  }

  private void hidden() {}

  protected void forSubclasses() {}
}
