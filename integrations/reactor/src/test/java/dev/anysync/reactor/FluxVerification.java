package dev.anysync.reactor;

import dev.anysync.AnySyncIterator;
import java.util.function.Supplier;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;

/** The rules of Reactive Streams, for what {@code toFlux} returns. */
public class FluxVerification extends PublisherVerification<Long> {
  public FluxVerification() {
    super(new TestEnvironment(1_000, 100));
  }

  @Override
  public Publisher<Long> createPublisher(long elements) {
    return AnySyncReactor.toFlux(
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
    return AnySyncReactor.toFlux(failing);
  }
}
