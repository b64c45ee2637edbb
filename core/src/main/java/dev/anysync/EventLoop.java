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
   * Overview. The loop is a turn, and the items that wait for it. Whoever has the turn may run, and
   * that thread alone uses `first` and `ready`, a plain queue, to which it adds what it enqueues
   * itself. Other threads push what they enqueue on `arrivals`, a stack; whoever has the turn moves
   * that to the end of the queue before it adds to it, and when it is empty, so that all are served in
   * the order in which they came. While nobody has the turn, IDLE is at the place of the stack: who replaces it
   * has the turn, and so has something to give it to.
   *
   * Items are callbacks (Runnable), coroutines to be started (Task), and coroutines that want to
   * go on (Turn). The turn is handed over directly: a Turn's thread is unparked; a callback or a new
   * coroutine gets a virtual thread, or runs on the one that gives up the turn if that is at the base
   * of its stack.
   *
   * A coroutine that awaits first drains the head of the queue as a part of its own turn: callbacks,
   * and the very task that it awaits, until its future is done. It never runs another coroutine's
   * body: one that suspends there would bury the waiter. Only then does it queue a Turn for itself;
   * earlier, the turn could be granted while that body is still on the stack above. One that only
   * lets the others go on queues its Turn at once, as it keeps the turn while it runs callbacks.
   */

  private static final Arrival IDLE = new Arrival("nobody has the turn", null);

  private final String name;
  private final ThreadFactory threads;
  private @Nullable Object first; // of what is ready
  private final Queue<Object> ready = new ArrayDeque<>(); // the others
  private final AtomicReference<@Nullable Arrival> arrivals = new AtomicReference<>(IDLE);
  final Registry tasks;
  private @Nullable Lane lane; // of the lanes that were last used here; a plain cache

  /** Whose thread has the turn; null while it changes hands, and while its holder suspends. */
  volatile @Nullable Strand holder;

  int turns; // that were given, or taken by what is drained; counted by whoever has the turn
  final AtomicBoolean watched = new AtomicBoolean();

  private EventLoop(String name) {
    this.name = name;
    this.threads = Thread.ofVirtual().name(name).inheritInheritableThreadLocals(false).factory();
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
   * queued before have run. New ones are refused from the first call on; one that is handed to
   * {@code execute} in the same moment may still run after it. If this thread is interrupted, it
   * stops waiting and keeps its interrupt flag.
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
    if (isBusy()) {
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
    Strand holder = this.holder;
    if (holder != null && holder.thread == Thread.currentThread()) {
      receive(); // it came before
      add(item);
    } else if (arrive(item)) {
      handTo(item);
      if (!watched.get() && watched.compareAndSet(false, true)) {
        Watchdog.watch(this);
      }
    }
  }

  /** Returns true if {@code item} has the turn now, as nobody had it; else it will be received. */
  private boolean arrive(Object item) {
    while (true) {
      Arrival last = arrivals.get();
      if (last == IDLE
          ? arrivals.compareAndSet(IDLE, null)
          : arrivals.compareAndSet(last, new Arrival(item, last))) {
        return last == IDLE;
      }
    }
  }

  private void add(Object item) {
    if (first == null) {
      first = item;
    } else {
      ready.add(item);
    }
  }

  /** Queues what has arrived; returns whether there was something. */
  private boolean receive() {
    if (arrivals.get() == null) {
      return false;
    }
    Arrival first = null;
    for (Arrival last = arrivals.getAndSet(null); last != null; ) {
      Arrival before = last.next;
      last.next = first;
      first = last;
      last = before;
    }
    for (Arrival arrival = first; arrival != null; arrival = arrival.next) {
      add(arrival.item);
    }
    return true;
  }

  private boolean isBusy() {
    return arrivals.get() != IDLE;
  }

  /** Returns whether the watchdog, which asks, is to go on; else another will come. */
  boolean isWatched() {
    if (isBusy()) {
      return true;
    }
    watched.set(false);
    return isBusy() && watched.compareAndSet(false, true);
  }

  /** Returns how many callbacks and coroutines wait for their turn. */
  int queued() {
    Arrival last = arrivals.get();
    return (first == null ? 0 : 1) + ready.size() + (last == null || last == IDLE ? 0 : last.count);
  }

  /** Ends the current item's turn and returns the next item, whose turn it is, or null. */
  private @Nullable Object next() {
    if (first == null && !receive()) {
      holder = null;
      if (arrivals.compareAndSet(null, IDLE)) {
        return null;
      }
      receive();
    }
    Object next = first;
    first = ready.poll();
    return next;
  }

  /** Gives the turn, which the current thread has, to {@code item} on another thread. */
  private void handTo(Object item) {
    if (item instanceof Turn turn) {
      turn.grant();
    } else {
      holder = null;
      threads.newThread(() -> work(item)).start();
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
      if (holder != strand) { // it gave the turn up to nobody, and somebody came meanwhile
        holder = strand;
      }
      run(item, strand);
      boolean _ = Thread.interrupted(); // what an item does to its thread is not the next one's
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
    if (outerLoop != this) { // a reference costs the garbage collector's barrier
      strand.loop = this;
    }
    strand.task = null;
    strand.mode = Strand.NONE;
    strand.callbacks++;
    try {
      ((Runnable) item).run();
    } catch (Throwable e) {
      report(e);
    } finally {
      strand.callbacks--;
      strand.mode = outerMode;
      strand.task = outerTask;
      if (outerLoop != this) {
        strand.loop = outerLoop;
      }
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
    Turn turn = new Turn(strand, wait, Turn.WAITING);
    CompletableFuture<@Nullable Object> givenUp = new CompletableFuture<>();
    try {
      WaitGraph.check(wait);
      // A shielded future outlasts its waiter; anyOf takes its node off when the other is done.
      CompletableFuture<?> awaited = claim ? future : CompletableFuture.anyOf(future, givenUp);
      var _ = awaited.whenComplete(turn); // a future of another kind may refuse
    } catch (Throwable e) {
      strand.wait = null;
      holder = strand;
      throw e;
    }
    release();
    if (turn.await(claim ? future : null)) {
      givenUp.complete(null);
      throw new InterruptedException();
    }
  }

  /** Runs, in this turn, the callbacks that are next, and the body of {@code future}. */
  private void drain(Strand strand, CompletableFuture<?> future, boolean claim) {
    boolean claims = claim && strand.depth < Strand.MAX_DEPTH;
    Task<?> own = claims && future instanceof Task<?> awaited ? awaited : null;
    while (!future.isDone() && !strand.isCancelDue() && runHead(strand, own)) {}
  }

  /**
   * Runs, in this turn, what is next, if it is a callback or {@code own}; returns whether it is.
   */
  private boolean runHead(Strand strand, @Nullable Task<?> own) {
    if (first == null && !receive()) {
      return false;
    }
    Object item = Objects.requireNonNull(first);
    if (item instanceof Turn || (item instanceof Task && item != own)) {
      return false;
    }
    first = ready.poll();
    turns++;
    run(item, strand);
    return true;
  }

  /** Gives up the turn for {@code nanos}, or, if that is zero, until the others have had theirs. */
  void sleep(Strand strand, long nanos) throws InterruptedException {
    if (nanos == 0) {
      letOthersGoOn(strand);
      return;
    }
    holder = null; // see suspend
    strand.wait = Wait.asleep(strand, this); // it needs the turn to go on
    release();
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } finally {
      acquire(strand, false);
    }
  }

  /** Waits for the turn behind all that is queued; the callbacks at its head run here. */
  private void letOthersGoOn(Strand strand) throws InterruptedException {
    if (!receive() && first == null) {
      turns++;
      return;
    }
    Turn turn = new Turn(strand, null, Turn.QUEUED);
    if (first instanceof Turn other && ready.isEmpty()) { // two in turn, which share little else
      first = turn;
      other.grant();
      var _ = strand.spin().until(turn, strand.thread);
    } else {
      add(turn);
      while (!strand.isCancelDue() && runHead(strand, null)) {}
      release();
    }
    if (turn.await(null)) {
      throw new InterruptedException();
    }
  }

  /** Gives the turn to the next item, if there is one. */
  void release() {
    Object next = next();
    if (next != null) {
      handTo(next);
    }
  }

  /**
   * Waits for the turn, whether interrupted or not; if it is {@code refusable}, throws instead if
   * the body is to stop, or would wait for ever. One that has slept was seen to need it before.
   */
  void acquire(Strand strand, boolean refusable) {
    Wait wait = new Wait(strand, this, null, false);
    wait.checked = !refusable;
    strand.wait = wait;
    if (refusable) {
      try {
        strand.checkCancelled(null); // whoever stops it and waits holding the loop looks after that
        WaitGraph.check(wait);
      } catch (Throwable e) {
        strand.wait = null;
        throw e;
      }
    }
    Turn turn = new Turn(strand, wait, Turn.QUEUED);
    enqueue(turn);
    if (turn.await(null)) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return name;
  }

  /** An item that another thread has brought. */
  private static final class Arrival {
    final Object item;
    @Nullable Arrival next; // below it on the stack; once received, after it
    final int count; // of it and those below

    Arrival(Object item, @Nullable Arrival before) {
      this.item = item;
      this.next = before;
      this.count = before == null ? 1 : before.count + 1;
    }
  }

  /** A coroutine's wish to go on; done when it has the turn. */
  private final class Turn
      implements BiConsumer<@Nullable Object, @Nullable Throwable>, BooleanSupplier {
    // WAITING -> QUEUED -> GRANTED; the first by whoever comes first, the future or an interrupt.
    static final int WAITING = 0;
    static final int QUEUED = 1;
    static final int GRANTED = 2;

    private static final AtomicIntegerFieldUpdater<Turn> STATE =
        AtomicIntegerFieldUpdater.newUpdater(Turn.class, "state");

    private final Strand strand;
    private final @Nullable Wait wait; // that it has published
    private volatile int state;
    private volatile boolean parked; // or about to be, after one more look at the state

    Turn(Strand strand, @Nullable Wait wait, int state) {
      this.strand = strand;
      this.wait = wait;
      this.state = state;
    }

    /** Called when what it waits for is done. */
    @Override
    public void accept(@Nullable Object value, @Nullable Throwable error) {
      if (STATE.compareAndSet(this, WAITING, QUEUED)) {
        enqueue(this);
      }
    }

    /** Returns whether it is its turn. */
    @Override
    public boolean getAsBoolean() {
      return state == GRANTED;
    }

    void grant() {
      if (wait != null) {
        strand.wait = null; // before there is a holder again, see suspend
      }
      turns++;
      holder = strand;
      state = GRANTED;
      if (parked) {
        LockSupport.unpark(strand.thread);
      }
    }

    /**
     * Parks until it is this coroutine's turn. An interrupt, or the task's cancellation, ends the
     * wait for the future, but not for the turn; returns whether there was one. It cancels {@code
     * awaited} at once: that may be what holds the loop.
     */
    boolean await(@Nullable CompletableFuture<?> awaited) {
      boolean interrupted = false;
      while (state != GRANTED) {
        if (strand.thread.isInterrupted() || (!interrupted && strand.isStopDue())) {
          if (wait == null) { // it only lets the others have their turns
            boolean _ = Thread.interrupted();
          } else {
            wait.setInterrupted();
          }
          interrupted = true;
          if (STATE.compareAndSet(this, WAITING, QUEUED)) {
            // What this runs must not find itself in the turn, so that comes after it.
            if (awaited != null) {
              strand.outside(() -> Strand.cancel(awaited));
            }
            enqueue(this);
          }
        } else if (!parked) {
          parked = true;
        } else {
          LockSupport.park(EventLoop.this);
        }
      }
      return interrupted;
    }
  }
}
