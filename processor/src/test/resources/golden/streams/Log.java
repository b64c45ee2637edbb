package golden;

import dev.anysync.AnySyncIterator;
import dev.anysync.AnySynced;
import java.io.IOException;
import java.util.concurrent.Flow;
import java.util.stream.Stream;

@AnySynced(streams = Stream.class)
@SuppressWarnings("try")
interface Log<L> extends AutoCloseable {
  @AnySynced.Throws(IOException.class)
  Flow.Publisher<L> lines();

  AnySyncIterator<L> words();

  void walk(String prefix, AnySyncIterator.Out<String> out);

  @Override
  void close() throws Exception;
}
