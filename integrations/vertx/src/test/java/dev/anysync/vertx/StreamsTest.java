package dev.anysync.vertx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import io.vertx.core.Context;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.AsyncFile;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.streams.ReadStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Streams, in both directions. */
class StreamsTest {
  private static final int PIECE = 64 * 1024;

  private Vertx vertx;
  private Vertx own;

  @TempDir private Path folder;

  @BeforeEach
  void start() {
    vertx = Vertx.vertx();
    own = Vertx.vertx();
  }

  @AfterEach
  void stop() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
    own.close().toCompletionStage().toCompletableFuture().join();
  }

  private AsyncFile open(Vertx vertx, byte[] content) throws IOException {
    Path path = Files.write(folder.resolve("file"), content);
    return AnySyncVertx.from(() -> vertx.fileSystem().open(path.toString(), new OpenOptions()))
        .run()
        .setReadBufferSize(1_000);
  }

  /** The file belongs to another Vert.x, as what a blocked event loop waits for has to. */
  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER", "VIRTUAL_THREAD"})
  void fileOnEachKindOfThread(ThreadingModel model) throws Exception {
    byte[] content = new byte[100_000];
    IntStream.range(0, content.length).forEach(i -> content[i] = (byte) (i * 31));
    for (boolean pulled : new boolean[] {true, false}) {
      Buffer read =
          OnVertx.call(
              vertx,
              model,
              () -> {
                AsyncFile file = open(own, content);
                Buffer all = Buffer.buffer();
                try (AnySyncIterator<Buffer> pieces = AnySyncVertx.from(file)) {
                  if (pulled) {
                    for (Buffer piece : pieces) {
                      Buffer _ = all.appendBuffer(piece);
                    }
                  } else {
                    pieces.forEach(all::appendBuffer);
                  }
                }
                Void _ = AnySyncVertx.from(file::close).run();
                return all;
              });
      assertThat(read.getBytes()).isEqualTo(content);
    }
  }

  /** Each piece comes by way of the context that waits for it. */
  @Test
  void fileOfTheVirtualThreadsOwnContext() throws Exception {
    assertThat(
            OnVertx.<Long>call(
                vertx,
                ThreadingModel.VIRTUAL_THREAD,
                () -> {
                  AsyncFile file = open(vertx, new byte[20_000]);
                  try (AnySyncIterator<Buffer> pieces = AnySyncVertx.from(file)) {
                    return pieces.stream().mapToLong(Buffer::length).sum();
                  } finally {
                    Void _ = AnySyncVertx.run(file.close());
                  }
                }))
        .isEqualTo(20_000);
  }

  @Test
  void endlessBodyAndAConsumerThatGivesUp() throws Exception {
    var yielded = new AtomicInteger();
    var closed = new CountDownLatch(1);
    ReadStream<Integer> endless =
        AnySyncVertx.toReadStream(
            out -> {
              try {
                while (true) {
                  out.yield(yielded.getAndIncrement());
                }
              } finally {
                closed.countDown();
              }
            });
    try (AnySyncIterator<Integer> elements = AnySyncVertx.from(endless).prefetch(4)) {
      assertThat(elements.next()).isZero();
      assertThat(elements.next()).isOne();
      assertThat(elements.next()).isEqualTo(2);
      assertThat(yielded.get()).isLessThanOrEqualTo(3 + 4 + ElementStream.ROOM + 1);
    }
    closed.await();
  }

  /** The body is pulled through a socket, and waits when that is full. */
  @Test
  void responseOfAnHttpServer() throws Exception {
    var yielded = new AtomicInteger();
    var closed = new CountDownLatch(1);
    HttpServer server =
        AnySyncVertx.run(
            vertx
                .createHttpServer()
                .requestHandler(
                    request -> {
                      var _ =
                          request
                              .response()
                              .send(
                                  AnySyncVertx.toReadStream(
                                      out -> {
                                        try {
                                          while (true) {
                                            int _ = yielded.incrementAndGet();
                                            out.yield(Buffer.buffer(new byte[PIECE]));
                                          }
                                        } finally {
                                          closed.countDown();
                                        }
                                      }));
                    })
                .listen(0, "127.0.0.1"));
    HttpClient client = own.createHttpClient();
    AnySync<HttpClientResponse> get =
        AnySync.coroutine(
            () -> {
              var request =
                  AnySyncVertx.await(
                      client.request(HttpMethod.GET, server.actualPort(), "127.0.0.1", "/"));
              return AnySyncVertx.await(request.send().onSuccess(HttpClientResponse::pause));
            });
    long size = 0;
    try (AnySyncIterator<Buffer> pieces = AnySyncVertx.from(get.run()).prefetch(2)) {
      while (size < 10 * PIECE) {
        size += pieces.next().length();
      }
    }
    int ahead = yielded.get();
    System.out.printf("%d pieces of 64 KiB yielded for %d consumed%n", ahead, size / PIECE);
    assertThat(ahead).isLessThan(400); // what the buffers of a socket hold
    Void _ = AnySyncVertx.run(client.close());
    closed.await();
    Void _ = AnySyncVertx.run(server.close());
  }

  @Test
  void failuresAreTheSameObject() {
    for (Exception error : List.of(new IOException("x"), new IllegalStateException("x"))) {
      ReadStream<Integer> failing =
          AnySyncVertx.toReadStream(
              out -> {
                out.yield(1);
                throw error;
              });
      try (AnySyncIterator<Integer> elements = AnySyncVertx.from(failing)) {
        assertThat(elements.next()).isOne();
        assertThat(catchThrowable(elements::next)).isSameAs(error);
      }
    }
  }

  @Test
  void oneByOneAsFetched() {
    ReadStream<Integer> stream =
        AnySyncVertx.toReadStream(
            out -> {
              for (int i = 0; i < 100; i++) {
                out.yield(i);
              }
            });
    var seen = new ConcurrentLinkedQueue<Integer>();
    var ended = new CompletableFuture<@Nullable Void>();
    var _ = stream.pause().endHandler(ended::complete).handler(seen::add);
    var _ = stream.fetch(2);
    Awaitility.await().until(() -> seen.size() == 2);
    var _ = stream.fetch(3);
    Awaitility.await().until(() -> seen.size() == 5);
    assertThat(ended).isNotDone();
    assertThatThrownBy(() -> stream.fetch(-1)).isInstanceOf(IllegalArgumentException.class);
    var _ = stream.resume();
    ended.join();
    assertThat(seen).containsExactlyElementsOf(IntStream.range(0, 100).boxed().toList());
  }

  /** What it throws goes to the context's handler, and the next element comes. */
  @Test
  void aHandlerThatThrowsDoesNotEndTheStream() throws Exception {
    Context context = OnVertx.context(vertx, ThreadingModel.EVENT_LOOP);
    int elements = 10 * ElementStream.ROOM;
    var reported = new AtomicInteger();
    var ended = new CompletableFuture<@Nullable Void>();
    var _ = context.exceptionHandler(_ -> reported.incrementAndGet());
    var _ =
        OnVertx.start(
                context,
                () ->
                    AnySyncVertx.<Integer>toReadStream(
                            out -> {
                              for (int i = 0; i < elements; i++) {
                                out.yield(i);
                              }
                            })
                        .endHandler(ended::complete)
                        .handler(
                            _ -> {
                              throw new IllegalStateException("x");
                            }))
            .get();
    var _ = ended.get(50, TimeUnit.SECONDS);
    assertThat(reported).hasValue(elements);
  }

  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER", "VIRTUAL_THREAD"})
  void handlersAreCalledOnTheContextOfTheMaker(ThreadingModel model) throws Exception {
    Context context = OnVertx.context(vertx, model);
    var wrong = new ConcurrentLinkedQueue<String>();
    var seen = new ArrayList<Integer>(); // no lock: only the context uses it
    var ended = new CompletableFuture<List<Integer>>();
    var _ =
        OnVertx.start(
                context,
                () -> {
                  ReadStream<Integer> stream =
                      AnySyncVertx.toReadStream(
                          out -> {
                            for (int i = 0; i < 1_000; i++) {
                              out.yield(i);
                            }
                          });
                  return stream
                      .endHandler(_ -> ended.complete(seen))
                      .handler(
                          element -> {
                            seen.add(element);
                            if (Vertx.currentContext() != context) {
                              wrong.add(Thread.currentThread().getName());
                            }
                          });
                })
            .get();
    assertThat(ended.get()).hasSize(1_000).isSorted();
    assertThat(wrong).isEmpty();
  }

  @Test
  void withoutAHandlerNothingStartsAndWithoutItAnyMoreItStops() throws Exception {
    var entered = new CountDownLatch(1);
    var stopped = new CountDownLatch(1);
    ReadStream<Integer> stream =
        AnySyncVertx.toReadStream(
            out -> {
              entered.countDown();
              try {
                new CountDownLatch(1).await();
              } finally {
                stopped.countDown();
              }
            });
    var _ = stream.pause().fetch(1);
    assertThat(entered.getCount()).isOne();
    var _ = stream.handler(_ -> {});
    entered.await();
    var _ = stream.handler(null);
    stopped.await();
  }
}
