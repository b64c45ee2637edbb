package golden;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.AnySynced;
import dev.anysync.Unfuture;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** Asks a server. */
@NullMarked
@AnySynced
@AnySynced.Throws(IOException.class)
public interface Client extends AutoCloseable {
  /** A future of its own kind, of which there are many. */
  interface Reply<T extends @Nullable Object> extends CompletionStage<T>, Future<T> {}

  /**
   * Asks.
   *
   * @param key for what
   * @return the answer
   * @throws IllegalStateException if closed
   */
  CompletionStage<@Nullable String> get(String key);

  /**
   * Tells.
   *
   * @return when it is done
   */
  @AnySynced.Throws(TimeoutException.class)
  CompletableFuture<Void> put(String key, String value) throws InterruptedException;

  <T> Reply<List<T>> list(Class<T> type);

  Future<int[]> numbers();

  Unfuture<Long> count();

  AnySync<Double> mean(double... of);

  CompletableFuture<? extends Number> some();

  Future<?> whatever();

  Flow.Publisher<? extends String> lines();

  AnySyncIterator<String> words();

  void walk(AnySyncIterator.Out<String> out);

  <F extends CompletableFuture<String>> F same(F future);

  // not async
  int open();

  default String name() throws ReflectiveOperationException {
    return "client";
  }

  static CompletableFuture<String> version() {
    return CompletableFuture.completedFuture("1");
  }

  static int ofNoInterest() {
    return 0;
  }

  @Override
  void close();
}
