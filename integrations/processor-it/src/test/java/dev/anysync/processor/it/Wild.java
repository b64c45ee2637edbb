package dev.anysync.processor.it;

import dev.anysync.AnySynced;
import dev.anysync.vertx.AnySyncVertx;
import io.reactivex.rxjava3.core.Flowable;
import io.smallrye.mutiny.Multi;
import io.vertx.core.streams.ReadStream;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;

/** Streams of some subtype. */
@AnySynced(streams = Stream.class)
class Wild {
  Flux<? extends CharSequence> flux() {
    return Flux.just("a", "b");
  }

  Flowable<? extends CharSequence> flowable() {
    return Flowable.just("c");
  }

  Multi<? extends CharSequence> multi() {
    return Multi.createFrom().items("d");
  }

  ReadStream<? extends CharSequence> readStream() {
    return AnySyncVertx.<CharSequence>toReadStream(out -> out.yield("e"));
  }
}
