package dev.anysync.grpc;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.DeadlockException;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.grpc.greeter.GreeterGrpc;
import dev.anysync.grpc.greeter.Greeting;
import dev.anysync.grpc.greeter.Limit;
import dev.anysync.grpc.greeter.Name;
import dev.anysync.grpc.greeter.Number;
import dev.anysync.guava.AnySyncGuava;
import dev.anysync.testkit.Readme;
import dev.anysync.testkit.TimeLimits;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A server and clients of gRPC, over a socket of the loopback interface. */
class AnySyncGrpcTest {
  private final Greeter greeter = new Greeter();
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(greeter)
            .build()
            .start();
    channel = channelBuilder().build();
  }

  private NettyChannelBuilder channelBuilder() {
    return NettyChannelBuilder.forAddress(server.getListenSockets().getFirst()).usePlaintext();
  }

  @AfterEach
  void stop() throws Exception {
    stop(channel);
    assertThat(server.shutdownNow().awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  private static void stop(ManagedChannel channel) throws InterruptedException {
    assertThat(channel.shutdownNow().awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  private static Name name(String value) {
    return Name.newBuilder().setValue(value).build();
  }

  private static Limit limit(int value) {
    return Limit.newBuilder().setValue(value).build();
  }

  private ListenableFuture<Greeting> greet(String to) {
    return GreeterGrpc.newFutureStub(channel).greet(name(to));
  }

  private AnySyncIterator<Number> count(int limit) {
    return AnySyncGrpc.iterator(GreeterGrpc.newStub(channel)::count, limit(limit));
  }

  private static Status.Code code(Throwable e) {
    return Status.fromThrowable(e).getCode();
  }

  @Test
  void readme() throws Exception {
    GreeterGrpc.GreeterFutureStub futures = GreeterGrpc.newFutureStub(channel);
    GreeterGrpc.GreeterStub stub = GreeterGrpc.newStub(channel);
    Name ann = name("Ann");
    Name bob = name("Bob");
    Greeting greeting = AnySyncGuava.run(futures.greet(ann)); // any thread, synchronous code
    assertThat(greeting.getValue()).isEqualTo("Hello Ann");
    AnySync<List<Greeting>> both =
        AnySync.all(
            List.of(
                AnySyncGuava.from(() -> futures.greet(ann)),
                AnySyncGuava.from(() -> futures.greet(bob))));
    assertThat(both.run()).hasSize(2);
    int sum = 0;
    try (AnySyncIterator<Number> numbers = AnySyncGrpc.iterator(stub::count, limit(1_000_000))) {
      for (Number number : numbers) {
        if (number.getValue() > 3) {
          break; // cancels the call
        }
        sum += number.getValue();
      }
    }
    assertThat(sum).isEqualTo(6);
    Readme.assertThatItsCodeIsTested("java");
  }

  // Unary

  @Test
  void unaryOnEachKindOfThread() throws Exception {
    assertThat(AnySyncGuava.run(greet("Ann")).getValue()).isEqualTo("Hello Ann");
    var virtual = new FutureTask<>(() -> AnySyncGuava.run(greet("later")).getValue());
    Thread.startVirtualThread(virtual);
    assertThat(virtual.get()).isEqualTo("Hello later");
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<String> awaiting = coroutine(() -> AnySyncGuava.await(greet("later")).getValue());
      List<Unfuture<String>> started =
          IntStream.range(0, 50).mapToObj(_ -> awaiting.start(loop)).toList();
      assertThat(started)
          .allSatisfy(future -> assertThat(future.result()).isEqualTo("Hello later"));
      assertThat(loop.run(coroutine(() -> AnySyncGuava.run(greet("later")).getValue())))
          .isEqualTo("Hello later");
    }
  }

  @Test
  void failuresOfTheServer() {
    for (var expected :
        List.of(
            new Expected("nobody", Status.Code.NOT_FOUND, "nobody"),
            new Expected("checked", Status.Code.INVALID_ARGUMENT, "x"),
            new Expected("broken", Status.Code.UNKNOWN, null),
            new Expected("given up", Status.Code.CANCELLED, null),
            new Expected("null", Status.Code.UNKNOWN, null))) {
      ListenableFuture<Greeting> future = greet(expected.name);
      StatusRuntimeException thrown =
          catchThrowableOfType(StatusRuntimeException.class, () -> AnySyncGuava.run(future));
      assertThat(thrown.getStatus().getCode()).isEqualTo(expected.code);
      assertThat(thrown.getStatus().getDescription()).isEqualTo(expected.description);
      assertThatThrownBy(future::get).cause().isSameAs(thrown);
    }
  }

  private record Expected(String name, Status.Code code, @Nullable String description) {}

  @Test
  void aDeadlineReachesTheServer() throws Exception {
    StatusRuntimeException thrown =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> {
              do { // again if it took too long to get there
                ListenableFuture<Greeting> future =
                    GreeterGrpc.newFutureStub(channel)
                        .withDeadlineAfter(Duration.ofMillis(100))
                        .greet(name("forever"));
                try {
                  AnySyncGuava.run(future);
                } catch (StatusRuntimeException e) {
                  if (greeter.begun.getCount() == 0) {
                    throw e;
                  }
                }
              } while (true);
            });
    assertThat(code(thrown)).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(greeter.deadline.get()).as("in the body, by the context").isNotNull();
    greeter.ended.await();
    assertThat(greeter.thrown).isInstanceOf(CancellationException.class);
  }

  @Test
  void aTimeLimitReachesTheServer() throws Exception {
    TimeLimits.assertThatItIsExceeded(
        greeter.begun, limit -> AnySyncGuava.run(greet("forever"), limit));
    greeter.ended.await();
    assertThat(greeter.thrown).isInstanceOf(CancellationException.class);
  }

  @Test
  void aCancelledCallerStopsTheBodyOfTheServer() throws Exception {
    Unfuture<Greeting> caller = AnySyncGuava.from(() -> greet("forever")).start();
    greeter.begun.await();
    assertThat(caller.cancel(true)).isTrue();
    greeter.ended.await();
    assertThat(greeter.thrown).isInstanceOf(CancellationException.class);
  }

  @Test
  void anInterruptedCallerStopsTheBodyOfTheServer() throws Exception {
    var caller = new FutureTask<>(() -> AnySyncGuava.run(greet("forever")));
    Thread thread = Thread.ofPlatform().start(caller);
    greeter.begun.await();
    thread.interrupt();
    assertThatThrownBy(caller::get).hasCauseInstanceOf(CancellationException.class);
    greeter.ended.await();
  }

  // Streams of the server

  @Test
  void streamOnEachKindOfThread() throws Exception {
    List<Integer> expected = IntStream.rangeClosed(1, 10_000).boxed().toList();
    assertThat(count(10_000).stream().map(Number::getValue)).isEqualTo(expected);
    for (int prefetch : List.of(0, 1, 7)) {
      try (AnySyncIterator<Number> numbers = count(100).prefetch(prefetch)) {
        assertThat(numbers.stream().map(Number::getValue)).isEqualTo(expected.subList(0, 100));
      }
    }
    var virtual = new FutureTask<>(() -> count(1_000).stream().count());
    Thread.startVirtualThread(virtual);
    assertThat(virtual.get()).isEqualTo(1_000);
    try (EventLoop loop = EventLoop.create("l")) {
      assertThat(
              loop.run(
                  coroutine(
                      () -> {
                        int sum = 0;
                        try (AnySyncIterator<Number> numbers = count(1_000)) {
                          for (Number number : numbers) {
                            sum += number.getValue();
                          }
                        }
                        return sum;
                      })))
          .isEqualTo(500_500);
    }
    assertThat(count(0).hasNext()).isFalse();
  }

  @Test
  void blockingStubInABody() {
    var seen = new ArrayList<Integer>();
    AnySyncIterator<Integer> numbers =
        AnySync.iterator(
            out ->
                GreeterGrpc.newBlockingStub(channel)
                    .count(limit(100))
                    .forEachRemaining(number -> out.yield(number.getValue())));
    numbers.forEach(seen::add);
    assertThat(seen).isEqualTo(IntStream.rangeClosed(1, 100).boxed().toList());
  }

  /** What the client does not ask for the server does not make, but for what the network holds. */
  @Test
  void theServerWaitsForASlowClient() throws Exception {
    int most = 10_000_000;
    try (AnySyncIterator<Number> numbers = count(most).prefetch(1)) {
      assertThat(numbers.next().getValue()).isEqualTo(1);
      var seen = new int[] {-1};
      Awaitility.await() // until it has stopped
          .pollInterval(Duration.ofMillis(200))
          .until(
              () -> {
                int before = seen[0];
                seen[0] = greeter.counted.get();
                return seen[0] == before;
              });
      assertThat(greeter.counted.get()).isBetween(1, most / 10);
      assertThat(greeter.ended.getCount()).isOne();
    }
    greeter.ended.await();
    assertThat(greeter.thrown).isInstanceOf(CancellationException.class);
  }

  @Test
  void aClosedIteratorStopsTheBodyOfTheServer() throws Exception {
    try (AnySyncIterator<Number> numbers = count(Integer.MAX_VALUE)) {
      assertThat(numbers.next().getValue()).isEqualTo(1);
    }
    greeter.ended.await();
    assertThat(greeter.thrown).isInstanceOf(CancellationException.class);
  }

  @Test
  void aFailureComesAfterTheElements() {
    AnySyncIterator<Number> none = count(-1);
    StatusRuntimeException thrown = catchThrowableOfType(StatusRuntimeException.class, none::next);
    assertThat(thrown.getStatus().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
    assertThat(thrown.getStatus().getDescription()).isEqualTo("negative");
    assertThat(none.hasNext()).isFalse();
  }

  @Test
  void aServerThatIsGone() throws Exception {
    assertThat(server.shutdownNow().awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(code(catchThrowableOfType(StatusRuntimeException.class, count(1)::next)))
        .isEqualTo(Status.Code.UNAVAILABLE);
    stop(channel); // what is called then fails at once, before there is a subscription
    assertThat(code(catchThrowableOfType(StatusRuntimeException.class, count(1)::next)))
        .isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void aDeadlineEndsAStream() throws Exception {
    AnySyncIterator<Number> numbers =
        AnySyncGrpc.iterator(
            GreeterGrpc.newStub(channel).withDeadlineAfter(Duration.ofMillis(300))::count,
            limit(Integer.MAX_VALUE));
    assertThatThrownBy(() -> numbers.forEach(_ -> {}))
        .isInstanceOf(StatusRuntimeException.class)
        .satisfies(e -> assertThat(code(e)).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
  }

  // The event loops

  /** gRPC's callback runs on the loop of the very channel that the next answer comes over. */
  @Test
  void aWaitInACallbackOnTheLoopIsRefusedWithTheReason() throws Exception {
    ManagedChannel direct = channelBuilder().directExecutor().build();
    Lanes lanes =
        Lanes.builder()
            .watchdog(Duration.ofMillis(50))
            .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL)
            .build();
    Lanes before = Unsync.share(lanes);
    try (lanes) {
      GreeterGrpc.GreeterFutureStub stub = GreeterGrpc.newFutureStub(direct);
      var second = new CompletableFuture<Object>();
      var onALoop = new CompletableFuture<String>();
      Futures.addCallback(
          stub.greet(name("later")),
          new com.google.common.util.concurrent.FutureCallback<>() {
            @Override
            public void onSuccess(Greeting first) {
              onALoop.complete(Thread.currentThread().getName());
              try {
                second.complete(AnySyncGuava.run(stub.greet(name("later"))));
              } catch (Throwable e) {
                second.complete(e);
              }
            }

            @Override
            public void onFailure(Throwable e) {
              second.completeExceptionally(e);
            }
          },
          MoreExecutors.directExecutor());
      assertThat(onALoop.get()).contains("ELG");
      assertThat(second.get())
          .isInstanceOf(DeadlockException.class)
          .asString()
          .contains(onALoop.get());
    } finally {
      Lanes _ = Unsync.share(before);
      stop(direct);
    }
  }

  // The context

  @Test
  void theContextTravelsWithTheBodyAndBack() throws Exception {
    Context.Key<String> key = Context.key("key");
    Context.current()
        .withValue(key, "caller")
        .call(
            () -> {
              assertThat(coroutine(() -> key.get()).start().result()).isEqualTo("caller");
              try (EventLoop loop = EventLoop.create("l")) {
                assertThat(loop.run(coroutine(() -> key.get()))).isEqualTo("caller");
              }
              return null;
            });
    assertThat(coroutine(() -> key.get()).start().result()).isNull();
    Context before = Context.current();
    AnySync.coroutine(
            () -> {
              Context _ = Context.current().withValue(key, "body").attach();
            })
        .run(Duration.ofSeconds(50));
    assertThat(key.get()).isEqualTo("body");
    Context _ = before.attach();
  }

  // Bad input

  @Test
  @SuppressWarnings("NullAway") // on purpose
  void badInput() {
    StreamObserver<Greeting> other =
        new StreamObserver<>() {
          @Override
          public void onNext(Greeting value) {}

          @Override
          public void onError(Throwable t) {}

          @Override
          public void onCompleted() {}
        };
    AnySync<Greeting> call = coroutine(Greeting::getDefaultInstance);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AnySyncGrpc.answer(call, other))
        .withMessageStartingWith("observer: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AnySyncGrpc.<Greeting>answer(out -> {}, other))
        .withMessageStartingWith("observer: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AnySyncGrpc.<Name, Greeting>iterator((_, _) -> {}, name("x")).next())
        .withMessageStartingWith("method: ");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGrpc.iterator(null, name("x")))
        .withMessage("method");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGrpc.<Name, Greeting>iterator((_, _) -> {}, null))
        .withMessage("request");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGrpc.answer((AnySync<Greeting>) null, other))
        .withMessage("call");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncGrpc.answer(call, null))
        .withMessage("observer");
  }
}
