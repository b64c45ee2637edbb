package dev.anysync.twins;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static java.util.concurrent.CompletableFuture.failedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RecursiveTask;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Results: what each method of a view does with that of its target. */
@SuppressWarnings({"unused", "EffectivelyPrivate"}) // what is called through views
class TwinsTest {
  /** An async client, as a library has it. */
  public static class Client {
    CompletableFuture<String> pending = new CompletableFuture<>();

    public CompletionStage<String> stage(String key) {
      return completedFuture(key).minimalCompletionStage();
    }

    public CompletableFuture<Integer> length(String key) {
      return CompletableFuture.supplyAsync(key::length);
    }

    public Future<String> future(String key) {
      var task = new FutureTask<>(() -> key);
      Thread.startVirtualThread(task);
      return task;
    }

    public Unfuture<String> unfuture(String key) {
      return Unfuture.of(key);
    }

    public AnySync<String> cold(String key) {
      return AnySync.coroutine(() -> key);
    }

    public CompletableFuture<@Nullable Void> clear() {
      return completedFuture(null);
    }

    public CompletableFuture<@Nullable String> nothing() {
      return completedFuture(null);
    }

    public CompletableFuture<String> pending() {
      return pending;
    }

    public int size() {
      return 3;
    }

    public void reset() {
      pending = new CompletableFuture<>();
    }

    public Flow.Publisher<String> published() {
      return words().publisher();
    }

    public AnySyncIterator<String> words() {
      return AnySync.iterator(
          out -> {
            out.yield("a");
            out.yield("b");
          });
    }
  }

  interface Blocking {
    String stage(String key);

    int length(String key);

    String future(String key);

    String unfuture(String key);

    String cold(String key);

    void clear();

    @Nullable String nothing();

    String pending();

    int size();

    void reset();

    Stream<String> published();

    AnySyncIterator<String> words();
  }

  private final Client client = new Client();
  private final Blocking blocking = Twins.sync(Blocking.class, client);

  @Test
  void eachKindOfFutureIsWaitedFor() {
    assertThat(blocking.stage("a")).isEqualTo("a");
    assertThat(blocking.length("four")).isEqualTo(4);
    assertThat(blocking.future("a")).isEqualTo("a");
    assertThat(blocking.unfuture("a")).isEqualTo("a");
    assertThat(blocking.cold("a")).isEqualTo("a");
    blocking.clear();
    assertThat(blocking.nothing()).isNull();
  }

  @Test
  void whatIsNotAsyncIsPassedThrough() {
    assertThat(blocking.size()).isEqualTo(3);
    CompletableFuture<String> before = client.pending;
    blocking.reset();
    assertThat(client.pending).isNotSameAs(before);
    interface Raw {
      CompletableFuture<Integer> length(String key);

      Object size();

      AnySyncIterator<String> words();
    }
    Raw raw = Twins.sync(Raw.class, client);
    assertThat(raw.length("four").join()).isEqualTo(4);
    assertThat(raw.size()).isEqualTo(3);
  }

  public static class Executing {
    public Future<?> submit(Runnable task) {
      return new FutureTask<>(task, ""); // nothing runs it
    }

    public <T> Future<T> submit(Callable<T> task) {
      return new FutureTask<>(task);
    }

    public <T> CompletableFuture<T> exec(Class<T> type) {
      return new CompletableFuture<>();
    }

    public AnySyncIterator<?> elements() {
      return AnySync.iterator(out -> out.yield("a"));
    }
  }

  /** Also where all that is known of the result is that it may be anything. */
  @Test
  void futuresThatTheViewWishesAreNotWaitedFor() {
    interface Executes {
      Future<?> submit(Runnable task);

      <T> Future<T> submit(Callable<T> task);

      <T> CompletableFuture<T> exec(Class<T> type);

      AnySyncIterator<?> elements();
    }
    Executes executes = Twins.sync(Executes.class, new Executing());
    assertThat(executes.submit(() -> {})).isInstanceOf(FutureTask.class).isNotDone();
    assertThat(executes.<String>submit(() -> "a")).isInstanceOf(FutureTask.class).isNotDone();
    assertThat(executes.exec(String.class)).isNotDone();
    try (AnySyncIterator<?> elements = executes.elements()) {
      assertThat(elements.next()).isEqualTo("a");
    }
  }

  @Test
  void whatMayBeAnythingIsTheValue() {
    interface Waits {
      Object stage(String key);

      <T> T done(T value);
    }
    interface OfAny<R> {
      R length(String key);
    }
    interface OfNumbers extends OfAny<Integer> {}
    interface OfFutures extends OfAny<CompletableFuture<Integer>> {}
    class Both extends Client {
      public <T> CompletableFuture<T> done(T value) {
        return completedFuture(value);
      }
    }
    Waits waits = Twins.sync(Waits.class, new Both());
    assertThat(waits.stage("a")).isEqualTo("a");
    assertThat(waits.<String>done("a")).isEqualTo("a");
    assertThat(Twins.sync(OfAny.class, client).length("four")).isEqualTo(4);
    assertThat(Twins.sync(OfNumbers.class, client).length("four")).isEqualTo(4);
    assertThat(Twins.sync(OfFutures.class, client).length("four").join()).isEqualTo(4);
  }

  /** The value is wished, although it is a future itself. */
  @Test
  void aFutureOfAFuture() {
    @SuppressWarnings("FutureReturnValueIgnored")
    class Nested {
      public CompletableFuture<CompletableFuture<String>> get() {
        return completedFuture(completedFuture("a"));
      }
    }
    interface Get {
      CompletableFuture<String> get();
    }
    assertThat(Twins.sync(Get.class, new Nested()).get().join()).isEqualTo("a");
  }

  @Test
  void streams() {
    assertThat(blocking.published()).containsExactly("a", "b");
    try (AnySyncIterator<String> words = blocking.words()) {
      assertThat(words.next()).isEqualTo("a");
    }
    interface Iterators {
      Iterator<String> published();

      Iterable<String> words();
    }
    assertThat(Twins.sync(Iterators.class, client).published())
        .toIterable()
        .containsExactly("a", "b");
    assertThat(Twins.sync(Iterators.class, client).words()).containsExactly("a", "b");
    interface Collections {
      List<String> published();

      Collection<String> words();
    }
    assertThat(Twins.sync(Collections.class, client).published()).containsExactly("a", "b");
    assertThat(Twins.sync(Collections.class, client).words()).containsExactly("a", "b");
    interface Drains {
      void words();
    }
    Twins.sync(Drains.class, client).words();
    interface Wrong {
      Stream<Integer> words();

      String published();
    }
    assertThatThrownBy(() -> Twins.sync(Wrong.class, client))
        .hasMessageContaining("AnySyncIterator<String> words() does not give Stream<Integer>")
        .hasMessageContaining("Publisher<String> published() does not give String");
  }

  @Test
  void aPublisherThatFails() {
    class Failing {
      public Flow.Publisher<String> words() {
        var publisher = new SubmissionPublisher<String>();
        publisher.closeExceptionally(new IOException("x"));
        return publisher;
      }
    }
    interface Words {
      List<String> words() throws IOException;
    }
    assertThatThrownBy(() -> Twins.sync(Words.class, new Failing()).words())
        .isInstanceOf(IOException.class);
  }

  @Test
  void failuresAreTheSameObject() {
    interface Fails {
      String now() throws IOException;

      String undeclared();

      String dependent();

      String cold();

      String atOnce();
    }
    var failure = new IOException("x");
    class Failing {
      public CompletableFuture<String> now() {
        return failedFuture(failure);
      }

      public CompletableFuture<String> undeclared() {
        return failedFuture(failure);
      }

      public CompletableFuture<String> dependent() {
        return CompletableFuture.<String>supplyAsync(
                () -> {
                  throw new CompletionException(failure);
                })
            .thenApply(it -> it);
      }

      public AnySync<String> cold() {
        return AnySync.coroutine(
            () -> {
              throw failure;
            });
      }

      public CompletableFuture<String> atOnce() throws IOException {
        throw failure;
      }
    }
    Fails fails = Twins.sync(Fails.class, new Failing());
    assertThat(catchThrowable(fails::now)).isSameAs(failure);
    assertThat(catchThrowable(fails::undeclared)).isSameAs(failure);
    assertThat(catchThrowable(fails::dependent)).isSameAs(failure);
    assertThat(catchThrowable(fails::cold)).isSameAs(failure);
    assertThat(catchThrowable(fails::atOnce)).isSameAs(failure);
  }

  @Test
  void anInterruptCancelsTheFutureOfTheClient() throws Exception {
    var waiting =
        new FutureTask<>(
            () -> {
              Throwable thrown = catchThrowable(blocking::pending);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
              return thrown;
            });
    Thread thread = Thread.ofPlatform().start(waiting);
    await().until(() -> thread.getState() == Thread.State.WAITING);
    thread.interrupt();
    assertThat(waiting.get()).isInstanceOf(CancellationException.class);
    assertThat(client.pending.isCancelled()).isTrue();
  }

  @Test
  void aCancelledCoroutineCancelsTheFutureOfTheClient() {
    Unfuture<String> started = AnySync.coroutine(() -> blocking.pending()).start();
    await().until(() -> client.pending.getNumberOfDependents() > 0);
    assertThat(started.cancel(true)).isTrue();
    await().until(client.pending::isCancelled);
  }

  @Test
  void aCancelledFutureIsACancellation() {
    client.pending.cancel(true);
    assertThatThrownBy(blocking::pending).isInstanceOf(CancellationException.class);
  }

  @Test
  void onEachKindOfThread() throws Exception {
    var virtual = new FutureTask<>(() -> blocking.length("four"));
    Thread.startVirtualThread(virtual);
    assertThat(virtual.get()).isEqualTo(4);
    assertThat(
            ForkJoinPool.commonPool()
                .invoke(
                    new RecursiveTask<Integer>() {
                      private static final long serialVersionUID = 1;

                      @Override
                      protected Integer compute() {
                        return blocking.length("four");
                      }
                    }))
        .isEqualTo(4);
    try (EventLoop loop = EventLoop.create("loop")) {
      assertThat(loop.run(AnySync.coroutine(() -> blocking.length("four")))).isEqualTo(4);
    }
  }

  @Test
  void nullInPlaceOfAFuture() {
    @SuppressWarnings("NullAway")
    class Broken {
      public CompletableFuture<String> get() {
        return null;
      }
    }
    interface Get {
      String get();
    }
    assertThatThrownBy(() -> Twins.sync(Get.class, new Broken()).get())
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("the target returned null");
  }

  // The other way

  public static class Service {
    final AtomicInteger calls = new AtomicInteger();
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch interrupted = new CountDownLatch(1);

    public String get(String key) {
      calls.incrementAndGet();
      return key + calls;
    }

    public int size() {
      return 3;
    }

    public void clear() {
      calls.set(0);
    }

    public String block() throws InterruptedException {
      entered.countDown();
      try {
        new CountDownLatch(1).await();
        return "";
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
    }

    public String fail() throws IOException {
      throw new IOException("x");
    }

    public Iterable<String> iterable() {
      return List.of("a", "b");
    }

    public Iterator<String> iterator() {
      return List.of("a", "b").iterator();
    }

    public List<String> list() {
      calls.incrementAndGet();
      return List.of("a", "b");
    }

    public Stream<String> stream() {
      return Stream.of("a", "b").parallel().onClose(calls::incrementAndGet);
    }

    public AnySyncIterator<String> anySync() {
      return AnySync.iterator(out -> out.yield("a"));
    }

    public CompletableFuture<String> already() {
      return completedFuture("a");
    }
  }

  private final Service service = new Service();

  @Test
  void coldResultsCallAnew() {
    interface Cold {
      AnySync<String> get(String key);

      AnySync<Integer> size();

      AnySync<@Nullable Void> clear();
    }
    Cold cold = Twins.async(Cold.class, service);
    AnySync<String> get = cold.get("a");
    assertThat(service.calls).hasValue(0);
    assertThat(get.run()).isEqualTo("a1");
    assertThat(get.start().result()).isEqualTo("a2");
    assertThat(cold.size().run()).isEqualTo(3);
    assertThat(cold.clear().run()).isNull();
    assertThat(service.calls).hasValue(0);
  }

  interface Futures {
    CompletableFuture<String> get(String key);

    CompletionStage<Integer> size();

    Future<@Nullable Void> clear();

    Unfuture<String> block();

    CompletableFuture<String> fail();

    CompletableFuture<String> already();
  }

  @Test
  void futuresAreStarted() throws Exception {
    Futures futures = Twins.async(Futures.class, service);
    assertThat(futures.get("a").get()).isEqualTo("a1");
    assertThat(futures.size().toCompletableFuture().get()).isEqualTo(3);
    assertThat(futures.clear().get()).isNull();
    assertThat(futures.already().get()).isEqualTo("a");
    Throwable failure = catchThrowable(() -> ((Unfuture<String>) futures.fail()).result());
    assertThat(failure).isInstanceOf(IOException.class).hasMessage("x");
  }

  @Test
  void cancellingAFutureInterruptsTheTarget() throws Exception {
    Unfuture<String> block = Twins.async(Futures.class, service).block();
    service.entered.await();
    assertThat(block.cancel(true)).isTrue();
    service.interrupted.await();
  }

  @Test
  void elements() {
    interface Streams {
      AnySyncIterator<String> iterable();

      Flow.Publisher<String> iterator();

      AnySyncIterator<String> list();

      AnySyncIterator<String> stream();

      Flow.Publisher<String> anySync();
    }
    Streams streams = Twins.async(Streams.class, service);
    assertThat((Iterable<String>) streams.iterable()).containsExactly("a", "b");
    assertThat((Iterable<String>) AnySyncIterator.from(streams.iterator()))
        .containsExactly("a", "b");
    AnySyncIterator<String> list = streams.list();
    assertThat(service.calls).hasValue(0);
    assertThat((Iterable<String>) list).containsExactly("a", "b");
    assertThat((Iterable<String>) streams.stream()).containsExactly("a", "b");
    assertThat(service.calls).as("the stream is closed").hasValue(2);
    assertThat((Iterable<String>) AnySyncIterator.from(streams.anySync())).containsExactly("a");
  }

  @Test
  void whatCanBeClosedIsClosedAtTheEndOrEarly() {
    var closed = new AtomicInteger();
    class Cursor implements Iterator<String>, Closeable {
      private final Iterator<String> elements = List.of("a", "b").iterator();

      @Override
      public boolean hasNext() {
        return elements.hasNext();
      }

      @Override
      public String next() {
        return elements.next();
      }

      @Override
      public void close() {
        closed.incrementAndGet();
      }
    }
    class Cursors {
      public Cursor cursor() {
        return new Cursor();
      }

      public DirectoryStream<String> directory() {
        return new DirectoryStream<>() {
          @Override
          public Iterator<String> iterator() {
            return List.of("a", "b").iterator();
          }

          @Override
          public void close() {
            closed.incrementAndGet();
          }
        };
      }
    }
    interface Elements {
      AnySyncIterator<String> cursor();

      AnySyncIterator<String> directory();
    }
    Elements elements = Twins.async(Elements.class, new Cursors());
    assertThat((Iterable<String>) elements.cursor()).containsExactly("a", "b");
    assertThat(closed).hasValue(1);
    assertThat((Iterable<String>) elements.directory()).containsExactly("a", "b");
    assertThat(closed).hasValue(2);
    try (AnySyncIterator<String> cursor = elements.cursor().prefetch(0)) {
      assertThat(cursor.next()).isEqualTo("a");
      assertThat(closed).hasValue(2);
    }
    assertThat(closed).hasValue(3);
    try (AnySyncIterator<String> directory = elements.directory().prefetch(0)) {
      assertThat(directory.next()).isEqualTo("a");
      assertThat(closed).hasValue(3);
    }
    assertThat(closed).hasValue(4);
  }

  @Test
  void thereAndBack() {
    Futures futures = Twins.async(Futures.class, service);
    interface Back {
      String get(String key);

      int size();
    }
    Back back = Twins.sync(Back.class, futures);
    assertThat(back.get("a")).isEqualTo("a1");
    assertThat(back.size()).isEqualTo(3);
  }

  // Objects

  @Test
  void equalsHashCodeToString() {
    Blocking same = Twins.sync(Blocking.class, client);
    assertThat(same).isEqualTo(blocking).hasSameHashCodeAs(blocking).isNotSameAs(blocking);
    assertThat(blocking)
        .isNotEqualTo(Twins.sync(Blocking.class, new Client()))
        .isNotEqualTo(client)
        .isNotEqualTo(null)
        .hasToString("dev.anysync.twins.TwinsTest$Blocking of " + client);
    interface Neutral {
      int size();
    }
    assertThat(Twins.sync(Neutral.class, service))
        .isNotEqualTo(Twins.async(Neutral.class, service));
  }
}
