package dev.anysync.bench;

import dev.anysync.AnySync;
import dev.anysync.Unfuture;
import dev.anysync.twins.Twins;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What a view costs beside the call that it makes, written by hand. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TwinsBench {
  /** A client whose results are there at once. */
  public static final class Client {
    private final CompletableFuture<String> done = CompletableFuture.completedFuture("value");
    private int size = 42;

    /** Returns the same future for each key. */
    public CompletableFuture<String> get(String key, int index) {
      return done;
    }

    /** Returns a number that is not known to the compiler. */
    public int size() {
      return size;
    }
  }

  /** The view. */
  public interface View {
    /** Waits for it. */
    String get(String key, int index);

    /** Is not async. */
    int size();
  }

  private record ByHand(Client client) implements View {
    @Override
    public String get(String key, int index) {
      return AnySync.from(() -> client.get(key, index)).run();
    }

    @Override
    public int size() {
      return client.size();
    }
  }

  private final Client client = new Client();
  private final View byHand = new ByHand(client);
  private final View twin = Twins.sync(View.class, client);
  private int index = 1_000; // beyond the boxes that are there already

  @Benchmark
  public String getDirect() {
    return AnySync.from(() -> client.get("key", index)).run();
  }

  @Benchmark
  public String getByHand() {
    return byHand.get("key", index);
  }

  @Benchmark
  public String getTwin() {
    return twin.get("key", index);
  }

  @Benchmark
  public int sizeDirect() {
    return client.size();
  }

  @Benchmark
  public int sizeByHand() {
    return byHand.size();
  }

  @Benchmark
  public int sizeTwin() {
    return twin.size();
  }

  @Benchmark
  public View newTwin() {
    return Twins.sync(View.class, client);
  }

  /** A client with several kinds of methods. */
  public static final class Mixed {
    private final Unfuture<String> done = Unfuture.of("value");
    private final AnySync<String> cold = AnySync.coroutine(() -> "value");

    /** Returns a stage. */
    public CompletionStage<String> stage(String key) {
      return done;
    }

    /** Returns a future that can only be blocked for. */
    public Future<String> future() {
      return done;
    }

    /** Returns a coroutine. */
    public AnySync<String> cold(String key, long number) {
      return cold;
    }

    /** Returns a result. */
    public String plain(Object key) {
      return "value";
    }
  }

  /** Its view. */
  public interface MixedView {
    /** Waits for a stage. */
    String stage(String key);

    /** Waits for a future. */
    String future();

    /** Runs a coroutine. */
    String cold(String key, long number);

    /** Is not async. */
    String plain(Object key);
  }

  private record MixedByHand(Mixed client) implements MixedView {
    @Override
    public String stage(String key) {
      return AnySync.from(() -> client.stage(key)).run();
    }

    @Override
    public String future() {
      return AnySync.coroutine(() -> AnySync.await(client.future())).run();
    }

    @Override
    public String cold(String key, long number) {
      return client.cold(key, number).run();
    }

    @Override
    public String plain(Object key) {
      return client.plain(key);
    }
  }

  private final MixedView mixedByHand = new MixedByHand(new Mixed());
  private final MixedView mixedTwin = Twins.sync(MixedView.class, new Mixed());

  private int all(MixedView view) {
    return view.stage("key").length()
        + view.future().length()
        + view.cold("key", index).length()
        + view.plain(this).length();
  }

  @Benchmark
  @OperationsPerInvocation(4)
  public int mixedByHand() {
    return all(mixedByHand);
  }

  @Benchmark
  @OperationsPerInvocation(4)
  public int mixedTwin() {
    return all(mixedTwin);
  }
}
