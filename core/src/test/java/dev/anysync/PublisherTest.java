package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Iterators as publishers, and over publishers. */
class PublisherTest {

  /** A publisher that sends numbers as they are asked for, and watches the demand. */
  private static final class Numbers implements Flow.Publisher<Integer>, Flow.Subscription {
    final AtomicInteger subscriptions = new AtomicInteger();
    final AtomicLong demand = new AtomicLong();
    final AtomicLong highest = new AtomicLong();
    final AtomicLong requested = new AtomicLong();
    final AtomicBoolean cancelled = new AtomicBoolean();
    private final int count;
    private final @Nullable Throwable error;
    private int next;
    private boolean sending;
    private Flow.@Nullable Subscriber<? super Integer> subscriber;

    Numbers(int count) {
      this(count, null);
    }

    /** Ends with {@code error} after {@code count} elements. */
    Numbers(int count, @Nullable Throwable error) {
      this.count = count;
      this.error = error;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super Integer> subscriber) {
      subscriptions.incrementAndGet();
      this.subscriber = subscriber;
      subscriber.onSubscribe(this);
      if (count == 0) {
        request(0);
      }
    }

    @Override
    public synchronized void request(long n) {
      requested.addAndGet(n);
      highest.accumulateAndGet(demand.addAndGet(n), Math::max);
      if (sending) {
        return;
      }
      sending = true;
      Flow.Subscriber<? super Integer> subscriber = this.subscriber;
      while (subscriber != null && demand.get() > 0 && next < count && !cancelled.get()) {
        demand.decrementAndGet();
        subscriber.onNext(next++);
      }
      if (subscriber != null && next == count && !cancelled.get()) {
        this.subscriber = null;
        if (error != null) {
          subscriber.onError(error);
        } else {
          subscriber.onComplete();
        }
      }
      sending = false;
    }

    @Override
    public void cancel() {
      cancelled.set(true);
    }
  }

  private static List<Integer> numbers(int count) {
    return IntStream.range(0, count).boxed().toList();
  }

  // from(publisher)

  @ParameterizedTest
  @EnumSource
  void allElements(IteratorTest.Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    way.consume(AnySyncIterator.from(new Numbers(3_000)), elements);
    assertThat(elements).isEqualTo(numbers(3_000));
  }

  @ParameterizedTest
  @EnumSource
  void allElementsOnLoop(IteratorTest.Way way) {
    var elements = new ArrayList<Integer>();
    try (EventLoop loop = EventLoop.create("l")) {
      loop.run(coroutine(() -> way.consume(AnySyncIterator.from(new Numbers(3_000)), elements)));
    }
    assertThat(elements).isEqualTo(numbers(3_000));
  }

  @ParameterizedTest
  @EnumSource
  void noElements(IteratorTest.Way way) throws Exception {
    var elements = new ArrayList<Integer>();
    way.consume(AnySyncIterator.from(new Numbers(0)), elements);
    assertThat(elements).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void errorAfterTheElementsBeforeIt(IteratorTest.Way way) {
    var thrown = new IOException("publisher");
    var elements = new ArrayList<Integer>();
    AnySyncIterator<Integer> iterator = AnySyncIterator.from(new Numbers(20, thrown));
    assertThat(catchThrowable(() -> way.consume(iterator, elements))).isSameAs(thrown);
    assertThat(elements).isEqualTo(numbers(20));
    assertThat(iterator.hasNext()).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void errorAtOnce(IteratorTest.Way way) {
    var thrown = new IOException("publisher");
    AnySyncIterator<Integer> iterator = AnySyncIterator.from(new Numbers(0, thrown));
    assertThat(catchThrowable(() -> way.consume(iterator, new ArrayList<>()))).isSameAs(thrown);
  }

  @ParameterizedTest
  @EnumSource
  void submissionPublisher(IteratorTest.Way way) throws Exception {
    int count = 2_000;
    var elements = new ArrayList<Integer>();
    TestThread<@Nullable Void> consumer;
    try (var publisher = new SubmissionPublisher<Integer>(ForkJoinPool.commonPool(), 16)) {
      consumer = TestThread.start(() -> way.consume(AnySyncIterator.from(publisher), elements));
      Awaitility.await().until(publisher::hasSubscribers);
      for (int i = 0; i < count; i++) {
        publisher.submit(i);
      }
    }
    consumer.join();
    assertThat(elements).isEqualTo(numbers(count));
  }

  @Test
  void subscribesWhenTheFirstElementIsAskedFor() {
    var publisher = new Numbers(2);
    AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher);
    assertThat(publisher.subscriptions).hasValue(0);
    assertThat(iterator.next()).isEqualTo(0);
    assertThat(iterator.next()).isEqualTo(1);
    assertThat(publisher.subscriptions).hasValue(1);
  }

  @Test
  void subscribesAgainForTheNextIterator() {
    var one = new Numbers(2);
    assertThat(AnySyncIterator.from(one).stream().toList()).containsExactly(0, 1);
    assertThat(one.subscriptions).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 16, 100, 1024})
  void demandIsNeverAbovePrefetch(int prefetch) {
    var publisher = new Numbers(5_000);
    AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher).prefetch(prefetch);
    for (int i = 0; i < 5_000; i++) {
      assertThat(iterator.next()).isEqualTo(i);
      // what it has asked for is at most the elements taken and as many as it may be ahead
      assertThat(publisher.requested.get()).isLessThanOrEqualTo(i + 1 + prefetch);
    }
    assertThat(iterator.hasNext()).isFalse();
    assertThat(publisher.highest.get()).isLessThanOrEqualTo(prefetch);
  }

  @ParameterizedTest
  @EnumSource
  void demandIsNeverAbovePrefetchInEachWay(IteratorTest.Way way) throws Exception {
    var publisher = new Numbers(5_000);
    way.consume(AnySyncIterator.from(publisher).prefetch(4), new ArrayList<>());
    assertThat(publisher.highest.get()).isLessThanOrEqualTo(4);
  }

  @Test
  void demandIsAtMostTheDefaultPrefetch() {
    var publisher = new Numbers(50_000);
    assertThat(AnySyncIterator.from(publisher).stream().count()).isEqualTo(50_000);
    assertThat(publisher.highest.get()).isLessThanOrEqualTo(1_024);
  }

  @Test
  void prefetchOfNoneRequestsOneAtATime() {
    var publisher = new Numbers(100);
    AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher).prefetch(0);
    for (int i = 0; i < 100; i++) {
      assertThat(iterator.next()).isEqualTo(i);
      assertThat(publisher.requested).hasValue(i + 1);
    }
    assertThat(iterator.hasNext()).isFalse();
    assertThat(publisher.highest).hasValue(1);
  }

  @Test
  void prefetchOfNoneWithoutDemandNothingIsRequested() throws Exception {
    var publisher = new Numbers(100);
    AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher).prefetch(0);
    assertThat(iterator.hasNext()).isTrue();
    assertThat(iterator.hasNext()).isTrue();
    assertThat(publisher.requested).hasValue(1);
    assertThat(iterator.next(Duration.ofSeconds(30))).isEqualTo(0);
    assertThat(publisher.requested).hasValue(1);
    iterator.close();
  }

  @Test
  void closeCancelsTheSubscription() {
    var publisher = new Numbers(5_000);
    try (AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher)) {
      assertThat(iterator.next()).isEqualTo(0);
      assertThat(publisher.cancelled).isFalse();
    }
    assertThat(publisher.cancelled).isTrue();
  }

  @Test
  void closeBeforeTheStartNeverSubscribes() {
    var publisher = new Numbers(3);
    AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher);
    iterator.close();
    assertThat(iterator.hasNext()).isFalse();
    assertThat(publisher.subscriptions).hasValue(0);
  }

  @Test
  void consumerErrorCancelsTheSubscription() {
    var publisher = new Numbers(5_000);
    var thrown = new IllegalArgumentException("consumer");
    assertThat(
            catchThrowable(
                () ->
                    AnySyncIterator.from(publisher)
                        .forEach(
                            _ -> {
                              throw thrown;
                            })))
        .isSameAs(thrown);
    assertThat(publisher.cancelled).isTrue();
  }

  @Test
  void closedStreamCancelsTheSubscription() {
    var publisher = new Numbers(5_000);
    try (var stream = AnySyncIterator.from(publisher).stream()) {
      assertThat(stream.limit(3).toList()).containsExactly(0, 1, 2);
    }
    assertThat(publisher.cancelled).isTrue();
  }

  @Test
  void closeWakesABlockedNext() throws Exception {
    try (var publisher = new SubmissionPublisher<Integer>()) {
      AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher);
      TestThread<Integer> consumer = TestThread.start(() -> iterator.next());
      consumer.awaitBlocked();
      iterator.close();
      assertThatThrownBy(consumer::join).isInstanceOf(CancellationException.class);
      assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
    }
  }

  @Test
  void nextThatTakesTooLongCancelsTheSubscription() {
    var cancelled = new AtomicBoolean();
    AnySyncIterator<Integer> iterator =
        AnySyncIterator.from(
            subscriber ->
                subscriber.onSubscribe(
                    new Flow.Subscription() {
                      @Override
                      public void request(long n) {}

                      @Override
                      public void cancel() {
                        cancelled.set(true);
                      }
                    }));
    assertThatThrownBy(() -> iterator.next(Duration.ofMillis(20)))
        .isInstanceOf(TimeoutException.class);
    assertThat(cancelled).isTrue();
    assertThat(iterator.hasNext()).isFalse();
  }

  @Test
  void publisherThatSubscribesLate() throws Exception {
    var subscriber = new CompletableFuture<Flow.Subscriber<? super Integer>>();
    Flow.Publisher<Integer> publisher = subscriber::complete;
    AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher);
    TestThread<List<Integer>> consumer = TestThread.start(() -> iterator.stream().toList());
    Flow.Subscriber<? super Integer> found = subscriber.get();
    new Numbers(5).subscribe(found);
    assertThat(consumer.join()).isEqualTo(numbers(5));
  }

  @Test
  void publisherThatThrowsFromSubscribe() {
    var thrown = new IllegalStateException("subscribe");
    AnySyncIterator<Integer> iterator =
        AnySyncIterator.from(
            _ -> {
              throw thrown;
            });
    assertThat(catchThrowable(iterator::next)).isSameAs(thrown);
    // as any other body that has failed
    assertThat(iterator.hasNext()).isFalse();
  }

  @Test
  void nextAsyncGivesUpTheLoop() {
    try (EventLoop loop = EventLoop.create("l");
        var publisher = new SubmissionPublisher<Integer>()) {
      AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher);
      Unfuture<Optional<Integer>> first = coroutine(() -> await(iterator.nextAsync())).start(loop);
      coroutine(
              () -> {
                while (!publisher.hasSubscribers()) {
                  AnySync.sleep(Duration.ofMillis(1));
                }
                publisher.submit(7);
              })
          .start(loop)
          .result();
      assertThat(first.result()).contains(7);
      iterator.close();
    }
  }

  // publisher()

  /** A subscriber that notes what it gets; asks for what it is told to. */
  private static final class Noting implements Flow.Subscriber<Integer> {
    final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
    final LinkedBlockingQueue<Object> got = new LinkedBlockingQueue<>();
    private final long first;

    Noting(long first) {
      this.first = first;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      this.subscription.complete(subscription);
      if (first > 0) {
        subscription.request(first);
      }
    }

    @Override
    public void onNext(Integer element) {
      got.add(element);
    }

    @Override
    public void onError(Throwable error) {
      got.add(error);
    }

    @Override
    public void onComplete() {
      got.add("end");
    }

    @Nullable Object take() throws InterruptedException {
      return got.poll(30, TimeUnit.SECONDS);
    }
  }

  private static AnySyncIterator<Integer> counting(AtomicInteger yielded, CountDownLatch cleaned) {
    return AnySync.iterator(
        out -> {
          try {
            for (int i = 0; ; i++) {
              out.yield(i);
              yielded.incrementAndGet();
            }
          } finally {
            cleaned.countDown();
          }
        });
  }

  @Test
  void publishesAllElements() throws Exception {
    var subscriber = new Noting(Long.MAX_VALUE);
    AnySync.<Integer>iterator(
            out -> {
              out.yield(1);
              AnySync.sleep(Duration.ofMillis(1));
              out.yield(await(Unsync.call(() -> 2)));
            })
        .publisher()
        .subscribe(subscriber);
    assertThat(subscriber.take()).isEqualTo(1);
    assertThat(subscriber.take()).isEqualTo(2);
    assertThat(subscriber.take()).isEqualTo("end");
  }

  @Test
  void publishesAGenerator() throws Exception {
    var subscriber = new Noting(Long.MAX_VALUE);
    AnySync.<Integer, Integer>generator(
            out -> {
              Integer sent = out.yield(1);
              if (sent == null) {
                Integer _ = out.yield(2);
              }
            })
        .publisher()
        .subscribe(subscriber);
    assertThat(subscriber.take()).isEqualTo(1);
    assertThat(subscriber.take()).isEqualTo(2);
    assertThat(subscriber.take()).isEqualTo("end");
  }

  @Test
  void publishesTheBodysErrorItself() throws Exception {
    var thrown = new IOException("body");
    var subscriber = new Noting(Long.MAX_VALUE);
    AnySync.<Integer>iterator(
            out -> {
              out.yield(1);
              throw thrown;
            })
        .publisher()
        .subscribe(subscriber);
    assertThat(subscriber.take()).isEqualTo(1);
    assertThat(subscriber.take()).isSameAs(thrown);
  }

  @Test
  void bodyWaitsForDemand() throws Exception {
    var yielded = new AtomicInteger();
    var cleaned = new CountDownLatch(1);
    var subscriber = new Noting(0);
    counting(yielded, cleaned).publisher().subscribe(subscriber);
    Flow.Subscription subscription = subscriber.subscription.get();
    for (int i = 0; i < 100; i++) {
      assertThat(yielded).hasValueLessThanOrEqualTo(i);
      subscription.request(1);
      assertThat(subscriber.take()).isEqualTo(i);
    }
    assertThat(subscriber.got).isEmpty();
    subscription.cancel();
    assertThat(cleaned.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void nothingRunsBeforeItIsSubscribed() {
    var yielded = new AtomicInteger();
    var cleaned = new CountDownLatch(1);
    var publisher = counting(yielded, cleaned).publisher();
    assertThat(publisher).isNotNull();
    assertThat(yielded).hasValue(0);
  }

  @Test
  void cancellingRunsFinally() throws Exception {
    var cleaned = new CountDownLatch(1);
    var waiting = new CountDownLatch(1);
    var subscriber = new Noting(1);
    AnySync.<Integer>iterator(
            out -> {
              try {
                out.yield(1);
                waiting.countDown();
                await(new CompletableFuture<Integer>());
              } finally {
                cleaned.countDown();
              }
            })
        .publisher()
        .subscribe(subscriber);
    assertThat(subscriber.take()).isEqualTo(1);
    waiting.await();
    subscriber.subscription.get().cancel();
    assertThat(cleaned.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(subscriber.got).isEmpty(); // neither an error nor the end
  }

  @Test
  void closingThePublishedIteratorRunsFinally() throws Exception {
    var yielded = new AtomicInteger();
    var cleaned = new CountDownLatch(1);
    var subscriber = new Noting(1);
    AnySyncIterator<Integer> iterator = counting(yielded, cleaned);
    iterator.publisher().subscribe(subscriber);
    assertThat(subscriber.take()).isEqualTo(0);
    iterator.close();
    assertThat(cleaned.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void secondSubscriberGetsAnError() throws Exception {
    var publisher = AnySync.<Integer>iterator(out -> out.yield(1)).publisher();
    var one = new Noting(10);
    var two = new Noting(10);
    publisher.subscribe(one);
    publisher.subscribe(two);
    assertThat(one.take()).isEqualTo(1);
    assertThat(one.take()).isEqualTo("end");
    assertThat(two.subscription).isDone();
    assertThat(two.take())
        .isInstanceOfSatisfying(
            IllegalStateException.class, e -> assertThat(e).hasMessageContaining("single use"));
  }

  @Test
  void nullElementIsAnErrorOfTheBody() throws Exception {
    var subscriber = new LinkedBlockingQueue<Object>();
    AnySync.<@Nullable String>iterator(out -> out.yield(null))
        .publisher()
        .subscribe(
            new Flow.Subscriber<@Nullable String>() {
              @Override
              public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(1);
              }

              @Override
              public void onNext(@Nullable String element) {
                subscriber.add("next");
              }

              @Override
              public void onError(Throwable error) {
                subscriber.add(error);
              }

              @Override
              public void onComplete() {
                subscriber.add("end");
              }
            });
    assertThat(subscriber.poll(30, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            NullPointerException.class, e -> assertThat(e).hasMessageContaining("element"));
  }

  @Test
  void requestOfNothingIsAnError() throws Exception {
    var cleaned = new CountDownLatch(1);
    var subscriber = new Noting(0);
    counting(new AtomicInteger(), cleaned).publisher().subscribe(subscriber);
    subscriber.subscription.get().request(0);
    assertThat(subscriber.take())
        .isInstanceOfSatisfying(
            IllegalArgumentException.class, e -> assertThat(e).hasMessageContaining("3.9"));
  }

  @Test
  void subscriberThatThrowsStopsTheBody() throws Exception {
    var cleaned = new CountDownLatch(1);
    var atYield = new AtomicReference<@Nullable Throwable>();
    AnySync.<Integer>iterator(
            out -> {
              try {
                out.yield(1);
              } catch (Throwable e) {
                atYield.set(e);
                throw e;
              } finally {
                cleaned.countDown();
              }
            })
        .publisher()
        .subscribe(
            new Flow.Subscriber<>() {
              @Override
              public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(1);
              }

              @Override
              public void onNext(Integer element) {
                throw new IllegalStateException("against rule 2.13");
              }

              @Override
              public void onError(Throwable error) {}

              @Override
              public void onComplete() {}
            });
    assertThat(cleaned.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(atYield.get()).isInstanceOf(CancellationException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1024})
  void roundTrip(int prefetch) {
    int count = 20_000;
    AnySyncIterator<Integer> source =
        AnySync.iterator(
            out -> {
              for (int i = 0; i < count; i++) {
                out.yield(i);
              }
            });
    AnySyncIterator<Integer> back = AnySyncIterator.from(source.publisher()).prefetch(prefetch);
    var elements = new ArrayList<Integer>();
    for (int element : back) {
      elements.add(element);
    }
    assertThat(elements).isEqualTo(numbers(count));
  }
}
