package dev.anysync.netty;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.DeadlockException;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.netty.Lines.Client;
import dev.anysync.nettyclient.Waits;
import dev.anysync.reactor.ReactorThreads;
import dev.anysync.spi.ContextCarrier;
import dev.anysync.spi.WaitStrategy;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractStringAssert;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.NonBlocking;
import reactor.netty.resources.LoopResources;

/** Waits on the threads of event loops: that they end, or why they cannot. */
class NettyThreadsTest {
  private final List<EventLoopGroup> groups = new ArrayList<>();
  private final EventLoopGroup loop = loop("loop");

  private EventLoopGroup loop(String name) {
    EventLoopGroup group = Lines.loop(name);
    groups.add(group);
    return group;
  }

  @AfterEach
  void stop() throws InterruptedException {
    for (EventLoopGroup group : groups) {
      Lines.stop(group);
    }
  }

  private static <T extends @Nullable Object> T on(EventExecutor executor, Callable<T> call)
      throws Exception {
    return executor.submit(call).get(50, TimeUnit.SECONDS);
  }

  /** Asserts that the wait is refused, not just suspected, and that the thread goes on. */
  private static AbstractStringAssert<?> assertRefused(EventExecutor executor, Callable<?> wait)
      throws Exception {
    Throwable thrown = on(executor, () -> catchThrowable(wait::call));
    assertThat(thrown).isInstanceOf(DeadlockException.class);
    assertThat(on(executor, () -> "goes on")).isEqualTo("goes on");
    return assertThat(Objects.requireNonNull(thrown.getMessage()))
        .startsWith("this wait would never end:")
        .contains("start() or await what waits there, or let another thread wait");
  }

  // Sockets

  /** A server that asks another one: in its handler, on its event loop. */
  @Test
  void handlerThatWaitsForAClientWithALoopOfItsOwn() throws Exception {
    Channel backend = Lines.serve(loop("backend"), (_, line) -> line + "!");
    Client inside = Client.connect(loop("client"), backend);
    var waiters = new AtomicReference<String>();
    Channel server =
        Lines.serve(
            loop,
            (_, line) -> {
              waiters.set(Thread.currentThread().getName());
              return AnySyncNetty.run(inside.ask(line))
                  + coroutine(
                          () ->
                              AnySyncNetty.await(inside.ask("and " + line))
                                  + Thread.currentThread().isVirtual())
                      .run()
                  + AnySyncNetty.run(inside.ask("in time"), Duration.ofSeconds(50));
            });
    Client client = Client.connect(loop("outside"), server);
    for (int i = 0; i < 100; i++) {
      assertThat(AnySyncNetty.run(client.ask("Ann"))).isEqualTo("Ann!and Ann!truein time!");
    }
    assertThat(waiters).hasValue("loop");
  }

  /** The answer would be read by the very thread that waits for it. */
  @Test
  void handlerThatWaitsForAClientOnItsOwnLoopIsToldWhy() throws Exception {
    Channel backend = Lines.serve(loop("backend"), (_, line) -> line + "!");
    Client inside = Client.connect(loop, backend);
    Channel server = Lines.serve(loop, (_, line) -> AnySyncNetty.run(inside.ask(line)));
    Client client = Client.connect(loop("outside"), server);
    assertThat(AnySyncNetty.run(client.ask("Ann")))
        .startsWith("dev.anysync.DeadlockException: this wait would never end:")
        .containsPattern("thread 'loop'#\\d+ waits for DefaultPromise@[0-9a-f]+\\(incomplete\\)")
        .containsPattern("which only thread 'loop'#\\d+ can complete")
        .contains("start() or await what waits there, or let another thread wait");
    assertThat(AnySyncNetty.run(inside.ask("goes on"))).isEqualTo("goes on!");
  }

  /** What a handler writes itself, it cannot wait for: in any of these ways. */
  @Test
  void handlerThatWaitsForItsOwnChannel() throws Exception {
    var ways = new CopyOnWriteArrayList<String>();
    Channel server =
        Lines.serve(
            loop,
            (context, line) -> {
              ChannelPromise future = context.channel().newPromise(); // as that of a write is
              try {
                waitFor(future, line);
                return "it is there";
              } finally {
                ways.add(line + " " + Thread.currentThread().getName());
                boolean _ = future.trySuccess(); // for a body that nobody waits for any more
              }
            });
    Client client = Client.connect(loop("outside"), server);
    for (String way :
        List.of(
            "run",
            "in time",
            "result",
            "join",
            "in a body",
            "in a body of a body",
            "what depends on it")) {
      assertThat(AnySyncNetty.run(client.ask(way)))
          .as(way)
          .startsWith("dev.anysync.DeadlockException: this wait would never end:")
          .containsPattern(
              "waits for (what follows )?DefaultChannelPromise@[0-9a-f]+\\(incomplete\\)")
          .containsPattern("which only thread 'loop'#\\d+ can complete");
    }
    assertThat(ways).hasSize(7).allMatch(way -> way.endsWith(" loop"));
  }

  private static void waitFor(ChannelFuture future, String way) throws TimeoutException {
    Object _ =
        switch (way) {
          case "run" -> AnySyncNetty.run(future);
          case "in time" -> AnySyncNetty.run(future, Duration.ofSeconds(50));
          case "result" -> AnySyncNetty.fromFuture(future).result();
          case "join" -> AnySyncNetty.fromFuture(future).join();
          case "in a body" -> coroutine(() -> AnySyncNetty.await(future)).run();
          case "in a body of a body" ->
              coroutine(() -> Unsync.call(() -> AnySyncNetty.run(future)).result()).run();
          case "what depends on it" ->
              coroutine(() -> AnySync.await(AnySyncNetty.fromFuture(future).then(_ -> ""))).run();
          default -> throw new AssertionError(way);
        };
  }

  /** In a body that is started, the same is no problem: the loop goes on meanwhile. */
  @Test
  void handlerThatStartsWhatWaitsForItsOwnChannel() throws Exception {
    var written = new CompletableFuture<Unfuture<String>>();
    Channel server =
        Lines.serve(
            loop,
            (context, line) -> {
              written.complete(
                  coroutine(
                          () -> {
                            AnySyncNetty.await(Lines.write(context.channel(), line));
                            return "written";
                          })
                      .start());
              return "handled";
            });
    Client client = Client.connect(loop("outside"), server);
    assertThat(AnySyncNetty.run(client.ask("Ann"))).isEqualTo("handled");
    assertThat(written.get().result()).isEqualTo("written");
  }

  /** Nobody can know that the other server would have this one answer: but it is suspected. */
  @Test
  void serverThatAsksItselfIsSuspected() throws Exception {
    var itself = new AtomicReference<@Nullable Client>();
    Channel server =
        Lines.serve(
            loop,
            (_, line) ->
                line.equals("leaf")
                    ? "leaf"
                    : AnySyncNetty.run(Objects.requireNonNull(itself.get()).ask("leaf")));
    itself.set(Client.connect(loop("client"), server));
    Client client = Client.connect(loop("outside"), server);
    Lanes suspecting =
        Lanes.builder()
            .watchdog(Duration.ofMillis(300))
            .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL)
            .build();
    Lanes before = Unsync.share(suspecting);
    try {
      assertThat(AnySyncNetty.run(client.ask("Ann")))
          .startsWith("dev.anysync.DeadlockException: suspected deadlock:")
          .contains("thread 'loop'#");
    } finally {
      Unsync.share(before).close();
    }
    assertThat(AnySyncNetty.run(client.ask("leaf"))).isEqualTo("leaf");
  }

  // Promises

  @Test
  void promisesOfTheWaitingThread() throws Exception {
    EventExecutor executor = loop.next();
    Promise<String> promise = executor.newPromise();
    assertRefused(executor, () -> AnySyncNetty.run(promise))
        .containsPattern("waits for DefaultPromise@[0-9a-f]+\\(incomplete\\)")
        .containsPattern("thread 'loop'#\\d+ can complete");
    assertRefused(executor, () -> AnySyncNetty.run(promise, Duration.ofSeconds(50)));
    assertRefused(executor, () -> AnySyncNetty.run(executor.submit(() -> "x")))
        .contains("waits for PromiseTask@");
    assertRefused(
        executor, () -> AnySyncNetty.run(executor.schedule(() -> "x", 1, TimeUnit.SECONDS)));
    // It is left as it was.
    assertThat(promise.isDone()).isFalse();
    assertThat(promise.trySuccess("x")).isTrue();
    assertThat(on(executor, () -> AnySyncNetty.run(promise))).isEqualTo("x");
  }

  @Test
  void promisesOfOtherThreads() throws Exception {
    EventExecutor executor = loop.next();
    EventExecutor other = loop("other").next();
    assertThat(on(executor, () -> AnySyncNetty.run(other.submit(() -> "x")))).isEqualTo("x");
    assertThat(
            on(executor, () -> coroutine(() -> AnySyncNetty.await(other.submit(() -> "x"))).run()))
        .isEqualTo("x");
  }

  /** Each waits for the other: one of them is told, and so the other goes on. */
  @Test
  void twoLoopsThatWaitForEachOthersChannels() throws Exception {
    Channel one = Lines.serve(loop, (_, line) -> line);
    Channel two = Lines.serve(loop("second"), (_, line) -> line);
    var both = new CountDownLatch(2);
    var promises = List.of(two.newPromise(), one.newPromise());
    var results = new ArrayList<Future<String>>();
    for (Channel channel : List.of(one, two)) {
      ChannelFuture ofTheOther = promises.get(results.size());
      results.add(
          channel
              .eventLoop()
              .submit(
                  () -> {
                    both.countDown();
                    both.await();
                    return ""
                        + catchThrowable(
                            () -> coroutine(() -> AnySyncNetty.await(ofTheOther)).run());
                  }));
    }
    Awaitility.await().until(() -> results.stream().anyMatch(Future::isDone));
    promises.forEach(ChannelPromise::trySuccess);
    assertThat(List.of(results.getFirst().get(), results.getLast().get()))
        .anySatisfy(
            thrown ->
                assertThat(thrown)
                    .startsWith("dev.anysync.DeadlockException: this wait would never end:")
                    .contains("which only thread 'loop'#", "which only thread 'second'#"));
  }

  /** An event executor without channels. */
  @Test
  void defaultEventExecutor() throws Exception {
    var executor = new DefaultEventExecutor();
    assertThat(on(executor, () -> coroutine(() -> Thread.currentThread().isVirtual()).run()))
        .isTrue();
    assertRefused(executor, () -> AnySyncNetty.run(executor.submit(() -> "x")));
    var _ = executor.shutdownGracefully(0, 10, TimeUnit.SECONDS).await();
  }

  /** An event loop on a virtual thread, which no strategy is asked about. */
  @Test
  void loopOnAVirtualThread() throws Exception {
    EventLoopGroup virtual =
        new MultiThreadIoEventLoopGroup(
            1, Thread.ofVirtual().name("virtual-loop").factory(), NioIoHandler.newFactory());
    groups.add(virtual);
    EventExecutor executor = virtual.next();
    assertThat(on(executor, () -> AnySyncNetty.run(loop.submit(() -> "x")))).isEqualTo("x");
    assertRefused(executor, () -> AnySyncNetty.run(executor.submit(() -> "x")));
    assertRefused(
        executor, () -> coroutine(() -> AnySyncNetty.await(executor.submit(() -> "x"))).run());
  }

  /** Its loop says of each thread that it is on it, so nothing is known of who completes it. */
  @Test
  void promisesOfAnEmbeddedChannel() throws Exception {
    var channel = new EmbeddedChannel();
    ChannelPromise promise = channel.newPromise();
    Future<Boolean> waiting =
        loop.submit(
            () -> {
              Void _ = AnySyncNetty.run(promise);
              return promise.isSuccess();
            });
    Awaitility.await().until(() -> AnySync.dump().toString().contains(promise.toString()));
    assertThat(promise.trySuccess()).isTrue();
    assertThat(waiting.get()).isTrue();
    assertThat(channel.finish()).isFalse(); // nothing was written
  }

  /** Where a promise's executor cannot be asked for, and where the JVM is told to let us. */
  @Test
  void onTheModulePath() throws Exception {
    String refused = "dev.anysync.DeadlockException: this wait would never end:";
    String suspected = "dev.anysync.DeadlockException: suspected deadlock: ";
    assertThat(inANewJvm("PT0.1S"))
        .hasSize(3)
        .contains("module: true", "channel: " + refused)
        .anyMatch(line -> line.startsWith("promise: " + suspected));
    assertThat(
            inANewJvm(
                "PT1H",
                "--add-opens",
                "io.netty.common/io.netty.util.concurrent=dev.anysync.netty"))
        .containsExactly("module: true", "promise: " + refused, "channel: " + refused);
  }

  private static List<String> inANewJvm(String toSuspect, String... options) throws Exception {
    var command =
        new ArrayList<String>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--sun-misc-unsafe-memory-access=allow",
                "--module-path",
                System.getProperty("jdk.module.path"),
                "--add-modules",
                "dev.anysync.netty",
                "--class-path",
                Path.of("target", "test-classes").toString()));
    command.addAll(List.of(options));
    command.addAll(List.of(Waits.class.getName(), toSuspect));
    Process jvm =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (var lines = jvm.inputReader()) {
      return lines.lines().toList();
    } finally {
      var _ = jvm.destroyForcibly();
    }
  }

  // Context

  /** In always, and back to who waits for the body; the other loop's thread has no part in it. */
  @Test
  void contextGoesInAndBack() throws Exception {
    var user = new ThreadLocal<@Nullable String>();
    EventExecutor executor = loop.next();
    EventExecutor other = loop("other").next();
    var seen = new ArrayList<@Nullable String>();
    Callable<String> body =
        () -> {
          seen.add(user.get());
          seen.add(AnySyncNetty.await(other.submit(() -> "other has " + user.get())));
          seen.add(user.get());
          user.set("bob");
          return "done";
        };
    Supplier<Future<String>> source =
        () -> {
          try {
            return other.newSucceededFuture(body.call());
          } catch (Exception e) {
            return other.newFailedFuture(e);
          }
        };
    Map<String, Callable<String>> waits =
        Map.of(
            "run", () -> coroutine(body).run(),
            "in time", () -> coroutine(body).run(Duration.ofSeconds(50)),
            "from", () -> AnySyncNetty.from(source).run(),
            "inner", () -> coroutine(() -> AnySync.await(coroutine(body))).run());
    Map<String, Callable<String>> others =
        Map.of(
            "start", () -> coroutine(body).start().result(),
            "toFuture", () -> AnySyncNetty.run(AnySyncNetty.toFuture(coroutine(body), other)));
    Lanes carrying = Lanes.builder().carry(ContextCarrier.of(user)).build();
    Lanes shared = Unsync.share(carrying);
    try {
      assertCarried(executor, user, seen, waits, "bob");
      assertCarried(executor, user, seen, others, "ann");
      assertThat(on(executor, () -> "" + user.get())).isEqualTo("null");
    } finally {
      Unsync.share(shared).close();
    }
  }

  private static void assertCarried(
      EventExecutor executor,
      ThreadLocal<@Nullable String> user,
      List<@Nullable String> seen,
      Map<String, Callable<String>> ways,
      String after)
      throws Exception {
    for (var way : ways.entrySet()) {
      seen.clear();
      String back =
          on(
              executor,
              () -> {
                user.set("ann");
                try {
                  return way.getValue().call() + ", " + user.get();
                } finally {
                  user.remove();
                }
              });
      assertThat(back).as(way.getKey()).isEqualTo("done, " + after);
      assertThat(seen).as(way.getKey()).containsExactly("ann", "other has null", "ann");
    }
  }

  // The strategy

  private static List<WaitStrategy> owners(Thread thread) {
    return Stream.of(new NettyThreads(), new ReactorThreads())
        .filter(strategy -> strategy.owns(thread))
        .toList();
  }

  @Test
  void ownsAndCounts() throws Exception {
    assertThat(owners(Thread.currentThread())).isEmpty();
    Channel server = Lines.serve(loop, (_, line) -> line);
    EventExecutor executor = server.eventLoop();
    List<Integer> queued =
        on(
            executor,
            () -> {
              WaitStrategy strategy = owners(Thread.currentThread()).getFirst();
              assertThat(strategy).isInstanceOf(NettyThreads.class);
              assertThat(strategy.runsBodies()).isFalse();
              int idle = strategy.queued(Thread.currentThread());
              for (int i = 0; i < 3; i++) {
                executor.execute(() -> {});
              }
              return List.of(idle, strategy.queued(Thread.currentThread()));
            });
    assertThat(queued.getFirst()).isPositive(); // it does not tell how many channels it has
    assertThat(queued.getLast()).isGreaterThanOrEqualTo(queued.getFirst() + 3);
    var none = new DefaultEventExecutor();
    assertThat(
            on(
                none,
                () -> owners(Thread.currentThread()).getFirst().queued(Thread.currentThread())))
        .isZero();
    var _ = none.shutdownGracefully(0, 10, TimeUnit.SECONDS).await();
  }

  /** Reactor's strategy owns it as well, and comes first or not. */
  @Test
  void threadOfReactorNetty() throws Exception {
    LoopResources resources = LoopResources.create("reactor-it", 1, true);
    try {
      EventExecutor executor = resources.onServer(false).next();
      List<WaitStrategy> owners =
          on(
              executor,
              () -> {
                assertThat(Thread.currentThread()).isInstanceOf(NonBlocking.class);
                return owners(Thread.currentThread());
              });
      assertThat(owners).hasSize(2);
      assertThat(
              on(
                  executor,
                  () ->
                      owners.stream()
                          .map(strategy -> strategy.queued(Thread.currentThread()))
                          .toList()))
          .allMatch(queued -> queued > 0);
      assertThat(on(executor, () -> AnySyncNetty.run(loop.submit(() -> "x")))).isEqualTo("x");
      assertRefused(executor, () -> AnySyncNetty.run(executor.submit(() -> "x")));
      Channel server = Lines.serve(resources.onServer(false), (_, line) -> line);
      assertRefused(
          server.eventLoop(), () -> coroutine(() -> AnySyncNetty.await(server.newPromise())).run());
      assertThat(server.close().await().isSuccess()).isTrue();
    } finally {
      resources.disposeLater(Duration.ZERO, Duration.ofSeconds(10)).block();
    }
  }
}
