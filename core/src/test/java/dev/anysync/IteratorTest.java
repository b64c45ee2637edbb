package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Iterators, in each way to consume one. */
class IteratorTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  /** The ways to take all elements; each must give the same. */
  enum Way {
    FOR_LOOP {
      @Override
      <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to) {
        for (Y element : iterator) {
          to.add(element);
        }
      }
    },
    FOR_EACH {
      @Override
      <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to) {
        iterator.forEach(to::add);
      }
    },
    FOR_EACH_REMAINING {
      @Override
      <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to) {
        iterator.forEachRemaining(to::add);
      }
    },
    STREAM {
      @Override
      <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to) {
        try (Stream<Y> stream = iterator.stream()) {
          stream.forEachOrdered(to::add);
        }
      }
    },
    STREAM_ITERATOR {
      @Override
      <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to) {
        try (Stream<Y> stream = iterator.stream()) {
          for (Iterator<Y> i = stream.iterator(); i.hasNext(); ) {
            to.add(i.next());
          }
        }
      }
    },
    NEXT {
      @Override
      <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to) {
        try {
          for (; ; ) {
            to.add(iterator.next());
          }
        } catch (NoSuchElementException e) {
          // the end
        }
      }
    },
    NEXT_IN_TIME {
      @Override
      <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to)
          throws TimeoutException {
        try {
          for (; ; ) {
            to.add(iterator.next(LONG));
          }
        } catch (NoSuchElementException e) {
          // the end
        }
      }
    },
    LOCK_STEP {
      @Override
      <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to)
          throws Exception {
        FOR_LOOP.consume(iterator.prefetch(0), to);
      }
    };

    abstract <Y extends @Nullable Object> void consume(AnySyncIterator<Y> iterator, List<Y> to)
        throws Exception;
  }

  private static AnySyncIterator<Integer> oneTwoThree() {
    return AnySync.iterator(
        out -> {
          out.yield(1);
          out.yield(2);
          out.yield(3);
        });
  }

  /** An iterator that counts for ever; the latch opens when its finally block has run. */
  private static AnySyncIterator<Integer> counting(CountDownLatch cleaned) {
    return AnySync.iterator(
        out -> {
          try {
            for (int i = 0; ; i++) {
              out.yield(i);
            }
          } finally {
            cleaned.countDown();
          }
        });
  }

  // All elements, in each way, on each kind of thread

  @ParameterizedTest
  @EnumSource
  void allElements(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    way.consume(oneTwoThree(), elements);
    assertThat(elements).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @EnumSource
  void allElementsVirtualThread(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    TestThread.Kind.VIRTUAL.run(() -> way.consume(oneTwoThree(), elements));
    assertThat(elements).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @EnumSource
  void allElementsForkJoinWorker(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    try (var pool = new ForkJoinPool(1)) {
      pool.submit(
              () -> {
                way.consume(oneTwoThree(), elements);
                return true;
              })
          .get();
    }
    assertThat(elements).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @EnumSource
  void allElementsInACoroutine(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    coroutine(() -> way.consume(oneTwoThree(), elements)).start().result();
    assertThat(elements).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @EnumSource
  void allElementsOnLoop(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    try (EventLoop loop = EventLoop.create("l")) {
      loop.run(coroutine(() -> way.consume(oneTwoThree(), elements)));
    }
    assertThat(elements).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @EnumSource
  void noElements(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    way.consume(AnySync.<Integer>iterator(out -> {}), elements);
    assertThat(elements).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void nullElements(Way way) throws Exception {
    var elements = new ArrayList<@Nullable String>();
    AnySyncIterator<@Nullable String> iterator =
        AnySync.<@Nullable String>iterator(
            out -> {
              out.yield(null);
              out.yield("a");
              out.yield(null);
            });
    way.consume(iterator, elements);
    assertThat(elements).containsExactly(null, "a", null);
  }

  @ParameterizedTest
  @EnumSource
  void bodyThatAwaits(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              out.yield(await(coroutine(() -> 1)));
              out.yield(await(Unsync.call(() -> 2)));
              AnySync.sleep(Duration.ofMillis(1));
              out.yield(3);
            });
    way.consume(iterator, elements);
    assertThat(elements).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @EnumSource
  void bodyErrorComesAfterTheElementsBeforeIt(Way way) {
    var thrown = new IOException("body");
    var elements = new ArrayList<Integer>();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              out.yield(1);
              out.yield(2);
              throw thrown;
            });
    assertThat(catchThrowable(() -> way.consume(iterator, elements))).isSameAs(thrown);
    assertThat(elements).containsExactly(1, 2);
    // and it is thrown once: after it, the iterator is at its end
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
  }

  @ParameterizedTest
  @EnumSource
  void bodyErrorAtOnce(Way way) {
    var thrown = new StackOverflowError("body");
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              throw thrown;
            });
    assertThat(catchThrowable(() -> way.consume(iterator, new ArrayList<>()))).isSameAs(thrown);
  }

  @ParameterizedTest
  @EnumSource
  void manyElementsInOrder(Way way) throws Exception {
    int count = 10_000;
    var elements = new ArrayList<Integer>();
    way.consume(
        AnySync.<Integer>iterator(
            out -> {
              for (int i = 0; i < count; i++) {
                out.yield(i);
              }
            }),
        elements);
    assertThat(elements).isEqualTo(IntStream.range(0, count).boxed().toList());
  }

  @ParameterizedTest
  @EnumSource
  void twoMillionElements(TestThread.Kind kind) throws Exception {
    int count = 2_000_000;
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              for (int i = 0; i < count; i++) {
                out.yield(i);
              }
            });
    kind.run(
        () -> {
          int expected = 0;
          for (int element : iterator) {
            if (element != expected++) {
              throw new AssertionError("got " + element + " after " + (expected - 2));
            }
          }
          assertThat(expected).isEqualTo(count);
        });
  }

  @ParameterizedTest
  @EnumSource
  void iteratorOverIterator(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    AnySyncIterator<Integer> outer =
        AnySync.iterator(
            out -> {
              for (int element : oneTwoThree()) {
                out.yield(element * 10);
              }
              oneTwoThree().forEach(element -> out.yield(element * 100));
              oneTwoThree().stream().map(element -> element * 1000).forEach(out::yield);
            });
    way.consume(outer, elements);
    assertThat(elements).containsExactly(10, 20, 30, 100, 200, 300, 1000, 2000, 3000);
  }

  // One element at a time

  @Test
  void nextAndHasNext() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.hasNext()).isTrue();
    assertThat(iterator.hasNext()).isTrue();
    assertThat(iterator.next()).isEqualTo(1);
    assertThat(iterator.next()).isEqualTo(2);
    assertThat(iterator.hasNext()).isTrue();
    assertThat(iterator.next()).isEqualTo(3);
    assertThat(iterator.hasNext()).isFalse();
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
    assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void theWaysCanFollowOneAnother() throws Exception {
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              for (int i = 1; i <= 8; i++) {
                out.yield(i);
              }
            });
    assertThat(iterator.hasNext()).isTrue();
    assertThat(iterator.next(LONG)).isEqualTo(1);
    assertThat(iterator.next()).isEqualTo(2);
    assertThat(iterator.hasNext()).isTrue();
    assertThat(iterator.nextAsync().run()).contains(3);
    assertThat(iterator.nextAsync().run()).contains(4);
    for (int element : iterator) {
      assertThat(element).isEqualTo(5);
      break;
    }
    var rest = new ArrayList<Integer>();
    iterator.forEachRemaining(rest::add);
    assertThat(rest).containsExactly(6, 7, 8);
  }

  @Test
  void hasNextBeforeForEach() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.hasNext()).isTrue();
    var elements = new ArrayList<Integer>();
    iterator.forEach(elements::add);
    assertThat(elements).containsExactly(1, 2, 3);
  }

  @Test
  void nextBeforeStream() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.next()).isEqualTo(1);
    assertThat(iterator.stream().toList()).containsExactly(2, 3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1024})
  void nextThatTakesTooLong(int prefetch) throws Exception {
    var cancelled = new CompletableFuture<Throwable>();
    AnySyncIterator<Integer> iterator =
        AnySync.<Integer>iterator(
                out -> {
                  try {
                    out.yield(1); // which a step that came late to it may be told in
                    await(new CompletableFuture<Integer>());
                  } catch (Throwable e) {
                    cancelled.complete(e);
                    throw e;
                  }
                })
            .prefetch(prefetch);
    assertThat(iterator.next(LONG)).isEqualTo(1);
    assertThatThrownBy(() -> iterator.next(Duration.ofMillis(20)))
        .isInstanceOf(TimeoutException.class)
        .hasMessageContaining("0.02");
    assertThat(cancelled.get()).isInstanceOf(CancellationException.class);
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(() -> iterator.next(LONG)).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void nextOfNoTimeTakesAnElementThatIsThere() throws Exception {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.hasNext()).isTrue();
    assertThat(iterator.next(Duration.ZERO)).isEqualTo(1);
  }

  @Test
  void nextWithTheLongestTimeout() throws Exception {
    assertThat(oneTwoThree().next(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo(1);
  }

  // nextAsync

  @Test
  void nextAsyncRun() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    AnySync<Optional<Integer>> next = iterator.nextAsync();
    assertThat(next.run()).contains(1);
    assertThat(next.run()).contains(2);
    assertThat(next.run()).contains(3);
    assertThat(next.run()).isEmpty();
    assertThat(next.run()).isEmpty();
  }

  @Test
  void nextAsyncStart() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.nextAsync().start().result()).contains(1);
    assertThat(iterator.nextAsync().start().result()).contains(2);
  }

  @Test
  void nextAsyncAwait() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    AnySync<List<Integer>> all = coroutine(() -> takeAll(iterator));
    assertThat(all.run()).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1024})
  void nextAsyncOnLoop(int prefetch) {
    try (EventLoop loop = EventLoop.create("l")) {
      AnySyncIterator<Integer> iterator =
          AnySync.<Integer>iterator(
                  out -> {
                    for (int i = 0; i < 100; i++) {
                      assertThat(loop.inLoop()).isTrue();
                      out.yield(i);
                    }
                  })
              .prefetch(prefetch);
      assertThat(loop.run(coroutine(() -> takeAll(iterator))))
          .isEqualTo(IntStream.range(0, 100).boxed().toList());
    }
  }

  private static List<Integer> takeAll(AnySyncIterator<Integer> iterator) {
    var elements = new ArrayList<Integer>();
    for (; ; ) {
      Optional<Integer> element = await(iterator.nextAsync());
      if (element.isEmpty()) {
        return elements;
      }
      elements.add(element.get());
    }
  }

  @Test
  void nextAsyncGivesUpTheLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var go = new CompletableFuture<Integer>();
      AnySyncIterator<Integer> iterator = AnySync.iterator(out -> out.yield(await(go)));
      AnySync<Optional<Integer>> take = iterator.nextAsync();
      Unfuture<Optional<Integer>> taken = coroutine(() -> await(take)).start(loop);
      // Runs only if the coroutine above has given up the loop.
      coroutine(() -> go.complete(7)).start(loop).result();
      assertThat(taken.result()).contains(7);
    }
  }

  @Test
  void nextAsyncOfANullElement() {
    AnySyncIterator<@Nullable String> iterator =
        AnySync.<@Nullable String>iterator(out -> out.yield(null));
    assertThatThrownBy(() -> iterator.nextAsync().run())
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("next()");
  }

  @Test
  void nextAsyncThrowsTheBodysError() {
    var thrown = new IOException("body");
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              out.yield(1);
              throw thrown;
            });
    AnySync<Optional<Integer>> next = iterator.nextAsync();
    assertThat(next.run()).contains(1);
    assertThat(catchThrowable(() -> coroutine(() -> await(next)).run())).isSameAs(thrown);
  }

  // On an event loop

  @Test
  void onLoopTheBodyIsAPartOfTheLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var shared = new int[1]; // no lock: all of it runs on the loop
      var steps = 1_000;
      AnySync<Integer> consumer =
          coroutine(
              () -> {
                AnySyncIterator<Integer> iterator =
                    AnySync.iterator(
                        out -> {
                          for (int i = 0; i < steps; i++) {
                            shared[0]++;
                            out.yield(shared[0]);
                            if (i % 100 == 0) {
                              AnySync.sleep(Duration.ZERO);
                            }
                          }
                        });
                int taken = 0;
                for (Optional<Integer> e = await(iterator.nextAsync());
                    e.isPresent();
                    e = await(iterator.nextAsync())) {
                  taken++;
                  shared[0]++;
                }
                return taken;
              });
      List<Unfuture<Integer>> consumers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        consumers.add(consumer.start(loop));
      }
      assertThat(Unfuture.all(consumers).result()).containsExactly(steps, steps, steps, steps);
      assertThat(loop.run(coroutine(() -> shared[0]))).isEqualTo(4 * 2 * steps);
    }
  }

  @Test
  void onLoopBodyAndConsumerAlternate() {
    try (EventLoop loop = EventLoop.create("l")) {
      var log = new ArrayList<String>();
      AnySyncIterator<Integer> iterator =
          AnySync.iterator(
              out -> {
                log.add("yield 1");
                out.yield(1);
                log.add("yield 2");
                out.yield(2);
                log.add("end");
              });
      loop.run(
          coroutine(
              () -> {
                for (int element : iterator) {
                  log.add("got " + element);
                }
              }));
      assertThat(log).containsExactly("yield 1", "got 1", "yield 2", "got 2", "end");
    }
  }

  // How far the body runs ahead

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 7, 16, 100, 1024})
  void bodyIsNeverFurtherAheadThanPrefetch(int prefetch) {
    var asked = new AtomicInteger();
    var farthest = new AtomicInteger();
    AnySyncIterator<Integer> iterator =
        AnySync.<Integer>iterator(
                out -> {
                  for (int i = 1; i <= 5_000; i++) {
                    out.yield(i); // returns when there is room for i
                    int ahead = i - asked.get();
                    farthest.accumulateAndGet(ahead, Math::max);
                  }
                })
            .prefetch(prefetch);
    for (int i = 1; i <= 5_000; i++) {
      asked.set(i);
      assertThat(iterator.next()).isEqualTo(i);
    }
    assertThat(farthest).hasValueLessThanOrEqualTo(prefetch);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 16})
  void bodyRunsAheadByPrefetch(int prefetch) {
    var yielded = new AtomicInteger();
    AnySyncIterator<Integer> iterator =
        AnySync.<Integer>iterator(
                out -> {
                  for (int i = 0; ; i++) {
                    out.yield(i);
                    yielded.incrementAndGet();
                  }
                })
            .prefetch(prefetch);
    try (iterator) {
      assertThat(iterator.next()).isEqualTo(0);
      Awaitility.await().untilAtomic(yielded, org.hamcrest.Matchers.greaterThanOrEqualTo(prefetch));
      assertThat(yielded).hasValueLessThanOrEqualTo(prefetch + 1);
    }
  }

  @Test
  void prefetchOfNoneRunsTheBodyOnlyWhenAsked() throws Exception {
    var asked = new AtomicInteger();
    var tooEarly = new AtomicBoolean();
    AnySyncIterator<Integer> iterator =
        AnySync.<Integer>iterator(
                out -> {
                  for (int i = 1; i <= 1_000; i++) {
                    if (asked.get() != i) {
                      tooEarly.set(true);
                    }
                    out.yield(i);
                  }
                })
            .prefetch(0);
    for (int i = 1; i <= 1_000; i++) {
      asked.set(i);
      assertThat(iterator.next()).isEqualTo(i);
    }
    assertThat(tooEarly).isFalse();
  }

  @Test
  void slowConsumerIsNotOverrun() {
    var yielded = new AtomicInteger();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              for (int i = 0; ; i++) {
                out.yield(i);
                yielded.incrementAndGet();
              }
            });
    try (iterator) {
      for (int i = 0; i < 100_000; i++) { // quick at first, so that the look-ahead grows
        assertThat(iterator.next()).isEqualTo(i);
      }
      int before = yielded.get();
      Awaitility.await()
          .during(Duration.ofMillis(100))
          .until(() -> yielded.get() <= 100_000 + 1_024);
      assertThat(before).isLessThanOrEqualTo(100_000 + 1_024);
    }
  }

  @ParameterizedTest
  @EnumSource
  void slowProducersElementReachesTheWaitingConsumer(TestThread.Kind kind) throws Exception {
    var waiting = new CountDownLatch(1);
    var received = new CountDownLatch(1);
    AnySyncIterator<String> iterator =
        AnySync.iterator(
            out -> {
              waiting.await(); // the consumer is blocked in next()
              out.yield("a");
              received.await(); // opens only when it got the element
              out.yield("b");
            });
    TestThread<String> consumer =
        kind.start(
            () -> {
              String first = iterator.next();
              received.countDown();
              return first + iterator.next();
            });
    consumer.awaitBlocked();
    waiting.countDown();
    assertThat(consumer.join()).isEqualTo("ab");
  }

  @Test
  void eachElementReachesTheWaitingConsumerWhateverTheBodyDoesNext() {
    var took = new AtomicInteger(-1);
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              for (int i = 0; i < 500; i++) {
                out.yield(i);
                while (took.get() < i) { // blocks elsewhere until this very element was taken
                  Thread.onSpinWait();
                }
              }
            });
    for (int element : iterator) {
      took.set(element);
    }
    assertThat(took).hasValue(499);
  }

  /** The body says nothing more, and the consumer is somewhere on its way into its wait. */
  @ParameterizedTest
  @EnumSource
  void eachElementReachesTheConsumerThoughTheBodyThenBlocksForGood(TestThread.Kind kind)
      throws Exception {
    int rounds = 2_000 * Integer.getInteger("stress", 1);
    var asked = new Semaphore(0);
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              for (int i = 0; i < rounds; i++) {
                asked.acquire(); // comes only after the element before
                spin(i % 97 * 31);
                out.yield(i);
              }
            });
    kind.run(
        () -> {
          for (int i = 0; i < rounds; i++) {
            asked.release();
            spin(i % 89 * 31);
            assertThat(iterator.next()).isEqualTo(i);
          }
          assertThat(iterator.hasNext()).isFalse();
        });
  }

  private static void spin(int times) {
    for (int i = 0; i < times; i++) {
      Thread.onSpinWait();
    }
  }

  /** What is not taken yet outgrows the ring, again and again. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 100, 5_000, Integer.MAX_VALUE})
  void quickAndSlowConsumerInTurn(int prefetch) {
    int count = 100_000;
    var producing = new AtomicReference<@Nullable Thread>();
    AnySyncIterator<Integer> iterator =
        AnySync.<Integer>iterator(
                out -> {
                  producing.set(Thread.currentThread());
                  for (int i = 0; i < count; i++) {
                    out.yield(i);
                  }
                })
            .prefetch(prefetch);
    int expected = 0;
    for (int element : iterator) {
      assertThat(element).isEqualTo(expected++);
      if (element % 10_000 == 0) {
        Threads.awaitParked(requireNonNull(producing.get())); // it is as far ahead as it may be
      }
    }
    assertThat(expected).isEqualTo(count);
  }

  @Test
  void aSecondConsumerIsRefusedWhileOneWaits() throws Exception {
    var waiting = new CountDownLatch(1);
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              waiting.await();
              out.yield(1);
            });
    Threads.Running<Integer> first = Threads.start(iterator::next);
    Threads.awaitParked(first.thread());
    assertThatThrownBy(iterator::next)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("one consumer at a time");
    waiting.countDown();
    assertThat(first.join()).isEqualTo(1);
  }

  /** Or on its way into its wait, and spins. */
  @Test
  void aSecondConsumerIsRefusedWhileOneIsAboutToWait() {
    var results = new ArrayList<@Nullable Object>();
    var channel =
        new Channel(1) {
          @Override
          void beforeWait() {
            if (results.isEmpty()) {
              results.add("asked");
              results.add(take(Strand.current(), false, 0));
            }
          }
        };
    assertThat(channel.take(Strand.current(), false, 0)).isNull();
    assertThat(results).containsExactly("asked", Source.REFUSED);
  }

  /** Whoever holds the loop for the wait may spin; one that gives up its turn does so at once. */
  @Test
  void aCoroutineThatSuspendsDoesNotSpinInItsTurn() {
    var signal = new Signal(new Spin(1, 64));
    var due = new AtomicBoolean();
    var looks = new AtomicInteger();
    var looksBefore = new AtomicInteger();
    EventLoop loop = EventLoop.create("test");
    boolean came =
        loop.run(
            coroutine(
                () -> {
                  loop.execute(
                      () -> {
                        looksBefore.set(looks.get());
                        due.set(true);
                        signal.wake();
                      });
                  return signal.await(
                      Strand.current(),
                      () -> {
                        looks.incrementAndGet();
                        return due.get();
                      },
                      null,
                      true,
                      -1,
                      "test");
                }));
    loop.close();
    assertThat(came).isTrue();
    assertThat(looksBefore.get()).isBetween(1, 2);
  }

  // Errors of the consumer

  @Test
  void consumerErrorInForEach() {
    var thrown = new IllegalArgumentException("consumer");
    var atYield = new AtomicReference<@Nullable Throwable>();
    var cleaned = new AtomicBoolean();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              try {
                out.yield(1);
              } catch (Throwable e) {
                atYield.set(e);
                throw e;
              } finally {
                cleaned.set(true);
              }
            });
    assertThat(
            catchThrowable(
                () ->
                    iterator.forEach(
                        _ -> {
                          throw thrown;
                        })))
        .isSameAs(thrown);
    assertThat(atYield.get()).isInstanceOf(CancellationException.class);
    assertThat(cleaned).isTrue();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(iterator.hasNext()).isFalse();
  }

  @Test
  void consumerErrorInForEachOfAStartedIterator() throws Exception {
    var thrown = new IllegalArgumentException("consumer");
    var cleaned = new CountDownLatch(1);
    AnySyncIterator<Integer> iterator = counting(cleaned);
    assertThat(iterator.next()).isEqualTo(0);
    assertThat(
            catchThrowable(
                () ->
                    iterator.forEach(
                        _ -> {
                          throw thrown;
                        })))
        .isSameAs(thrown);
    assertThat(cleaned.getCount()).isZero(); // forEach has waited for it
  }

  @Test
  void consumerErrorInStream() {
    var thrown = new IllegalArgumentException("consumer");
    var cleaned = new CountDownLatch(1);
    assertThat(
            catchThrowable(
                () ->
                    counting(cleaned).stream()
                        .map(
                            e -> {
                              if (e == 5) {
                                throw thrown;
                              }
                              return e;
                            })
                        .toList()))
        .isSameAs(thrown);
    assertThat(cleaned.getCount()).isZero();
  }

  @Test
  void consumerErrorAndBodyErrorInForEach() {
    var thrown = new IllegalArgumentException("consumer");
    var second = new IOException("cleaning up");
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              try {
                out.yield(1);
              } finally {
                throwNow(second);
              }
            });
    assertThat(
            catchThrowable(
                () ->
                    iterator.forEach(
                        _ -> {
                          throw thrown;
                        })))
        .isSameAs(thrown)
        .satisfies(e -> assertThat(e.getSuppressed()).contains(second));
  }

  private static void throwNow(Exception e) throws Exception {
    throw e;
  }

  @Test
  void consumerMayNotAwaitOutside() {
    assertThatThrownBy(() -> oneTwoThree().forEach(_ -> await(Unfuture.of(1))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }

  @Test
  void consumerMayAwaitInACoroutine() {
    var sum = new AtomicInteger();
    coroutine(() -> oneTwoThree().forEach(e -> sum.addAndGet(await(Unsync.call(() -> e * 2)))))
        .run();
    assertThat(sum).hasValue(12);
  }

  // Closing

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1024})
  void breakAndCloseRunFinally(int prefetch) {
    var cleaned = new CountDownLatch(1);
    try (AnySyncIterator<Integer> iterator = counting(cleaned).prefetch(prefetch)) {
      for (int element : iterator) {
        if (element == 3) {
          break;
        }
      }
      assertThat(cleaned.getCount()).isEqualTo(1);
    }
    assertThat(cleaned.getCount()).isZero();
  }

  @Test
  void breakAndCloseRunFinallyOnLoop() {
    var cleaned = new CountDownLatch(1);
    try (EventLoop loop = EventLoop.create("l")) {
      loop.run(
          coroutine(
              () -> {
                try (AnySyncIterator<Integer> iterator = counting(cleaned)) {
                  assertThat(await(iterator.nextAsync())).contains(0);
                  assertThat(iterator.next()).isEqualTo(1);
                }
                assertThat(cleaned.getCount()).isZero();
              }));
    }
  }

  @Test
  void closeWaitsForCleaningUpThatAwaits() {
    var cleaned = new AtomicBoolean();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              try {
                out.yield(1);
                out.yield(2);
                await(new CompletableFuture<Integer>());
              } finally {
                AnySync.sleep(Duration.ofMillis(50));
                cleaned.set(await(Unsync.call(() -> true)));
              }
            });
    try (iterator) {
      assertThat(iterator.next()).isEqualTo(1);
    }
    assertThat(cleaned).isTrue();
  }

  @Test
  void closeInsideForEachEndsIt() {
    var cleaned = new CountDownLatch(1);
    AnySyncIterator<Integer> iterator = counting(cleaned);
    var elements = new ArrayList<Integer>();
    iterator.forEach(
        e -> {
          elements.add(e);
          if (e == 2) {
            iterator.close();
          }
        });
    assertThat(elements).containsExactly(0, 1, 2);
    assertThat(cleaned.getCount()).isZero();
  }

  /** Closing is no reason to swallow what cancels the coroutine that the iterator is used in. */
  @Test
  void closeDuringForEachLeavesACancellationOfTheConsumer() throws Exception {
    var endless = new Threads.Endless();
    AnySyncIterator<String> iterator =
        AnySync.iterator(out -> out.yield(AnySync.await(endless.call)));
    var after = new CompletableFuture<Boolean>();
    Unfuture<@Nullable Void> consumer =
        AnySync.coroutine(
                () -> {
                  boolean returned = false;
                  try {
                    iterator.forEach(_ -> {});
                    returned = true;
                  } finally {
                    after.complete(returned);
                  }
                })
            .start();
    endless.started.await();
    iterator.close(); // the body learns of it at its next yield
    consumer.cancel(true);
    endless.assertStopped();
    assertThat(after.get()).as("forEach has returned").isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1024})
  void closeWakesABlockedNext(int prefetch) throws Exception {
    for (TestThread.Kind kind : TestThread.Kind.values()) {
      var cleaned = new CountDownLatch(1);
      AnySyncIterator<Integer> iterator =
          AnySync.<Integer>iterator(
                  out -> {
                    try {
                      await(new CompletableFuture<Integer>());
                    } finally {
                      cleaned.countDown();
                    }
                    out.yield(1);
                  })
              .prefetch(prefetch);
      TestThread<Integer> consumer = kind.start(() -> iterator.next());
      consumer.awaitBlocked();
      iterator.close();
      assertThat(cleaned.getCount()).isZero();
      assertThatThrownBy(consumer::join).isInstanceOf(CancellationException.class);
      assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1024})
  void closeWakesABlockedNextThatNobodyHeeds(int prefetch) throws Exception {
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    AnySyncIterator<Integer> iterator =
        AnySync.<Integer>iterator(
                out -> {
                  entered.countDown();
                  awaitHeedless(release);
                })
            .prefetch(prefetch);
    TestThread<Integer> consumer = TestThread.start(() -> iterator.next());
    entered.await();
    consumer.awaitBlocked();
    TestThread<@Nullable Void> closer = TestThread.start(() -> iterator.close());
    // The consumer is woken although the body does not heed its cancellation yet.
    assertThatThrownBy(consumer::join).isInstanceOf(CancellationException.class);
    assertThat(closer.isDone()).isFalse();
    release.countDown();
    closer.join();
  }

  private static void awaitHeedless(CountDownLatch latch) {
    boolean interrupted = false;
    for (; ; ) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void closeBeforeStartNeverRunsTheBody() {
    var ran = new AtomicBoolean();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              ran.set(true);
              out.yield(1);
            });
    iterator.close();
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(iterator::next)
        .isInstanceOf(NoSuchElementException.class)
        .hasMessageContaining("closed");
    iterator.forEach(_ -> ran.set(true));
    assertThat(iterator.nextAsync().run()).isEmpty();
    assertThat(ran).isFalse();
  }

  @Test
  void closeTwiceAndAtTheEnd() {
    var cleanedUp = new AtomicInteger();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              try {
                out.yield(1);
                out.yield(2);
              } finally {
                cleanedUp.incrementAndGet();
              }
            });
    assertThat(iterator.next()).isEqualTo(1);
    iterator.close();
    iterator.close();
    assertThat(cleanedUp).hasValue(1);

    AnySyncIterator<Integer> atEnd = oneTwoThree();
    atEnd.forEachRemaining(_ -> {});
    atEnd.close();
    assertThat(atEnd.hasNext()).isFalse();
  }

  @Test
  void closeDropsTheElementsNotTaken() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.hasNext()).isTrue();
    assertThat(iterator.next()).isEqualTo(1);
    iterator.close();
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void closeDropsTheElementThatHasNextFound() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.hasNext()).isTrue();
    iterator.close();
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void closeOnAnotherThreadEndsAFeedThatElementsAreTakenFrom() throws Exception {
    AnySyncIterator<Integer> iterator = countUp();
    for (int i = 0; i < 100; i++) {
      assertThat(iterator.next()).isEqualTo(i);
    }
    Threads.start(Executors.callable((Runnable) iterator::close)).join();
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
  }

  /** So a for loop that another thread ends by close never fails between the two. */
  @Test
  void closeLeavesToNextWhatHasNextHasPromised() throws Exception {
    AnySyncIterator<Integer> iterator = countUp();
    for (int i = 0; i < 100; i++) {
      assertThat(iterator.hasNext()).isTrue();
      assertThat(iterator.next()).isEqualTo(i);
    }
    assertThat(iterator.hasNext()).isTrue();
    Threads.start(Executors.callable((Runnable) iterator::close)).join();
    assertThat(iterator.next()).isEqualTo(100);
    assertThat(iterator.hasNext()).isFalse();
  }

  private static AnySyncIterator<Integer> countUp() {
    return AnySync.iterator(
        out -> {
          for (int i = 0; ; i++) {
            out.yield(i);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void closeThrowsWhatTheBodyThrowsInResponse(int prefetch) {
    var thrown = new IOException("cleaning up");
    AnySyncIterator<Integer> iterator =
        AnySync.<Integer>iterator(
                out -> {
                  try {
                    for (; ; ) {
                      out.yield(1);
                    }
                  } finally {
                    throwNow(thrown);
                  }
                })
            .prefetch(prefetch);
    assertThat(iterator.next()).isEqualTo(1);
    assertThat(catchThrowable(iterator::close)).isSameAs(thrown);
    iterator.close(); // once
  }

  @Test
  void closeThatIsInterruptedKeepsTheFlagAndGivesUp() throws Exception {
    var yielded = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              out.yield(1);
              yielded.countDown();
              awaitHeedless(release);
            });
    assertThat(iterator.next()).isEqualTo(1);
    yielded.await();
    TestThread<Boolean> closer =
        TestThread.start(
            () -> {
              iterator.close();
              return Thread.currentThread().isInterrupted();
            });
    closer.awaitBlocked();
    closer.interrupt();
    assertThat(closer.join()).isTrue();
    release.countDown();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1024})
  void bodyThatSwallowsTheCancellationMayNotYieldAgain(int prefetch) {
    var first = new AtomicReference<@Nullable Throwable>();
    var second = new AtomicReference<@Nullable Throwable>();
    AnySyncIterator<Integer> iterator =
        AnySync.<Integer>iterator(
                out -> {
                  try {
                    for (; ; ) {
                      out.yield(1);
                    }
                  } catch (CancellationException e) {
                    first.set(e);
                  }
                  second.set(catchThrowable(() -> out.yield(2)));
                })
            .prefetch(prefetch);
    assertThat(iterator.next()).isEqualTo(1);
    iterator.close();
    assertThat(first.get()).isInstanceOf(CancellationException.class);
    assertThat(second.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void bodyThatSwallowsTheConsumersErrorMayNotYieldAgain() {
    var thrown = new IllegalArgumentException("consumer");
    var second = new AtomicReference<@Nullable Throwable>();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              try {
                out.yield(1);
              } catch (CancellationException e) {
                // swallowed
              }
              second.set(catchThrowable(() -> out.yield(2)));
            });
    var elements = new ArrayList<Integer>();
    assertThat(
            catchThrowable(
                () ->
                    iterator.forEach(
                        e -> {
                          elements.add(e);
                          throw thrown;
                        })))
        .isSameAs(thrown);
    assertThat(second.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThat(elements).containsExactly(1);
  }

  @Test
  void closeThrowsTheIllegalStateOfABodyThatYieldsAgain() {
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              for (; ; ) {
                try {
                  out.yield(1);
                } catch (CancellationException e) {
                  // tries to go on
                }
              }
            });
    assertThat(iterator.next()).isEqualTo(1);
    assertThatThrownBy(iterator::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("CancellationException");
  }

  @Test
  void yieldAfterTheBodyHasEndedIsRefused() {
    var kept = new AtomicReference<AnySyncIterator.@Nullable Out<Integer>>();
    for (int i = 0; i < 2; i++) {
      AnySyncIterator<Integer> iterator =
          AnySync.iterator(
              out -> {
                kept.set(out);
                out.yield(1);
              });
      if (i == 0) {
        iterator.forEach(_ -> {});
      } else {
        assertThat(iterator.next()).isEqualTo(1);
        assertThat(iterator.hasNext()).isFalse();
      }
      AnySyncIterator.Out<Integer> out = requireNonNull(kept.get());
      assertThatThrownBy(() -> out.yield(2)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> coroutine(() -> out.yield(2)).run())
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void yieldOnAnotherThreadIsRefused(Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    var refused = new AtomicReference<@Nullable Throwable>();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              out.yield(1);
              for (TestThread.Kind kind : TestThread.Kind.values()) {
                kind.run(() -> refused.set(catchThrowable(() -> out.yield(666))));
                assertThat(refused.get())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("thread");
                refused.set(null);
                coroutine(() -> refused.set(catchThrowable(() -> out.yield(667)))).start().join();
                assertThat(refused.get()).isInstanceOf(IllegalStateException.class);
              }
              out.yield(2);
            });
    way.consume(iterator, elements);
    assertThat(elements).containsExactly(1, 2);
  }

  // Streams

  @Test
  void streamThatTakesAllRunsTheBodyHere() {
    var thread = new AtomicReference<@Nullable Thread>();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              thread.set(Thread.currentThread());
              out.yield(1);
            });
    assertThat(iterator.stream().map(e -> e + 1).toList()).containsExactly(2);
    assertThat(thread.get()).isSameAs(Thread.currentThread());
  }

  @Test
  void forEachRunsTheBodyHere() {
    var threads = new ArrayList<Thread>();
    AnySync.<Thread>iterator(out -> out.yield(Thread.currentThread())).forEach(threads::add);
    AnySync.<Thread>iterator(out -> out.yield(Thread.currentThread()))
        .forEachRemaining(threads::add);
    assertThat(threads).containsOnly(Thread.currentThread()).hasSize(2);
  }

  @Test
  @SuppressWarnings("NullAway") // that is the test
  void streamRefusesNullBeforeTheBodyStarts() {
    AtomicBoolean started = new AtomicBoolean();
    Supplier<Stream<Integer>> stream =
        () -> AnySync.<Integer>iterator(out -> started.set(true)).stream();
    assertThatThrownBy(() -> stream.get().forEach(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> stream.get().spliterator().tryAdvance(null))
        .isInstanceOf(NullPointerException.class);
    assertThat(started).isFalse();
  }

  @Test
  void streamThatStopsEarlyIsCleanedUpByClose() {
    var cleaned = new CountDownLatch(1);
    try (Stream<Integer> stream = counting(cleaned).stream()) {
      assertThat(stream.filter(e -> e % 2 == 1).limit(3).toList()).containsExactly(1, 3, 5);
    }
    assertThat(cleaned.getCount()).isZero();
  }

  @Test
  void streamFindFirst() {
    var cleaned = new CountDownLatch(1);
    try (Stream<Integer> stream = counting(cleaned).stream()) {
      assertThat(stream.filter(e -> e > 10).findFirst()).contains(11);
    }
    assertThat(cleaned.getCount()).isZero();
  }

  @Test
  void streamClosedBeforeItWasUsed() {
    var ran = new AtomicBoolean();
    AnySyncIterator<Integer> iterator = AnySync.iterator(out -> ran.set(true));
    iterator.stream().close();
    assertThat(iterator.hasNext()).isFalse();
    assertThat(ran).isFalse();
  }

  @Test
  void streamIsSequential() {
    try (Stream<Integer> stream = oneTwoThree().stream()) {
      assertThat(stream.isParallel()).isFalse();
    }
  }

  // Single use

  @Test
  void singleUse() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.iterator() == iterator).isTrue();
    for (var again :
        List.<VoidBody>of(
            () -> {
              var _ = iterator.iterator();
            },
            () -> iterator.forEach(_ -> {}),
            () -> {
              var _ = iterator.stream();
            },
            () -> {
              var _ = iterator.publisher();
            })) {
      assertThatThrownBy(again::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in use")
          .hasMessageContaining("make a new one");
    }
    assertThat(iterator.next()).isEqualTo(1); // as before
  }

  @Test
  void prefetchIsSetBeforeTheStart() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    assertThat(iterator.prefetch(3) == iterator).isTrue();
    assertThat(iterator.next()).isEqualTo(1);
    assertThatThrownBy(() -> iterator.prefetch(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("started");
    assertThat(iterator.next()).isEqualTo(2);
  }

  @Test
  void askingInsideForEachIsADeadlock() {
    AnySyncIterator<Integer> iterator = oneTwoThree();
    var taken = new ArrayList<Integer>();
    assertThatThrownBy(() -> iterator.forEach(_ -> taken.add(iterator.next())))
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("forEach");
  }

  // Interrupts

  @ParameterizedTest
  @ValueSource(ints = {0, 1024})
  void interruptOfAConsumerThatWaits(int prefetch) throws Exception {
    for (TestThread.Kind kind : TestThread.Kind.values()) {
      var cleaned = new CountDownLatch(1);
      AnySyncIterator<Integer> iterator =
          AnySync.<Integer>iterator(
                  out -> {
                    try {
                      await(new CompletableFuture<Integer>());
                    } finally {
                      cleaned.countDown();
                    }
                    out.yield(1);
                  })
              .prefetch(prefetch);
      TestThread<@Nullable Void> consumer =
          kind.start(
              () -> {
                assertThatThrownBy(iterator::next).isInstanceOf(CancellationException.class);
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
                assertThat(iterator.hasNext()).isFalse();
              });
      consumer.awaitBlocked();
      consumer.interrupt();
      consumer.join();
      assertThat(cleaned.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  void interruptInForEach(TestThread.Kind kind) throws Exception {
    var cleaned = new AtomicBoolean();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              try {
                await(new CompletableFuture<Integer>());
              } finally {
                cleaned.set(await(Unsync.call(() -> true)));
              }
              out.yield(1);
            });
    TestThread<@Nullable Void> consumer =
        kind.start(
            () -> {
              assertThatThrownBy(() -> iterator.forEach(_ -> {}))
                  .isInstanceOf(CancellationException.class);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
              assertThat(cleaned).isTrue();
            });
    consumer.awaitBlocked();
    consumer.interrupt();
    consumer.join();
  }

  // Dropped

  @Test
  void droppedHalfReadIsCleanedUp() {
    var cleaned = new CountDownLatch(1);
    readOne(counting(cleaned));
    Awaitility.await()
        .atMost(LONG)
        .until(
            () -> {
              System.gc();
              return cleaned.getCount() == 0;
            });
  }

  private static void readOne(AnySyncIterator<Integer> iterator) {
    assertThat(iterator.next()).isEqualTo(0);
  }

  /** A step that was given up has ended the iterator; close waits for the body all the same. */
  @Test
  void closeWaitsForABodyWhoseStepWasGivenUp() throws Exception {
    var begun = new CountDownLatch(1);
    var cleaning = new CountDownLatch(1);
    var cleaned = new AtomicBoolean();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              out.yield(1);
              begun.countDown();
              try {
                await(new CompletableFuture<Integer>());
              } finally {
                cleaning.await();
                cleaned.set(true);
              }
            });
    try (iterator) {
      assertThat(iterator.next()).isEqualTo(1);
      begun.await(); // as it looks ahead
      assertThatThrownBy(() -> iterator.next(Duration.ofMillis(1)))
          .isInstanceOf(TimeoutException.class);
      Thread closing = Thread.currentThread();
      Thread.ofVirtual()
          .start(
              () -> {
                Threads.awaitParked(closing);
                cleaning.countDown();
              });
    }
    assertThat(cleaned).isTrue();
  }

  @Test
  void secondConsumerIsRefusedWhileTheFirstOpensTheIterator() throws Exception {
    var opening = new CountDownLatch(1);
    var open = new CountDownLatch(1);
    var elements =
        new Sequence<Integer>(
            null,
            (strand, prefetch) -> {
              opening.countDown();
              coroutine(() -> open.await()).run();
              return new Channel.Feed<Integer>(out -> out.yield(1), prefetch);
            });
    TestThread<Integer> first = TestThread.start(() -> elements.next());
    opening.await();
    assertThatThrownBy(elements::next)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("one consumer at a time");
    open.countDown();
    assertThat(first.join()).isEqualTo(1);
    assertThat(elements.hasNext()).isFalse();
  }
}
