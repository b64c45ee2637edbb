package dev.anysync.micrometer;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncGenerator;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.VoidBody;
import dev.anysync.micrometer.app.Program;
import dev.anysync.reactor.AnySyncReactor;
import dev.anysync.testkit.Readme;
import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import io.micrometer.context.ThreadLocalAccessor;
import io.micrometer.context.integration.Slf4jThreadLocalAccessor;
import io.micrometer.observation.NullObservation;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.io.BufferedReader;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.MDC;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What the registry knows is there in each body, and what the body changes is there after it. */
@SuppressWarnings("MustBeClosedChecker") // scopes that are left open are what some tests are about
class MicrometerCarrierTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final ScopedValue<String> TENANT = ScopedValue.newInstance();
  private static final ThreadLocal<String> OWN = new ThreadLocal<>();
  private static final ObservationRegistry OBSERVATIONS = ObservationRegistry.create();
  private static final SdkTracerProvider TRACERS = SdkTracerProvider.builder().build();

  /** Deep enough that a call does not fit the caller's stack, as far as the library knows. */
  private static final int DEEP = 300;

  @BeforeAll
  static void register() {
    OBSERVATIONS.observationConfig().observationHandler(_ -> true);
    // That of Micrometer's observations is there by itself, as a service.
    ContextRegistry.getInstance().registerThreadLocalAccessor("own", OWN);
    registerMdc();
    registerOpenTelemetry();
  }

  private static void registerMdc() {
    ContextRegistry.getInstance().registerThreadLocalAccessor(new Slf4jThreadLocalAccessor());
  }

  private static void registerOpenTelemetry() {
    ContextRegistry.getInstance()
        .registerThreadLocalAccessor(
            "opentelemetry",
            Context::current,
            Context::makeCurrent,
            () -> Context.root().makeCurrent());
  }

  @AfterAll
  static void remove() {
    for (String key : List.of("own", Slf4jThreadLocalAccessor.KEY, "opentelemetry")) {
      assertThat(ContextRegistry.getInstance().removeThreadLocalAccessor(key)).isTrue();
    }
    TRACERS.close();
  }

  @AfterEach
  void clear() {
    for (Kind kind : Kind.values()) {
      kind.clear();
    }
  }

  /** A kind of context, as those see it that use it. */
  enum Kind {
    MDC_OF_LOGBACK {
      @Override
      String get() {
        return named(MDC.get("user"));
      }

      @Override
      void set(String name) {
        MDC.put("user", name);
      }

      @Override
      void clear() {
        MDC.remove("user");
      }
    },
    SPAN_OF_OPENTELEMETRY {
      @Override
      String get() {
        return named(Span.current() instanceof ReadableSpan span ? span.getName() : null);
      }

      @Override
      void set(String name) {
        var _ = TRACERS.get("test").spanBuilder(name).setNoParent().startSpan().makeCurrent();
      }

      @Override
      void clear() {
        var _ = Context.root().makeCurrent();
      }
    },
    OBSERVATION {
      @Override
      String get() {
        Observation current = OBSERVATIONS.getCurrentObservation();
        return named(
            current == null || current instanceof NullObservation
                ? null
                : current.getContextView().getName());
      }

      @Override
      void set(String name) {
        var _ = Observation.start(name, OBSERVATIONS).openScope();
      }

      @Override
      void clear() {
        Observation.Scope scope;
        while ((scope = OBSERVATIONS.getCurrentObservationScope()) != null) {
          scope.close();
        }
      }
    },
    THREAD_LOCAL_WITH_AN_ACCESSOR {
      @Override
      String get() {
        return named(OWN.get());
      }

      @Override
      void set(String name) {
        OWN.set(name);
      }

      @Override
      void clear() {
        OWN.remove();
      }
    };

    abstract String get();

    abstract void set(String name);

    abstract void clear();

    String seenThenChanged() {
      String seen = get();
      set("body");
      return seen;
    }

    private static String named(@Nullable String name) {
      return name == null ? "none" : name;
    }
  }

  /** Runs {@code test} on a thread on which bodies must not run: one of Reactor's. */
  private static void onANonBlockingThread(VoidBody test) throws Exception {
    var task =
        new FutureTask<@Nullable Void>(
            () -> {
              assertThat(Schedulers.isInNonBlockingThread()).isTrue();
              test.run();
              return null;
            });
    var _ = Schedulers.parallel().schedule(task);
    var _ = task.get(50, TimeUnit.SECONDS);
  }

  private static void onANonBlockingThreadWithThisContext(VoidBody test) throws Exception {
    ContextSnapshot snapshot = ContextSnapshotFactory.builder().build().captureAll();
    onANonBlockingThread(
        () -> {
          try (var _ = snapshot.setThreadLocals()) {
            test.run();
          }
        });
  }

  // In and back

  /** The ways to make a call whose body runs elsewhere, and that waits for it. */
  enum Call {
    RUN {
      @Override
      void on(VoidBody test) throws Exception {
        onANonBlockingThread(test);
      }

      @Override
      void call(VoidBody body) {
        coroutine(body).run();
      }
    },
    RUN_IN_TIME {
      @Override
      void call(VoidBody body) throws Exception {
        coroutine(body).run(LONG);
      }
    },
    RUN_DEEP {
      @Override
      void call(VoidBody body) throws Exception {
        deep(DEEP, body);
      }

      private void deep(int levels, VoidBody body) throws Exception {
        if (levels == 0) {
          body.run();
        } else {
          coroutine(() -> deep(levels - 1, body)).run();
        }
      }
    },
    RUN_ON_A_LOOP {
      @Override
      void on(VoidBody test) throws Exception {
        onANonBlockingThread(test);
      }

      @Override
      void call(VoidBody body) {
        try (EventLoop loop = EventLoop.create("l")) {
          loop.run(coroutine(body));
        }
      }
    },
    ITERATOR_IN_LOCK_STEP {
      @Override
      void call(VoidBody body) {
        assertThat(AnySync.<String>iterator(_ -> body.run()).prefetch(0).hasNext()).isFalse();
      }
    },
    GENERATOR_STEP {
      @Override
      void call(VoidBody body) {
        AnySyncGenerator<String, String> generator =
            AnySync.generator(
                out -> {
                  body.run();
                  var _ = out.yield("x");
                });
        try (generator) {
          assertThat(generator.next()).isEqualTo("x");
        }
      }
    },
    CONTEXT_MANAGER_OPEN {
      @Override
      void call(VoidBody body) {
        AnySync.<String>contextManager(
                out -> {
                  body.run();
                  out.yield("x");
                })
            .open()
            .close();
      }
    };

    void on(VoidBody test) throws Exception {
      test.run();
    }

    abstract void call(VoidBody body) throws Exception;
  }

  static Stream<Arguments> kindsAndCalls() {
    return cross(Call.values());
  }

  private static Stream<Arguments> cross(Object[] ways) {
    return Arrays.stream(Kind.values())
        .flatMap(kind -> Arrays.stream(ways).map(way -> Arguments.of(kind, way)));
  }

  @ParameterizedTest
  @MethodSource("kindsAndCalls")
  void inAndBack(Kind kind, Call call) throws Exception {
    call.on(
        () -> {
          try {
            var threads = new ArrayList<Thread>();
            var seen = new ArrayList<String>();
            kind.set("caller");
            call.call(
                () -> {
                  threads.add(Thread.currentThread());
                  seen.add(kind.seenThenChanged());
                });
            assertThat(threads).hasSize(1).doesNotContain(Thread.currentThread());
            assertThat(seen).containsExactly("caller");
            assertThat(kind.get()).as("changed").isEqualTo("body");

            call.call(kind::clear);
            assertThat(kind.get()).as("removed").isEqualTo("none");

            call.call(() -> seen.add(kind.seenThenChanged()));
            assertThat(seen).containsExactly("caller", "none");
            assertThat(kind.get()).as("set").isEqualTo("body");

            var thrown = new Exception("body");
            assertThat(
                    catchThrowable(
                        () ->
                            call.call(
                                () -> {
                                  kind.set("thrower");
                                  throw thrown;
                                })))
                .isSameAs(thrown);
            assertThat(kind.get()).as("changed before it threw").isEqualTo("thrower");
          } finally {
            kind.clear();
          }
        });
  }

  // In only

  /** The ways to start what its starter does not become a part of. */
  enum Start {
    START {
      @Override
      Unfuture<String> start(Callable<String> body) {
        return coroutine(body).start();
      }
    },
    START_ON_A_LOOP {
      @Override
      Unfuture<String> start(Callable<String> body) {
        EventLoop loop = EventLoop.create("l"); // has no thread when idle
        return coroutine(body).start(loop);
      }
    },
    CALL {
      @Override
      Unfuture<String> start(Callable<String> body) {
        return Unsync.call(body);
      }
    },
    CPU_BOUND {
      @Override
      Unfuture<String> start(Callable<String> body) {
        return Unsync.cpuBound(body);
      }
    },
    ASYNC {
      @Override
      Unfuture<String> start(Callable<String> body) {
        return Unsync.async(body);
      }
    },
    THEN {
      @Override
      Unfuture<String> start(Callable<String> body) {
        var source = new Unfuture<String>();
        Unfuture<String> dependent = source.then(_ -> unchecked(body));
        Thread.startVirtualThread(() -> source.complete("x"));
        return dependent;
      }
    },
    THEN_ASYNC {
      @Override
      Unfuture<String> start(Callable<String> body) {
        var source = new Unfuture<String>();
        Unfuture<String> dependent =
            source.thenAsync(_ -> CompletableFuture.completedFuture(unchecked(body)));
        Thread.startVirtualThread(() -> source.complete("x"));
        return dependent;
      }
    },
    ALL {
      @Override
      Unfuture<String> start(Callable<String> body) {
        return AnySync.all(List.of(coroutine(body))).start().then(all -> all.result().getFirst());
      }
    },
    ITERATOR_FOR_EACH {
      @Override
      Unfuture<String> start(Callable<String> body) throws Exception {
        var seen = new Unfuture<String>();
        // Elsewhere the body runs on the consumer's thread, and nothing needs to be carried.
        onANonBlockingThreadWithThisContext(
            () -> AnySync.<String>iterator(out -> out.yield(body.call())).forEach(seen::complete));
        return seen;
      }
    },
    ITERATOR_NEXT {
      @Override
      Unfuture<String> start(Callable<String> body) {
        return Unfuture.of(AnySync.<String>iterator(out -> out.yield(body.call())).next());
      }
    };

    abstract Unfuture<String> start(Callable<String> body) throws Exception;

    private static String unchecked(Callable<String> body) {
      try {
        return body.call();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }

  static Stream<Arguments> kindsAndStarts() {
    return cross(Start.values());
  }

  @ParameterizedTest
  @MethodSource("kindsAndStarts")
  void inOnly(Kind kind, Start start) throws Exception {
    kind.set("caller");
    // With a time limit, so that the waiter does not run it itself.
    assertThat(start.start(kind::seenThenChanged).result(LONG)).isEqualTo("caller");
    assertThat(kind.get()).isEqualTo("caller");
    kind.clear();
    assertThat(start.start(kind::seenThenChanged).result(LONG)).isEqualTo("none");
    assertThat(kind.get()).isEqualTo("none");
  }

  /** Nothing that its body sets comes back although it ran on the waiter's thread. */
  @ParameterizedTest
  @EnumSource
  void inOnlyThoughTheWaiterRunsTheBody(Kind kind) {
    kind.set("starter");
    Unfuture<String> started = coroutine(kind::seenThenChanged).start();
    kind.set("waiter");
    assertThat(started.result()).isEqualTo("starter");
    assertThat(kind.get()).isEqualTo("waiter");
  }

  /** A continuation has the context of who added it, though both are on the same thread. */
  @ParameterizedTest
  @EnumSource
  void continuationOnTheThreadOfWhoAddedIt(Kind kind) {
    var source = new Unfuture<String>();
    kind.set("adder");
    Unfuture<String> dependent = source.then(_ -> kind.seenThenChanged());
    kind.set("completer");
    source.complete("x");
    assertThat(dependent.result()).isEqualTo("adder");
    assertThat(kind.get()).isEqualTo("completer");
  }

  /** Each has its own, though they take turns. */
  @ParameterizedTest
  @EnumSource
  void coroutinesOfALoop(Kind kind) {
    try (EventLoop loop = EventLoop.create("l")) {
      List<Unfuture<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        String mine = "coroutine " + i;
        kind.set("starter of " + mine);
        all.add(
            coroutine(
                    () -> {
                      boolean kept = kind.get().equals("starter of " + mine);
                      kind.set(mine);
                      for (int j = 0; j < 10; j++) {
                        AnySync.sleep(Duration.ZERO);
                        kept &= mine.equals(kind.get());
                      }
                      return kept;
                    })
                .start(loop));
      }
      assertThat(Unfuture.all(all).result()).containsOnly(true);
    }
  }

  // Threads that are used again

  @ParameterizedTest
  @EnumSource
  void threadsAreLeftAsTheyWere(Kind kind) throws Exception {
    kind.set("caller");
    for (int i = 0; i < 100; i++) {
      assertThat(Unsync.cpuBound(kind::seenThenChanged).result(LONG)).isEqualTo("caller");
    }
    kind.clear();
    for (int i = 0; i < 100; i++) {
      assertThat(Unsync.cpuBound(kind::get).result(LONG)).isEqualTo("none");
      assertThat(
              Unsync.cpuBound(() -> OBSERVATIONS.getCurrentObservationScope() == null).result(LONG))
          .isTrue();
    }
  }

  // Scoped values

  @Test
  void scopedValuesThatAreNamedOnLanesTravelWithTheRest() throws Exception {
    try (Lanes lanes = Lanes.builder().carry(TENANT).build()) {
      MDC.put("user", "ada");
      String seen =
          ScopedValue.where(TENANT, "acme")
              .call(
                  () ->
                      lanes.call(() -> TENANT.get() + " " + MDC.get("user")).result(LONG)
                          + ", "
                          + lanes.cpuBound(() -> TENANT.get() + " " + MDC.get("user")).result(LONG)
                          + ", "
                          + lanes
                              .async(
                                  () ->
                                      coroutine(
                                                  () -> {
                                                    MDC.put("user", "body");
                                                    return TENANT.get();
                                                  })
                                              .run(LONG)
                                          + " "
                                          + MDC.get("user"))
                              .result(LONG));
      assertThat(seen).isEqualTo("acme ada, acme ada, acme body");
      assertThat(MDC.get("user")).isEqualTo("ada");
    }
  }

  // Reactor

  private static void withAutomaticPropagation(VoidBody test) throws Exception {
    Hooks.enableAutomaticContextPropagation();
    try {
      test.run();
    } finally {
      Hooks.disableAutomaticContextPropagation();
    }
  }

  private static String seen() {
    return MDC.get("user") + " " + Kind.SPAN_OF_OPENTELEMETRY.get() + " " + OWN.get();
  }

  private static void setAll(String name) {
    MDC.put("user", name);
    Kind.SPAN_OF_OPENTELEMETRY.set(name);
    OWN.set(name);
  }

  @Test
  void monoThatABodyAwaitsElsewhereCapturesTheCallersContext() throws Exception {
    withAutomaticPropagation(
        () -> {
          setAll("caller");
          Mono<String> mono = Mono.delay(Duration.ofMillis(1)).map(_ -> seen()).contextCapture();
          assertThat(coroutine(() -> AnySyncReactor.await(mono)).run(LONG))
              .isEqualTo("caller caller caller");
          assertThat(Unsync.async(() -> AnySyncReactor.await(mono)).result(LONG))
              .isEqualTo("caller caller caller");
          // Also of a body that has changed it.
          assertThat(
                  coroutine(
                          () -> {
                            setAll("body");
                            return AnySyncReactor.await(mono);
                          })
                      .run(LONG))
              .isEqualTo("body body body");
          assertThat(seen()).isEqualTo("body body body");
        });
  }

  @Test
  void callInAnOperatorHasTheContextOfItsSubscriber() throws Exception {
    withAutomaticPropagation(
        () -> {
          setAll("subscriber");
          Mono<String> mono =
              Mono.just("")
                  .publishOn(Schedulers.parallel())
                  .map(
                      _ -> {
                        assertThat(Schedulers.isInNonBlockingThread()).isTrue();
                        AnySync<String> call =
                            coroutine(
                                () -> {
                                  assertThat(Thread.currentThread().isVirtual()).isTrue();
                                  String seen = seen();
                                  setAll("body");
                                  return seen;
                                });
                        return call.run() + ", " + seen();
                      })
                  .contextWrite(context -> context.put("own", "written"))
                  .contextCapture();
          assertThat(mono.block(LONG)).isEqualTo("subscriber subscriber written, body body body");
          assertThat(seen()).isEqualTo("subscriber subscriber subscriber");
          Mono<String> next = Mono.fromCallable(MicrometerCarrierTest::seen);
          clear();
          for (int i = 0; i < 10; i++) { // on all threads
            assertThat(next.subscribeOn(Schedulers.parallel()).block(LONG))
                .isEqualTo("null none null");
          }
        });
  }

  // The registry

  @Test
  void registryWithoutAccessors() {
    var carrier = new MicrometerCarrier(new ContextRegistry());
    assertThat(carrier.capture()).isNull();
    OWN.set("x");
    carrier.restore(null);
    carrier.leave(null);
    assertThat(OWN.get()).isEqualTo("x");
  }

  @Test
  void nullClearsWhatTheRegistryKnows() {
    var carrier = new MicrometerCarrier();
    assertThat(OWN.get()).isNull();
    for (Kind kind : Kind.values()) {
      kind.set("x");
    }
    carrier.restore(null);
    for (Kind kind : Kind.values()) {
      assertThat(kind.get()).as("%s", kind).isEqualTo("none");
    }
  }

  @Test
  void snapshotDoesNotChangeLater() {
    var carrier = new MicrometerCarrier();
    MDC.put("user", "a");
    Object snapshot = carrier.capture();
    MDC.put("user", "b");
    MDC.put("more", "c");
    carrier.restore(snapshot);
    assertThat(MDC.getCopyOfContextMap()).hasSize(1).containsEntry("user", "a");
  }

  @Test
  void accessorsMayComeAndGo() {
    var registry = new ContextRegistry();
    var carrier = new MicrometerCarrier(registry);
    OWN.set("a");
    assertThat(carrier.capture()).isNull();
    registry.registerThreadLocalAccessor("own", OWN);
    Object snapshot = carrier.capture();
    OWN.set("b");
    carrier.restore(snapshot);
    assertThat(OWN.get()).isEqualTo("a");
    OWN.set("c");
    carrier.leave(snapshot);
    assertThat(OWN.get()).isEqualTo("a");
    assertThat(registry.removeThreadLocalAccessor("own")).isTrue();
    OWN.set("d");
    carrier.restore(snapshot);
    carrier.leave(snapshot);
    assertThat(OWN.get()).isEqualTo("d");
  }

  /** An accessor that opens a scope with each value, and counts those that are open. */
  private static final class Scopes implements ThreadLocalAccessor<String> {
    final ArrayDeque<String> open = new ArrayDeque<>();

    @Override
    public Object key() {
      return "scopes";
    }

    @Override
    public @Nullable String getValue() {
      return open.peek();
    }

    @Override
    public void setValue(String value) {
      open.push(value);
    }

    @Override
    public void setValue() {
      open.push("nothing");
    }

    @Override
    public void restore() {
      open.pop();
    }

    @Override
    public void restore(String previous) {
      open.pop();
      assertThat(open.peek()).isSameAs(previous);
    }
  }

  @Test
  void scopesAreClosedWhenTheBodysThreadIsLeft() {
    var registry = new ContextRegistry();
    var scopes = new Scopes();
    registry.registerThreadLocalAccessor(scopes);
    var carrier = new MicrometerCarrier(registry);
    scopes.open.push("caller");
    Object caller = carrier.capture();
    carrier.restore(caller); // as after a body that has changed nothing
    assertThat(scopes.open).containsExactly("caller");

    scopes.open.clear(); // on the body's thread
    Object before = carrier.capture();
    assertThat(before).isNull();
    carrier.restore(caller);
    carrier.restore(caller);
    scopes.open.push("the body's");
    Object after = carrier.capture();
    carrier.restore(caller); // as in steps
    assertThat(scopes.open).containsExactly("caller", "the body's", "caller");
    carrier.leave(before);
    assertThat(scopes.open).isEmpty();

    scopes.open.push("outer"); // as in a continuation on a thread that has a scope
    before = carrier.capture();
    carrier.restore(after);
    carrier.restore(null);
    assertThat(scopes.open).containsExactly("nothing", "the body's", "outer");
    carrier.leave(before);
    assertThat(scopes.open).containsExactly("outer");
  }

  @Test
  void accessorThatThrows() {
    var thrown = new IllegalStateException("accessor");
    var registry = ContextRegistry.getInstance();
    registry.registerThreadLocalAccessor(
        "thrower",
        () -> "x",
        _ -> {
          throw thrown;
        },
        () -> {});
    try {
      assertThat(catchThrowable(() -> coroutine(() -> "x").run(LONG))).isSameAs(thrown);
    } finally {
      assertThat(registry.removeThreadLocalAccessor("thrower")).isTrue();
    }
    assertThat(coroutine(() -> "x").start().join()).isEqualTo("x");
  }

  // The service

  @Test
  void foundOnTheModulePath() throws Exception {
    assertThat(MicrometerCarrier.class.getModule().isNamed()).isTrue();
    // That module is not named: the library's own service binding brings it.
    String modules = System.getProperty("jdk.module.path");
    assertThat(
            run(
                "--module-path",
                modules,
                "--add-modules",
                "dev.anysync",
                "-cp",
                path("test-classes")))
        .containsExactly("caller, body, module dev.anysync");
  }

  @Test
  void foundOnTheClassPath() throws Exception {
    String path =
        String.join(
            File.pathSeparator,
            System.getProperty("jdk.module.path"),
            System.getProperty("java.class.path"),
            path("test-classes"));
    List<String> lines = run("-cp", path);
    assertThat(lines).hasSize(1);
    assertThat(lines.getFirst()).startsWith("caller, body, unnamed module");
  }

  private static String path(String folder) {
    return Path.of("target", folder).toAbsolutePath().toString();
  }

  /** Runs the program in a JVM of its own, and returns the lines that it prints. */
  private static List<String> run(String... options) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.add(Program.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader output = process.inputReader()) {
      List<String> lines = output.lines().toList();
      assertThat(process.waitFor()).as("%s", lines).isEqualTo(0);
      return lines;
    } finally {
      process.destroyForcibly();
    }
  }

  // The page

  private static AnySync<String> greet() {
    return coroutine(() -> "Hello " + await(CompletableFuture.completedFuture(MDC.get("user"))));
  }

  @Test
  void readme() throws Exception {
    ContextRegistry.getInstance().registerThreadLocalAccessor(new Slf4jThreadLocalAccessor());
    MDC.put("user", "Ann");
    String greeting = greet().run(Duration.ofSeconds(9)); // on a thread of its own
    assertThat(greeting).isEqualTo("Hello Ann");
    try (Lanes lanes = Lanes.builder().carry(TENANT).build()) {
      Unfuture<String> who =
          ScopedValue.where(TENANT, "acme")
              .call(() -> lanes.call(() -> MDC.get("user") + " of " + TENANT.get()));
      assertThat(who.result()).isEqualTo("Ann of acme");
    }
    Readme.assertThatItsCodeIsTested("java");
  }
}
