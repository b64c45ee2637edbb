package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/**
 * Starts functions without a thought for threads or event loops; each call returns an {@link
 * Unfuture}. The methods are those of {@link Lanes}, on lanes that the whole process shares.
 */
public final class Unsync {
  private static volatile @Nullable Lanes shared;

  private Unsync() {}

  /** Starts a coroutine on the ambient event loop; see {@link Lanes#async}. */
  public static <T extends @Nullable Object> Unfuture<T> async(Callable<? extends T> body) {
    return lanes().async(body);
  }

  /** Starts a function that may block, on a virtual thread; see {@link Lanes#call}. */
  public static <T extends @Nullable Object> Unfuture<T> call(Callable<? extends T> function) {
    return lanes().call(function);
  }

  /** Starts a function that computes, on the cpu lane; see {@link Lanes#cpuBound(Callable)}. */
  public static <T extends @Nullable Object> Unfuture<T> cpuBound(Callable<? extends T> function) {
    return lanes().cpuBound(function);
  }

  /**
   * Starts a function that computes and may leave this JVM, on the cpu lane; see {@link
   * Lanes#cpuBound(RemoteBody)}.
   */
  public static <T extends @Nullable Object> Unfuture<T> cpuBound(
      RemoteBody<? extends T> function) {
    return lanes().cpuBound(function);
  }

  /** Returns the unsync form of a function; see {@link Lanes#function}. */
  public static <A extends @Nullable Object, R extends @Nullable Object>
      Function<A, Unfuture<R>> function(Function<? super A, ? extends R> f) {
    Objects.requireNonNull(f, "f");
    return argument -> lanes().call(() -> f.apply(argument));
  }

  /** Returns the shared lanes: new ones if there are none yet, or they have been closed. */
  public static Lanes lanes() {
    Lanes lanes = shared;
    return lanes != null && !lanes.tasks.closed ? lanes : makeLanes();
  }

  /** Returns the shared lanes, if there are any. */
  static @Nullable Lanes knownLanes() {
    return shared;
  }

  private static synchronized Lanes makeLanes() {
    Lanes lanes = shared;
    if (lanes == null || lanes.tasks.closed) {
      lanes = Lanes.builder().build();
      shared = lanes;
    }
    return lanes;
  }

  /**
   * Makes {@code lanes} the shared ones, and returns those until now, for the caller to close or to
   * set again; work that has been started stays where it is.
   */
  public static synchronized Lanes share(Lanes lanes) {
    Objects.requireNonNull(lanes, "lanes");
    Lanes before = lanes();
    shared = lanes;
    return before;
  }
}
