package dev.anysync.reactor;

import dev.anysync.workers.Workers;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.Exceptions;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Reactor's parallel or single scheduler, with threads that are replaced while they wait. */
final class WaitingScheduler implements Scheduler {
  /*
   * Overview. Each of a fixed number of threads has a queue of its own (Workers); whoever schedules
   * something is given the next in turn. While one of them waits another thread serves its queue,
   * so two may run what was scheduled on one queue at the same time. A Worker promises more: its
   * tasks run one at a time, in order. So it has a queue in front; what it puts on that of the thread
   * are tickets, each to run the next of its tasks, and a ticket that comes while another task of
   * the worker runs leaves it to that thread.
   */

  private final String name;
  final Workers[] threads;
  private final AtomicInteger next = new AtomicInteger();
  private volatile boolean disposed;

  WaitingScheduler(String name, int parallelism, ThreadFactory factory) {
    this.name = name;
    this.threads =
        IntStream.range(0, parallelism).mapToObj(_ -> new Workers(factory)).toArray(Workers[]::new);
  }

  /** Returns how many tasks only the current thread can run, of a worker one of whose it runs. */
  static int queued() {
    Serial worker = Serial.CURRENT.get();
    return worker == null ? 0 : (int) worker.queue.stream().filter(item -> !item.isDone()).count();
  }

  private Workers pick() {
    return threads[Math.floorMod(next.getAndIncrement(), threads.length)];
  }

  @Override
  public Disposable schedule(Runnable task) {
    return schedule(task, 0, TimeUnit.NANOSECONDS);
  }

  @Override
  public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
    Item item = new Item(Schedulers.onSchedule(task));
    item.setTimer(submit(() -> pick().schedule(item, Math.max(0, delay), unit)));
    return item;
  }

  @Override
  public Disposable schedulePeriodically(
      Runnable task, long initialDelay, long period, TimeUnit unit) {
    Periodic periodic = new Periodic(task, Item::run, period <= 0);
    periodic.start(pick(), initialDelay, period, unit);
    return periodic;
  }

  private static <T> T submit(Supplier<T> submission) {
    try {
      return submission.get();
    } catch (RejectedExecutionException e) {
      throw Exceptions.failWithRejected(e);
    }
  }

  private static void report(Throwable error) {
    Thread thread = Thread.currentThread();
    try {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, error);
    } catch (Throwable e) {
      // as the JVM does with what a handler throws
    }
  }

  @Override
  public Worker createWorker() {
    return new Serial(pick());
  }

  @Override
  public void dispose() {
    disposed = true;
    for (Workers one : threads) {
      var _ = one.shutdownNow();
    }
  }

  @Override
  public boolean isDisposed() {
    return disposed;
  }

  @Override
  public String toString() {
    return name + "(" + threads.length + ", replaced while they wait)";
  }

  /**
   * A task that runs once, unless it is disposed of before; if others do that later, interrupted.
   */
  private static final class Item extends FutureTask<@Nullable Void> implements Disposable {
    private Disposable.@Nullable Composite of; // a worker's
    private volatile @Nullable Future<?> timer; // its place in the queue of the thread
    private volatile @Nullable Thread runner;

    Item(Runnable decorated) {
      super(decorated, null);
    }

    void addTo(Disposable.Composite all) {
      of = all;
      if (!all.add(this)) {
        throw Exceptions.failWithRejected();
      }
    }

    void setTimer(Future<?> timer) {
      this.timer = timer;
      if (isCancelled()) {
        timer.cancel(false);
      }
    }

    @Override
    public void run() {
      runner = Thread.currentThread();
      super.run();
      runner = null;
    }

    @Override
    protected void setException(Throwable error) {
      super.setException(error);
      report(error);
    }

    @Override
    protected void done() {
      if (of != null) {
        of.remove(this);
      }
      Future<?> timer = this.timer;
      if (timer != null && isCancelled()) {
        timer.cancel(false);
      }
    }

    @Override
    public void dispose() {
      cancel(runner != Thread.currentThread()); // as operators do that are done with their source
    }

    @Override
    public boolean isDisposed() {
      return isDone();
    }
  }

  /** A task that runs again and again, until it is disposed of. */
  private static final class Periodic implements Disposable {
    private final Runnable task;
    private final Consumer<Item> runs;
    private final boolean skips; // while it has not been run
    private volatile @Nullable Item last;
    private volatile @Nullable Future<?> timer;
    private volatile boolean disposed;

    Periodic(Runnable task, Consumer<Item> runs, boolean skips) {
      this.task = Schedulers.onSchedule(task);
      this.runs = runs;
      this.skips = skips;
    }

    void start(Workers threads, long initialDelay, long period, TimeUnit unit) {
      long delay = Math.max(0, initialDelay);
      Future<?> timer =
          submit(
              () ->
                  period > 0
                      ? threads.scheduleAtFixedRate(this::tick, delay, period, unit)
                      : threads.scheduleWithFixedDelay(
                          this::tick, unit.toNanos(delay), 1, TimeUnit.NANOSECONDS));
      this.timer = timer;
      if (disposed) {
        timer.cancel(false);
      }
    }

    private void tick() {
      Item before = last;
      if (skips && before != null && !before.isDone()) {
        return;
      }
      Item item = new Item(this::run);
      last = item;
      if (!disposed) {
        runs.accept(item);
      }
    }

    private void run() {
      if (!disposed) {
        task.run();
      }
    }

    @Override
    public void dispose() {
      disposed = true;
      Future<?> timer = this.timer;
      if (timer != null) {
        timer.cancel(false);
      }
      Item last = this.last;
      if (last != null) {
        last.dispose();
      }
    }

    @Override
    public boolean isDisposed() {
      return disposed;
    }
  }

  /** A worker whose tasks run one at a time, though its thread may have been replaced. */
  private static final class Serial implements Worker {
    private static final ThreadLocal<@Nullable Serial> CURRENT = new ThreadLocal<>();

    private final Workers threads;
    private final Disposable.Composite all = Disposables.composite();
    private final Queue<Item> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger due = new AtomicInteger(); // tickets that have come

    Serial(Workers threads) {
      this.threads = threads;
    }

    @Override
    public Disposable schedule(Runnable task) {
      Item item = new Item(Schedulers.onSchedule(task));
      item.addTo(all);
      queue.add(item);
      submit(() -> threads.submit(this::runNext));
      return item;
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
      if (delay <= 0) {
        return schedule(task);
      }
      Item item = new Item(Schedulers.onSchedule(task));
      item.addTo(all);
      item.setTimer(submit(() -> threads.schedule(() -> runLast(item), delay, unit)));
      return item;
    }

    @Override
    public Disposable schedulePeriodically(
        Runnable task, long initialDelay, long period, TimeUnit unit) {
      Periodic periodic = new Periodic(task, this::runLast, period <= 0);
      if (!all.add(periodic)) {
        throw Exceptions.failWithRejected();
      }
      periodic.start(threads, initialDelay, period, unit);
      return () -> {
        periodic.dispose();
        all.remove(periodic);
      };
    }

    private void runLast(Item item) {
      queue.add(item);
      runNext();
    }

    private void runNext() {
      if (due.getAndIncrement() == 0) {
        CURRENT.set(this);
        do {
          Item item = queue.poll();
          if (item != null) {
            item.run();
            if (Thread.interrupted() && threads.isShutdown()) { // else it was for that task alone
              Thread.currentThread().interrupt();
            }
          }
        } while (due.decrementAndGet() != 0);
        CURRENT.remove();
      }
    }

    @Override
    public void dispose() {
      all.dispose();
    }

    @Override
    public boolean isDisposed() {
      return all.isDisposed();
    }
  }
}
