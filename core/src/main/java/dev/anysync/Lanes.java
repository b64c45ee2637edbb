package dev.anysync;

import module java.base;

import dev.anysync.spi.ContextCarrier;
import dev.anysync.spi.RemoteLane;
import org.jspecify.annotations.Nullable;

/**
 * Where unsync work runs: an event loop for coroutines, virtual threads for functions that block,
 * and one platform thread per core for functions that compute. {@link Unsync} has the same methods
 * on shared lanes; build your own to have loops or executors of your own, and to close them.
 *
 * <p>Threads exist only from first use; all are daemons. What a body on some lanes starts in turn
 * uses the same lanes; {@link Unsync} always means the shared ones. A function given to {@link
 * #call} or {@link #cpuBound} is not a coroutine, so it must not {@code await}. Lanes that are
 * closed refuse work with a {@link RejectedExecutionException}.
 */
public final class Lanes implements AutoCloseable {
  /** What to do when code on a foreign event loop's or UI's thread makes a call that waits. */
  public enum ForeignLoopPolicy {
    /** Run the body on a virtual thread and block the loop's thread; the default. */
    HOP,
    /** As {@link #HOP}, and log a warning with the stack. */
    WARN,
    /** Throw {@link IllegalStateException}. */
    FAIL
  }

  /** What to do when a foreign event loop's thread seems to wait for itself. */
  public enum SuspicionPolicy {
    /** Log a warning with the stack; the default. */
    WARN,
    /** Throw {@link DeadlockException} from the call that waits. */
    FAIL
  }

  static final long WATCHDOG = TimeUnit.SECONDS.toNanos(2);
  private static final String RECORD_PROPERTY = "dev.anysync.recordStarts";
  private static final String FOREIGN_LOOP_PROPERTY = "dev.anysync.foreignLoop";

  static final System.Logger LOG = System.getLogger("dev.anysync");

  private static final List<ContextCarrier> SERVICES =
      ServiceLoader.load(ContextCarrier.class, Lanes.class.getClassLoader()).stream()
          .map(ServiceLoader.Provider::get)
          .toList();

  private static final ThreadFactory THREADS = // they are for anybody's tasks
      Thread.ofVirtual().inheritInheritableThreadLocals(false).factory();
  private static final Executor VIRTUAL = new VirtualThreads("thread lane");
  private static final Executor REMOTE = new VirtualThreads("remote lane");
  private static final AtomicLong VIRTUAL_THREADS = new AtomicLong();
  private static final AtomicInteger CPU_THREADS = new AtomicInteger();

  final ContextCarrier[] carriers;
  final ScopedValue<?>[] keys;
  private final ForeignLoopPolicy foreignLoopPolicy;
  final SuspicionPolicy suspicionPolicy;
  final long watchdog; // nanoseconds, or 0
  final boolean recordsStarts;
  final Executor thread;
  private static final int OTHERS = 0; // lists of tasks: those that executors start one by one,
  private static final int THREAD = 1; // those of the thread lane, if it is virtual threads,
  private static final int CPU = 2; // and those of the cpu lane, if it is our own

  final Registry tasks = new Registry("these lanes", null, 3);

  private final EventLoop loop;
  private final boolean ownLoop;
  private final Executor cpu;
  private final @Nullable ForkJoinPool ownCpu;
  private final @Nullable RemoteLane remote;
  private final Lane threadLane; // of functions
  private final Lane startLane; // of coroutines, where functions are
  private final Lane virtualLane; // of coroutines that always have a virtual thread
  private final Lane cpuLane;
  private final @Nullable Starter threadStarter;
  private final @Nullable Starter cpuStarter;
  private final @Nullable Pool threadPool;
  private final @Nullable Pool cpuPool;

  // Neither the loop nor the pool has a thread before its first use.
  private Lanes(Builder builder) {
    carriers = builder.carriers.toArray(ContextCarrier[]::new);
    keys = builder.keys.toArray(ScopedValue<?>[]::new);
    foreignLoopPolicy =
        builder.foreignLoopPolicy != null ? builder.foreignLoopPolicy : defaultPolicy();
    suspicionPolicy = builder.suspicionPolicy;
    watchdog = builder.watchdog;
    Watchdog.expect(watchdog);
    recordsStarts = builder.recordsStarts;
    thread = builder.thread;
    ownLoop = builder.loop == null;
    loop = builder.loop != null ? builder.loop : EventLoop.create("anysync-loop");
    int cores = Runtime.getRuntime().availableProcessors();
    remote = builder.remote;
    ownCpu = builder.cpu == null ? new ForkJoinPool(cores, Lanes::cpuThread, null, true) : null;
    cpu = builder.cpu != null ? builder.cpu : Objects.requireNonNull(ownCpu);
    threadStarter = thread == VIRTUAL ? new Starter(tasks.list(THREAD), VIRTUAL) : null;
    cpuStarter = ownCpu != null || remote != null ? new Starter(tasks.list(CPU), cpu) : null;
    threadLane = new Lane(this, null, Strand.NONE, thread).claimable(thread == VIRTUAL);
    startLane = new Lane(this, null, Strand.BODY, thread).claimable(thread == VIRTUAL);
    virtualLane = new Lane(this, null, Strand.BODY, builder.virtual);
    cpuLane = new Lane(this, null, Strand.NONE, cpu).claimable(cpu == ownCpu);
    threadPool = Pool.of(thread);
    cpuPool = Pool.of(cpu);
  }

  /** Returns a builder of lanes; what is not set is as on the shared lanes. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Starts {@code body} as a coroutine on {@link #loop()}: it may {@code await}, and holds the loop
   * while it does anything else. The loop may refuse it as well, if that is closed.
   */
  public <T extends @Nullable Object> Unfuture<T> async(Callable<? extends T> body) {
    tasks.checkOpen();
    return loop.start(Objects.requireNonNull(body, "body"), this);
  }

  /**
   * Starts {@code function}, which may block, on the thread lane: on a virtual thread, of which
   * there are as many as functions that block; one that has ended leaves its thread to the next.
   */
  public <T extends @Nullable Object> Unfuture<T> call(Callable<? extends T> function) {
    Objects.requireNonNull(function, "function");
    return submit(new Task<T>(function, threadLane.captured(false)));
  }

  /**
   * Starts {@code function}, which computes, on the cpu lane: one platform thread per core, and
   * more only while some of them wait for unfutures.
   *
   * @throws IllegalArgumentException if the cpu lane is a {@link RemoteLane} and the function no
   *     {@link RemoteBody}
   */
  public <T extends @Nullable Object> Unfuture<T> cpuBound(Callable<? extends T> function) {
    Objects.requireNonNull(function, "function");
    RemoteLane remote = this.remote;
    if (remote == null) {
      return submit(new Task<T>(function, cpuLane.captured(false)));
    }
    if (function instanceof RemoteBody<? extends T> body) {
      return cpuBound(body);
    }
    throw new IllegalArgumentException(
        "function: a Callable that is no RemoteBody cannot leave this JVM for the "
            + remote.name()
            + ": write the lambda or method reference where it is passed, or declare it as a"
            + " RemoteBody");
  }

  /**
   * As {@link #cpuBound(Callable)}, for a function that can leave this JVM: it does if the cpu lane
   * is a {@link RemoteLane}. Then what it captures is copied, now or when it leaves, and so is what
   * it returns or throws; of the caller's context nothing goes with it, and its {@code stopped()}
   * is done when it has ended there.
   *
   * @throws IllegalArgumentException if the function cannot travel: says what of it, and the remedy
   */
  public <T extends @Nullable Object> Unfuture<T> cpuBound(RemoteBody<? extends T> function) {
    Objects.requireNonNull(function, "function");
    RemoteLane remote = this.remote;
    Callable<? extends T> call = remote == null ? function : remote.<T>prepare(function);
    return submit(new Task<T>(call, cpuLane.captured(false)));
  }

  /** Returns the unsync form of {@code function}, which may block: each call is a {@link #call}. */
  public <A extends @Nullable Object, R extends @Nullable Object> Function<A, Unfuture<R>> function(
      Function<? super A, ? extends R> function) {
    Objects.requireNonNull(function, "function");
    return argument -> call(() -> function.apply(argument));
  }

  /** Returns the event loop of these lanes. */
  public EventLoop loop() {
    return loop;
  }

  /**
   * Cancels all work on these lanes, stops the threads they made, and waits until all bodies have
   * ended. A loop or executor that was given to the builder is left open, and so are the coroutines
   * of such a loop. New work is refused. If this thread is interrupted, it stops waiting and keeps
   * its interrupt flag.
   *
   * @throws IllegalStateException if called by work on these lanes
   */
  @Override
  public void close() {
    Strand strand = Strand.current();
    if ((strand.task != null && strand.task.lanes() == this)
        || (ownLoop && loop.inLoop())
        || (Thread.currentThread() instanceof ForkJoinWorkerThread worker
            && worker.getPool() == ownCpu)) {
      throw new IllegalStateException(
          "close() of lanes by work on them, which it would wait for: close them outside");
    }
    Unfuture<?> emptied = tasks.close();
    try {
      if (ownLoop) {
        loop.close();
      }
      strand.waitOrGiveUp(emptied, false);
    } finally { // even if the wait is refused
      if (ownCpu != null) {
        ownCpu.shutdown();
      }
    }
    if (ownCpu != null) {
      try {
        var _ = ownCpu.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Starts {@code body} as a coroutine on the thread lane. */
  <T extends @Nullable Object> Unfuture<T> start(Callable<? extends T> body) {
    return submit(new Task<T>(body, startLane.captured(false)));
  }

  /** Starts {@code body} as a coroutine that gives and takes elements, on a virtual thread. */
  Task<?> startTask(Runnable body) {
    Callable<@Nullable Void> call = Executors.callable(body, null);
    return submit(new Task<>(call, virtualLane.captured(false)));
  }

  /** Starts {@code body} as a part of the caller's coroutine, which holds {@code loop} if any. */
  <T extends @Nullable Object> Unfuture<T> hop(
      Callable<? extends T> body, @Nullable EventLoop loop) {
    Lane lane = loop == null ? virtualLane : new Lane(this, loop, Strand.HELD, VIRTUAL);
    return submit(new Task<T>(body, lane.captured(true)));
  }

  private <T extends @Nullable Object> Task<T> submit(Task<T> task) {
    Executor executor = Objects.requireNonNull(task.lane.executor());
    Starter starter = executor == thread ? threadStarter : executor == cpu ? cpuStarter : null;
    tasks.list(starter == null ? OTHERS : starter == threadStarter ? THREAD : CPU).add(task);
    try {
      Pool pool = pool(executor);
      if (starter != null) {
        starter.call();
      } else if (pool == null) {
        executor.execute(task);
      } else {
        pool.execute(task, executor);
      }
    } catch (Throwable e) {
      var _ = task.cancel(true);
      throw e;
    }
    return task;
  }

  @Nullable Pool pool(Executor executor) {
    return executor == thread ? threadPool : executor == cpu ? cpuPool : null;
  }

  /** Returns whether the threads of an executor are ours. */
  boolean isOwn(@Nullable Executor executor) {
    return executor == VIRTUAL || executor == REMOTE || executor == ownCpu;
  }

  /** Says which lane an executor is. */
  String name(@Nullable Executor executor) {
    return executor == thread
        ? "thread lane"
        : executor == cpu ? remote == null ? "cpu lane" : remote.name() : "virtual thread";
  }

  /** Does what the policy says about a foreign loop's thread that waits, or is about to. */
  void onForeignLoop(Thread thread, boolean waits) {
    if (foreignLoopPolicy == ForeignLoopPolicy.HOP
        || (foreignLoopPolicy == ForeignLoopPolicy.WARN && !waits)) {
      return;
    }
    IllegalStateException found =
        new IllegalStateException(
            "a call that waits, on the event loop thread '"
                + thread.getName()
                + "', which it blocks: await or start() it instead, or make the call on another"
                + " thread");
    if (foreignLoopPolicy == ForeignLoopPolicy.FAIL) {
      throw found;
    }
    LOG.log(System.Logger.Level.WARNING, found.getMessage(), found);
  }

  private static ForeignLoopPolicy defaultPolicy() {
    String policy = System.getProperty(FOREIGN_LOOP_PROPERTY, ForeignLoopPolicy.HOP.name());
    try {
      return ForeignLoopPolicy.valueOf(policy);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "system property " + FOREIGN_LOOP_PROPERTY + ": use HOP, WARN or FAIL", e);
    }
  }

  /** Starts threads for the tasks of one kind. */
  private record VirtualThreads(String lane) implements Executor {
    /** A factory that numbers its threads takes some 10 us to name one, when it is cold. */
    @Override
    public void execute(Runnable task) {
      Thread thread = THREADS.newThread(task);
      thread.setName("anysync-" + VIRTUAL_THREADS.incrementAndGet());
      thread.start();
    }
  }

  private static ForkJoinWorkerThread cpuThread(ForkJoinPool pool) {
    var worker = new CpuThread(pool);
    worker.setName("anysync-cpu-" + CPU_THREADS.incrementAndGet());
    return worker;
  }

  /** A thread that outlasts whoever had it made: it has nothing of theirs. */
  private static final class CpuThread extends ForkJoinWorkerThread {
    CpuThread(ForkJoinPool pool) {
      super(null, pool, false);
    }
  }

  /** Builds {@link Lanes}. Not safe for use by several threads at once. */
  public static final class Builder {
    private final List<ContextCarrier> carriers = new ArrayList<>(SERVICES);
    private final List<ScopedValue<?>> keys = new ArrayList<>();
    private @Nullable ForeignLoopPolicy foreignLoopPolicy;
    private SuspicionPolicy suspicionPolicy = SuspicionPolicy.WARN;
    private long watchdog = WATCHDOG;
    private boolean recordsStarts = Boolean.getBoolean(RECORD_PROPERTY);
    private @Nullable EventLoop loop;
    private Executor thread = VIRTUAL;
    Executor virtual = VIRTUAL; // of iterators; another one only to test in what order they run
    private @Nullable Executor cpu;
    private @Nullable RemoteLane remote;

    private Builder() {}

    /** Sets the event loop of {@link Lanes#async}; it is the caller's to close. */
    public Builder loop(EventLoop loop) {
      this.loop = Objects.requireNonNull(loop, "loop");
      return this;
    }

    /**
     * Sets the executor of {@link Lanes#call} and {@link AnySync#start()}; it is the caller's to
     * close. Its tasks run on its threads only: a waiter does not take them over.
     */
    public Builder thread(Executor executor) {
      this.thread = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /** Sets the executor of {@link Lanes#cpuBound(Callable)}, on the terms of {@link #thread}. */
    public Builder cpu(Executor executor) {
      this.cpu = Objects.requireNonNull(executor, "executor");
      this.remote = null;
      return this;
    }

    /**
     * Has {@link Lanes#cpuBound(RemoteBody)} run outside of this JVM; the lane is yours to close.
     */
    public Builder cpu(RemoteLane lane) {
      this.remote = Objects.requireNonNull(lane, "lane");
      this.cpu = REMOTE;
      return this;
    }

    /** Adds carriers of context, beside those that are found as services. */
    public Builder carry(ContextCarrier... carriers) {
      for (ContextCarrier carrier : Objects.requireNonNull(carriers, "carriers")) {
        this.carriers.add(Objects.requireNonNull(carrier, "an element of carriers"));
      }
      return this;
    }

    /** Names scoped values that travel in: where the caller has them bound, so has the body. */
    public Builder carry(ScopedValue<?>... keys) {
      for (ScopedValue<?> key : Objects.requireNonNull(keys, "keys")) {
        this.keys.add(Objects.requireNonNull(key, "an element of keys"));
      }
      return this;
    }

    /** Sets what to do when a call waits on a foreign event loop's thread. */
    public Builder onForeignLoop(ForeignLoopPolicy policy) {
      this.foreignLoopPolicy = Objects.requireNonNull(policy, "policy");
      return this;
    }

    /**
     * Sets after how long a warning is logged, once and with the stack: when work of these lanes
     * holds an event loop and does not await, and when a foreign event loop's thread is blocked by
     * a wait for work of these lanes. Callbacks, and waits for anything else, count for the shared
     * lanes. Zero means never; two seconds if not set.
     */
    public Builder watchdog(Duration threshold) {
      this.watchdog = Strand.nanos(threshold, "threshold");
      return this;
    }

    /**
     * Sets what to do when, after the time of {@link #watchdog}, a foreign event loop's thread is
     * blocked by a wait for which nothing that is known goes on, and tasks are queued for that
     * thread: one of them may be what it waits for. Its {@link dev.anysync.spi.WaitStrategy#queued}
     * tells.
     */
    public Builder onSuspectedDeadlock(SuspicionPolicy policy) {
      this.suspicionPolicy = Objects.requireNonNull(policy, "policy");
      return this;
    }

    /**
     * Sets whether {@link AnySync#dump()} is to know where and when work was started, for which
     * each start reads the clock and walks the stack. If not set, the system property {@code
     * dev.anysync.recordStarts} says so, when the builder is made.
     */
    public Builder recordStarts(boolean record) {
      this.recordsStarts = record;
      return this;
    }

    /** Returns the lanes; this builder may be used again. */
    public Lanes build() {
      return new Lanes(this);
    }
  }
}
