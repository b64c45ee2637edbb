package dev.anysync.rxjava3;

import dev.anysync.AnySyncIterator;
import java.util.function.Supplier;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;

/** The rules of Reactive Streams, for what {@code toFlowable} returns. */
public class FlowableVerification extends PublisherVerification<Long> {
  public FlowableVerification() {
    super(new TestEnvironment(1_000, 100));
  }

  @Override
  public Publisher<Long> createPublisher(long elements) {
    return AnySyncRxJava.toFlowable(
        out -> {
          for (long i = 0; i < elements; i++) {
            out.yield(i);
          }
        });
  }

  @Override
  public Publisher<Long> createFailedPublisher() {
    Supplier<AnySyncIterator<Long>> failing =
        () -> {
          throw new IllegalStateException("no iterator");
        };
    return AnySyncRxJava.toFlowable(failing);
  }
}
