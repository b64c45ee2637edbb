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

/** The technology compatibility kit of Reactive Streams, on both ends of an iterator. */
class PublisherTckTest {

  @TestFactory
  Stream<DynamicTest> publisher() {
    return TestNg.tests(Publisher.class);
  }

  @TestFactory
  Stream<DynamicTest> subscriber() {
    return TestNg.tests(SubscriberBlackbox.class);
  }

  @TestFactory
  Stream<DynamicTest> subscriberFromInside() {
    return TestNg.tests(SubscriberWhitebox.class);
  }

  /** Patient with what must happen, and brief with what must not. */
  private static TestEnvironment environment() {
    return new TestEnvironment(5_000, 50, 100);
  }

  /** Verifies {@link AnySyncIterator#publisher}. */
  static final class Publisher extends FlowPublisherVerification<Long> {
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

  /** Iterators over publishers, each consumed by a thread of its own. */
  private static final class Consumers {
    private final List<AnySyncIterator<Integer>> iterators = new ArrayList<>();
    private final List<TestThread<@Nullable Void>> threads = new ArrayList<>();

    /** Starts a consumer that takes an element for each permit. */
    void start(Flow.Publisher<Integer> publisher, Semaphore permits) {
      AnySyncIterator<Integer> iterator = AnySyncIterator.from(publisher).prefetch(0);
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
  static final class SubscriberBlackbox extends FlowSubscriberBlackboxVerification<Integer> {
    private final Consumers consumers = new Consumers();
    private final Semaphore permits = new Semaphore(1_000_000);

    public SubscriberBlackbox() {
      super(environment());
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

  /** Verifies what {@link AnySyncIterator#from} subscribes with, for one that is told when to. */
  static final class SubscriberWhitebox extends FlowSubscriberWhiteboxVerification<Integer> {
    private final ConcurrentLinkedQueue<Semaphore> all = new ConcurrentLinkedQueue<>();
    private final Consumers consumers = new Consumers();

    public SubscriberWhitebox() {
      super(environment());
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
