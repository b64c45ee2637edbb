package dev.anysync;

import module java.base;

import dev.anysync.spi.WaitStrategy;
import org.jspecify.annotations.Nullable;

/** What the library knows of one thread: whose body it runs, and how it runs and waits. */
final class Strand {
  /*
   * Overview. Each thread that meets the library gets one strand, kept in a thread local for as long
   * as the thread lives. All fields but wait belong to that thread alone (the watchdog and a dump may
   * look at its task), so that the fast path of run() and await(call) is one thread-local read and a
   * few plain fields around a call of the body. The fields describe the innermost body on the
   * thread's stack; whoever enters a body saves and restores them.
   *
   * A body is run where it was called if the thread's wait strategy allows bodies and the nesting is
   * not too deep; otherwise it hops: it becomes a task on a virtual thread, which takes over loop and
   * mode, and this thread blocks until it is done.
   *
   * All waiting ends up in block(), which keeps the thread and any event loop it holds, or in
   * EventLoop.suspend(), which gives the loop up. Both wait for a CompletableFuture, and publish a
   * Wait before they look for a deadlock and park.
   *
   * Cancellation arrives as an interrupt, or as the stop flag of the task. It is delivered once, by
   * the next await. An interrupt that is not a task's cancellation belongs to whoever owns the
   * thread: it is remembered and set again when the outermost body returns.
   */

  // Modes
  static final int NONE = 0; // not in a coroutine: await is refused
  static final int BODY = 1; // in a coroutine: await gives up the turn of its event loop, if any
  static final int HELD = 2; // in one that run() called on an event loop: await holds the loop

  /**
   * Bodies nested on one stack; the next one hops. The JDK unmounts a virtual thread by a recursion
   * over its frames on the carrier's stack, which ends with some 3,500 that are not compiled yet:
   * so each body may have 50 of its own.
   */
  static final int MAX_DEPTH = 64;

  private static final int PAUSES = 128; // of a virtual thread that waits for its turn, some 5 us
  private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(10); // before it helps

  private static final @Nullable Unfuture<?>[] NOTHING = {};

  private static final ThreadLocal<@Nullable Strand> CURRENT = new ThreadLocal<>();

  final Thread thread;
  final Task.After after = new Task.After(this);
  final @Nullable WaitStrategy strategy;
  int depth;
  int mode;
  @Nullable EventLoop loop;
  @Nullable Task<?> task;

  /** What depends on them runs, the last innermost. */
  private @Nullable Unfuture<?>[] completing = NOTHING;

  private int completions;
  int callbacks; // on the stack, which hide the task below
  private @Nullable Spin spin; // before it parks for what runs, or for its turn
  private boolean interrupted; // delivered as a cancellation, and owed to the thread's owner
  volatile @Nullable Wait wait; // the innermost
  volatile @Nullable Pool pool; // whose thread it is, while that runs a task of ours
  @Nullable Pool home; // the last one that was so

  private Strand(Thread thread) {
    this.thread = thread;
    this.strategy = WaitStrategies.of(thread);
  }

  static Strand current() {
    Strand strand = CURRENT.get();
    if (strand == null) {
      strand = new Strand(Thread.currentThread());
      CURRENT.set(strand);
    }
    return strand;
  }

  /** Returns the current strand, or refuses if it is not in the body of a coroutine. */
  static Strand ofCoroutine(String operation) {
    Strand strand = CURRENT.get();
    if (strand == null || strand.mode == NONE) {
      throw new IllegalStateException(
          operation
              + " outside the body of a coroutine, on thread '"
              + Thread.currentThread().getName()
              + "': call run() on an AnySync, or result() on an Unfuture, instead");
    }
    return strand;
  }

  Lanes lanes() {
    return task != null ? task.lanes() : Unsync.lanes();
  }

  boolean runsBodies() {
    return depth < MAX_DEPTH && (strategy == null || strategy.runsBodies());
  }

  /** Returns whether an await gives up an event loop's turn. */
  boolean suspends() {
    return mode == BODY && loop != null;
  }

  /** Calls {@code body} as a coroutine for synchronous code. */
  <T extends @Nullable Object> T run(Callable<? extends T> body) {
    if (!runsBodies()) {
      checkForeignLoop();
      return finish(lanes().hop(body, loop), false);
    }
    int outer = mode;
    boolean owed = enterBody();
    try {
      return body.call();
    } catch (Throwable e) {
      throw sneaky(e);
    } finally {
      leaveBody(outer, owed);
    }
  }

  /** To be called before a body that runs here for synchronous code; returns what to leave with. */
  boolean enterBody() {
    boolean owed = putAside();
    mode = loop == null ? BODY : HELD;
    depth++;
    return owed;
  }

  /** To be called after it: goes back to mode {@code outer}. */
  void leaveBody(int outer, boolean owed) {
    depth--;
    mode = outer;
    payBack(outer, owed);
  }

  /** Calls {@code body} as a part of the coroutine that this strand is in. */
  <T extends @Nullable Object> T await(Callable<? extends T> body) {
    checkCancelled(null);
    if (depth < MAX_DEPTH) {
      return call(body);
    }
    boolean suspends = suspends();
    return finish(
        loop != null && suspends ? loop.call(body, lanes()) : lanes().hop(body, loop), suspends);
  }

  private <T extends @Nullable Object> T call(Callable<? extends T> body) {
    depth++;
    try {
      return body.call();
    } catch (Throwable e) {
      throw sneaky(e);
    } finally {
      depth--;
    }
  }

  /** Waits for work that is done on behalf of this thread, and returns its result. */
  <T extends @Nullable Object> T finish(Unfuture<T> future, boolean async) {
    waitFor(future, async, -1, "run()");
    future.carryBack();
    return Unfuture.outcome(future, "run()");
  }

  /** As {@link #waitOrCancel}; if the wait is refused, nobody will get the result. */
  private boolean waitFor(Unfuture<?> future, boolean async, long nanos, String operation) {
    try {
      return waitOrCancel(future, async, nanos, operation);
    } catch (RuntimeException | Error e) {
      future.cancel(true);
      throw e;
    }
  }

  /** As {@link #run(Callable)}, on a virtual thread, for at most {@code nanos}. */
  <T extends @Nullable Object> T run(Callable<? extends T> body, long nanos)
      throws TimeoutException {
    checkForeignLoop();
    Unfuture<T> future = lanes().hop(body, loop);
    if (!waitFor(future, false, nanos, "run(timeout)")) {
      future.cancel(true);
      throw new TimeoutException(
          "the body did not end within %d ms; it has been cancelled"
              .formatted(TimeUnit.NANOSECONDS.toMillis(nanos)));
    }
    future.carryBack();
    return Unfuture.outcome(future, "run(timeout)");
  }

  /**
   * To be called before a body: returns whether one below has been told of an interrupt that is
   * owed, which is not to reach what runs above it, nor itself once more.
   */
  boolean putAside() {
    boolean owed = interrupted;
    if (owed) {
      interrupted = false;
    }
    return owed;
  }

  /**
   * To be called when a body has returned to a caller in mode {@code outer}, with what {@link
   * #putAside} returned before.
   */
  void payBack(int outer, boolean owed) {
    if (interrupted && outer == NONE) {
      interrupted = false;
      thread.interrupt();
    }
    if (owed) {
      interrupted = true;
    }
  }

  /** Waits for {@code future}, as {@link #suspend} does, and returns its result. */
  <T extends @Nullable Object> T await(CompletableFuture<T> future, boolean shielded) {
    checkCancelled(shielded ? null : future);
    boolean claimed =
        !shielded && !suspends() && future instanceof Task<T> task && task.claim(this);
    if (!claimed && !future.isDone()) {
      try {
        suspend(future, !shielded);
      } catch (InterruptedException e) {
        if (!shielded) {
          cancel(future);
        }
        throw cancelled(shielded ? "shield()" : "await()");
      }
    }
    try {
      return Unfuture.outcome(future, "await()");
    } catch (CancellationException e) {
      noteDelivered();
      throw e;
    }
  }

  /** Waits for a future that only a blocked thread can wait for. */
  <T extends @Nullable Object> T await(Future<T> future) {
    checkCancelled(future);
    if (!future.isDone() && (suspends() || strategy != null)) {
      return await(Unfuture.from(future), false);
    }
    Wait outer = this.wait;
    Wait published = new Wait(this, future, null, false);
    published.checked = true; // nothing is known of what it waits for
    try {
      publish(published);
      return future.get();
    } catch (InterruptedException e) {
      cancel(future);
      throw cancelled("await()");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw sneaky(CallerFrames.attach(cause == null ? e : cause, "await()"));
    } finally {
      leave(published, outer);
    }
  }

  /** Lets others see a wait of this thread. */
  private void publish(Wait wait) {
    this.wait = wait;
    if (task == null) {
      Wait.OUTSIDE.add(wait);
    }
    if (isForeignLoop()) {
      Wait.OF_LOOPS.add(wait);
    }
  }

  private void leave(Wait wait, @Nullable Wait outer) {
    this.wait = outer; // first: what follows may find the stack too short
    if (task == null) {
      Wait.OUTSIDE.remove(wait);
    }
    if (isForeignLoop()) {
      Wait.OF_LOOPS.remove(wait);
    }
    if (outer != null) {
      outer.lookAgain();
    }
  }

  /** Hides the wait, if there is one, whose strategy has other work done meanwhile. */
  @Nullable Wait hideWait() {
    Wait outer = this.wait;
    if (outer != null) { // each write is a fence
      this.wait = null;
    }
    return outer;
  }

  /**
   * Lets others see the wait below once more, when that work is over. Those who have looked in
   * between saw a thread that goes on, so that one looks again.
   */
  void showWait(@Nullable Wait outer) {
    if (outer != null) {
      this.wait = outer;
      outer.lookAgain();
    }
  }

  void sleep(long nanos) {
    checkCancelled(null);
    try {
      if (loop != null && suspends()) {
        loop.sleep(this, nanos);
      } else if (strategy == null) {
        TimeUnit.NANOSECONDS.sleep(nanos);
      } else {
        block(new CompletableFuture<>(), nanos);
      }
    } catch (InterruptedException e) {
      throw cancelled("sleep()");
    }
  }

  /** Runs {@code callback} on this thread, but not as a part of the coroutine that it is in. */
  void outside(Runnable callback) {
    EventLoop outerLoop = loop;
    Task<?> outerTask = task;
    int outerMode = mode;
    loop = null;
    task = null;
    mode = NONE;
    callbacks++;
    try {
      callback.run();
    } finally {
      callbacks--;
      mode = outerMode;
      task = outerTask;
      loop = outerLoop;
    }
  }

  /** Waits for {@code future} in the way the mode asks for; does not look at its outcome. */
  void suspend(CompletableFuture<?> future, boolean claim) throws InterruptedException {
    if (loop != null && suspends()) {
      loop.suspend(this, future, claim);
    } else {
      block(future, -1);
    }
  }

  /** Returns whether this is the thread of a foreign event loop or pool, where bodies never run. */
  boolean isForeignLoop() {
    return strategy != null && !strategy.runsBodies();
  }

  private boolean mustNotBlock() {
    return strategy != null && !strategy.runsBodies() && strategy.blocksOthers(thread);
  }

  /** Applies the policy before a body is started for a foreign loop's thread. */
  void checkForeignLoop() {
    if (mustNotBlock()) {
      lanes().onForeignLoop(thread, false);
    }
  }

  /**
   * Blocks this thread, and the event loop if it holds one, until {@code future} is done or {@code
   * nanos}, unless negative, are over; returns whether the future is done.
   */
  boolean block(CompletableFuture<?> future, long nanos) throws InterruptedException {
    Lanes lanes = future instanceof Task<?> own ? own.lanes() : lanes();
    if (mustNotBlock()) {
      lanes.onForeignLoop(thread, true);
    }
    if (completions == 0 || (nanos >= 0 && nanos <= PATIENCE)) {
      return park(future, nanos, lanes);
    }
    // Others that depend on what is being completed here may be what this one waits for.
    long start = System.nanoTime();
    if (park(future, PATIENCE, lanes)) {
      return true;
    }
    help();
    return park(
        future, nanos < 0 ? nanos : Math.max(0, nanos - (System.nanoTime() - start)), lanes);
  }

  private boolean park(CompletableFuture<?> future, long nanos, Lanes lanes)
      throws InterruptedException {
    if (future instanceof Task<?> task && task.isRunning() && spin(task, nanos)) {
      return true;
    }
    Wait outer = this.wait;
    Wait published = new Wait(this, future, null, nanos >= 0);
    try {
      publish(published);
      WaitGraph.check(published);
      if (strategy == null) {
        return Unfuture.park(future, nanos);
      }
      Watchdog.Blocked blocked = Watchdog.Blocked.of(published, lanes);
      Parking wait = new Parking(published, future, System.nanoTime() + nanos, blocked);
      CompletableFuture<@Nullable Object> left = new CompletableFuture<>();
      published.left = left;
      CompletableFuture<?> over = CompletableFuture.anyOf(future, left); // leaves no node on future
      Thread timer = nanos < 0 ? null : Thread.startVirtualThread(() -> completeAfter(nanos, left));
      var _ = over.whenComplete((value, error) -> LockSupport.unpark(thread));
      try {
        while (!wait.isReleasable()) {
          strategy.await(wait, over);
        }
        if (published.refusal != null && !future.isDone()) {
          throw published.refusal;
        }
      } catch (InterruptedException e) {
        published.setInterrupted();
        throw e;
      } finally {
        left.complete(null);
        if (timer != null) {
          timer.interrupt();
        }
      }
      return future.isDone();
    } finally {
      leave(published, outer);
    }
  }

  /** Returns whether {@code task} is done before a thread could be woken. */
  private boolean spin(Task<?> task, long nanos) {
    if (strategy != null || thread.isVirtual() || (nanos >= 0 && nanos < Spin.LONGEST)) {
      return false;
    }
    return spin().until(task::isDone, thread);
  }

  /** Returns how this thread waits before it parks for a body or for its turn. */
  Spin spin() {
    Spin spin = this.spin;
    if (spin == null) {
      spin = new Spin(1, PAUSES);
      this.spin = spin;
    }
    return spin;
  }

  /** To be called before this thread completes {@code future} and runs what depends on it. */
  void enter(Unfuture<?> future) {
    if (completions == completing.length) {
      completing = Arrays.copyOf(completing, 2 * completions + 4);
    }
    completing[completions++] = future;
  }

  void exit() {
    completing[--completions] = null;
  }

  /** Returns whether something else than its task may lead to it. */
  boolean isNeeded() {
    return completions > 0 || callbacks > 0;
  }

  /** Runs what else depends on the futures that this thread is completing. */
  private void help() {
    for (int i = completions - 1; i >= 0 && depth < MAX_DEPTH; i--) {
      Task<?> outerTask = task;
      int outerMode = mode;
      task = null;
      mode = NONE;
      depth++;
      callbacks++;
      try {
        Objects.requireNonNull(completing[i]).help();
      } finally {
        callbacks--;
        depth--;
        mode = outerMode;
        task = outerTask;
      }
    }
  }

  /** Not by the JDK's timer: its thread calls what depends on futures, which may wait for this. */
  private static void completeAfter(long nanos, CompletableFuture<@Nullable Object> future) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException e) {
      // It is done already.
    }
    future.complete(null);
  }

  /** As {@link #block}, or {@link #suspend} if {@code async}; an interrupt cancels the future. */
  boolean waitOrCancel(CompletableFuture<?> future, boolean async, long nanos, String operation) {
    try {
      if (!async) {
        return block(future, nanos);
      }
      suspend(future, true);
      return true;
    } catch (InterruptedException e) {
      cancel(future);
      throw cancelled(operation);
    }
  }

  /** Waits until {@code future} is done; if interrupted, gives up and keeps the flag. */
  void waitOrGiveUp(CompletableFuture<?> future, boolean async) {
    try {
      if (async) {
        suspend(future, false);
      } else {
        block(future, -1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Cancels a future of any kind: one that refuses is no reason not to go on. */
  static void cancel(Future<?> future) {
    try {
      future.cancel(true);
    } catch (Throwable e) {
      Lanes.LOG.log(System.Logger.Level.DEBUG, "a future could not be cancelled", e);
    }
  }

  /** Throws if a cancellation is due, and cancels {@code future}, which was to be awaited. */
  void checkCancelled(@Nullable Future<?> future) {
    if (isCancelDue()) {
      if (future != null) {
        cancel(future);
      }
      boolean _ = Thread.interrupted();
      throw cancelled("await()");
    }
  }

  /** Returns whether the current thread is this one, in {@code task}, and nothing is to stop it. */
  boolean goesOnIn(@Nullable Task<?> task) {
    return thread == Thread.currentThread()
        && task != null
        && this.task == task
        && !task.isStopped()
        && !thread.isInterrupted();
  }

  /** Returns whether the body is to be told of an interrupt or a cancellation. */
  boolean isCancelDue() {
    return thread.isInterrupted() || isStopDue();
  }

  /** Returns whether the task has been cancelled and its body is still to be told. */
  boolean isStopDue() {
    return task != null && task.isStopDue();
  }

  /** Delivers a cancellation; the thread's interrupt flag has been cleared. */
  CancellationException cancelled(String operation) {
    if (mode == NONE) {
      thread.interrupt();
    } else if (!noteDelivered()) {
      interrupted = true;
    }
    return new CancellationException(
        "cancelled while in " + operation + " on thread '" + thread.getName() + "'");
  }

  /**
   * Takes note that the body is told of an interrupt by what synchronous code, called by it, throws
   * and has set the flag for: its next await is not to throw that again.
   */
  void noteTold() {
    if (Thread.interrupted() && !noteDelivered()) {
      interrupted = true;
    }
  }

  /** Returns whether it is this strand's task that is being cancelled, and the body knows now. */
  private boolean noteDelivered() {
    return mode != NONE && task != null && task.noteDelivered();
  }

  /** Returns the nanoseconds of an argument, or {@code Long.MAX_VALUE} if they are too many. */
  static long nanos(Duration duration, String parameter) {
    if (Objects.requireNonNull(duration, parameter).isNegative()) {
      throw new IllegalArgumentException(
          parameter + ": is negative (" + duration + "); give zero or more");
    }
    if (duration.isZero()) {
      return 0; // of a yield's 14 ns the conversion took 3
    }
    return TimeUnit.NANOSECONDS.convert(duration);
  }

  /** Throws {@code e} as it is, checked or not. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  static <X extends Throwable> RuntimeException sneaky(Throwable e) throws X {
    throw (X) e;
  }

  /** A wait that a strategy carries out, perhaps for a limited time. */
  private record Parking(
      Wait published,
      CompletableFuture<?> future,
      long deadline,
      Watchdog.@Nullable Blocked blocked)
      implements ForkJoinPool.ManagedBlocker {
    @Override
    public boolean isReleasable() {
      return future.isDone()
          || published.refusal != null
          || (published.timed && deadline - System.nanoTime() <= 0);
    }

    @Override
    public boolean block() throws InterruptedException {
      while (!isReleasable()) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedException(); // the flag stays, for others to see that it is ending
        }
        long left = published.timed ? deadline - System.nanoTime() : Long.MAX_VALUE;
        long look = blocked == null ? Long.MAX_VALUE : blocked.left();
        if (left == Long.MAX_VALUE && look == Long.MAX_VALUE) {
          LockSupport.park(this);
        } else {
          LockSupport.parkNanos(this, Math.max(1, Math.min(left, look)));
        }
        if (blocked != null) {
          blocked.look();
        }
      }
      return true;
    }
  }
}
