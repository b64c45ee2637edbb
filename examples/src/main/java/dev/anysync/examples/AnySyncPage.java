package dev.anysync.examples;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static dev.anysync.AnySync.sleep;
import static java.util.Objects.requireNonNull;

import dev.anysync.AnySync;
import dev.anysync.AnySyncContextManager;
import dev.anysync.AnySyncGenerator;
import dev.anysync.AnySyncIterator;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.examples.Tour.Example;
import dev.anysync.examples.Tour.Figure;
import dev.anysync.spi.ContextCarrier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The examples of the page of AnySync. */
final class AnySyncPage {
  private static final ThreadLocal<Integer> VAR = ThreadLocal.withInitial(() -> 0);

  private AnySyncPage() {}

  static List<Example> examples() {
    return List.of(
        example("Coroutines", "run() a coroutine from synchronous code", AnySyncPage::run, 42),
        example("Coroutines", "await it in another coroutine, on a loop", AnySyncPage::awaited, 42),
        example("Iterators", "an iterator to a list", AnySyncPage::list, List.of(1, 2, 3)),
        example("Iterators", "in a for loop", AnySyncPage::forLoop, List.of(1, 2, 3)),
        example("Iterators", "awaited, one by one", AnySyncPage::asyncFor, List.of(1, 2, 3)),
        example("Generators", "send into a generator", AnySyncPage::send, List.of(1, 42)),
        example("Generators", "awaited", AnySyncPage::sendAsync, List.of(1, 42)),
        example("Context Managers", "a body that yields once", AnySyncPage::contextManager, 42),
        example("Context Managers", "a subclass, in try", AnySyncPage::subclass, 42),
        example("Context Managers", "a subclass, awaited", AnySyncPage::subclassAsync, 42),
        example("asyncio.run", "run() while an event loop runs", AnySyncPage::nestedRun, 42)
            .fails("RuntimeError"),
        example("Automatic Detection", "work() called by sync code", AnySyncPage::work, "HELLO"),
        example("Automatic Detection", "by async code: the same", AnySyncPage::workAsync, "HELLO")
            .fails("AttributeError"),
        example("How it Works", "f runs g, twice: further threads", AnySyncPage::threadsOfTwo, 0)
            .reported(Figure.threads(1)),
        example("How it Works", "f runs g runs h, twice", AnySyncPage::threadsOfThree, 0)
            .reported(Figure.threads(3)),
        example("Interacting with contextvars", "set inside, read outside", AnySyncPage::set, 42)
            .fails("AssertionError"),
        example("Interacting with contextvars", "on another thread", AnySyncPage::setAcrossHop, 42)
            .fails("AssertionError"));
  }

  private static Example example(String section, String idea, Callable<?> code, Object expected) {
    return new Example("AnySync", section, idea, code, expected);
  }

  // Coroutines

  private static AnySync<Integer> f() {
    return coroutine(() -> 42);
  }

  private static int run() {
    return f().run();
  }

  private static int awaited() {
    AnySync<Integer> main = coroutine(() -> await(f()));
    try (EventLoop loop = EventLoop.create("tour")) {
      return loop.run(main);
    }
  }

  // Iterators

  private static AnySyncIterator<Integer> numbers() {
    return AnySync.iterator(
        out -> {
          out.yield(1);
          sleep(Duration.ofMillis(1));
          out.yield(2);
          out.yield(3);
        });
  }

  private static List<Integer> list() {
    return numbers().stream().toList();
  }

  private static List<Integer> forLoop() {
    List<Integer> list = new ArrayList<>();
    for (int number : numbers()) {
      list.add(number);
    }
    return list;
  }

  private static List<Integer> asyncFor() {
    AnySync<List<Integer>> main =
        coroutine(
            () -> {
              List<Integer> list = new ArrayList<>();
              try (AnySyncIterator<Integer> numbers = numbers()) {
                AnySync<Optional<Integer>> next = numbers.nextAsync();
                for (var number = await(next); number.isPresent(); number = await(next)) {
                  list.add(number.get());
                }
              }
              return list;
            });
    try (EventLoop loop = EventLoop.create("tour")) {
      return loop.run(main);
    }
  }

  // Generators

  private static AnySyncGenerator<Integer, Integer> echo() {
    return AnySync.generator(
        out -> {
          Integer value = out.yield(1);
          var _ = out.yield(requireNonNull(value));
        });
  }

  private static List<Integer> send() {
    try (AnySyncGenerator<Integer, Integer> g = echo()) {
      return List.of(g.next(), g.send(42));
    }
  }

  private static List<Integer> sendAsync() {
    AnySync<List<Integer>> main =
        coroutine(
            () -> {
              try (AnySyncGenerator<Integer, Integer> g = echo()) {
                return List.of(await(g.sendAsync(null)), await(g.sendAsync(42)));
              }
            });
    return main.run();
  }

  // Context managers

  private static @Nullable Integer contextManager() {
    AnySyncContextManager<Integer> cm = AnySync.contextManager(out -> out.yield(42));
    return cm.use(x -> x);
  }

  private static final class Answer extends AnySyncContextManager<Integer> {
    @Override
    protected Integer enter() {
      sleep(Duration.ofMillis(1));
      return 42;
    }

    @Override
    protected boolean exit(@Nullable Throwable error) {
      return false;
    }
  }

  private static int subclass() {
    try (AnySyncContextManager.Opened<Integer> answer = new Answer().open()) {
      return answer.value();
    }
  }

  private static @Nullable Integer subclassAsync() {
    try (EventLoop loop = EventLoop.create("tour")) {
      return loop.run(new Answer().useAsync(x -> x));
    }
  }

  // Comparisons

  private static int nestedRun() {
    AnySync<Integer> main = coroutine(() -> f().run());
    try (EventLoop loop = EventLoop.create("tour")) {
      return loop.run(main);
    }
  }

  private static AnySync<String> request() {
    return coroutine(() -> "hello");
  }

  private static String work() {
    return request().run().toUpperCase(Locale.ROOT);
  }

  private static String workAsync() {
    AnySync<String> main = coroutine(AnySyncPage::work);
    try (EventLoop loop = EventLoop.create("tour")) {
      return loop.run(main);
    }
  }

  // Other considerations

  private static int threadsOfTwo() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    AnySync<Integer> g = noting(threads, () -> 42);
    AnySync<Integer> f = noting(threads, g::run);
    f.run();
    f.run();
    threads.remove(Thread.currentThread());
    return threads.size();
  }

  private static int threadsOfThree() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    AnySync<Integer> h = noting(threads, () -> 42);
    AnySync<Integer> g = noting(threads, h::run);
    AnySync<Integer> f = noting(threads, g::run);
    f.run();
    f.run();
    threads.remove(Thread.currentThread());
    return threads.size();
  }

  private static AnySync<Integer> noting(Set<Thread> threads, Callable<Integer> body) {
    return coroutine(
        () -> {
          threads.add(Thread.currentThread());
          return body.call();
        });
  }

  private static int set() {
    VAR.remove();
    coroutine(() -> VAR.set(42)).run();
    return VAR.get();
  }

  /** A time limit makes the body run on another thread; a carrier moves the variable there. */
  private static int setAcrossHop() {
    Callable<Integer> caller =
        () -> {
          VAR.remove();
          coroutine(() -> VAR.set(42)).run(Duration.ofSeconds(10));
          return VAR.get();
        };
    try (Lanes lanes = Lanes.builder().carry(ContextCarrier.of(VAR)).build()) {
      return lanes.call(caller).result();
    }
  }
}
