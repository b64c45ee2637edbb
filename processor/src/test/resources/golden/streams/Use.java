package golden;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.stream.Stream;

public class Use {
  private static final class Numbers implements Log<Integer> {
    @Override
    public Flow.Publisher<Integer> lines() {
      return words().publisher();
    }

    @Override
    public AnySyncIterator<Integer> words() {
      return AnySync.iterator(out -> out.yield(1));
    }

    @Override
    public void walk(String prefix, AnySyncIterator.Out<String> out) {
      out.yield(prefix + 1);
    }

    @Override
    public void close() throws IOException {
      throw new IOException("closed");
    }
  }

  @SuppressWarnings("try") // it says that it throws any exception
  public static void main() throws Exception {
    try (LogSync<Integer> log = new LogSync<>(new Numbers())) {
      Stream<Integer> lines = log.lines();
      assert lines.toList().equals(List.of(1));
      assert log.words().toList().equals(List.of(1));
      assert log.walk("no. ").toList().equals(List.of("no. 1"));
    } catch (IOException e) {
      assert e.getMessage().equals("closed");
    }
  }
}
