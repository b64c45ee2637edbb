package dev.anysync;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.SubscriberPuppet;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.WhiteboxSubscriberProbe;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.reactivestreams.tck.flow.FlowSubscriberBlackboxVerification;
import org.reactivestreams.tck.flow.FlowSubscriberWhiteboxVerification;
import org.testng.annotations.AfterMethod;

/**
 * The technology compatibility kit of Reactive Streams, on both ends of an iterator. The kit fixes
 * the size of each test, so more stress is more rounds.
 */
class PublisherTckTest {
  private static final int ROUNDS = Integer.getInteger("stress", 1);

  @TestFactory
  Stream<DynamicTest> publisher() {
    return TestNg.tests(Publisher.class, ROUNDS);
  }

  @TestFactory
  Stream<DynamicTest> publisherOfAPublishersElements() {
    return TestNg.tests(Relay.class, ROUNDS);
  }

  @TestFactory
  Stream<DynamicTest> subscriber() {
    return TestNg.tests(SubscriberBlackbox.class, ROUNDS);
  }

  @TestFactory
  Stream<DynamicTest> subscriberThatAsksInAdvance() {
    return TestNg.tests(PrefetchingBlackbox.class, ROUNDS);
  }

  @TestFactory
  Stream<DynamicTest> subscriberFromInside() {
    return TestNg.tests(SubscriberWhitebox.class, ROUNDS);
  }

  @TestFactory
  Stream<DynamicTest> subscriberThatAsksInAdvanceFromInside() {
    return TestNg.tests(PrefetchingWhitebox.class, ROUNDS);
  }

  /** Patient with what must happen, and brief with what must not. */
  private static TestEnvironment environment() {
    return new TestEnvironment(5_000, 50, 100);
  }

  /** Verifies {@link AnySyncIterator#publisher}. */
  static class Publisher extends FlowPublisherVerification<Long> {
    public Publisher() {
      super(environment());
    }

    @Override
    public Flow.Publisher<Long> createFlowPublisher(long elements) {
      return AnySync.<Long>iterator(
              out -> {
                for (long i = 0; i < elements; i++) {
                  out.yield(i);
                }
              })
          .publisher();
    }

    /** One that has its subscriber already. */
    @Override
    public Flow.Publisher<Long> createFailedFlowPublisher() {
      Flow.Publisher<Long> publisher = createFlowPublisher(1);
      publisher.subscribe(
          new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
              subscription.cancel();
            }

            @Override
            public void onNext(Long element) {}

            @Override
            public void onError(Throwable error) {}

            @Override
            public void onComplete() {}
          });
      return publisher;
    }
  }

  /** Verifies {@link AnySyncIterator#publisher} behind {@link AnySyncIterator#from}. */
  static final class Relay extends Publisher {
    @Override
    public Flow.Publisher<Long> createFlowPublisher(long elements) {
      return AnySyncIterator.from(super.createFlowPublisher(elements)).publisher();
    }
  }

  /** Iterators over publishers, each consumed by a thread of its own. */
  private static final class Consumers {
    private final int prefetch;
    private final List<AnySyncIterator<Integer>> iterators = new ArrayList<>();
    private final List<TestThread<@Nullable Void>> threads = new ArrayList<>();

    Consumers(int prefetch) {
      this.prefetch = prefetch;
    }

    /** Starts a consumer that takes an element for each permit. */
    void start(Flow.Publisher<Integer> publisher, Semaphore permits) {
      AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher).prefetch(prefetch);
      iterators.add(iterator);
      threads.add(TestThread.start(() -> consume(iterator, permits)));
    }

    private static void consume(AnySyncIterator<Integer> iterator, Semaphore permits) {
      try {
        do {
          permits.acquireUninterruptibly();
        } while (iterator.nextAsync().run().isPresent());
      } catch (Exception e) {
        // what the TCK signals, or the end of the test
      }
    }

    void close(Semaphore permits) throws Exception {
      iterators.forEach(AnySyncIterator::close);
      permits.release(1_000);
      for (TestThread<@Nullable Void> thread : threads) {
        thread.join();
      }
      iterators.clear();
      threads.clear();
    }
  }

  /** Verifies what {@link AnySyncIterator#from} subscribes with, for a consumer that takes all. */
  static class SubscriberBlackbox extends FlowSubscriberBlackboxVerification<Integer> {
    private final Consumers consumers;
    private final Semaphore permits = new Semaphore(1_000_000);

    public SubscriberBlackbox() {
      this(0);
    }

    SubscriberBlackbox(int prefetch) {
      super(environment());
      consumers = new Consumers(prefetch);
    }

    @Override
    public Flow.Subscriber<Integer> createFlowSubscriber() {
      var subscriber = new CompletableFuture<Flow.Subscriber<? super Integer>>();
      consumers.start(subscriber::complete, permits);
      Flow.Subscriber<? super Integer> found = subscriber.join();
      return new Forwarding(found);
    }

    @Override
    public Integer createElement(int element) {
      return element;
    }

    @AfterMethod
    public void closeConsumers() throws Exception {
      consumers.close(permits);
    }
  }

  /** As {@link SubscriberBlackbox}, for an iterator that asks for elements in advance. */
  static final class PrefetchingBlackbox extends SubscriberBlackbox {
    public PrefetchingBlackbox() {
      super(2);
    }
  }

  /** Verifies what {@link AnySyncIterator#from} subscribes with, for one that is told when to. */
  static class SubscriberWhitebox extends FlowSubscriberWhiteboxVerification<Integer> {
    private final ConcurrentLinkedQueue<Semaphore> all = new ConcurrentLinkedQueue<>();
    private final Consumers consumers;

    public SubscriberWhitebox() {
      this(0);
    }

    SubscriberWhitebox(int prefetch) {
      super(environment());
      consumers = new Consumers(prefetch);
    }

    @Override
    protected Flow.Subscriber<Integer> createFlowSubscriber(
        WhiteboxSubscriberProbe<Integer> probe) {
      var subscriber = new CompletableFuture<Flow.Subscriber<? super Integer>>();
      var permits = new Semaphore(1); // the first next() subscribes and asks for one
      all.add(permits);
      consumers.start(subscriber::complete, permits);
      return new Forwarding(subscriber.join()) {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {
          super.onSubscribe(subscription);
          probe.registerOnSubscribe(
              new SubscriberPuppet() {
                @Override
                public void triggerRequest(long elements) {
                  permits.release((int) Math.min(elements, 1_000));
                }

                @Override
                public void signalCancel() {
                  consumers.iterators.getLast().close();
                }
              });
        }

        @Override
        public void onNext(Integer element) {
          super.onNext(element);
          probe.registerOnNext(element);
        }

        @Override
        public void onError(Throwable error) {
          super.onError(error);
          probe.registerOnError(error);
        }

        @Override
        public void onComplete() {
          super.onComplete();
          probe.registerOnComplete();
        }
      };
    }

    @Override
    public Integer createElement(int element) {
      return element;
    }

    @AfterMethod
    public void closeConsumers() throws Exception {
      for (Semaphore permits : all) {
        permits.release(1_000);
      }
      all.clear();
      consumers.close(new Semaphore(0));
    }
  }

  /** As {@link SubscriberWhitebox}, for an iterator that asks for elements in advance. */
  static final class PrefetchingWhitebox extends SubscriberWhitebox {
    public PrefetchingWhitebox() {
      super(2);
    }
  }

  /** A subscriber that does what another one does. */
  private static class Forwarding implements Flow.Subscriber<Integer> {
    private final Flow.Subscriber<? super Integer> to;

    Forwarding(Flow.Subscriber<? super Integer> to) {
      this.to = to;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      to.onSubscribe(subscription);
    }

    @Override
    public void onNext(Integer element) {
      to.onNext(element);
    }

    @Override
    public void onError(Throwable error) {
      to.onError(error);
    }

    @Override
    public void onComplete() {
      to.onComplete();
    }
  }
}
