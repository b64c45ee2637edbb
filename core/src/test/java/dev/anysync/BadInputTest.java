package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.spi.ContextCarrier;
import dev.anysync.spi.RemoteLane;
import dev.anysync.spi.WaitStrategy;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.TypeVariable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each public method says when it is given what it cannot take, or used as it must not be. */
@SuppressWarnings("NullAway") // that is the point
class BadInputTest {

  private static final List<Class<?>> PUBLIC_TYPES =
      List.of(
          AnySync.class,
          AnySyncContextManager.class,
          AnySyncContextManager.Opened.class,
          AnySyncGenerator.class,
          AnySyncIterator.class,
          EventLoop.class,
          Lanes.class,
          Lanes.Builder.class,
          Unfuture.class,
          Unsync.class,
          ContextCarrier.class,
          WaitStrategy.class);

  /** A call that is refused, named by what its refusal is about. */
  record Call(String name, VoidBody body) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Call call(String name, VoidBody body) {
    return new Call(name, body);
  }

  private static AnySyncIterator<Integer> iterator() {
    return AnySync.iterator(out -> out.yield(1));
  }

  private static AnySyncGenerator<Integer, Integer> generator() {
    return AnySync.generator(
        out -> {
          var _ = out.yield(1);
        });
  }

  private static AnySyncContextManager<Integer> contextManager() {
    return AnySync.contextManager(out -> out.yield(1));
  }

  // Null

  /** Calls with null for the one parameter of the method that must not be null. */
  private static Stream<Call> nullArguments() {
    AnySync<String> f = coroutine(() -> "x");
    Unfuture<String> unfuture = Unfuture.of("x");
    EventLoop loop = EventLoop.create("l");
    Lanes lanes = Lanes.builder().build();
    Lanes.Builder builder = Lanes.builder();
    return Stream.of(
        call("AnySync.coroutine(Callable)", () -> of(coroutine((Callable<String>) null))),
        call("AnySync.coroutine(VoidBody)", () -> of(coroutine((VoidBody) null))),
        call("AnySync.from(Supplier)", () -> of(AnySync.<String>from(null))),
        call("AnySync.iterator(Body)", () -> of(AnySync.<String>iterator(null))),
        call("AnySync.generator(Body)", () -> of(AnySync.<String, String>generator(null))),
        call("AnySync.contextManager(Body)", () -> of(AnySync.<String>contextManager(null))),
        call("AnySync.await(AnySync)", () -> of(await((AnySync<String>) null))),
        call("AnySync.await(CompletionStage)", () -> of(await((CompletionStage<String>) null))),
        call("AnySync.await(CompletableFuture)", () -> of(await((CompletableFuture<String>) null))),
        call("AnySync.await(Future)", () -> of(await((Future<String>) null))),
        call("AnySync.sleep(Duration)", () -> AnySync.sleep(null)),
        call("AnySync.shield(CompletionStage)", () -> of(AnySync.<String>shield(null))),
        call("AnySync.all(Collection)", () -> of(AnySync.<String>all(null))),
        call("AnySync.race(Collection)", () -> of(AnySync.<String>race(null))),
        call("AnySync.run(Duration)", () -> of(f.run((Duration) null))),
        call("AnySync.run(Class)", () -> of(f.run((Class<Exception>) null))),
        call("AnySync.start(EventLoop)", () -> of(f.start(null))),
        call("AnySyncContextManager.use(Function)", () -> of(contextManager().use(null))),
        call("AnySyncContextManager.useAsync(Function)", () -> of(contextManager().useAsync(null))),
        call("AnySyncGenerator.raise(Throwable)", () -> of(generator().raise(null))),
        call("AnySyncGenerator.raiseAsync(Throwable)", () -> of(generator().raiseAsync(null))),
        call("AnySyncIterator.from(Publisher)", () -> of(AnySyncIterator.<String>from(null))),
        call("AnySyncIterator.next(Duration)", () -> of(iterator().next(null))),
        call("AnySyncIterator.forEach(Consumer)", () -> iterator().forEach(null)),
        call("AnySyncIterator.forEachRemaining(Consumer)", () -> iterator().forEachRemaining(null)),
        call("EventLoop.create(String)", () -> of(EventLoop.create(null))),
        call("EventLoop.execute(Runnable)", () -> loop.execute(null)),
        call("EventLoop.run(AnySync)", () -> of(loop.run((AnySync<String>) null))),
        call("Lanes.async(Callable)", () -> of(lanes.async((Callable<String>) null))),
        call("Lanes.call(Callable)", () -> of(lanes.call((Callable<String>) null))),
        call("Lanes.cpuBound(Callable)", () -> of(lanes.cpuBound((Callable<String>) null))),
        call("Lanes.cpuBound(RemoteBody)", () -> of(lanes.cpuBound((RemoteBody<String>) null))),
        call("Lanes.function(Function)", () -> of(lanes.<String, String>function(null))),
        call("Lanes.Builder.loop(EventLoop)", () -> of(builder.loop(null))),
        call("Lanes.Builder.thread(Executor)", () -> of(builder.thread(null))),
        call("Lanes.Builder.cpu(Executor)", () -> of(builder.cpu((Executor) null))),
        call("Lanes.Builder.cpu(RemoteLane)", () -> of(builder.cpu((RemoteLane) null))),
        call(
            "Lanes.Builder.carry(ContextCarrier[])",
            () -> of(builder.carry((ContextCarrier[]) null))),
        call(
            "Lanes.Builder.carry(ContextCarrier[])",
            () -> of(builder.carry((ContextCarrier) null))),
        call(
            "Lanes.Builder.carry(ScopedValue[])", () -> of(builder.carry((ScopedValue<?>[]) null))),
        call("Lanes.Builder.carry(ScopedValue[])", () -> of(builder.carry((ScopedValue<?>) null))),
        call(
            "Lanes.Builder.onForeignLoop(ForeignLoopPolicy)",
            () -> of(builder.onForeignLoop(null))),
        call(
            "Lanes.Builder.onSuspectedDeadlock(SuspicionPolicy)",
            () -> of(builder.onSuspectedDeadlock(null))),
        call("Lanes.Builder.watchdog(Duration)", () -> of(builder.watchdog(null))),
        call(
            "Unfuture.from(CompletionStage)",
            () -> of(Unfuture.from((CompletionStage<String>) null))),
        call(
            "Unfuture.from(CompletableFuture)",
            () -> of(Unfuture.from((CompletableFuture<String>) null))),
        call("Unfuture.from(Future)", () -> of(Unfuture.from((Future<String>) null))),
        call("Unfuture.all(Collection)", () -> of(Unfuture.<String>all(null))),
        call("Unfuture.result(Duration)", () -> of(unfuture.result(null))),
        call("Unfuture.get(long, TimeUnit)", () -> of(new Unfuture<String>().get(1, null))),
        call("Unfuture.orTimeout(long, TimeUnit)", () -> of(unfuture.orTimeout(1, null))),
        call(
            "Unfuture.completeOnTimeout(Object, long, TimeUnit)",
            () -> of(unfuture.completeOnTimeout("x", 1, null))),
        call("Unfuture.then(Function)", () -> of(unfuture.<String>then(null))),
        call("Unfuture.thenAsync(Function)", () -> of(unfuture.<String>thenAsync(null))),
        call(
            "Unfuture.completeExceptionally(Throwable)",
            () -> of(unfuture.completeExceptionally(null))),
        call("Unfuture.obtrudeException(Throwable)", () -> unfuture.obtrudeException(null)),
        call("Unfuture.completeAsync(Supplier)", () -> of(unfuture.completeAsync(null))),
        call(
            "Unfuture.completeAsync(Supplier, Executor)",
            () -> of(unfuture.completeAsync(() -> "x", null))),
        call("Unsync.async(Callable)", () -> of(Unsync.async((Callable<String>) null))),
        call("Unsync.call(Callable)", () -> of(Unsync.call((Callable<String>) null))),
        call("Unsync.cpuBound(Callable)", () -> of(Unsync.cpuBound((Callable<String>) null))),
        call("Unsync.cpuBound(RemoteBody)", () -> of(Unsync.cpuBound((RemoteBody<String>) null))),
        call("Unsync.function(Function)", () -> of(Unsync.<String, String>function(null))),
        call("Unsync.share(Lanes)", () -> of(Unsync.share(null))),
        call("ContextCarrier.of(ThreadLocal)", () -> of(ContextCarrier.of(null))));
  }

  /** The result of a call that is expected to fail. */
  private static void of(@Nullable Object unexpected) {
    throw new AssertionError("returned " + unexpected);
  }

  @ParameterizedTest
  @MethodSource
  void nullArguments(Call call) {
    String parameter = mandatoryParameter(call.name).getName();
    assertThatThrownBy(() -> call.body.run())
        .isInstanceOf(NullPointerException.class)
        .message()
        .as("the message of the exception")
        .matches("(an element of )?" + parameter + "( .*|:.*)?");
  }

  private static final Pattern OVERRIDDEN_FOR_THE_GRAPH =
      Pattern.compile("(thenCompose|.*Either)(Async)?"); // their contract is the JDK's

  @Test
  void nullArgumentsOfAllMethods() {
    var tested = nullArguments().map(Call::name).collect(Collectors.toCollection(TreeSet::new));
    assertThat(tested)
        .as("methods that take a reference which must not be null")
        .isEqualTo(mandatory().keySet());
  }

  @Test
  void nullArgumentOfAConstructor() {
    assertThatThrownBy(() -> of(new Unfuture<String>(null)))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("completer");
  }

  @Test
  void nullElements() {
    List<AnySync<String>> calls = Collections.singletonList(null);
    List<CompletionStage<String>> futures = Collections.singletonList(null);
    for (VoidBody call :
        List.<VoidBody>of(() -> of(AnySync.all(calls)), () -> of(AnySync.race(calls)))) {
      assertThatThrownBy(call::run)
          .isInstanceOf(NullPointerException.class)
          .hasMessage("an element of calls");
    }
    assertThatThrownBy(() -> Unfuture.all(futures))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("an element of futures");
  }

  @Test
  void nullSubscriber() {
    Flow.Publisher<Integer> publisher = iterator().publisher();
    assertThatThrownBy(() -> publisher.subscribe(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("subscriber");
  }

  @Test
  void nullStages() {
    assertThatThrownBy(() -> AnySync.<String>from(() -> null).run())
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("source")
        .hasMessageContaining("stage");
    assertThatThrownBy(() -> Unfuture.of(1).<String>thenAsync(_ -> null).result())
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("next")
        .hasMessageContaining("stage");
  }

  private static Parameter mandatoryParameter(String method) {
    Parameter parameter = mandatory().get(method);
    if (parameter == null) {
      throw new AssertionError("no such method, or it takes nothing that it needs: " + method);
    }
    return parameter;
  }

  /** The methods of all public types that take a reference which must not be null; and that. */
  private static NavigableMap<String, Parameter> mandatory() {
    var found = new TreeMap<String, Parameter>();
    for (Class<?> type : PUBLIC_TYPES) {
      for (Method method : type.getDeclaredMethods()) {
        boolean users = isUsers(type) && !Modifier.isStatic(method.getModifiers());
        boolean jdks = OVERRIDDEN_FOR_THE_GRAPH.matcher(method.getName()).matches();
        if (Modifier.isPublic(method.getModifiers()) && !method.isSynthetic() && !users && !jdks) {
          for (int i = 0; i < method.getParameterCount(); i++) {
            Parameter parameter = method.getParameters()[i];
            if (!parameter.getType().isPrimitive()
                && !(parameter.getParameterizedType() instanceof TypeVariable)
                && !parameter.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
              found.put(name(method), parameter);
            }
          }
        }
      }
    }
    return found;
  }

  /** Whether the methods of {@code type} are for the library to call, not for users. */
  private static boolean isUsers(Class<?> type) {
    return type.getPackageName().endsWith(".spi");
  }

  private static String name(Method method) {
    return method
            .getDeclaringClass()
            .getCanonicalName()
            .substring("dev.anysync.".length())
            .replace("spi.", "")
        + "."
        + method.getName()
        + Arrays.stream(method.getParameterTypes())
            .map(Class::getSimpleName)
            .collect(Collectors.joining(", ", "(", ")"));
  }

  // Negative

  private static Stream<Call> negativeArguments() {
    Duration negative = Duration.ofNanos(-1);
    AnySync<String> f = coroutine(() -> "x");
    return Stream.of(
        call("duration", () -> AnySync.sleep(negative)),
        call("duration", () -> coroutine(() -> AnySync.sleep(negative)).run()),
        call("timeout", () -> of(f.run(negative))),
        call("timeout", () -> of(f.run(Duration.ofSeconds(Long.MIN_VALUE)))),
        call("timeout", () -> of(Unfuture.of(1).result(negative))),
        call("timeout", () -> of(new Unfuture<String>().result(negative))),
        call("timeout", () -> of(iterator().next(negative))),
        call("timeout", () -> of(generator().next(negative))),
        call("elements", () -> of(iterator().prefetch(-1))),
        call("elements", () -> of(AnySyncIterator.from(iterator().publisher()).prefetch(-7))),
        call("elements", () -> of(generator().prefetch(-1))));
  }

  @ParameterizedTest
  @MethodSource
  void negativeArguments(Call call) {
    assertThatThrownBy(() -> call.body.run())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(call.name + ": ")
        .hasMessageContaining("negative");
  }

  @Test
  void prefetchOfAGenerator() {
    AnySyncGenerator<Integer, Integer> generator = generator();
    assertThatThrownBy(() -> generator.prefetch(1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("elements: ")
        .hasMessageContaining("generator");
    assertThat(generator.prefetch(0).next()).isEqualTo(1);
    generator.close();
  }

  @Test
  void raceOfNone() {
    assertThatThrownBy(() -> AnySync.race(List.<AnySync<String>>of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("calls: ");
  }

  @Test
  void refusedArgumentsChangeNothing() throws Exception {
    AnySyncIterator<Integer> iterator = iterator();
    assertThat(catchThrowable(() -> iterator.prefetch(-1))).isNotNull();
    assertThat(catchThrowable(() -> iterator.forEach(null))).isNotNull();
    assertThat(catchThrowable(() -> iterator.next(Duration.ofNanos(-1)))).isNotNull();
    var elements = new ArrayList<Integer>();
    iterator.forEach(elements::add);
    assertThat(elements).containsExactly(1);

    var future = new Unfuture<String>();
    assertThat(catchThrowable(() -> future.result(Duration.ofNanos(-1)))).isNotNull();
    assertThat(future).isNotDone();
  }

  // Twice

  private static Stream<Call> secondUses() {
    AnySyncIterator<Integer> used = iterator();
    used.forEach(_ -> {});
    AnySyncGenerator<Integer, Integer> usedGenerator = generator();
    usedGenerator.forEach(_ -> {});
    AnySyncIterator<Integer> started = iterator();
    assertThat(started.hasNext()).isTrue();
    AnySyncContextManager.Opened<Integer> closed = contextManager().open();
    closed.close();
    return Stream.of(
        call("make a new one", () -> used.forEach(_ -> {})),
        call("make a new one", () -> of(used.iterator())),
        call("make a new one", () -> of(used.stream())),
        call("make a new one", () -> of(used.publisher())),
        call("make a new one", () -> usedGenerator.forEach(_ -> {})),
        call("make a new one", () -> of(usedGenerator.stream())),
        call("started", () -> of(started.prefetch(2))),
        call("started", () -> of(started.publisher())),
        call("open a new one", () -> of(closed.value())));
  }

  @ParameterizedTest
  @MethodSource
  void secondUses(Call call) {
    assertThatThrownBy(() -> call.body.run())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(call.name);
  }

  // Outside

  private static Stream<Call> outsideCalls() {
    return Stream.of(
        call("await(call)", () -> of(await(coroutine(() -> 1)))),
        call("await(stage)", () -> of(await(CompletableFuture.completedStage(1)))),
        call("await(future)", () -> of(await(CompletableFuture.completedFuture(1)))),
        call("await(future)", () -> of(await((Future<Integer>) Unfuture.of(1)))),
        call("sleep(duration)", () -> AnySync.sleep(Duration.ZERO)),
        call("shield(stage)", () -> of(AnySync.shield(Unfuture.of(1)))));
  }

  @ParameterizedTest
  @MethodSource
  void outsideCalls(Call call) throws Exception {
    for (TestThread.Kind kind : TestThread.Kind.values()) {
      kind.run(
          () -> {
            Thread.currentThread().setName("the-thread");
            assertThatThrownBy(() -> call.body.run())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith(call.name)
                .hasMessageContaining("'the-thread'")
                .hasMessageContaining("run()")
                .hasMessageContaining("result()");
          });
    }
  }

  @ParameterizedTest
  @MethodSource("outsideCalls")
  void outsideInACallbackOfALoop(Call call) throws Exception {
    var thrown = new CompletableFuture<@Nullable Throwable>();
    try (EventLoop loop = EventLoop.create("l")) {
      loop.execute(() -> thrown.complete(catchThrowable(() -> call.body.run())));
      assertThat(thrown.get())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("run()");
    }
  }

  // In a loop

  @Test
  void resultInALoop() {
    var future = new Unfuture<Integer>();
    try (EventLoop loop = EventLoop.create("the-loop")) {
      for (VoidBody call :
          List.<VoidBody>of(
              () -> of(future.result()), () -> of(future.result(Duration.ofSeconds(1))))) {
        assertThatThrownBy(() -> loop.run(coroutine(call)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("result()")
            .hasMessageContaining("'the-loop'")
            .hasMessageContaining("await");
      }
      assertThat(future).isNotDone();
      future.complete(3);
      assertThat(loop.run(coroutine(() -> future.result()))).isEqualTo(3);
    }
  }

  @Test
  void closeOfALoopInIt() {
    try (EventLoop loop = EventLoop.create("the-loop")) {
      assertThatThrownBy(() -> loop.run(coroutine(loop::close)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("'the-loop'")
          .hasMessageContaining("outside");
      assertThat(loop.run(coroutine(() -> 1))).isEqualTo(1); // it was not closed
    }
  }

  @Test
  void closeOfLanesInThem() {
    try (Lanes lanes = Lanes.builder().build()) {
      for (Unfuture<?> work :
          List.of(
              lanes.call(() -> closeIn(lanes)),
              lanes.cpuBound(() -> closeIn(lanes)),
              lanes.async(() -> closeIn(lanes)))) {
        assertThatThrownBy(work::result)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("close()")
            .hasMessageContaining("outside");
      }
      assertThat(lanes.call(() -> 1).result()).isEqualTo(1);
    }
  }

  private static @Nullable Object closeIn(Lanes lanes) {
    lanes.close();
    return null;
  }

  // Closed

  private static Stream<Call> closedOnes() {
    EventLoop loop = EventLoop.create("the-loop");
    loop.close();
    Lanes lanes = Lanes.builder().build();
    lanes.close();
    AnySync<Integer> f = coroutine(() -> 1);
    return Stream.of(
        call("'the-loop'", () -> loop.execute(() -> {})),
        call("'the-loop'", () -> of(f.start(loop))),
        call("'the-loop'", () -> of(loop.run(f))),
        call("lanes", () -> of(lanes.async(() -> 1))),
        call("lanes", () -> of(lanes.call(() -> 1))),
        call("lanes", () -> of(lanes.cpuBound(() -> 1))),
        call("lanes", () -> of(lanes.function(a -> a).apply(1))));
  }

  @ParameterizedTest
  @MethodSource
  void closedOnes(Call call) {
    assertThatThrownBy(() -> call.body.run())
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessageContaining(call.name)
        .hasMessageContaining("closed");
  }

  @Test
  void closedTwice() {
    EventLoop loop = EventLoop.create("l");
    loop.close();
    loop.close();
    Lanes lanes = Lanes.builder().build();
    lanes.close();
    lanes.close();
    assertThat(loop.inLoop()).isFalse();
  }

  @Test
  void sharedLanesThatAreClosedAreReplaced() {
    Lanes mine = Lanes.builder().build();
    Lanes before = Unsync.share(mine);
    try {
      assertThat(Unsync.lanes()).isSameAs(mine);
      mine.close();
      assertThat(Unsync.lanes()).isNotSameAs(mine);
      assertThat(Unsync.call(() -> 1).result()).isEqualTo(1);
    } finally {
      Unsync.share(before);
    }
  }

  // The body's mistakes

  @Test
  void bodyThatReturnsNothingYieldedTwice() {
    assertThatThrownBy(() -> AnySync.<Integer>contextManager(_ -> {}).open())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("without a yield");
    assertThatThrownBy(
            () ->
                AnySync.<Integer>contextManager(
                        out -> {
                          out.yield(1);
                          out.yield(2);
                        })
                    .use(_ -> null))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("yielded twice");
  }

  @Test
  void firstSendOfAValue() {
    assertThatThrownBy(() -> generator().send(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("send(null)");
  }

  @Test
  void uncaughtErrorOfACallbackGoesToTheThreadsHandler() throws Exception {
    var thrown = new IllegalStateException("callback");
    var seen = new AtomicReference<@Nullable Throwable>();
    var handled = new CountDownLatch(1);
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler(
        (_, e) -> {
          seen.set(e);
          handled.countDown();
        });
    try (EventLoop loop = EventLoop.create("l")) {
      loop.execute(
          () -> {
            throw thrown;
          });
      handled.await();
      assertThat(seen.get()).isSameAs(thrown);
      assertThat(loop.run(coroutine(() -> 1))).isEqualTo(1); // the loop goes on
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }
}
