package dev.anysync.bench;

import static dev.anysync.AnySync.await;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What the number of coroutines that are in flight does to the cost of one operation. */
final class GrowthProbe {
  /** How many coroutines are in flight. */
  static final List<Integer> SIZES = List.of(10, 1_000, 100_000, 1_000_000);

  private static final int BATCH = 10_000;

  private final int inFlight;
  private final String suffix; // of its figures; empty: it is to warm up
  private final int runs; // to measure an operation in, at least
  private final long time; // and for this long
  private final long patience; // to build a chain in
  private Unfuture<Integer> round = new Unfuture<>(); // of the loop
  private int goneOn; // of the loop
  private boolean over; // of the loop

  private GrowthProbe(int inFlight, String suffix, int runs, long time, long patience) {
    this.inFlight = inFlight;
    this.suffix = suffix;
    this.runs = runs;
    this.time = time;
    this.patience = patience;
  }

  public static void main(String[] args) throws Exception {
    int runs = Probe.times(args, 1, 3);
    long time = TimeUnit.MILLISECONDS.toNanos(Probe.times(args, 300, 1_000));
    long patience = TimeUnit.SECONDS.toNanos(Probe.times(args, 5, 30));
    new GrowthProbe(SIZES.getFirst(), "", runs, 3 * time, patience).measure();
    for (int size : SIZES) {
      new GrowthProbe(size, name(size), runs, time, patience).measure();
    }
    System.exit(0); // whatever still ends
  }

  /** Returns the end of a figure's name. */
  static String name(int size) {
    return " at " + Goal.number(size);
  }

  private void measure() throws Exception {
    besideTheLoop();
    besideCalls();
    chain();
    print("all", () -> spawnAll());
  }

  /** A batch of operations; returns how many. */
  private interface Batch {
    int run() throws Exception;
  }

  private void print(String name, Batch batch) throws Exception {
    List<Double> nanos = new ArrayList<>();
    long begin = System.nanoTime();
    while (nanos.size() < runs || System.nanoTime() - begin < time) {
      long start = System.nanoTime();
      int operations = batch.run();
      nanos.add((double) (System.nanoTime() - start) / operations);
    }
    if (!suffix.isEmpty()) {
      Probe.print(name + suffix, Probe.median(nanos), Double.NaN);
    }
  }

  /** Others are suspended on the same event loop. */
  private void besideTheLoop() throws Exception {
    try (EventLoop loop = EventLoop.create("growth")) {
      for (int i = 0; i < inFlight; i++) {
        var _ = AnySync.coroutine(this::goOnEachRound).start(loop);
      }
      loop.run(AnySync.coroutine(() -> {})); // behind them
      System.gc(); // they are old now
      AnySync<Integer> nothing = AnySync.coroutine(() -> 1);
      print("start", () -> loop.run(AnySync.coroutine(() -> starts(loop, nothing))));
      print("await", () -> loop.run(AnySync.coroutine(() -> awaits(loop))));
      print("iterator", GrowthProbe::elements);
      print("switch", () -> loop.run(AnySync.coroutine(this::rounds)));
      loop.execute(
          () -> {
            over = true; // to cancel them would take longer
            boolean _ = round.complete(1);
          });
      loop.run(AnySync.coroutine(() -> {})); // behind them
    }
  }

  private static int starts(EventLoop loop, AnySync<Integer> nothing) {
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      sum += await(nothing.start(loop));
    }
    return sum;
  }

  private static int awaits(EventLoop loop) {
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      Unfuture<Integer> result = new Unfuture<>();
      loop.execute(() -> result.complete(1));
      sum += await(result);
    }
    return sum;
  }

  private static int elements() {
    int count = 0;
    try (AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              for (int i = 0; i < BATCH; i++) {
                out.yield(1);
              }
            })) {
      for (int element : iterator) {
        count += element;
      }
    }
    return count;
  }

  private void goOnEachRound() {
    while (!over) {
      int one = await(round);
      goneOn += one;
    }
  }

  private int rounds() {
    goneOn = 0;
    while (goneOn < BATCH) {
      Unfuture<Integer> before = round;
      round = new Unfuture<>();
      boolean _ = before.complete(1);
      AnySync.sleep(Duration.ZERO); // the others go on
    }
    return goneOn;
  }

  /** Others are blocked on threads. */
  private void besideCalls() throws Exception {
    CountDownLatch begun = new CountDownLatch(inFlight);
    CountDownLatch end = new CountDownLatch(1);
    List<Unfuture<Integer>> blocked = new ArrayList<>();
    for (int i = 0; i < inFlight; i++) {
      blocked.add(
          Unsync.call(
              () -> {
                begun.countDown();
                end.await();
                return 1;
              }));
    }
    begun.await();
    System.gc(); // they are old now
    print("call", GrowthProbe::calls);
    end.countDown();
    int _ = Unfuture.all(blocked).result().size();
  }

  private static int calls() {
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      sum += Unsync.call(() -> 1).result();
    }
    return sum;
  }

  private int spawnAll() {
    int sum = 0;
    do {
      List<Unfuture<Integer>> futures = new ArrayList<>(inFlight);
      for (int i = 0; i < inFlight; i++) {
        futures.add(Unsync.call(() -> 1));
      }
      sum += Unfuture.all(futures).result().size();
    } while (sum < BATCH);
    return sum;
  }

  /** Each awaits the one before, and one more comes, awaits the last of them, and goes. */
  private void chain() throws Exception {
    Unfuture<Integer> first = new Unfuture<>();
    try (EventLoop loop = EventLoop.create("chain")) {
      Unfuture<Integer> last = loop.run(AnySync.coroutine(() -> chained(first, loop)));
      if (last == first) {
        Probe.print("graph" + suffix, Double.NaN, Double.NaN);
      } else {
        System.gc(); // they are old now
        print("graph", () -> loop.run(AnySync.coroutine(() -> awaitAtTheEnd(last, loop))));
      }
      first.complete(1);
      int _ = last.join();
    }
  }

  /** Returns the last of them, or, if it takes too long to build the chain, the first. */
  private Unfuture<Integer> chained(Unfuture<Integer> first, EventLoop loop) {
    long start = System.nanoTime();
    Unfuture<Integer> last = first;
    for (int i = 0; i < inFlight; i++) {
      Unfuture<Integer> before = last;
      last = AnySync.coroutine(() -> await(before)).start(loop);
      if (i % 100 == 99) {
        AnySync.sleep(Duration.ZERO); // they begin
        if (System.nanoTime() - start > patience) {
          return first;
        }
      }
    }
    AnySync.sleep(Duration.ZERO);
    return last;
  }

  private static int awaitAtTheEnd(Unfuture<Integer> last, EventLoop loop) {
    int times = 10;
    for (int i = 0; i < times; i++) {
      Unfuture<Integer> one = AnySync.coroutine(() -> AnySync.shield(last)).start(loop);
      AnySync.sleep(Duration.ZERO); // it begins
      boolean _ = one.cancel(true);
      AnySync.sleep(Duration.ZERO); // and ends
    }
    return times;
  }
}
