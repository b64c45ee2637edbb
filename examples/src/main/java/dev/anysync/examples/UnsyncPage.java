package dev.anysync.examples;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static dev.anysync.AnySync.sleep;

import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.examples.Tour.Example;
import dev.anysync.examples.Tour.Figure;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.IntStream;

/** The examples of the page of unsync. */
final class UnsyncPage {
  private static final Duration TENTH = Duration.ofMillis(100);
  private static final Map<Integer, Integer> MIXED =
      Map.of(0, 2, 1, 4, 2, 6, 3, 8, 4, 10, 5, 12, 6, 14, 7, 16, 8, 18, 9, 20);

  private UnsyncPage() {}

  static List<Example> examples() {
    return List.of(
        example("Rules", "async functions run on the ambient loop", UnsyncPage::onLoop, true),
        example("Rules", "functions run on threads, here virtual", UnsyncPage::onThread, true),
        example("Rules", "cpu-bound ones on a thread per core", UnsyncPage::onCpu, "anysync-cpu-"),
        example("Rules", "any thread may set a result", UnsyncPage::setFromAnyThread, 42),
        example("Rules", "await an executor's future", UnsyncPage::awaitFuture, 42),
        example("Rules", "result() on the loop, not done", UnsyncPage::resultOnLoop, "refused"),
        example("Rules", "cpu-bound: count the primes below 200,000", UnsyncPage::primes, 17_984L),
        example("Simple Sleep", "with a loop", UnsyncPage::sleepOnOwnLoop, "I hate event loops"),
        example("Simple Sleep", "without", UnsyncPage::sleepUnsync, "I like lambdas"),
        example(
                "Threading a synchronous function",
                "ten that block for 0.1 s each",
                UnsyncPage::tenThreaded,
                Collections.nCopies(10, "Run in parallel!"))
            .reported(Figure.seconds(0.10807514190673828)),
        example("Continuations", "0.1 s, thenAsync 0.1 s", UnsyncPage::thenAsync, 8)
            .reported(Figure.seconds(0.20314741134643555)),
        example("Continuations", "0.1 s, then a plain function", UnsyncPage::then, 8),
        example("Mixing methods", "ten chains, into a map", UnsyncPage::mix, MIXED)
            .reported(Figure.seconds(0.22115683555603027)),
        example("Preserving typing", "wrap a function, keep its types", UnsyncPage::typed, "ba"));
  }

  private static Example example(String section, String idea, Callable<?> code, Object expected) {
    return new Example("unsync", section, idea, code, expected);
  }

  // Rules. A waiter takes over what has not been started, unless it waits for a limited time; so
  // the limits here show where the work runs when nobody waits for it.

  private static boolean onLoop() throws TimeoutException {
    return Unsync.async(() -> Unsync.lanes().loop().inLoop()).result(Duration.ofSeconds(10));
  }

  private static boolean onThread() throws TimeoutException {
    return Unsync.call(() -> Thread.currentThread().isVirtual()).result(Duration.ofSeconds(10));
  }

  private static String onCpu() throws TimeoutException {
    String name =
        Unsync.cpuBound(() -> Thread.currentThread().getName()).result(Duration.ofSeconds(10));
    return name.replaceAll("[0-9]", "");
  }

  private static int setFromAnyThread() {
    Unfuture<Integer> future = new Unfuture<>();
    Thread.ofVirtual().start(() -> future.complete(42));
    return future.result();
  }

  private static int awaitFuture() {
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<Integer> future = executor.submit(() -> 42);
      return Unsync.async(() -> await(future)).result();
    }
  }

  private static String resultOnLoop() {
    Unfuture<String> future = new Unfuture<>();
    try {
      return Unsync.async(future::result).result();
    } catch (IllegalStateException e) {
      return "refused";
    }
  }

  private static long primes() {
    List<Unfuture<Long>> counts =
        IntStream.range(0, 4)
            .mapToObj(i -> Unsync.cpuBound(() -> primes(i * 50_000, (i + 1) * 50_000)))
            .toList();
    return counts.stream().mapToLong(Unfuture::result).sum();
  }

  private static long primes(int from, int to) {
    return IntStream.range(Math.max(from, 2), to)
        .filter(n -> IntStream.rangeClosed(2, (int) Math.sqrt(n)).allMatch(i -> n % i != 0))
        .count();
  }

  // Simple sleep

  private static String sleepOnOwnLoop() {
    try (EventLoop loop = EventLoop.create("tour")) {
      return loop.run(
          coroutine(
              () -> {
                sleep(TENTH);
                return "I hate event loops";
              }));
    }
  }

  private static String sleepUnsync() {
    Unfuture<String> sleeper =
        Unsync.async(
            () -> {
              sleep(TENTH);
              return "I like lambdas";
            });
    return sleeper.result();
  }

  // Threading a synchronous function

  private static String blocking() throws InterruptedException {
    Thread.sleep(TENTH);
    return "Run in parallel!";
  }

  private static List<String> tenThreaded() {
    List<Unfuture<String>> tasks =
        IntStream.range(0, 10).mapToObj(i -> Unsync.call(UnsyncPage::blocking)).toList();
    return tasks.stream().map(Unfuture::result).toList();
  }

  // Continuations

  private static Unfuture<Integer> initiate(int request) {
    return Unsync.async(
        () -> {
          sleep(TENTH);
          return request + 1;
        });
  }

  private static Unfuture<Integer> process(Unfuture<Integer> task) {
    return Unsync.async(
        () -> {
          sleep(TENTH);
          return task.result() * 2;
        });
  }

  private static int thenAsync() {
    return initiate(3).thenAsync(UnsyncPage::process).result();
  }

  private static int then() {
    return initiate(3).<Integer>then(task -> task.result() * 2).result();
  }

  // Mixing methods

  private record Pair(int number, int result) {}

  private static Pair threaded(int number) throws InterruptedException {
    Thread.sleep(TENTH);
    return new Pair(number, number + 1);
  }

  private static Unfuture<Pair> resultContinuation(Unfuture<Pair> task) {
    return Unsync.async(
        () -> {
          sleep(TENTH);
          Pair pair = task.result();
          return new Pair(pair.number, pair.result * 2);
        });
  }

  private static Unfuture<Map<Integer, Integer>> resultProcessor(List<Unfuture<Pair>> tasks) {
    return Unsync.async(
        () -> {
          Map<Integer, Integer> output = new TreeMap<>();
          for (Unfuture<Pair> task : tasks) {
            Pair pair = await(task);
            output.put(pair.number, pair.result);
          }
          return output;
        });
  }

  private static Map<Integer, Integer> mix() {
    List<Unfuture<Pair>> tasks =
        IntStream.range(0, 10)
            .mapToObj(i -> Unsync.call(() -> threaded(i)).thenAsync(UnsyncPage::resultContinuation))
            .toList();
    return resultProcessor(tasks).result();
  }

  // Preserving typing

  private static String typed() {
    Function<String, Unfuture<String>> appendA = Unsync.function(x -> x + "a");
    return appendA.apply("b").result();
  }
}
