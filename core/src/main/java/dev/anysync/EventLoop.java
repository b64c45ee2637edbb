package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/**
 * A serial executor that coroutines can suspend on: what runs on it never runs at the same time, so
 * that its coroutines share data without locks, and while one of them awaits the others go on.
 *
 * <p>Callbacks given to {@link #execute}, coroutines started, and coroutines whose await is over,
 * get their turn first come, first served. A coroutine keeps its turn until it awaits or sleeps;
 * {@code run()} and other blocking calls in it hold the loop. A callback keeps it until it returns.
 *
 * <p>Any number of loops may run side by side. A loop has no thread while it has nothing to do;
 * what runs on it runs on virtual threads that bear its name. Once closed, it refuses work with a
 * {@link RejectedExecutionException}.
 */
public final class EventLoop implements Executor, AutoCloseable {
  /*
   * Overview. The loop is a queue and a turn. Whoever has the turn may run; `pending` counts the
   * items in the queue plus the one that has the turn, so the enqueuer that lifts it from zero is the
   * one to give the turn away, and the holder that takes it back to zero leaves the loop idle.
   *
   * Items are callbacks (Runnable), coroutines to be started (Task), and coroutines that want to
   * go on (Turn). The turn is handed over directly: a Turn's thread is unparked; a callback or a new
   * coroutine gets a virtual thread, or runs on the one that gives up the turn if that is at the base
   * of its stack.
   *
   * A coroutine that awaits first drains the head of the queue as a part of its own turn: callbacks,
   * and the very task that it awaits, until its future is done. It never runs another coroutine's
   * body: one that suspends there would bury the waiter. Only then does it queue a Turn for itself;
   * earlier, the turn could be granted while that body is still on the stack above.
   */

  private final String name;
  private final Queue<Object> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger pending = new AtomicInteger();
  final Registry tasks;
  private @Nullable Lane lane; // of the lanes that were last used here; a plain cache
  volatile @Nullable Strand holder; // of the turn; null also while it changes hands
  int turns; // that were given, or taken by what is drained; counted by whoever has the turn
  final AtomicBoolean watched = new AtomicBoolean();

  private EventLoop(String name) {
    this.name = name;
    this.tasks = new Registry("the event loop '" + name + "'", this, 1);
  }

  /** Creates an event loop whose threads are called {@code name}. */
  public static EventLoop create(String name) {
    return new EventLoop(Objects.requireNonNull(name, "name"));
  }

  /** Returns whether the current thread is running something on this loop. */
  public boolean inLoop() {
    return Strand.current().loop == this;
  }

  /**
   * Queues {@code callback}. It is not a coroutine: it must not await. What it throws goes to its
   * thread's uncaught exception handler.
   */
  @Override
  public void execute(Runnable callback) {
    Objects.requireNonNull(callback, "callback");
    tasks.checkOpen();
    enqueue(callback);
  }

  /**
   * Runs {@code call} as a coroutine of this loop and waits for its result; on this loop already,
   * it is {@link AnySync#run()}. An interrupt of this thread cancels the coroutine.
   */
  public <T extends @Nullable Object> T run(AnySync<T> call) {
    Objects.requireNonNull(call, "call");
    if (inLoop()) {
      return call.run();
    }
    Strand strand = Strand.current();
    return strand.finish(this.<T>call(((Coroutine<T>) call).body, strand.lanes()), false);
  }

  /**
   * Cancels all coroutines of this loop and waits until their bodies have ended and the callbacks
   * queued before have run. New ones are refused from the first call on. If this thread is
   * interrupted, it stops waiting and keeps its interrupt flag.
   *
   * @throws IllegalStateException if called on this loop
   */
  @Override
  public void close() {
    if (inLoop()) {
      throw new IllegalStateException(
          "close() on the event loop '%s' itself, which it would wait for: close it outside"
              .formatted(name));
    }
    Strand strand = Strand.current();
    strand.waitOrGiveUp(tasks.close(), false);
    if (pending.get() > 0) {
      Unfuture<@Nullable Void> drained = new Unfuture<>();
      drained.setSource(this);
      enqueue((Runnable) () -> drained.complete(null));
      strand.waitOrGiveUp(drained, false);
    }
  }

  <T extends @Nullable Object> Unfuture<T> start(Callable<? extends T> body, Lanes lanes) {
    return start(new Task<T>(body, lane(lanes).captured(false)));
  }

  /**
   * As {@link #start}, for a caller that waits and gets back what the body leaves in its context.
   */
  <T extends @Nullable Object> Unfuture<T> call(Callable<? extends T> body, Lanes lanes) {
    return start(new Task<T>(body, lane(lanes).captured(true)));
  }

  private Lane lane(Lanes lanes) {
    Lane lane = this.lane;
    if (lane == null || lane.lanes() != lanes) {
      lane = new Lane(lanes, this, Strand.BODY, null);
      this.lane = lane;
    }
    return lane;
  }

  private <T extends @Nullable Object> Unfuture<T> start(Task<T> task) {
    tasks.list(0).add(task);
    enqueue(task);
    return task;
  }

  private void enqueue(Object item) {
    queue.add(item);
    if (pending.getAndIncrement() == 0) {
      handTo(queue.remove());
      if (!watched.get() && watched.compareAndSet(false, true)) {
        Watchdog.watch(this);
      }
    }
  }

  /** Returns whether the watchdog, which asks, is to go on; else another will come. */
  boolean isWatched() {
    if (pending.get() > 0) {
      return true;
    }
    watched.set(false);
    return pending.get() > 0 && watched.compareAndSet(false, true);
  }

  /** Returns how many callbacks and coroutines wait for their turn. */
  int queued() {
    return Math.max(0, pending.get() - 1);
  }

  /** Ends the current item's turn and returns the next item, whose turn it is, or null. */
  private @Nullable Object next() {
    holder = null;
    return pending.decrementAndGet() == 0 ? null : queue.remove();
  }

  /** Gives the turn, which the current thread has, to {@code item} on another thread. */
  private void handTo(Object item) {
    if (item instanceof Turn turn) {
      turn.grant();
    } else {
      Thread.ofVirtual().name(name).inheritInheritableThreadLocals(false).start(() -> work(item));
    }
  }

  /** Runs {@code first}, whose turn it is, and then what it can of the queue. */
  private void work(Object first) {
    Strand strand = Strand.current();
    for (Object item = first; item != null; item = next()) {
      if (item instanceof Turn turn) {
        turn.grant();
        return;
      }
      turns++;
      holder = strand;
      run(item, strand);
    }
  }

  /** Runs a task, or a callback in its turn, perhaps on the stack of a coroutine that waits. */
  private void run(Object item, Strand strand) {
    if (item instanceof Task<?> task) {
      task.runOn(strand);
      return;
    }
    EventLoop outerLoop = strand.loop;
    Task<?> outerTask = strand.task;
    int outerMode = strand.mode;
    strand.loop = this;
    strand.task = null;
    strand.mode = Strand.NONE;
    try {
      ((Runnable) item).run();
    } catch (Throwable e) {
      report(e);
    } finally {
      strand.mode = outerMode;
      strand.task = outerTask;
      strand.loop = outerLoop;
    }
  }

  private static void report(Throwable error) {
    Thread thread = Thread.currentThread();
    try {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, error);
    } catch (Throwable e) {
      Lanes.LOG.log(System.Logger.Level.ERROR, "an uncaught exception handler failed", e);
    }
  }

  /** Gives up the turn until {@code future} is done and it is this coroutine's turn again. */
  void suspend(Strand strand, CompletableFuture<?> future, boolean claim)
      throws InterruptedException {
    drain(strand, future, claim);
    if (future.isDone()) {
      return;
    }
    holder = null; // before the edge is published, or others would see a holder that waits
    Wait wait = new Wait(strand, future, this, false);
    strand.wait = wait;
    try {
      WaitGraph.check(wait);
    } catch (Throwable e) {
      strand.wait = null;
      holder = strand;
      throw e;
    }
    Turn turn = new Turn(strand, Turn.WAITING);
    // A shielded future outlasts its waiter; anyOf takes its node off there when the other is done.
    CompletableFuture<@Nullable Object> givenUp = new CompletableFuture<>();
    CompletableFuture<?> awaited = claim ? future : CompletableFuture.anyOf(future, givenUp);
    var _ = awaited.whenComplete((value, error) -> turn.queueUp());
    release();
    if (turn.await(claim ? future : null)) {
      givenUp.complete(null);
      throw new InterruptedException();
    }
  }

  /**
   * Runs, in this turn, the callbacks that are next, and the body of {@code future}. Takes only
   * what is counted: the enqueuer of an item that is not yet would find the loop idle.
   */
  private void drain(Strand strand, CompletableFuture<?> future, boolean claim) {
    while (!future.isDone() && pending.get() > 1 && !strand.isCancelDue()) {
      Object item = queue.peek();
      boolean own = claim && future == item;
      if (item instanceof Turn
          || (item instanceof Task && !(own && strand.depth < Strand.MAX_DEPTH))) {
        return;
      }
      queue.remove();
      pending.decrementAndGet();
      turns++;
      run(item, strand);
    }
  }

  /** Gives up the turn for {@code nanos}, or, if that is zero, until the others have had theirs. */
  void sleep(Strand strand, long nanos) throws InterruptedException {
    if (nanos == 0) {
      Turn turn = new Turn(strand, Turn.QUEUED);
      enqueue(turn);
      release();
      if (turn.await(null)) {
        throw new InterruptedException();
      }
      return;
    }
    holder = null; // see suspend
    strand.wait = Wait.asleep(strand, this); // it needs the turn to go on
    release();
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } finally {
      acquire(strand);
    }
  }

  /** Gives the turn to the next item, if there is one. */
  void release() {
    Object next = next();
    if (next != null) {
      handTo(next);
    }
  }

  /** Waits for the turn, whether interrupted or not. */
  void acquire(Strand strand) {
    Turn turn = new Turn(strand, Turn.QUEUED);
    Wait wait = new Wait(strand, this, null, false);
    wait.checked = true; // it cannot be refused; who holds the turn has looked
    strand.wait = wait;
    enqueue(turn);
    if (turn.await(null)) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return name;
  }

  /** A coroutine's wish to go on; done when it has the turn. */
  private final class Turn {
    // WAITING -> QUEUED -> GRANTED; the first by whoever comes first, the future or an interrupt.
    static final int WAITING = 0;
    static final int QUEUED = 1;
    static final int GRANTED = 2;

    private final AtomicInteger state;
    private final Strand strand;

    Turn(Strand strand, int state) {
      this.strand = strand;
      this.state = new AtomicInteger(state);
    }

    void queueUp() {
      if (state.compareAndSet(WAITING, QUEUED)) {
        enqueue(this);
      }
    }

    void grant() {
      strand.wait = null; // before there is a holder again, see suspend
      turns++;
      holder = strand;
      state.set(GRANTED);
      LockSupport.unpark(strand.thread);
    }

    /**
     * Parks until it is this coroutine's turn. An interrupt, or the task's cancellation, ends the
     * wait for the future, but not for the turn; returns whether there was one. It cancels {@code
     * awaited} at once: that may be what holds the loop.
     */
    boolean await(@Nullable CompletableFuture<?> awaited) {
      boolean interrupted = false;
      while (state.get() != GRANTED) {
        if (strand.thread.isInterrupted() || (!interrupted && strand.isStopDue())) {
          Wait wait = strand.wait;
          if (wait == null) { // it only lets the others have their turns
            boolean _ = Thread.interrupted();
          } else {
            wait.setInterrupted();
          }
          interrupted = true;
          if (state.compareAndSet(WAITING, QUEUED)) {
            // What this runs must not find itself in the turn, so that comes after it.
            if (awaited != null) {
              strand.outside(() -> Strand.cancel(awaited));
            }
            enqueue(this);
          }
        } else {
          LockSupport.park(EventLoop.this);
        }
      }
      return interrupted;
    }
  }
}
