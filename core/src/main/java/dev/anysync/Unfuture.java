package dev.anysync;

import module java.base;

import dev.anysync.WaitGraph.Completer;
import dev.anysync.WaitGraph.Link;
import org.jspecify.annotations.Nullable;

/**
 * The future of a body that was started: a {@link CompletableFuture} that can be waited for from
 * anywhere, in either style, and whose cancellation stops the work.
 *
 * <p>Synchronous code calls {@link #result()}: the result, or the very exception of the body. A
 * coroutine, on any event loop or none, calls {@link AnySync#await(CompletableFuture)}. {@link
 * #then} and the methods of {@link CompletableFuture} make dependents that are unfutures as well,
 * even where the JDK declares a plain type ({@link #from(CompletableFuture)} gives it back);
 * without an executor their {@code async} forms run on the thread lane. {@link #get()} and {@link
 * #join()} keep the JDK's contract, wrappers included.
 *
 * <p>A waiter without a time limit whose unfuture's body has not been started yet runs the body
 * itself, if it could run on any thread, rather than wait for another thread to do so.
 *
 * <p>{@link #cancel} completes the future with a {@link CancellationException} at once and stops
 * the body as {@link AnySync} describes. So do {@link #complete}, {@link #completeExceptionally},
 * {@link #orTimeout} and {@link #completeOnTimeout}: nobody can see the body's result any more. The
 * other ways to complete it from outside leave the body running.
 */
public sealed class Unfuture<T extends @Nullable Object> extends CompletableFuture<T> permits Task {
  @SuppressWarnings("rawtypes")
  private static final AtomicReferenceFieldUpdater<Unfuture, @Nullable Object> SOURCE =
      AtomicReferenceFieldUpdater.newUpdater(Unfuture.class, Object.class, "source");

  private static final Object NEEDED = new Object();

  private boolean dependent; // made by CompletableFuture, which wraps what it fails with
  private boolean cancels; // what it follows, when it is cancelled

  /**
   * What this one waits for, as far as it is known: a task, an event loop, a registry, or a link,
   * which is shared with what depends on this. Of a task, the link of what depends on it, what is
   * told if it fails, or that somebody has waited for it.
   */
  private volatile @Nullable Object source;

  /** Creates an unfuture that is not completed, for any thread to complete. */
  public Unfuture() {}

  /**
   * Creates an unfuture that is not completed, and that one thread alone can complete: one that
   * does nothing else while it waits, such as that of a framework's event loop. A wait that would
   * keep that thread from it throws {@link DeadlockException}, whether the thread itself waits for
   * this, or for somebody who does.
   *
   * @param completer returns whether a thread, the current one or another that waits, is the one;
   *     called by any thread, now and then until this is done; must not throw. Its {@code
   *     toString()} is what messages call this future
   */
  public Unfuture(Predicate<? super Thread> completer) {
    setSource(new Link(new Completer(Objects.requireNonNull(completer, "completer"))));
  }

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
    if (Objects.requireNonNull(stage, "stage") instanceof Unfuture<T> unfuture) {
      return unfuture;
    }
    CompletableFuture<T> followed = stage.toCompletableFuture();
    Unfuture<T> future = new Unfuture<>();
    Link link = future.follow(followed);
    var _ =
        followed.whenComplete(
            (value, error) -> {
              link.set(null);
              future.finish(value, error == null ? null : unwrap(followed, error));
            });
    return future;
  }

  /** As {@link #from(CompletionStage)}; there because a completable future is a future as well. */
  public static <T extends @Nullable Object> Unfuture<T> from(CompletableFuture<T> future) {
    return from((CompletionStage<T>) Objects.requireNonNull(future, "future"));
  }

  /** As {@link #from(CompletionStage)}; for a future of another kind, a virtual thread waits. */
  public static <T extends @Nullable Object> Unfuture<T> from(Future<T> future) {
    Objects.requireNonNull(future, "future");
    if (future instanceof CompletableFuture<T> completable) {
      return from((CompletionStage<T>) completable);
    }
    Unfuture<T> waiting = Strand.current().lanes().start(() -> AnySync.await(future));
    var _ = waiting.whenComplete((value, error) -> Strand.cancel(future)); // if it never started
    return waiting;
  }

  /**
   * Returns the unfuture of all results, in the given order. It fails as soon as one of them does,
   * with the same exception, and leaves the others running; cancelling it cancels them all. The
   * collection is copied now; it may be empty.
   */
  public static <T extends @Nullable Object> Unfuture<List<T>> all(
      Collection<? extends CompletionStage<? extends T>> futures) {
    List<CompletableFuture<? extends T>> sources = new ArrayList<>();
    for (CompletionStage<? extends T> stage : Objects.requireNonNull(futures, "futures")) {
      sources.add(Objects.requireNonNull(stage, "an element of futures").toCompletableFuture());
    }
    Unfuture<List<T>> all = new Unfuture<>();
    var _ = new Gathering<>(all, all.follow(sources), sources);
    return all;
  }

  /**
   * Waits for the result and returns it, or throws the very exception that the body threw.
   *
   * @throws IllegalStateException on the thread of an {@link EventLoop}, unless the future is done:
   *     await it there
   * @throws CancellationException if the future was cancelled, or this thread interrupted, which
   *     cancels it
   * @throws DeadlockException if the wait could never end
   */
  public T result() {
    if (!isDone()) {
      Strand strand = offLoop();
      if (!claim(strand)) {
        strand.waitOrCancel(this, false, -1, "result()");
      }
    }
    return outcome(this, "result()");
  }

  /** As {@link #result()}, but if that takes longer than {@code timeout} cancels the future. */
  public T result(Duration timeout) throws TimeoutException {
    long nanos = Strand.nanos(timeout, "timeout");
    if (!isDone() && !offLoop().waitOrCancel(this, false, nanos, "result(timeout)")) {
      cancel(true);
      throw new TimeoutException("no result within " + timeout + "; the work has been cancelled");
    }
    return outcome(this, "result()");
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

  @Override
  public T join() {
    boolean interrupted = false;
    while (!isDone()) {
      try {
        waitHere();
      } catch (InterruptedException e) {
        interrupted = true;
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
      waitHere();
    }
    return super.get();
  }

  private void waitHere() throws InterruptedException {
    Strand strand = Strand.current();
    if (!claim(strand)) {
      strand.block(this, -1);
    }
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    long nanos = Math.max(0, Objects.requireNonNull(unit, "unit").toNanos(timeout));
    if (!isDone() && !Strand.current().block(this, nanos)) {
      throw new TimeoutException("no result within " + timeout + " " + unit);
    }
    return super.get();
  }

  /**
   * Returns a future that is completed when the body has really ended, or will certainly never
   * start, which may be later than this one, if that is cancelled; where there is no body, when
   * this one is. Cancelling the returned future has no effect on this one.
   */
  public Unfuture<@Nullable Void> stopped() {
    return (Unfuture<@Nullable Void>) this.<@Nullable Void>handle((value, error) -> null);
  }

  /**
   * Calls {@code next} with this future once it is done, however it ended, and returns the future
   * of what that returns, which fails with what it throws. It runs on the thread that completes
   * this future, or at once on this one. Cancelling the returned future cancels this one.
   */
  public <R extends @Nullable Object> Unfuture<R> then(
      Function<? super Unfuture<T>, ? extends R> next) {
    Objects.requireNonNull(next, "next");
    if (isDone()) {
      return (Unfuture<R>) this.<R>handle((value, error) -> next.apply(this));
    }
    Continuation<T, R> continuation = new Continuation<>(this, next);
    Unfuture<R> result = (Unfuture<R>) this.<R>handle(continuation);
    result.setSource(continuation);
    result.cancels = true;
    return result;
  }

  /** A function that is called with a future when that is done, and the link that leads there. */
  private static final class Continuation<T extends @Nullable Object, R extends @Nullable Object>
      extends Link implements BiFunction<T, @Nullable Throwable, R> {
    private static final long serialVersionUID = 1;

    private final transient Function<? super Unfuture<T>, ? extends R> next;
    private final transient Context context = Context.capture(Strand.current().lanes());

    Continuation(Unfuture<T> source, Function<? super Unfuture<T>, ? extends R> next) {
      super(source); // null: cancelled, or over
      this.next = next;
    }

    @Override
    @SuppressWarnings("unchecked")
    public R apply(T value, @Nullable Throwable error) {
      Strand strand = Strand.current();
      if (!(get() instanceof Unfuture<?> source)) {
        throw new CancellationException("cancelled");
      }
      setRelease(strand); // a cancel at this moment comes too late: what it would cancel is done
      Wait outerWait = strand.hideWait();
      strand.callbacks++;
      try {
        Unfuture<T> future = (Unfuture<T>) source;
        return context == Context.NONE
            ? next.apply(future)
            : context.call(() -> next.apply(future));
      } catch (Throwable e) {
        throw Strand.sneaky(e);
      } finally {
        strand.callbacks--;
        setRelease(null); // whoever completes the next one does so after that
        strand.showWait(outerWait);
      }
    }
  }

  /**
   * As {@link #then}, for a continuation that is asynchronous itself: what it returns, which must
   * not be null, is followed by the returned future, and cancelled with it.
   */
  public <R extends @Nullable Object> Unfuture<R> thenAsync(
      Function<? super Unfuture<T>, ? extends CompletionStage<R>> next) {
    Objects.requireNonNull(next, "next");
    Context context = Context.capture(Strand.current().lanes());
    Link link = new Link(this); // null: cancelled, or over
    // The JDK's own dependents do not nest on the stack when a long chain completes.
    Unfuture<CompletionStage<R>> proceeding =
        (Unfuture<CompletionStage<R>>)
            this.<CompletionStage<R>>handle((value, error) -> proceed(next, context, link));
    Unfuture<R> result = proceeding.compose(Function.identity());
    result.setSource(link);
    result.cancels = true;
    return result;
  }

  private <R extends @Nullable Object> Unfuture<R> compose(
      Function<? super T, ? extends CompletionStage<R>> next) {
    return (Unfuture<R>) super.thenCompose(next);
  }

  private <R extends @Nullable Object> CompletionStage<R> proceed(
      Function<? super Unfuture<T>, ? extends CompletionStage<R>> next,
      Context context,
      Link link) {
    Strand strand = Strand.current();
    if (!link.compareAndSet(this, strand)) { // a cancel from here on is seen by the next one
      throw new CancellationException("cancelled");
    }
    Wait outerWait = strand.hideWait();
    strand.callbacks++;
    try {
      CompletionStage<R> stage = context.call(() -> next.apply(this));
      Objects.requireNonNull(stage, "next returned null, not a stage");
      CompletableFuture<R> future = stage.toCompletableFuture();
      boolean isDone = future.isDone(); // asked once: a link that leads to it has to be cleared
      if (!link.compareAndSet(strand, isDone ? null : future)) {
        future.cancel(true);
      } else if (!isDone) {
        checkUntilDone(link, future);
      }
      return future;
    } catch (Throwable e) {
      link.set(null);
      throw Strand.sneaky(e);
    } finally {
      strand.callbacks--;
      strand.showWait(outerWait);
    }
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    Unfuture<U> future = new Unfuture<>();
    future.dependent = true;
    if (!isDone()) {
      future.setSource(link());
    }
    return future;
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenCompose(
      Function<? super T, ? extends CompletionStage<U>> fn) {
    Link link = new Link(null);
    return linked(super.thenCompose(linking(fn, link)), link);
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
      Function<? super T, ? extends CompletionStage<U>> fn) {
    return thenComposeAsync(fn, defaultExecutor());
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> thenComposeAsync(
      Function<? super T, ? extends CompletionStage<U>> fn, Executor executor) {
    Objects.requireNonNull(executor, "executor");
    Link link = new Link(null);
    return linked(super.thenComposeAsync(linking(fn, link), executor), link);
  }

  /** Lets {@code dependent} wait for what it waits for, and then for what {@code link} leads to. */
  private static <U extends @Nullable Object> CompletableFuture<U> linked(
      CompletableFuture<U> dependent, Link link) {
    Unfuture<U> unfuture = (Unfuture<U>) dependent;
    Object source = unfuture.source;
    if (source != null) {
      link.compareAndSet(null, source);
    }
    unfuture.setSource(link);
    return dependent;
  }

  /** Returns {@code fn} with {@code link} leading to the stage that it returns. */
  private static <T extends @Nullable Object, U extends @Nullable Object>
      Function<T, CompletionStage<U>> linking(
          Function<? super T, ? extends CompletionStage<U>> fn, Link link) {
    Objects.requireNonNull(fn, "fn");
    return value -> {
      link.set(null);
      CompletionStage<U> stage = fn.apply(value);
      if (stage instanceof Unfuture<U> future && !future.isDone()) {
        link.set(future);
        checkUntilDone(link, future);
      }
      return stage;
    };
  }

  /** Throws if {@code future}, which a link was made to lead to, can never come. */
  private static void checkUntilDone(Link link, CompletableFuture<?> future) {
    var _ = future.whenComplete((value, error) -> link.set(null)); // from here on it is needed
    try {
      WaitGraph.check(link);
    } catch (Throwable e) {
      link.set(null);
      throw e;
    }
  }

  // What depends on either of two does not depend on this one.

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> applyToEither(
      CompletionStage<? extends T> other, Function<? super T, U> fn) {
    return unlinked(super.applyToEither(other, fn));
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> applyToEitherAsync(
      CompletionStage<? extends T> other, Function<? super T, U> fn) {
    return unlinked(super.applyToEitherAsync(other, fn));
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> applyToEitherAsync(
      CompletionStage<? extends T> other, Function<? super T, U> fn, Executor executor) {
    return unlinked(super.applyToEitherAsync(other, fn, executor));
  }

  @Override
  public CompletableFuture<Void> acceptEither(
      CompletionStage<? extends T> other, Consumer<? super T> action) {
    return unlinked(super.acceptEither(other, action));
  }

  @Override
  public CompletableFuture<Void> acceptEitherAsync(
      CompletionStage<? extends T> other, Consumer<? super T> action) {
    return unlinked(super.acceptEitherAsync(other, action));
  }

  @Override
  public CompletableFuture<Void> acceptEitherAsync(
      CompletionStage<? extends T> other, Consumer<? super T> action, Executor executor) {
    return unlinked(super.acceptEitherAsync(other, action, executor));
  }

  @Override
  public CompletableFuture<Void> runAfterEither(CompletionStage<?> other, Runnable action) {
    return unlinked(super.runAfterEither(other, action));
  }

  @Override
  public CompletableFuture<Void> runAfterEitherAsync(CompletionStage<?> other, Runnable action) {
    return unlinked(super.runAfterEitherAsync(other, action));
  }

  @Override
  public CompletableFuture<Void> runAfterEitherAsync(
      CompletionStage<?> other, Runnable action, Executor executor) {
    return unlinked(super.runAfterEitherAsync(other, action, executor));
  }

  private static <U extends @Nullable Object> CompletableFuture<U> unlinked(
      CompletableFuture<U> dependent) {
    if (dependent instanceof Unfuture<U> unfuture) { // not if the other is of the JDK and done
      unfuture.setSource(null);
    }
    return dependent;
  }

  @Override
  public Executor defaultExecutor() {
    return Unsync.lanes().thread;
  }

  @Override
  public boolean complete(T value) {
    return complete(value, null);
  }

  @Override
  public boolean completeExceptionally(Throwable error) {
    Objects.requireNonNull(error, "error");
    return complete(null, error);
  }

  /**
   * Completes this future with a {@link CancellationException}, unless it is done, and stops its
   * body as {@link AnySync} describes; cancels the future that it follows, if it came from {@link
   * #then}, {@link #thenAsync}, {@link #all} or {@link #from(CompletionStage)}. The body's thread
   * is interrupted in any case. Returns whether this future is cancelled now.
   */
  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    if (completeExceptionally(new CancellationException("cancelled")) && cancels) {
      cancelAll(source);
    }
    return isCancelled();
  }

  @SuppressWarnings("NullAway") // null is a value where there is no error
  final boolean completeOn(Strand strand, @Nullable T value, @Nullable Throwable error) {
    strand.enter(this);
    try {
      return error == null ? super.complete(value) : super.completeExceptionally(error);
    } finally {
      strand.exit();
      if (error != null) {
        failed();
      }
    }
  }

  /** To be called when this is done, and may have failed. */
  void failed() {}

  /** Completes this for somebody who is not its body. */
  boolean complete(@Nullable T value, @Nullable Throwable error) {
    if (source instanceof Link link && !isDone()) {
      link.cut(); // what depends on this comes all the same
    }
    return completeOn(Strand.current(), value, error);
  }

  @SuppressWarnings("NullAway") // a link may hold null
  private static void cancelAll(@Nullable Object source) {
    switch (source) {
      case Link link -> cancelAll(link.getAndSet(null));
      case Future<?> future -> Strand.cancel(future);
      case List<?> futures -> futures.forEach(Unfuture::cancelAll);
      case null, default -> {}
    }
  }

  @Override
  public CompletableFuture<T> orTimeout(long timeout, TimeUnit unit) {
    Objects.requireNonNull(unit, "unit");
    setTimed();
    return super.orTimeout(timeout, unit);
  }

  @Override
  public CompletableFuture<T> completeOnTimeout(T value, long timeout, TimeUnit unit) {
    Objects.requireNonNull(unit, "unit");
    setTimed();
    return super.completeOnTimeout(value, timeout, unit);
  }

  @Override
  public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier) {
    return completeAsync(supplier, defaultExecutor());
  }

  @Override
  public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
    Objects.requireNonNull(supplier, "supplier");
    Objects.requireNonNull(executor, "executor");
    setTimed(); // it is announced that it comes
    var _ = whenComplete((value, error) -> failed()); // the JDK completes it without a word to us
    return super.completeAsync(supplier, executor);
  }

  @Override
  public void obtrudeException(Throwable ex) {
    super.obtrudeException(Objects.requireNonNull(ex, "ex"));
    failed();
  }

  void setTimed() {
    if (source instanceof Link link) {
      link.cut();
    } else {
      setSource(Link.CUT);
    }
  }

  /** Completes this for its continuation or the stage that it follows. */
  final void finish(@Nullable T value, @Nullable Throwable error) {
    if (!completeOn(Strand.current(), value, error)) {
      logLate(error);
    }
  }

  /** Logs what a body has thrown after it was cancelled, which nobody else gets to see. */
  static void logLate(@Nullable Throwable error) {
    if (error != null && !(error instanceof CancellationException)) {
      System.Logger.Level level =
          error instanceof DeadlockException
              ? System.Logger.Level.WARNING
              : System.Logger.Level.DEBUG;
      Lanes.LOG.log(level, "a body failed after it had been cancelled", error);
    }
  }

  boolean isTimed() {
    return source instanceof Link link && link.isCut();
  }

  /** Runs the body on {@code strand}, if it was not started and may run there. */
  boolean claim(Strand strand) {
    return false;
  }

  /** Returns what has to happen before this can be completed, as far as it is known. */
  @Nullable Object origin() {
    if (isDone()) {
      return null;
    }
    return source;
  }

  /** Runs what depends on this, which is done, and has not been run yet. */
  void help() {
    super.completeExceptionally(new CancellationException());
  }

  /** Gives the current thread what the body left in its context, if it has run. */
  void carryBack() {}

  /** Makes this wait for {@code source}; to be called before others see it. */
  final void setSource(@Nullable Object source) {
    SOURCE.lazySet(this, source);
  }

  final @Nullable Object source() {
    return source;
  }

  /** Returns the link that what depends on this shares. */
  @Nullable Link link() {
    return source instanceof Link link ? link : null;
  }

  /** To be called on a task before a wait for it is published. */
  final void setNeeded() {
    boolean _ = source == null && SOURCE.compareAndSet(this, null, NEEDED);
  }

  /** Has {@code gathering} told if a task fails; returns false if that is not to be had. */
  final boolean tell(Gathering<?> gathering) {
    Object known = source;
    return (known == null || known == NEEDED) && SOURCE.compareAndSet(this, known, gathering);
  }

  /** Returns the link of what depends on a task. */
  final Link makeLink() {
    Object known = source;
    Link link = known instanceof Link made ? made : new Link(this);
    if (link != known) {
      link.gathering = known instanceof Gathering<?> gathering ? gathering : null;
      if (!SOURCE.compareAndSet(this, known, link)) {
        return makeLink();
      }
    }
    if (isDone()) {
      link.set(null); // whoever completes this looks for the link after that
    }
    return link;
  }

  /** To be called when this is done. */
  final void clearLink() {
    if (source instanceof Link link) {
      link.set(null);
    }
  }

  /** Makes this wait for the end of {@code task}, and cancels that with this. */
  final void waitFor(@Nullable Task<?> task) {
    if (task != null) {
      task.setNeeded();
    }
    setSource(task);
    cancels = true;
  }

  private Link follow(Object followed) {
    Link link = new Link(followed);
    setSource(link);
    cancels = true;
    return link;
  }

  /** Parks the current thread, for as long as it takes or {@code nanos} at most. */
  static boolean park(CompletableFuture<?> future, long nanos) throws InterruptedException {
    try {
      if (future instanceof Unfuture<?> unfuture) {
        unfuture.superGet(nanos);
      } else {
        Object _ = nanos < 0 ? future.get() : future.get(nanos, TimeUnit.NANOSECONDS);
      }
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException | CancellationException e) {
      // The caller looks at the outcome.
    }
    return true;
  }

  private void superGet(long nanos)
      throws InterruptedException, ExecutionException, TimeoutException {
    Object _ = nanos < 0 ? super.get() : super.get(nanos, TimeUnit.NANOSECONDS);
  }

  /** Returns the result of {@code future}, which is done, or throws what it failed with. */
  static <T extends @Nullable Object> T outcome(CompletableFuture<T> future, String operation) {
    if (!future.isCompletedExceptionally()) {
      return future.resultNow();
    }
    throw Strand.sneaky(CallerFrames.attach(failure(future), operation));
  }

  /** Returns what {@code future}, which is done, failed with. */
  static Throwable failure(CompletableFuture<?> future) {
    Throwable[] error = new Throwable[1];
    var _ = future.whenComplete((value, e) -> error[0] = e);
    return unwrap(future, error[0]);
  }

  /** Returns what failed {@code future}, without the wrapper that a dependent stage gets. */
  private static Throwable unwrap(CompletableFuture<?> future, Throwable error) {
    boolean wrapped = !(future instanceof Unfuture<?> unfuture) || unfuture.dependent;
    Throwable cause = error.getCause();
    return wrapped && error instanceof CompletionException && cause != null ? cause : error;
  }
}
