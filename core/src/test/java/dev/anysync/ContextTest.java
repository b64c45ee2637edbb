package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anysync.spi.ContextCarrier;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What travels with a call to the thread that its body runs on, and back. */
class ContextTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final ScopedValue<String> KEY = ScopedValue.newInstance();
  private static final ScopedValue<String> OTHER_KEY = ScopedValue.newInstance();

  /**
   * Deep enough that a call does not fit the caller's stack, as far as the library is concerned.
   */
  private static final int DEEP = 1_000;

  private final ThreadLocal<@Nullable String> local = new ThreadLocal<>();
  private final Lanes lanes = Lanes.builder().carry(ContextCarrier.of(local)).carry(KEY).build();
  private Lanes before = lanes;

  @BeforeEach
  void share() {
    before = Unsync.share(lanes);
  }

  @AfterEach
  void close() {
    Unsync.share(before);
    lanes.close();
  }

  // In and back

  /** The ways to make a call after which the caller has waited for the body. */
  enum Call {
    RUN {
      @Override
      void call(VoidBody body) {
        coroutine(body).run();
      }
    },
    RUN_IN_RUN {
      @Override
      void call(VoidBody body) {
        coroutine(() -> coroutine(body).run()).run();
      }
    },
    AWAIT {
      @Override
      void call(VoidBody body) {
        AnySync<@Nullable Void> f = coroutine(body);
        coroutine(
                () -> {
                  await(f);
                })
            .run();
      }
    },
    RUN_IN_TIME {
      @Override
      void call(VoidBody body) throws Exception {
        coroutine(body).run(LONG);
      }
    },
    RUN_IN_TIME_TWICE {
      @Override
      void call(VoidBody body) throws Exception {
        coroutine(() -> RUN_IN_TIME.call(body)).run(LONG);
      }
    },
    RUN_DEEP {
      @Override
      void call(VoidBody body) throws Exception {
        deep(DEEP, body);
      }

      private void deep(int levels, VoidBody body) throws Exception {
        coroutine(
                () -> {
                  if (levels == 0) {
                    body.run();
                  } else {
                    deep(levels - 1, body);
                  }
                })
            .run();
      }
    },
    AWAIT_DEEP {
      @Override
      void call(VoidBody body) {
        coroutine(() -> deep(DEEP, body)).run();
      }

      static void deep(int levels, VoidBody body) {
        AnySync<@Nullable Void> next =
            coroutine(
                () -> {
                  if (levels == 0) {
                    body.run();
                  } else {
                    deep(levels - 1, body);
                  }
                });
        await(next);
      }
    },
    LOOP_RUN {
      @Override
      void call(VoidBody body) {
        try (EventLoop loop = EventLoop.create("l")) {
          loop.run(coroutine(body));
        }
      }
    },
    LOOP_RUN_AWAIT {
      @Override
      void call(VoidBody body) {
        AnySync<@Nullable Void> f = coroutine(body);
        try (EventLoop loop = EventLoop.create("l")) {
          loop.run(
              coroutine(
                  () -> {
                    await(f);
                  }));
        }
      }
    },
    LOOP_RUN_AWAIT_DEEP {
      @Override
      void call(VoidBody body) {
        try (EventLoop loop = EventLoop.create("l")) {
          loop.run(coroutine(() -> AWAIT_DEEP.call(body)));
        }
      }
    },
    LOOP_RUN_SUSPENDED_DEEP {
      @Override
      void call(VoidBody body) {
        try (EventLoop loop = EventLoop.create("l")) {
          loop.run(coroutine(() -> deep(DEEP, body)));
        }
      }

      // As AWAIT_DEEP, without a run() in between that would hold the loop.
      private void deep(int levels, VoidBody body) {
        AnySync<@Nullable Void> next =
            coroutine(
                () -> {
                  if (levels == 0) {
                    body.run();
                  } else {
                    deep(levels - 1, body);
                  }
                });
        await(next);
      }
    },
    FOR_EACH {
      @Override
      void call(VoidBody body) {
        AnySync.<String>iterator(out -> body.run()).forEach(_ -> {});
      }
    },
    GENERATOR_STEP {
      @Override
      void call(VoidBody body) {
        AnySyncGenerator<String, String> g =
            AnySync.generator(
                out -> {
                  body.run();
                  var _ = out.yield("x");
                });
        try (g) {
          assertThat(g.next()).isEqualTo("x");
        }
      }
    },
    LOCK_STEP {
      @Override
      void call(VoidBody body) {
        assertThat(AnySync.<String>iterator(_ -> body.run()).prefetch(0).hasNext()).isFalse();
      }
    },
    OPEN {
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
    },
    CLOSE {
      @Override
      void call(VoidBody body) {
        AnySync.<String>contextManager(
                out -> {
                  out.yield("x");
                  body.run();
                })
            .open()
            .close();
      }
    },
    USE {
      @Override
      void call(VoidBody body) {
        AnySync.<String>contextManager(
                out -> {
                  body.run();
                  out.yield("x");
                })
            .<String>use(s -> s);
      }
    };

    abstract void call(VoidBody body) throws Exception;
  }

  @ParameterizedTest
  @EnumSource
  void inAndBackOnAPlatformThread(Call call) throws Exception {
    TestThread.Kind.PLATFORM.run(() -> inAndBack(call));
  }

  @ParameterizedTest
  @EnumSource
  void inAndBackOnAVirtualThread(Call call) throws Exception {
    TestThread.Kind.VIRTUAL.run(() -> inAndBack(call));
  }

  @ParameterizedTest
  @EnumSource
  void inAndBackInACoroutine(Call call) throws Exception {
    coroutine(() -> inAndBack(call)).start().result();
  }

  private void inAndBack(Call call) throws Exception {
    var seen = new ArrayList<@Nullable String>();
    local.set("caller");
    call.call(
        () -> {
          seen.add(local.get());
          local.set("body");
        });
    assertThat(seen).containsExactly("caller");
    assertThat(local.get()).isEqualTo("body");

    call.call(local::remove);
    assertThat(local.get()).isNull();

    call.call(() -> seen.add(local.get()));
    assertThat(seen).containsExactly("caller", null);
  }

  @ParameterizedTest
  @EnumSource
  void backEvenIfTheBodyThrows(Call call) {
    var thrown = new IOException("body");
    local.set("caller");
    assertThatThrownBy(
            () ->
                call.call(
                    () -> {
                      local.set("body");
                      throw thrown;
                    }))
        .isSameAs(thrown);
    assertThat(local.get()).isEqualTo("body");
  }

  @ParameterizedTest
  @EnumSource
  void scopedValuesTravelIn(Call call) throws Exception {
    var seen = new ArrayList<String>();
    call.call(() -> seen.add(KEY.orElse("unbound")));
    ScopedValue.where(KEY, "a")
        .call(
            () -> {
              call.call(() -> seen.add(KEY.get()));
              // a binding inside is for what is inside of it
              call.call(() -> ScopedValue.where(KEY, "b").run(() -> seen.add(KEY.get())));
              seen.add(KEY.get());
              return null;
            });
    assertThat(seen).containsExactly("unbound", "a", "b", "a");
  }

  // In only

  @Test
  void startTakesTheContextOfItsCaller() {
    local.set("caller");
    Unfuture<String> started = coroutine(this::seenThenChanged).start();
    local.set("later"); // has no influence
    assertThat(started.then(s -> s.result()).join()).isEqualTo("caller");
    assertThat(local.get()).isEqualTo("later");
  }

  @Test
  void startTakesTheContextOfItsCallerOnLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      local.set("caller");
      assertThat(coroutine(this::seenThenChanged).start(loop).join()).isEqualTo("caller");
      assertThat(local.get()).isEqualTo("caller");
    }
  }

  @Test
  void lanesTakeTheContextOfTheCaller() {
    local.set("caller");
    assertThat(Unsync.call(this::seenThenChanged).result()).isEqualTo("caller");
    assertThat(Unsync.cpuBound(this::seenThenChanged).result()).isEqualTo("caller");
    assertThat(Unsync.async(this::seenThenChanged).result()).isEqualTo("caller");
    assertThat(Unsync.function(_ -> seenThenChanged()).apply(1).result()).isEqualTo("caller");
    assertThat(local.get()).isEqualTo("caller");
  }

  @Test
  void membersOfAllTakeTheContextOfTheCaller() {
    local.set("caller");
    AnySync<String> f = coroutine(this::seenThenChanged);
    assertThat(AnySync.all(List.of(f, f)).run()).containsExactly("caller", "caller");
    assertThat(AnySync.race(List.of(f)).run()).isEqualTo("caller");
    assertThat(local.get()).isEqualTo("caller");
  }

  @Test
  void prefetchingIteratorTakesTheContextOfItsFirstCaller() {
    local.set("caller");
    AnySyncIterator<String> iterator =
        AnySync.iterator(
            out -> {
              out.yield(seenThenChanged());
              out.yield(String.valueOf(local.get()));
            });
    for (String element : iterator) {
      local.set("consumer " + element);
    }
    assertThat(local.get()).isEqualTo("consumer body");
  }

  @Test
  void continuationsTakeTheContextOfWhoAddedThem() {
    var source = new Unfuture<Integer>();
    local.set("caller");
    Unfuture<String> then = source.then(_ -> seenThenChanged());
    Unfuture<String> thenAsync =
        source.thenAsync(_ -> CompletableFuture.completedFuture(seenThenChanged()));
    local.set("completer");
    source.complete(1);
    assertThat(then.result()).isEqualTo("caller");
    assertThat(thenAsync.result()).isEqualTo("caller");
    assertThat(local.get()).isEqualTo("completer");
  }

  private String seenThenChanged() {
    String seen = String.valueOf(local.get());
    local.set("body");
    return seen;
  }

  @Test
  void nothingComesBackFromABodyThatTookTooLong() {
    local.set("caller");
    assertThatThrownBy(
            () ->
                coroutine(
                        () -> {
                          local.set("body");
                          await(new CompletableFuture<String>());
                        })
                    .run(Duration.ofMillis(20)))
        .isInstanceOf(TimeoutException.class);
    assertThat(local.get()).isEqualTo("caller");
  }

  @Test
  void scopedValuesTravelInWithStart() {
    ScopedValue.where(KEY, "a")
        .where(OTHER_KEY, "not named")
        .run(
            () -> {
              assertThat(coroutine(KEY::get).start().join()).isEqualTo("a");
              assertThat(Unsync.cpuBound(KEY::get).join()).isEqualTo("a");
              assertThat(Unsync.async(KEY::get).join()).isEqualTo("a");
            });
  }

  @Test
  void onlyTheNamedScopedValuesTravel() throws Exception {
    ScopedValue.where(KEY, "a")
        .where(OTHER_KEY, "b")
        .call(
            () -> {
              // here they are simply there
              assertThat(coroutine(() -> KEY.get() + OTHER_KEY.get()).run()).isEqualTo("ab");
              // over there only those that were named
              assertThat(coroutine(() -> KEY.get() + OTHER_KEY.isBound()).run(LONG))
                  .isEqualTo("afalse");
              return null;
            });
  }

  // Threads that are used again

  @Test
  void aThreadIsLeftAsItWas() {
    local.set("a");
    assertThat(Unsync.cpuBound(this::seenThenChanged).result()).isEqualTo("a");
    local.remove();
    for (int i = 0; i < 50; i++) { // some of them on the thread of the first
      assertThat(Unsync.cpuBound(() -> String.valueOf(local.get())).result()).isEqualTo("null");
    }
  }

  @Test
  void coroutinesOfALoopHaveEachTheirOwn() {
    try (EventLoop loop = EventLoop.create("l")) {
      List<Unfuture<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        String mine = "coroutine " + i;
        all.add(
            coroutine(
                    () -> {
                      local.set(mine);
                      boolean kept = true;
                      for (int j = 0; j < 20; j++) {
                        AnySync.sleep(Duration.ZERO);
                        kept &= mine.equals(local.get());
                      }
                      return kept;
                    })
                .start(loop));
      }
      assertThat(Unfuture.all(all).result()).containsOnly(true);
    }
  }

  @Test
  void awaitOfACoroutineStartedOnTheLoopBringsNothingBack() {
    try (EventLoop loop = EventLoop.create("l")) {
      local.set("caller");
      assertThat(
              loop.run(
                  coroutine(
                      () -> {
                        String seen = await(coroutine(this::seenThenChanged).start(loop));
                        return seen + ", " + local.get();
                      })))
          .isEqualTo("caller, caller");
    }
  }

  // Without carriers

  @Test
  void plainThreadLocalsAreThereOnTheFastPath() {
    var plain = new ThreadLocal<@Nullable String>();
    plain.set("caller");
    assertThat(coroutine(plain::get).run()).isEqualTo("caller");
    coroutine(() -> coroutine(() -> plain.set("body")).run()).run();
    assertThat(plain.get()).isEqualTo("body");
    AnySync<@Nullable Void> change = coroutine(() -> plain.set("awaited"));
    coroutine(
            () -> {
              await(change);
            })
        .run();
    assertThat(plain.get()).isEqualTo("awaited");
    AnySync.<String>iterator(out -> out.yield(String.valueOf(plain.get()))).forEach(plain::set);
    assertThat(plain.get()).isEqualTo("awaited");
    AnySync.<String>contextManager(
            out -> {
              plain.set("entered");
              out.yield("x");
            })
        .<String>use(s -> s);
    assertThat(plain.get()).isEqualTo("entered");
  }

  @Test
  void fastPathAsksNoCarrier() {
    var calls = new AtomicInteger();
    ContextCarrier counting =
        new ContextCarrier() {
          @Override
          public @Nullable Object capture() {
            calls.incrementAndGet();
            return null;
          }

          @Override
          public void restore(@Nullable Object snapshot) {
            calls.incrementAndGet();
          }
        };
    try (Lanes counted = Lanes.builder().carry(counting).build()) {
      Lanes shared = Unsync.share(counted);
      try {
        AnySync<Integer> f = coroutine(() -> 1);
        assertThat(coroutine(() -> await(f) + f.run()).run()).isEqualTo(2);
        AnySync.<Integer>iterator(out -> out.yield(1)).forEach(_ -> {});
        assertThat(calls).hasValue(0);
        assertThat(f.start().join()).isEqualTo(1);
        assertThat(calls.get()).isPositive();
      } finally {
        Unsync.share(shared);
      }
    }
  }

  @Test
  void severalCarriersAreIndependent() throws Exception {
    var one = new ThreadLocal<@Nullable String>();
    var two = new ThreadLocal<@Nullable String>();
    try (Lanes both =
        Lanes.builder().carry(ContextCarrier.of(one), ContextCarrier.of(two)).build()) {
      Lanes shared = Unsync.share(both);
      try {
        one.set("1");
        assertThat(coroutine(() -> one.get() + two.get()).run(LONG)).isEqualTo("1null");
        coroutine(
                () -> {
                  one.remove();
                  two.set("2");
                })
            .run(LONG);
        assertThat(one.get()).isNull();
        assertThat(two.get()).isEqualTo("2");
      } finally {
        Unsync.share(shared);
      }
    }
  }

  /** The thread of the body leaves what it was given; its caller enters what the body left. */
  @Test
  void carrierIsToldWhenTheBodysThreadIsDone() throws Exception {
    var log = new ConcurrentLinkedQueue<String>();
    var caller = Thread.currentThread();
    ContextCarrier logging =
        new ContextCarrier() {
          @Override
          public @Nullable Object capture() {
            return local.get();
          }

          @Override
          public void restore(@Nullable Object snapshot) {
            note("restores", snapshot);
            local.set((String) snapshot);
          }

          @Override
          public void leave(@Nullable Object before) {
            note("leaves to", before);
            local.set((String) before);
          }

          private void note(String operation, @Nullable Object snapshot) {
            String who = Thread.currentThread() == caller ? "caller " : "body ";
            log.add(who + operation + " " + snapshot);
          }
        };
    try (Lanes logged = Lanes.builder().carry(logging).build()) {
      Lanes shared = Unsync.share(logged);
      try {
        local.set("a");
        coroutine(() -> local.set("b")).run(LONG);
        assertThat(log)
            .containsExactly("body restores a", "body leaves to null", "caller restores b");
        log.clear();
        AnySyncGenerator<String, String> g =
            AnySync.generator(
                out -> {
                  local.set("c");
                  var _ = out.yield("x");
                  local.set("e");
                });
        assertThat(g.next()).isEqualTo("x");
        local.set("d");
        assertThat(g.hasNext()).isFalse();
        g.close();
        Awaitility.await().until(() -> log.contains("body leaves to null"));
        assertThat(log)
            .containsSubsequence(
                "body restores b", "caller restores c", "body restores d", "caller restores e")
            .containsOnlyOnce("body leaves to null");
      } finally {
        Unsync.share(shared);
      }
    }
  }

  // Carriers that are found as services

  /** A carrier as a service. */
  public static final class Service implements ContextCarrier {
    static final ThreadLocal<@Nullable Object> LOCAL = new ThreadLocal<>();

    /** For the service loader. */
    public Service() {}

    @Override
    public @Nullable Object capture() {
      return LOCAL.get();
    }

    @Override
    public void restore(@Nullable Object snapshot) {
      LOCAL.set(snapshot);
    }
  }

  /** What is run where the service is known. */
  public static final class WithService implements Callable<String> {
    /** For reflection. */
    public WithService() {}

    @Override
    public String call() throws Exception {
      Service.LOCAL.set("caller");
      String seen =
          coroutine(
                  () -> {
                    Object in = Service.LOCAL.get();
                    Service.LOCAL.set("body");
                    return "in: " + in;
                  })
              .run(Duration.ofSeconds(30));
      String back = "back: " + Service.LOCAL.get();
      try (Lanes own = Lanes.builder().build()) {
        // with a time limit, so that the waiter does not run it itself
        Object there = own.call(() -> Service.LOCAL.get()).result(Duration.ofSeconds(30));
        return seen + ", " + back + ", own: " + there;
      }
    }
  }

  /**
   * The tests are a part of the module itself, whose services are those of its declaration; so the
   * library is loaded once more, from the class path.
   */
  @Test
  void carriersAreFoundAsServices(@TempDir Path directory) throws Exception {
    Path services = Files.createDirectories(directory.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(ContextCarrier.class.getName()), Service.class.getName() + "\n");
    URL[] path = {
      directory.toUri().toURL(),
      Path.of("target/classes/").toAbsolutePath().toUri().toURL(),
      Path.of("target/test-classes/").toAbsolutePath().toUri().toURL()
    };
    // no parent: the platform's class loader would find the classes of the module
    try (var loader = new URLClassLoader(path, null)) {
      Object found = loader.loadClass(WithService.class.getName()).getConstructor().newInstance();
      assertThat(((Callable<?>) found).call()).isEqualTo("in: caller, back: body, own: body");
    }
  }

  @Test
  void withoutTheServiceNothingIsCarried() throws Exception {
    assertThat(new WithService().call()).isEqualTo("in: null, back: caller, own: null");
  }
}
