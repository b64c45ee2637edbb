package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static dev.anysync.AnySync.sleep;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.params.provider.EnumSource.Mode.EXCLUDE;

import dev.anysync.spi.ContextCarrier;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Context managers, as one body and as a subclass, in each way to use one. */
class ContextManagerTest {

  /** What enters and exits note here what they see, in order. */
  static final class Log {
    final List<String> lines = new ArrayList<>();
    final AtomicReference<@Nullable Throwable> error = new AtomicReference<>();

    synchronized void add(String line) {
      lines.add(line);
    }

    synchronized List<String> lines() {
      return List.copyOf(lines);
    }
  }

  /** The two forms of the same context manager: enters with 42, exits, lets errors pass. */
  enum Form {
    BODY {
      @Override
      AnySyncContextManager<Integer> make(Log log) {
        return AnySync.contextManager(
            out -> {
              log.add("enter");
              try {
                out.yield(42);
              } catch (Throwable e) {
                log.error.set(e);
                throw e;
              } finally {
                log.add("exit");
              }
            });
      }
    },
    SUBCLASS {
      @Override
      AnySyncContextManager<Integer> make(Log log) {
        return new AnySyncContextManager<>() {
          @Override
          protected Integer enter() {
            log.add("enter");
            return 42;
          }

          @Override
          protected boolean exit(@Nullable Throwable error) {
            log.error.set(error);
            log.add("exit");
            return false;
          }
        };
      }
    };

    abstract AnySyncContextManager<Integer> make(Log log);
  }

  /** The ways to use one; the block gets the resource. */
  enum Way {
    OPEN {
      @Override
      void use(AnySyncContextManager<Integer> cm, VoidBody block) throws Exception {
        try (var opened = cm.open()) {
          assertThat(opened.value()).isEqualTo(42);
          block.run();
        }
      }
    },
    OPEN_ASYNC {
      @Override
      void use(AnySyncContextManager<Integer> cm, VoidBody block) throws Exception {
        AnySync<AnySyncContextManager.Opened<Integer>> open = cm.openAsync();
        coroutine(
                () -> {
                  AnySyncContextManager.Opened<Integer> opened = await(open);
                  try {
                    assertThat(opened.value()).isEqualTo(42);
                    block.run();
                  } finally {
                    await(opened.closeAsync());
                  }
                })
            .run();
      }
    },
    USE {
      @Override
      void use(AnySyncContextManager<Integer> cm, VoidBody block) {
        cm.<@Nullable Void>use(value -> work(value, block));
      }
    },
    USE_ASYNC {
      @Override
      void use(AnySyncContextManager<Integer> cm, VoidBody block) {
        cm.<@Nullable Void>useAsync(value -> work(value, block)).run();
      }
    },
    USE_ASYNC_STARTED {
      @Override
      void use(AnySyncContextManager<Integer> cm, VoidBody block) {
        cm.<@Nullable Void>useAsync(value -> work(value, block)).start().result();
      }
    };

    abstract void use(AnySyncContextManager<Integer> cm, VoidBody block) throws Exception;

    /** Whether the exit is told of the block's error; try-with-resources does not tell it. */
    boolean seesTheError() {
      return this != OPEN && this != OPEN_ASYNC;
    }

    private static @Nullable Void work(Integer value, VoidBody block) {
      assertThat(value).isEqualTo(42);
      try {
        block.run();
      } catch (Exception e) {
        throw Strand.sneaky(e);
      }
      return null;
    }
  }

  @Test
  void seedsExampleAsABody() {
    AnySyncContextManager<Integer> cm = AnySync.contextManager(out -> out.yield(42));
    try (var x = cm.open()) {
      assertThat(x.value()).isEqualTo(42);
    }
  }

  @Test
  void seedsExampleAsASubclass() {
    class Cm extends AnySyncContextManager<Integer> {
      @Override
      protected Integer enter() {
        return 42;
      }

      @Override
      protected boolean exit(@Nullable Throwable error) {
        return false;
      }
    }

    try (var x = new Cm().open()) {
      assertThat(x.value()).isEqualTo(42);
    }
  }

  // Enter, block, exit

  @ParameterizedTest
  @EnumSource
  void entersAndExitsBody(Way way) throws Exception {
    entersAndExits(way, Form.BODY);
  }

  @ParameterizedTest
  @EnumSource
  void entersAndExitsSubclass(Way way) throws Exception {
    entersAndExits(way, Form.SUBCLASS);
  }

  private static void entersAndExits(Way way, Form form) throws Exception {
    var log = new Log();
    AnySyncContextManager<Integer> cm = form.make(log);
    for (TestThread.Kind kind : TestThread.Kind.values()) {
      log.lines.clear();
      kind.run(() -> way.use(cm, () -> log.add("block")));
      assertThat(log.lines()).containsExactly("enter", "block", "exit");
      assertThat(log.error).hasNullValue();
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EXCLUDE, names = "USE_ASYNC_STARTED") // result() is refused on a loop
  void entersAndExitsOnLoop(Way way) {
    for (Form form : Form.values()) {
      var log = new Log();
      try (EventLoop loop = EventLoop.create("l")) {
        loop.run(coroutine(() -> way.use(form.make(log), () -> log.add("block"))));
      }
      assertThat(log.lines()).containsExactly("enter", "block", "exit");
    }
  }

  @ParameterizedTest
  @EnumSource
  void blocksErrorBody(Way way) {
    blocksError(way, Form.BODY);
  }

  @ParameterizedTest
  @EnumSource
  void blocksErrorSubclass(Way way) {
    blocksError(way, Form.SUBCLASS);
  }

  private static void blocksError(Way way, Form form) {
    var log = new Log();
    var thrown = new IOException("block");
    assertThat(catchThrowable(() -> way.use(form.make(log), () -> throwNow(thrown))))
        .isSameAs(thrown);
    assertThat(log.lines()).containsExactly("enter", "exit");
    assertThat(log.error.get()).isSameAs(way.seesTheError() ? thrown : null);
  }

  private static void throwNow(Exception e) throws Exception {
    throw e;
  }

  @Test
  void anyNumberOfUses() throws Exception {
    for (Form form : Form.values()) {
      var log = new Log();
      AnySyncContextManager<Integer> cm = form.make(log);
      for (Way way : Way.values()) {
        way.use(cm, () -> log.add("block"));
      }
      assertThat(log.lines()).hasSize(3 * Way.values().length);
      try (var one = cm.open();
          var two = cm.open()) { // at the same time
        assertThat(one.value() + two.value()).isEqualTo(84);
      }
    }
  }

  @Test
  void nullResource() {
    AnySyncContextManager<@Nullable String> cm =
        AnySync.<@Nullable String>contextManager(out -> out.yield(null));
    try (var opened = cm.open()) {
      assertThat(opened.value()).isNull();
    }
    assertThat(cm.<Boolean>use(value -> value == null)).isTrue();
  }

  @Test
  void useReturnsWhatTheBlockReturns() {
    var cm = Form.BODY.make(new Log());
    assertThat(cm.<Integer>use(value -> value + 1)).isEqualTo(43);
    assertThat(cm.<Integer>useAsync(value -> value + 1).run()).isEqualTo(43);
    AnySync<@Nullable Integer> use = cm.useAsync(value -> value + 1);
    assertThat(AnySync.<@Nullable Integer>coroutine(() -> await(use)).run()).isEqualTo(43);
    assertThat(cm.<@Nullable Integer>use(_ -> null)).isNull();
  }

  // Awaiting

  private static AnySyncContextManager<Integer> awaiting(Log log) {
    return new AnySyncContextManager<>() {
      @Override
      protected Integer enter() {
        log.add(await(Unsync.call(() -> "enter")));
        AnySync.sleep(Duration.ofMillis(1));
        return 42;
      }

      @Override
      protected boolean exit(@Nullable Throwable error) {
        AnySync.sleep(Duration.ofMillis(1));
        log.add(await(Unsync.call(() -> "exit")));
        return false;
      }
    };
  }

  @ParameterizedTest
  @EnumSource
  void enterAndExitMayAwait(Way way) throws Exception {
    var log = new Log();
    way.use(awaiting(log), () -> log.add("block"));
    assertThat(log.lines()).containsExactly("enter", "block", "exit");
  }

  @ParameterizedTest
  @EnumSource(mode = EXCLUDE, names = "USE_ASYNC_STARTED")
  void enterAndExitMayAwaitOnLoop(Way way) {
    var log = new Log();
    try (EventLoop loop = EventLoop.create("l")) {
      loop.run(coroutine(() -> way.use(awaiting(log), () -> log.add("block"))));
    }
    assertThat(log.lines()).containsExactly("enter", "block", "exit");
  }

  @Test
  void blockOfUseMayNotAwaitOutside() {
    var log = new Log();
    assertThatThrownBy(() -> Form.BODY.make(log).<String>use(_ -> await(Unfuture.of("x"))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
    assertThat(log.lines()).containsExactly("enter", "exit");
  }

  @Test
  void blockOfUseAsyncMayAwait() {
    var cm = Form.BODY.make(new Log());
    assertThat(cm.<String>useAsync(_ -> await(Unsync.call(() -> "x"))).run()).isEqualTo("x");
    assertThat(coroutine(() -> String.valueOf(cm.<String>use(_ -> await(Unfuture.of("x"))))).run())
        .isEqualTo("x");
  }

  @Test
  void useAsyncGivesUpTheLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var go = new CompletableFuture<String>();
      AnySync<@Nullable String> use =
          Form.BODY.make(new Log()).useAsync(_ -> await(go) + loop.inLoop());
      Unfuture<@Nullable String> used =
          AnySync.<@Nullable String>coroutine(() -> await(use)).start(loop);
      coroutine(() -> go.complete("x")).start(loop).result();
      assertThat(used.result()).isEqualTo("xtrue");
    }
  }

  @Test
  void openAsyncAndCloseAsyncGiveUpTheLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var enter = new CompletableFuture<String>();
      var exit = new CompletableFuture<String>();
      var exited = new AtomicReference<@Nullable String>();
      AnySyncContextManager<String> cm =
          AnySync.contextManager(
              out -> {
                out.yield(await(enter) + loop.inLoop());
                exited.set(await(exit) + loop.inLoop());
              });
      AnySync<String> main =
          coroutine(
              () -> {
                var opened = await(cm.openAsync());
                String value = opened.value();
                await(opened.closeAsync());
                return value;
              });
      Unfuture<String> result = main.start(loop);
      coroutine(() -> enter.complete("in ")).start(loop).result();
      coroutine(() -> exit.complete("out ")).start(loop).result();
      assertThat(result.result()).isEqualTo("in true");
      assertThat(exited).hasValue("out true");
    }
  }

  // Swallowing

  @Test
  void exitThatSwallowsSubclass() {
    AnySyncContextManager<Integer> cm =
        new AnySyncContextManager<>() {
          @Override
          protected Integer enter() {
            return 42;
          }

          @Override
          protected boolean exit(@Nullable Throwable error) {
            return error instanceof IOException;
          }
        };
    swallows(cm);
  }

  @Test
  void exitThatSwallowsBody() {
    swallows(
        AnySync.contextManager(
            out -> {
              try {
                out.yield(42);
              } catch (Throwable e) {
                if (!(e instanceof IOException)) {
                  throw e;
                }
              }
            }));
  }

  private static void swallows(AnySyncContextManager<Integer> cm) {
    for (Way way : Way.values()) {
      if (way.seesTheError()) {
        assertThat(catchThrowable(() -> way.use(cm, () -> throwNow(new IOException("x")))))
            .isNull();
        var other = new Exception("other");
        assertThat(catchThrowable(() -> way.use(cm, () -> throwNow(other)))).isSameAs(other);
      }
    }
    assertThat(
            cm.<String>use(
                _ -> {
                  throw Strand.sneaky(new IOException("x"));
                }))
        .isNull();
  }

  @ParameterizedTest
  @EnumSource
  void exitThatFails(Way way) {
    var thrown = new IOException("exit");
    for (var cm :
        List.of(
            AnySync.<Integer>contextManager(
                out -> {
                  try {
                    out.yield(42);
                  } finally {
                    throwNow(thrown);
                  }
                }),
            new AnySyncContextManager<Integer>() {
              @Override
              protected Integer enter() {
                return 42;
              }

              @Override
              protected boolean exit(@Nullable Throwable error) throws Exception {
                throw thrown;
              }
            })) {
      assertThat(catchThrowable(() -> way.use(cm, () -> {}))).isSameAs(thrown);
    }
  }

  @ParameterizedTest
  @EnumSource
  void exitThatFailsAfterTheBlockHas(Way way) {
    var blocks = new IOException("block");
    var exits = new IOException("exit");
    AnySyncContextManager<Integer> cm =
        new AnySyncContextManager<>() {
          @Override
          protected Integer enter() {
            return 42;
          }

          @Override
          protected boolean exit(@Nullable Throwable error) throws Exception {
            throw exits;
          }
        };
    Throwable error = catchThrowable(() -> way.use(cm, () -> throwNow(blocks)));
    switch (way) {
      case USE, USE_ASYNC, USE_ASYNC_STARTED -> {
        assertThat(error).isSameAs(exits);
        assertThat(error.getSuppressed()).contains(blocks);
      }
      case OPEN -> { // as with every other resource
        assertThat(error).isSameAs(blocks);
        assertThat(error.getSuppressed()).contains(exits);
      }
      case OPEN_ASYNC -> assertThat(error).isSameAs(exits); // as with every finally
    }
  }

  // Entering fails

  @ParameterizedTest
  @EnumSource
  void enteringFails(Way way) {
    var thrown = new IOException("enter");
    var exits = new AtomicInteger();
    for (var cm :
        List.of(
            AnySync.<Integer>contextManager(
                out -> {
                  throwNow(thrown);
                  try {
                    out.yield(42);
                  } finally {
                    exits.incrementAndGet();
                  }
                }),
            new AnySyncContextManager<Integer>() {
              @Override
              protected Integer enter() throws Exception {
                throw thrown;
              }

              @Override
              protected boolean exit(@Nullable Throwable error) {
                exits.incrementAndGet();
                return true;
              }
            })) {
      assertThat(catchThrowable(() -> way.use(cm, exits::incrementAndGet))).isSameAs(thrown);
    }
    assertThat(exits).hasValue(0);
  }

  @ParameterizedTest
  @EnumSource
  void fiftyFailingEntersLeaveNothingBehind(Way way) throws Exception {
    var thrown = new IOException("enter");
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              AnySync.sleep(Duration.ZERO);
              throw thrown;
            });
    Lanes lanes = Lanes.builder().build();
    Lanes before = Unsync.share(lanes);
    try {
      for (int i = 0; i < 50; i++) {
        assertThat(catchThrowable(() -> way.use(cm, () -> {}))).isSameAs(thrown);
      }
    } finally {
      Unsync.share(before);
    }
    // It waits for all bodies: there is none that waits to be closed.
    TestThread.start(() -> lanes.close()).join();
  }

  // Bodies that do not yield once

  @ParameterizedTest
  @EnumSource
  void bodyThatNeverYields(Way way) {
    AnySyncContextManager<Integer> cm = AnySync.contextManager(out -> {});
    assertThatThrownBy(() -> way.use(cm, () -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("without a yield")
        .hasMessageContaining("once");
  }

  @ParameterizedTest
  @EnumSource
  void bodyThatYieldsTwice(Way way) {
    var cleaned = new AtomicInteger();
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              try {
                out.yield(42);
                out.yield(43);
              } finally {
                cleaned.incrementAndGet();
              }
            });
    var blocks = new AtomicInteger();
    assertThatThrownBy(() -> way.use(cm, blocks::incrementAndGet))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("yielded twice")
        .hasMessageContaining("once");
    assertThat(blocks).hasValue(1);
    assertThat(cleaned).hasValue(1);
  }

  @ParameterizedTest
  @EnumSource
  void bodyThatYieldsAgainAfterTheBlockFailed(Way way) {
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              try {
                out.yield(42);
              } finally {
                out.yield(43);
              }
            });
    var thrown = new IOException("block");
    Throwable error = catchThrowable(() -> way.use(cm, () -> throwNow(thrown)));
    if (way == Way.OPEN) {
      assertThat(error).isSameAs(thrown);
      error = error.getSuppressed()[0];
    }
    assertThat(error)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("yielded twice");
  }

  // Where enter and exit run

  private static AnySyncContextManager<Thread> threads(AtomicReference<@Nullable Thread> exit) {
    return AnySync.contextManager(
        out -> {
          out.yield(Thread.currentThread());
          exit.set(Thread.currentThread());
        });
  }

  @Test
  void useEntersAndExitsHere() {
    var exit = new AtomicReference<@Nullable Thread>();
    Thread here = Thread.currentThread();
    assertThat(threads(exit).<Thread>use(enter -> enter)).isSameAs(here);
    assertThat(exit.get()).isSameAs(here);
  }

  @Test
  void openedEntersAndExitsInOneThreadWhoeverCloses() throws Exception {
    var exit = new AtomicReference<@Nullable Thread>();
    var opened = threads(exit).open();
    Thread enter = opened.value();
    TestThread.start(() -> opened.close()).join();
    assertThat(exit.get()).isSameAs(enter);
  }

  @Test
  void openedEntersAndExitsInOneThreadAsync() {
    var exit = new AtomicReference<@Nullable Thread>();
    var opened = threads(exit).openAsync().run();
    Thread enter = opened.value();
    opened.closeAsync().start().result();
    assertThat(exit.get()).isSameAs(enter);
  }

  @Test
  void threadLocalsOfEnterAreThereAtExit() {
    var local = new ThreadLocal<@Nullable String>();
    var atExit = new AtomicReference<@Nullable String>();
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              local.set("entered");
              out.yield(42);
              atExit.set(local.get());
            });
    cm.open().close();
    assertThat(atExit).hasValue("entered");
    atExit.set(null);
    assertThat(cm.<Integer>use(value -> value)).isEqualTo(42);
    assertThat(atExit).hasValue("entered");
  }

  @Test
  void contextTravelsFromAndToTheBlock() {
    var local = new ThreadLocal<@Nullable String>();
    try (Lanes lanes = Lanes.builder().carry(ContextCarrier.of(local)).build()) {
      Lanes before = Unsync.share(lanes);
      try {
        var seen = new ArrayList<@Nullable String>();
        AnySyncContextManager<Integer> cm =
            AnySync.contextManager(
                out -> {
                  seen.add(local.get());
                  local.set("enter");
                  out.yield(42);
                  seen.add(local.get());
                  local.set("exit");
                });
        local.set("outside");
        try (var _ = cm.open()) {
          assertThat(local.get()).isEqualTo("enter");
          local.set("block");
        }
        assertThat(local.get()).isEqualTo("exit");
        assertThat(seen).containsExactly("outside", "block");
      } finally {
        Unsync.share(before);
      }
    }
  }

  // Opened

  @Test
  void valueAfterClose() {
    var opened = Form.BODY.make(new Log()).open();
    opened.close();
    assertThatThrownBy(opened::value)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed")
        .hasMessageContaining("open a new one");
  }

  @Test
  void closeIsIdempotent() {
    for (Form form : Form.values()) {
      var log = new Log();
      var opened = form.make(log).open();
      opened.close();
      opened.close();
      opened.closeAsync().run();
      assertThat(log.lines()).containsExactly("enter", "exit");
    }
  }

  @Test
  void closeAsyncIsCold() {
    var log = new Log();
    var opened = Form.BODY.make(log).open();
    AnySync<@Nullable Void> close = opened.closeAsync();
    assertThat(log.lines()).containsExactly("enter");
    close.run();
    close.run();
    assertThat(log.lines()).containsExactly("enter", "exit");
  }

  @Test
  void openAsyncIsColdAndOpensEachTime() {
    var log = new Log();
    AnySync<AnySyncContextManager.Opened<Integer>> open = Form.BODY.make(log).openAsync();
    assertThat(log.lines()).isEmpty();
    var one = open.run();
    var two = open.start().result();
    assertThat(log.lines()).containsExactly("enter", "enter");
    one.close();
    two.close();
    assertThat(log.lines()).containsExactly("enter", "enter", "exit", "exit");
  }

  @Test
  void closeWaitsForTheExit() throws Exception {
    var release = new CompletableFuture<String>();
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              out.yield(42);
              await(release);
            });
    var opened = cm.open();
    TestThread<@Nullable Void> closer = TestThread.start(() -> opened.close());
    closer.awaitBlocked();
    assertThat(closer.isDone()).isFalse();
    release.complete("go");
    closer.join();
  }

  @Test
  void openedAndDroppedIsCleanedUp() {
    for (Form form : Form.values()) {
      var log = new Log();
      openAndDrop(form.make(log));
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> {
                System.gc();
                return log.lines().equals(List.of("enter", "exit"));
              });
      assertThat(log.error.get()).isInstanceOf(CancellationException.class);
    }
  }

  private static void openAndDrop(AnySyncContextManager<Integer> cm) {
    assertThat(cm.open().value()).isEqualTo(42);
  }

  // Nested

  @ParameterizedTest
  @EnumSource
  void nested(Way way) throws Exception {
    var log = new Log();
    AnySyncContextManager<Integer> inner = Form.SUBCLASS.make(log);
    AnySyncContextManager<Integer> outer =
        AnySync.contextManager(
            out -> {
              log.add("outer enter");
              try (var opened = inner.open()) {
                out.yield(opened.value());
              }
              log.add("outer exit");
            });
    way.use(outer, () -> way.use(inner, () -> log.add("block")));
    assertThat(log.lines())
        .containsExactly("outer enter", "enter", "enter", "block", "exit", "exit", "outer exit");
  }

  @ParameterizedTest
  @EnumSource
  void nestedError(Way way) {
    var log = new Log();
    var thrown = new IOException("block");
    assertThat(
            catchThrowable(
                () ->
                    way.use(
                        Form.BODY.make(log),
                        () -> way.use(Form.SUBCLASS.make(log), () -> throwNow(thrown)))))
        .isSameAs(thrown);
    assertThat(log.lines()).containsExactly("enter", "enter", "exit", "exit");
  }

  // Interrupts

  @ParameterizedTest
  @EnumSource
  void interruptWhileEnteringOpen(TestThread.Kind kind) throws Exception {
    var left = new CountDownLatch(1);
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              try {
                await(new CompletableFuture<Integer>());
                out.yield(42);
              } finally {
                left.countDown();
              }
            });
    TestThread<@Nullable Void> opener =
        kind.start(
            () -> {
              assertThatThrownBy(cm::open).isInstanceOf(CancellationException.class);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
            });
    opener.awaitBlocked();
    opener.interrupt();
    opener.join();
    assertThat(left.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void interruptWhileEnteringThatIsNotHeeded() throws Exception {
    var entering = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var exited = new CountDownLatch(1);
    AnySyncContextManager<Integer> cm =
        new AnySyncContextManager<>() {
          @Override
          protected Integer enter() {
            entering.countDown();
            for (; ; ) {
              try {
                release.await();
                return 42;
              } catch (InterruptedException e) {
                // not heeded
              }
            }
          }

          @Override
          protected boolean exit(@Nullable Throwable error) {
            exited.countDown();
            return false;
          }
        };
    TestThread<@Nullable Void> opener =
        TestThread.start(
            () -> {
              assertThatThrownBy(cm::open).isInstanceOf(CancellationException.class);
            });
    entering.await();
    opener.awaitBlocked();
    opener.interrupt();
    opener.join(); // at once, while enter goes on
    release.countDown();
    // It has entered after all, so it is left again.
    assertThat(exited.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void interruptWhileEnteringUse(TestThread.Kind kind) throws Exception {
    var ran = new AtomicInteger();
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              await(new CompletableFuture<Integer>());
              out.yield(42);
            });
    TestThread<@Nullable Void> user =
        kind.start(
            () -> {
              assertThatThrownBy(() -> cm.<Integer>use(_ -> ran.incrementAndGet()))
                  .isInstanceOf(CancellationException.class);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
            });
    user.awaitBlocked();
    user.interrupt();
    user.join();
    assertThat(ran).hasValue(0);
  }

  /** The block has been told, and the exit by what the block threw: so it may await. */
  @ParameterizedTest
  @EnumSource
  void interruptOfTheBlock(TestThread.Kind kind) throws Exception {
    var left = new AtomicInteger();
    AnySyncContextManager<Integer> cm =
        AnySync.contextManager(
            out -> {
              try {
                out.yield(42);
              } finally {
                sleep(Duration.ofMillis(1));
                left.set(await(coroutine(() -> 1)));
              }
            });
    TestThread<@Nullable Void> user =
        kind.start(
            () -> {
              assertThatThrownBy(
                      () ->
                          cm.<Integer>use(
                              _ -> coroutine(() -> await(new CompletableFuture<Integer>())).run()))
                  .isInstanceOf(CancellationException.class)
                  .hasNoSuppressedExceptions();
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
            });
    user.awaitBlocked();
    user.interrupt();
    user.join();
    assertThat(left).hasValue(1);
  }
}
