package dev.anysync;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The future of a body that was started: a {@link CompletableFuture} that can be waited for from
 * anywhere, in either style, and whose cancellation stops the work.
 *
 * <ul>
 *   <li>{@link #result()} from synchronous code: the result, or the very exception of the body;
 *   <li>{@link AnySync#await(CompletableFuture)} from a coroutine, on any event loop or none;
 *   <li>{@link #then} and every method of {@link CompletableFuture}, whose dependents are unfutures
 *       as well; without an executor their {@code async} forms run on virtual threads.
 * </ul>
 *
 * <p>{@link #get()} and {@link #join()} keep the JDK's contract, wrappers included.
 *
 * <p>A waiter without a time limit whose unfuture's body has not been started yet runs the body
 * itself, if it could run on any thread, rather than wait for another thread to do so.
 *
 * <p>{@link #cancel} completes the future with a {@link CancellationException} at once and stops
 * the body as {@link AnySync} describes. Whoever completes the future from outside in another way,
 * such as {@link #orTimeout}, stops the body as well: nobody can see its result any more.
 *
 * @param <T> the type of the result
 */
public final class Unfuture<T extends @Nullable Object> extends CompletableFuture<T> {
  /*
   * Overview. One object is the future, the task and the node of the wait-for graph. As a task it
   * has a body and goes through these states of `runner`:
   *
   *   null -> a strand   whoever wins this CAS runs the body: the lane's thread, or a waiter
   *   null -> ENDED      cancelled before it was started
   *   a strand -> ENDED  the body has returned
   *
   * and of `stop`:
   *
   *   0 -> INTERRUPTING -> INTERRUPTED   somebody else completed the future, while the body ran
   *   0 -> CLOSED                        the body returned first: no interrupt can come any more
   *
   * The last is what keeps a late interrupt off a thread that has gone on to other work. A body whose
   * stop is INTERRUPTING when it ends waits for the interrupt to arrive and clears it.
   *
   * Futures that are not tasks have neither; they may have an upstream: whom to cancel with them, and
   * whose completer is theirs.
   */

  private static final int INTERRUPTING = 1;
  private static final int INTERRUPTED = 2;
  private static final int CLOSED = 3;

  /** The runner of a task that has ended, or will never start. */
  private static final Object ENDED = "ended";

  private static final VarHandle RUNNER;
  private static final VarHandle STOP;
  private static final VarHandle STOPPED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      RUNNER = lookup.findVarHandle(Unfuture.class, "runner", Object.class);
      STOP = lookup.findVarHandle(Unfuture.class, "stop", int.class);
      STOPPED = lookup.findVarHandle(Unfuture.class, "stopped", Unfuture.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile @Nullable Object runner;
  private volatile int stop;

  /** The body was told of its cancellation; used by the runner only. */
  private boolean delivered;

  /** Made by a method of CompletableFuture, which wraps what it fails with. */
  private boolean dependent;

  private final @Nullable Lanes lanes;
  private final @Nullable EventLoop loop;
  private final byte mode;
  private @Nullable Callable<? extends T> body;
  private final Context context;

  /** The body may run on any thread, so that a waiter may take it over. */
  private final boolean claimable;

  /** It was created with a body. */
  private final boolean task;

  /** The future that this one follows. */
  private volatile @Nullable Future<?> upstream;

  /** Completed when the body has ended, if anybody asked for it. */
  private volatile @Nullable Unfuture<@Nullable Void> stopped;

  /** Creates an unfuture that is not completed, for any thread to complete. */
  public Unfuture() {
    this(null, null, null, Strand.NONE, Context.NONE, false);
  }

  private Unfuture(
      @Nullable Callable<? extends T> body,
      @Nullable Lanes lanes,
      @Nullable EventLoop loop,
      int mode,
      Context context,
      boolean claimable) {
    this.task = body != null;
    this.body = body;
    this.lanes = lanes;
    this.loop = loop;
    this.mode = (byte) mode;
    this.context = context;
    this.claimable = claimable;
  }

  /**
   * Creates the task that runs {@code body}, without starting it.
   *
   * @param loop the loop it is a coroutine of or, if {@code mode} is HELD, a part of a call on
   * @param mode the mode of {@link Strand} that the body is in
   * @param claimable whether the body may run on any thread
   */
  static <T extends @Nullable Object> Unfuture<T> task(
      Callable<? extends T> body,
      Lanes lanes,
      @Nullable EventLoop loop,
      int mode,
      boolean claimable) {
    return new Unfuture<>(body, lanes, loop, mode, lanes.capture(), claimable);
  }

  // Factories

  /** Returns an unfuture that is completed with {@code value}. */
  public static <T extends @Nullable Object> Unfuture<T> of(T value) {
    Unfuture<T> future = new Unfuture<>();
    future.complete(value);
    return future;
  }

  /**
   * Returns {@code stage} if it is an unfuture, else one that follows it: completed as it is, with
   * the unwrapped exception if it fails, and cancelling it when cancelled.
   */
  public static <T extends @Nullable Object> Unfuture<T> from(CompletionStage<T> stage) {
    requireNonNull(stage, "stage");
    if (stage instanceof Unfuture<T> unfuture) {
      return unfuture;
    }
    Unfuture<T> future = new Unfuture<>();
    future.follow(stage);
    return future;
  }

  /** As {@link #from(CompletionStage)}; there because a completable future is a future as well. */
  public static <T extends @Nullable Object> Unfuture<T> from(CompletableFuture<T> future) {
    requireNonNull(future, "future");
    return from((CompletionStage<T>) future);
  }

  /**
   * Returns {@code future} if it is an unfuture, else one that follows it. Where the future offers
   * no other way, a virtual thread waits for it.
   */
  public static <T extends @Nullable Object> Unfuture<T> from(Future<T> future) {
    requireNonNull(future, "future");
    return future instanceof CompletableFuture<T> completable
        ? from((CompletionStage<T>) completable)
        : Strand.current().lanes().start(() -> AnySync.await(future));
  }

  /**
   * Returns the unfuture of all results, in the given order. It fails as soon as one of them does,
   * with the same exception, and leaves the others running; cancelling it cancels them all.
   *
   * @param futures copied now; may be empty
   */
  public static <T extends @Nullable Object> Unfuture<List<T>> all(
      Collection<? extends CompletionStage<? extends T>> futures) {
    List<CompletableFuture<? extends T>> sources = new ArrayList<>(futures.size());
    for (CompletionStage<? extends T> stage : requireNonNull(futures, "futures")) {
      sources.add(requireNonNull(stage, "an element of futures").toCompletableFuture());
    }
    Unfuture<List<T>> all = new Unfuture<>();
    AtomicInteger left = new AtomicInteger(sources.size());
    Runnable complete =
        () -> {
          List<T> results = new ArrayList<>(sources.size());
          sources.forEach(source -> results.add(source.resultNow()));
          all.complete(Collections.unmodifiableList(results));
        };
    if (sources.isEmpty()) {
      complete.run();
    }
    for (CompletableFuture<? extends T> source : sources) {
      var _ =
          source.whenComplete(
              (value, error) -> {
                if (error != null) {
                  all.completeExceptionally(unwrap(source, error));
                } else if (left.decrementAndGet() == 0) {
                  complete.run();
                }
              });
    }
    all.upstream = new Sources(sources);
    return all;
  }

  // Results

  /**
   * Waits for the result and returns it, or throws the very exception that the body threw.
   *
   * @throws IllegalStateException on the thread of an {@link EventLoop}, unless the future is done:
   *     await it there
   * @throws CancellationException if the future was cancelled, or this thread is interrupted, which
   *     cancels the future; the interrupt flag stays set
   * @throws DeadlockException if the wait could never end
   */
  @CanIgnoreReturnValue
  public T result() {
    if (!isDone()) {
      Strand strand = offLoop();
      if (!claim(this, strand)) {
        strand.blockOrCancel(this, "result()");
      }
    }
    return outcome(CallerFrames.Observer.RESULT);
  }

  /**
   * As {@link #result()}, but waits at most {@code timeout} and then cancels the future.
   *
   * @throws TimeoutException if the future was not done in time
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  @CanIgnoreReturnValue
  public T result(Duration timeout) throws TimeoutException {
    long nanos = Durations.nanos(timeout, "timeout");
    if (!isDone()) {
      Strand strand = offLoop();
      try {
        if (!strand.block(this, nanos)) {
          cancel(true);
          throw new TimeoutException(
              "no result within " + timeout + "; the work has been cancelled");
        }
      } catch (InterruptedException e) {
        cancel(true);
        throw strand.cancelled("result(timeout)");
      }
    }
    return outcome(CallerFrames.Observer.RESULT);
  }

  @Override
  public T join() {
    boolean interrupted = false;
    while (!isDone()) {
      Strand strand = Strand.current();
      if (!claim(this, strand)) {
        try {
          var _ = strand.block(this, -1);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return super.join();
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    if (!isDone()) {
      Strand strand = Strand.current();
      if (!claim(this, strand)) {
        var _ = strand.block(this, -1);
      }
    }
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    if (!isDone() && !Strand.current().block(this, Math.max(0, unit.toNanos(timeout)))) {
      throw new TimeoutException("no result within " + timeout + " " + unit);
    }
    return super.get();
  }

  private static Strand offLoop() {
    Strand strand = Strand.current();
    if (strand.loop != null) {
      throw new IllegalStateException(
          "result() of an unfuture that is not done, on the event loop '"
              + strand.loop
              + "', which it would hold up: await it instead");
    }
    return strand;
  }

  // Continuations

  /**
   * Calls {@code next} with this future once it is done, however it ended, and returns the future
   * of what that returns. It runs on the thread that completes this future, or at once on this one.
   *
   * <p>Cancelling the returned future cancels this one.
   *
   * @param next gets this future, which is done; what it throws fails the returned future
   */
  public <R extends @Nullable Object> Unfuture<R> then(
      Function<? super Unfuture<T>, ? extends R> next) {
    requireNonNull(next, "next");
    Unfuture<R> result = new Unfuture<>(null, lanes, null, Strand.NONE, captureContext(), false);
    continueWith(result, () -> result.finish(result.context.call(() -> next.apply(this)), null));
    return result;
  }

  /**
   * As {@link #then}, for a continuation that is asynchronous itself: the returned future follows
   * the stage that {@code next} returns, and cancelling it cancels that stage's future too.
   *
   * @param next gets this future, which is done; must not return null
   */
  public <R extends @Nullable Object> Unfuture<R> thenAsync(
      Function<? super Unfuture<T>, ? extends CompletionStage<R>> next) {
    requireNonNull(next, "next");
    Unfuture<R> result = new Unfuture<>(null, lanes, null, Strand.NONE, captureContext(), false);
    continueWith(
        result,
        () ->
            result.follow(
                requireNonNull(
                    result.context.<CompletionStage<R>>call(() -> next.apply(this)),
                    "next returned null instead of a stage")));
    return result;
  }

  private void continueWith(Unfuture<?> result, VoidBody next) {
    result.upstream = this;
    var _ =
        whenComplete(
            (value, error) -> {
              result.upstream = null;
              if (!result.isDone()) {
                try {
                  next.run();
                } catch (Throwable e) {
                  result.finish(null, e);
                }
              }
            });
  }

  private Context captureContext() {
    return Strand.current().lanes().capture();
  }

  /** Completes this as {@code stage} is completed. */
  private void follow(CompletionStage<? extends T> stage) {
    CompletableFuture<? extends T> source = stage.toCompletableFuture();
    upstream = source;
    if (isCancelled()) {
      source.cancel(true); // it came too late to see the upstream
    }
    var _ =
        source.whenComplete(
            (value, error) -> {
              upstream = null;
              finish(value, error == null ? null : unwrap(source, error));
            });
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    Unfuture<U> future = new Unfuture<>(null, lanes, null, Strand.NONE, Context.NONE, false);
    future.dependent = true;
    return future;
  }

  @Override
  public Executor defaultExecutor() {
    return (lanes != null ? lanes : Unsync.lanes()).threads();
  }

  // Completion from outside

  @Override
  @CanIgnoreReturnValue
  public boolean complete(T value) {
    boolean won = super.complete(value);
    if (won) {
      stop();
    }
    return won;
  }

  @Override
  @CanIgnoreReturnValue
  public boolean completeExceptionally(Throwable error) {
    boolean won = super.completeExceptionally(requireNonNull(error, "error"));
    if (won) {
      stop();
    }
    return won;
  }

  /**
   * Completes this future with a {@link CancellationException}, unless it is done, and stops its
   * body as {@link AnySync} describes, as well as the future that it follows, if it came from
   * {@link #then}, {@link #thenAsync} or {@link #from(CompletionStage)}.
   *
   * @param mayInterruptIfRunning has no effect; the body's thread is interrupted in any case
   * @return whether this future is cancelled now
   */
  @Override
  @CanIgnoreReturnValue
  public boolean cancel(boolean mayInterruptIfRunning) {
    Future<?> source = upstream;
    if (super.completeExceptionally(new CancellationException("cancelled"))) {
      stop();
      if (source != null) {
        source.cancel(true);
      }
    }
    return isCancelled();
  }

  /** Stops the body, if there is one that has not ended; the future has just been completed. */
  private void stop() {
    if (RUNNER.compareAndSet(this, null, ENDED)) {
      if (task) {
        leave();
      }
    } else if (runner instanceof Strand strand && STOP.compareAndSet(this, 0, INTERRUPTING)) {
      strand.thread.interrupt();
      stop = INTERRUPTED;
    }
  }

  // The task

  /** Runs the body here if it is a task that nobody has started and that may run anywhere. */
  static boolean claim(CompletableFuture<?> future, Strand strand) {
    return future instanceof Unfuture<?> task
        && task.claimable
        && strand.runsBodies()
        && task.runOn(strand);
  }

  /** Runs the body on the current thread, unless it was started or cancelled already. */
  boolean runOn(Strand strand) {
    Callable<? extends T> body = this.body;
    if (body == null || !RUNNER.compareAndSet(this, null, strand)) {
      return false;
    }
    Unfuture<?> outerTask = strand.task;
    EventLoop outerLoop = strand.loop;
    Lanes outerLanes = strand.lanes;
    int outerMode = strand.mode;
    strand.task = this;
    strand.loop = loop;
    strand.lanes = lanes;
    strand.mode = mode;
    strand.depth++;
    T value = null;
    Throwable error = null;
    try {
      value = context.call(body);
    } catch (Throwable e) {
      error = e;
    }
    // What depends on the future runs here, but not as a part of this coroutine or of an outer one.
    strand.task = null;
    strand.mode = Strand.NONE;
    end();
    finish(value, error);
    strand.depth--;
    strand.mode = outerMode;
    strand.lanes = outerLanes;
    strand.loop = outerLoop;
    strand.task = outerTask;
    strand.leave(outerMode);
    return true;
  }

  private void end() {
    if (!STOP.compareAndSet(this, 0, CLOSED)) {
      awaitInterrupt();
    }
    runner = ENDED;
    leave();
  }

  private void leave() {
    body = null;
    if (loop != null && mode == Strand.BODY) {
      loop.forget(this);
    } else if (lanes != null) {
      lanes.forget(this);
    }
    Unfuture<@Nullable Void> signal = stopped;
    if (signal != null) {
      signal.complete(null);
    }
  }

  /** Waits for an interrupt that is under way, and clears it. */
  @SuppressWarnings("ThreadPriorityCheck") // it is one instruction away
  private void awaitInterrupt() {
    while (stop == INTERRUPTING) {
      Thread.yield();
    }
    if (!delivered) {
      boolean _ = Thread.interrupted();
    }
  }

  /** Completes the future for its body, or for the stage that it follows. */
  @SuppressWarnings("NullAway") // null is a value where there is no error
  private void finish(@Nullable T value, @Nullable Throwable error) {
    if (error == null) {
      super.complete(value);
    } else if (!super.completeExceptionally(error) && !(error instanceof CancellationException)) {
      Lanes.LOG.log(System.Logger.Level.DEBUG, "a body that was cancelled failed", error);
    }
  }

  /** Returns whether the body is to be told that it has been cancelled. */
  boolean isStopDue() {
    return stop != 0 && !delivered;
  }

  /** Returns whether this has been cancelled; if so, the body knows now, and the flag is clear. */
  boolean noteDelivered() {
    if (stop == 0) {
      return false;
    }
    if (!delivered) {
      awaitInterrupt();
      delivered = true;
    }
    return true;
  }

  /**
   * Returns the future that has to be completed before this can be: itself, unless it follows
   * another.
   */
  Unfuture<?> origin() {
    Unfuture<?> origin = this;
    while (origin.upstream instanceof Unfuture<?> source) {
      origin = source;
    }
    return origin;
  }

  /** Returns the strand that runs the body, if one does. */
  @Nullable Strand runner() {
    return runner instanceof Strand strand ? strand : null;
  }

  /** Returns the event loop that the body needs the turn of, if it has not ended. */
  @Nullable EventLoop neededLoop() {
    return runner != ENDED && body != null && mode == Strand.BODY ? loop : null;
  }

  /** Makes it known that {@code task} completes this; for the wait-for graph. */
  void linkTo(Unfuture<?> task) {
    upstream = task;
  }

  /**
   * Returns a future that is completed when the body has really ended, or it is certain that it
   * will never start; this one may be completed earlier, if it is cancelled. One that has no body
   * has ended when it is done. Cancelling the returned future has no effect on this one.
   */
  public Unfuture<@Nullable Void> stopped() {
    Unfuture<@Nullable Void> signal = stopped;
    if (signal == null) {
      signal = new Unfuture<>();
      if (!STOPPED.compareAndSet(this, null, signal)) {
        signal = requireNonNull(stopped);
      }
    }
    Unfuture<@Nullable Void> future = signal;
    if (runner == ENDED) {
      future.complete(null);
    } else if (!task) {
      var _ = whenComplete((value, error) -> future.complete(null));
    }
    return (Unfuture<@Nullable Void>) future.copy(); // so that cancelling it hurts no other waiter
  }

  void carryBack() {
    context.carryBack();
  }

  String describe() {
    return (body == null ? "an unfuture" : "a task not ended")
        + (loop == null ? "" : " of " + loop)
        + " ("
        + Integer.toHexString(System.identityHashCode(this))
        + ")";
  }

  /** Many futures, as one to cancel. */
  private static final class Sources extends CompletableFuture<@Nullable Void> {
    private final List<? extends Future<?>> sources;

    Sources(List<? extends Future<?>> sources) {
      this.sources = sources;
    }

    @Override
    @CanIgnoreReturnValue
    public boolean cancel(boolean mayInterruptIfRunning) {
      sources.forEach(source -> source.cancel(true));
      return true;
    }
  }

  // Outcomes

  /** Parks the current thread, for as long as it takes or {@code nanos} at most. */
  static boolean park(CompletableFuture<?> future, long nanos) throws InterruptedException {
    try {
      Object _ =
          future instanceof Unfuture<?> unfuture
              ? unfuture.superGet(nanos)
              : nanos < 0 ? future.get() : future.get(nanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException | CancellationException e) {
      // The caller looks at the outcome.
    }
    return true;
  }

  private T superGet(long nanos) throws InterruptedException, ExecutionException, TimeoutException {
    return nanos < 0 ? super.get() : super.get(nanos, TimeUnit.NANOSECONDS);
  }

  /** Returns the result of {@code future}, which is done, or throws what it failed with. */
  static <T extends @Nullable Object> T outcome(
      CompletableFuture<T> future, CallerFrames.Observer observer) {
    if (!future.isCompletedExceptionally()) {
      return future.resultNow();
    }
    Throwable[] error = new Throwable[1];
    var _ = future.whenComplete((value, e) -> error[0] = e);
    throw Strand.sneaky(CallerFrames.attach(unwrap(future, error[0]), observer));
  }

  T outcome(CallerFrames.Observer observer) {
    return outcome(this, observer);
  }

  /** Returns what failed {@code source}, without the wrapper that a dependent stage gets. */
  private static Throwable unwrap(CompletableFuture<?> source, Throwable error) {
    boolean wrapped = !(source instanceof Unfuture<?> unfuture) || unfuture.dependent;
    Throwable cause = error.getCause();
    return wrapped && error instanceof CompletionException && cause != null ? cause : error;
  }
}
