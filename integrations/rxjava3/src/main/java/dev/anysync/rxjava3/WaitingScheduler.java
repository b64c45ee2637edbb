package dev.anysync.rxjava3;

import dev.anysync.workers.Workers;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.functions.BooleanSupplier;
import io.reactivex.rxjava3.plugins.RxJavaPlugins;
import io.reactivex.rxjava3.schedulers.Schedulers;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** RxJava's computation or single scheduler, with threads that are replaced while they wait. */
final class WaitingScheduler extends Scheduler {
  /*
   * Overview. Each of a fixed number of threads has a queue of its own (Workers); whoever schedules
   * something is given the next in turn. While one of them waits another thread serves its queue,
   * so two may run what was scheduled on one queue at the same time. A Worker promises more: its
   * tasks run one at a time, in order. That of RxJava's scheduler of an executor keeps the promise
   * on any executor. But once a task has thrown it runs no other, as RxJava's own computation
   * worker would; so what a task throws is reported here, and the worker never sees it.
   */

  private final int parallelism;
  private final ThreadFactory factory;
  private final AtomicInteger next = new AtomicInteger();
  private volatile List<Threads> all = List.of(); // written by start() and shutdown()

  /** One of the threads, and RxJava's scheduler of that executor. */
  private record Threads(Workers executor, Scheduler scheduler) {
    Threads(Workers executor) {
      this(executor, Schedulers.from(executor, true, true));
    }
  }

  WaitingScheduler(String name, int parallelism) {
    AtomicInteger count = new AtomicInteger();
    this.parallelism = parallelism;
    this.factory = task -> new Replaced(task, name + "-" + count.incrementAndGet());
    start();
  }

  /** Makes RxJava use such schedulers instead of its own two. */
  static void install() {
    RxJavaPlugins.setComputationSchedulerHandler(_ -> Shared.COMPUTATION);
    RxJavaPlugins.setSingleSchedulerHandler(_ -> Shared.SINGLE);
    BooleanSupplier before = RxJavaPlugins.getOnBeforeBlocking();
    if (!(before instanceof Refusal)) {
      RxJavaPlugins.setOnBeforeBlocking(new Refusal(before));
    }
  }

  /** Made when they are first asked for, and kept. */
  private static final class Shared {
    static final Scheduler COMPUTATION =
        new WaitingScheduler("RxComputationThreadPool", computationThreads());
    static final Scheduler SINGLE = new WaitingScheduler("RxSingleScheduler", 1);

    /** As many as RxJava would have. */
    private static int computationThreads() {
      int processors = Runtime.getRuntime().availableProcessors();
      int wanted = Integer.getInteger("rx3.computation-threads", 0);
      return wanted <= 0 || wanted > processors ? processors : wanted;
    }
  }

  /** Counts the threads of these schedulers among those on which RxJava refuses to block. */
  private record Refusal(@Nullable BooleanSupplier before) implements BooleanSupplier {
    @Override
    public boolean getAsBoolean() throws Throwable {
      return Thread.currentThread() instanceof Replaced
          || (before != null && before.getAsBoolean());
    }
  }

  /** A thread of such a scheduler. */
  static final class Replaced extends Thread {
    Replaced(Runnable task, String name) {
      super(task, name);
      setDaemon(true);
    }
  }

  /** Returns how many tasks are due that only the current thread can run: of its task's worker. */
  static int queued() {
    Serial worker = Serial.CURRENT.get();
    return worker == null ? 0 : worker.due();
  }

  private Scheduler pick() {
    List<Threads> all = this.all;
    return all.get(Math.floorMod(next.getAndIncrement(), all.size())).scheduler;
  }

  @Override
  public Disposable scheduleDirect(Runnable task) {
    return pick().scheduleDirect(task);
  }

  @Override
  public Disposable scheduleDirect(Runnable task, long delay, TimeUnit unit) {
    return pick().scheduleDirect(task, delay, unit);
  }

  @Override
  public Disposable schedulePeriodicallyDirect(
      Runnable task, long initialDelay, long period, TimeUnit unit) {
    return period > 0
        ? pick().schedulePeriodicallyDirect(task, initialDelay, period, unit)
        : super.schedulePeriodicallyDirect(task, initialDelay, period, unit);
  }

  @Override
  public Worker createWorker() {
    return new Serial(pick().createWorker());
  }

  @Override
  public synchronized void start() {
    if (all.isEmpty() || all.getFirst().executor.isShutdown()) {
      all = Stream.generate(() -> new Threads(new Workers(factory))).limit(parallelism).toList();
    }
  }

  @Override
  public synchronized void shutdown() {
    all.forEach(threads -> threads.executor.shutdownNow());
  }

  /** A worker of RxJava, whose tasks are counted and do not throw. */
  private static final class Serial extends Worker {
    private static final ThreadLocal<@Nullable Serial> CURRENT = new ThreadLocal<>();

    private final Worker worker;
    private final Set<Item> items = ConcurrentHashMap.newKeySet();

    Serial(Worker worker) {
      this.worker = worker;
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
      Item item = new Item(task, System.nanoTime() + Math.max(0, unit.toNanos(delay)));
      items.add(item);
      item.scheduled = worker.schedule(item, delay, unit);
      if (isDisposed()) {
        items.clear();
        return Disposable.disposed();
      }
      return item;
    }

    int due() {
      long now = System.nanoTime();
      return (int) items.stream().filter(item -> item.time - now <= 0).count();
    }

    @Override
    public void dispose() {
      disposeOf(worker);
      items.clear();
    }

    /**
     * A task that is done with its source, and so with itself, is not to be interrupted for that.
     */
    private void disposeOf(Disposable part) {
      boolean clears = CURRENT.get() == this && !Thread.currentThread().isInterrupted();
      part.dispose();
      if (clears) {
        boolean _ = Thread.interrupted();
      }
    }

    @Override
    public boolean isDisposed() {
      return worker.isDisposed();
    }

    /** A task that has not been run, and is not disposed of, while it is among the items. */
    private final class Item implements Runnable, Disposable {
      private final Runnable task;
      private final long time;
      private Disposable scheduled = Disposable.disposed();

      Item(Runnable task, long time) {
        this.task = task;
        this.time = time;
      }

      @Override
      public void run() {
        items.remove(this);
        CURRENT.set(Serial.this);
        try {
          task.run();
        } catch (Throwable e) {
          RxJavaPlugins.onError(e);
        } finally {
          CURRENT.remove();
        }
      }

      @Override
      public void dispose() {
        items.remove(this);
        disposeOf(scheduled);
      }

      @Override
      public boolean isDisposed() {
        return scheduled.isDisposed();
      }
    }
  }
}
