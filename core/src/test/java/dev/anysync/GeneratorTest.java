package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.spi.ContextCarrier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Generators, which follow the rules of Python's. */
class GeneratorTest {

  /** Yields the sum of what it was sent so far. */
  private static AnySyncGenerator<Integer, Integer> accumulator() {
    return AnySync.generator(
        out -> {
          int sum = 0;
          for (; ; ) {
            Integer sent = out.yield(sum);
            sum += sent == null ? 0 : sent;
          }
        });
  }

  /** Yields first null and then what it was sent. */
  private static AnySyncGenerator<@Nullable String, String> echo() {
    return AnySync.<@Nullable String, String>generator(
        out -> {
          String sent = null;
          for (; ; ) {
            sent = out.yield(sent);
          }
        });
  }

  // The seed's example: value = yield 1; yield value

  private static AnySyncGenerator<Integer, Integer> seed() {
    return AnySync.generator(
        out -> {
          Integer value = out.yield(1);
          var _ = out.yield(value == null ? -1 : value);
        });
  }

  @ParameterizedTest
  @EnumSource
  void seedsExampleSync(TestThread.Kind kind) throws Exception {
    kind.run(
        () -> {
          AnySyncGenerator<Integer, Integer> g = seed();
          assertThat(g.next()).isEqualTo(1);
          assertThat(g.send(42)).isEqualTo(42);
          assertThatThrownBy(g::next).isInstanceOf(NoSuchElementException.class);
        });
  }

  @ParameterizedTest
  @EnumSource
  void seedsExampleAsync(TestThread.Kind kind) throws Exception {
    AnySyncGenerator<Integer, Integer> g = seed();
    AnySync<@Nullable Void> main =
        coroutine(
            () -> {
              assertThat(await(g.nextAsync())).contains(1);
              assertThat(await(g.sendAsync(42))).isEqualTo(42);
              assertThat(await(g.nextAsync())).isEmpty();
            });
    kind.run(() -> main.run());
  }

  @Test
  void seedsExampleOnLoop() {
    AnySyncGenerator<Integer, Integer> g = seed();
    try (EventLoop loop = EventLoop.create("l")) {
      loop.run(
          coroutine(
              () -> {
                assertThat(await(g.nextAsync())).contains(1);
                assertThat(await(g.sendAsync(42))).isEqualTo(42);
                assertThat(await(g.nextAsync())).isEmpty();
              }));
    }
  }

  @Test
  void seedsExampleStart() {
    AnySyncGenerator<Integer, Integer> g = seed();
    assertThat(g.sendAsync(null).start().result()).isEqualTo(1);
    assertThat(g.sendAsync(42).start().result()).isEqualTo(42);
  }

  // next and send

  @Test
  void accumulates() {
    try (AnySyncGenerator<Integer, Integer> g = accumulator()) {
      assertThat(g.next()).isEqualTo(0);
      assertThat(g.send(5)).isEqualTo(5);
      assertThat(g.send(7)).isEqualTo(12);
      assertThat(g.next()).isEqualTo(12); // next sends null
      assertThat(g.send(null)).isEqualTo(12);
    }
  }

  @Test
  void echoes() {
    try (AnySyncGenerator<@Nullable String, String> g = echo()) {
      assertThat(g.send(null)).isNull();
      assertThat(g.send("a")).isEqualTo("a");
      assertThat(g.send(null)).isNull();
      assertThat(g.next()).isNull();
      assertThat(g.send("b")).isEqualTo("b");
    }
  }

  @Test
  void firstSendTakesNullOnlySync() {
    AnySyncGenerator<Integer, Integer> g = accumulator();
    assertThatThrownBy(() -> g.send(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("send(null)");
    try (g) {
      assertThat(g.send(null)).isEqualTo(0); // it was not spoilt
      assertThat(g.send(1)).isEqualTo(1);
    }
  }

  @Test
  void firstSendTakesNullOnlyAsync() {
    AnySyncGenerator<Integer, Integer> g = accumulator();
    AnySync<Integer> first = g.sendAsync(1);
    assertThatThrownBy(() -> coroutine(() -> await(first)).run())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("send(null)");
    try (g) {
      assertThat(g.sendAsync(null).run()).isEqualTo(0);
      assertThat(first.run()).isEqualTo(1);
    }
  }

  @Test
  void sendAsyncIsColdAndSendsEachTime() {
    try (AnySyncGenerator<Integer, Integer> g = accumulator()) {
      AnySync<Integer> two = g.sendAsync(2);
      assertThat(g.next()).isEqualTo(0);
      assertThat(two.run()).isEqualTo(2);
      assertThat(two.run()).isEqualTo(4);
      assertThat(two.start().result()).isEqualTo(6);
    }
  }

  @Test
  void bodyRunsOnlyWhileAskedFor() {
    var log = new ArrayList<String>();
    AnySyncGenerator<Integer, String> g =
        AnySync.generator(
            out -> {
              log.add("start");
              log.add(String.valueOf(out.yield(1)));
              log.add(String.valueOf(out.yield(2)));
              log.add("end");
            });
    assertThat(log).isEmpty();
    assertThat(g.next()).isEqualTo(1);
    assertThat(log).containsExactly("start");
    assertThat(g.send("a")).isEqualTo(2);
    assertThat(log).containsExactly("start", "a");
    assertThatThrownBy(() -> g.send("b")).isInstanceOf(NoSuchElementException.class);
    assertThat(log).containsExactly("start", "a", "b", "end");
  }

  @Test
  void hasNextThenSendIsRefused() {
    try (AnySyncGenerator<Integer, Integer> g = accumulator()) {
      assertThat(g.next()).isEqualTo(0);
      assertThat(g.hasNext()).isTrue();
      assertThatThrownBy(() -> g.send(1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("next()");
      assertThatThrownBy(() -> g.raise(new IOException("x")))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("next()");
      assertThatThrownBy(() -> g.sendAsync(1).run()).isInstanceOf(IllegalStateException.class);
      assertThat(g.next()).isEqualTo(0);
      assertThat(g.send(1)).isEqualTo(1);
    }
  }

  @Test
  void hasNextAtTheEndThenSend() {
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              var _ = out.yield(1);
            });
    assertThat(g.next()).isEqualTo(1);
    assertThat(g.hasNext()).isFalse();
    assertThatThrownBy(() -> g.send(1)).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void nextInTime() throws Exception {
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              var _ = out.yield(1);
              await(new CompletableFuture<Integer>());
            });
    assertThat(g.next(Duration.ofSeconds(30))).isEqualTo(1);
    assertThatThrownBy(() -> g.next(Duration.ofMillis(20))).isInstanceOf(TimeoutException.class);
    assertThatThrownBy(() -> g.send(1)).isInstanceOf(NoSuchElementException.class);
  }

  // The end

  @Test
  void afterTheEndSync() {
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              var _ = out.yield(1);
            });
    assertThat(g.next()).isEqualTo(1);
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> g.send(2)).isInstanceOf(NoSuchElementException.class);
      assertThatThrownBy(() -> g.send(null)).isInstanceOf(NoSuchElementException.class);
      assertThatThrownBy(g::next).isInstanceOf(NoSuchElementException.class);
      assertThat(g.hasNext()).isFalse();
    }
  }

  @Test
  void afterTheEndAsync() {
    AnySyncGenerator<Integer, Integer> g = AnySync.generator(out -> {});
    assertThatThrownBy(() -> g.sendAsync(null).run()).isInstanceOf(NoSuchElementException.class);
    assertThatThrownBy(() -> g.sendAsync(1).run()).isInstanceOf(NoSuchElementException.class);
    assertThat(g.nextAsync().run()).isEmpty();
  }

  @Test
  void bodysErrorSync() {
    var thrown = new IOException("body");
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              var _ = out.yield(1);
              throw thrown;
            });
    assertThat(g.next()).isEqualTo(1);
    assertThat(catchThrowable(() -> g.send(2))).isSameAs(thrown);
    assertThatThrownBy(() -> g.send(3)).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void bodysErrorAsync() {
    var thrown = new OutOfMemoryError("body");
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              var _ = out.yield(1);
              throw thrown;
            });
    assertThat(g.next()).isEqualTo(1);
    AnySync<Integer> send = g.sendAsync(2);
    assertThat(catchThrowable(() -> coroutine(() -> await(send)).run())).isSameAs(thrown);
    assertThatThrownBy(() -> send.run()).isInstanceOf(NoSuchElementException.class);
  }

  // raise

  /** Yields the messages of what is raised; ends quietly at "return", and otherwise at "throw". */
  private static AnySyncGenerator<String, String> catching(
      AtomicReference<@Nullable Throwable> caught) {
    return AnySync.generator(
        out -> {
          String next = "ready";
          for (; ; ) {
            try {
              var _ = out.yield(next);
              next = "nothing";
            } catch (UncheckedIOException e) {
              caught.set(e);
              next = String.valueOf(e.getMessage());
              if (next.equals("return")) {
                return;
              }
            }
          }
        });
  }

  private static UncheckedIOException raised(String message) {
    return new UncheckedIOException(message, new IOException());
  }

  @Test
  void raiseOfACheckedException() {
    var raised = new IOException("raised");
    AnySyncGenerator<Object, Integer> g =
        AnySync.generator(
            out -> {
              try {
                var _ = out.yield("ready");
              } catch (Exception e) { // the compiler does not know which
                var _ = out.yield(e);
              }
            });
    assertThat(g.next()).isEqualTo("ready");
    assertThat(g.raise(raised)).isSameAs(raised);
    assertThat(g.hasNext()).isFalse();
  }

  @Test
  void raiseAtTheYieldSync() {
    var caught = new AtomicReference<@Nullable Throwable>();
    var raised = raised("raised");
    try (AnySyncGenerator<String, String> g = catching(caught)) {
      assertThat(g.next()).isEqualTo("ready");
      assertThat(g.raise(raised)).isEqualTo("raised");
      assertThat(caught.get()).isSameAs(raised);
      assertThat(g.next()).isEqualTo("nothing");
      assertThat(g.raise(raised)).isEqualTo("raised");
    }
  }

  @Test
  void raiseAtTheYieldAsync() {
    var caught = new AtomicReference<@Nullable Throwable>();
    var raised = raised("raised");
    try (AnySyncGenerator<String, String> g = catching(caught)) {
      AnySync<String> raise = g.raiseAsync(raised);
      assertThat(g.next()).isEqualTo("ready");
      assertThat(raise.run()).isEqualTo("raised");
      assertThat(caught.get()).isSameAs(raised);
      assertThat(coroutine(() -> await(raise)).run()).isEqualTo("raised");
      assertThat(raise.start().result()).isEqualTo("raised");
    }
  }

  @Test
  void raiseThatTheBodyReturnsAfter() {
    AnySyncGenerator<String, String> g = catching(new AtomicReference<>());
    assertThat(g.next()).isEqualTo("ready");
    assertThatThrownBy(() -> g.raise(raised("return"))).isInstanceOf(NoSuchElementException.class);
    assertThat(g.hasNext()).isFalse();
  }

  @Test
  void raiseThatTheBodyDoesNotCatchSync() {
    var raised = new Exception("raised");
    AnySyncGenerator<String, String> g = catching(new AtomicReference<>());
    assertThat(g.next()).isEqualTo("ready");
    assertThat(catchThrowable(() -> g.raise(raised))).isSameAs(raised);
    assertThatThrownBy(g::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void raiseThatTheBodyDoesNotCatchAsync() {
    var raised = new Error("raised");
    AnySyncGenerator<String, String> g = catching(new AtomicReference<>());
    assertThat(g.next()).isEqualTo("ready");
    assertThat(catchThrowable(() -> g.raiseAsync(raised).run())).isSameAs(raised);
    assertThatThrownBy(g::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void raiseThatTheBodyAnswersWithAnother() {
    var other = new IllegalStateException("other");
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              try {
                var _ = out.yield(1);
              } catch (UncheckedIOException e) {
                throw other;
              }
            });
    assertThat(g.next()).isEqualTo(1);
    assertThat(catchThrowable(() -> g.raise(raised("raised")))).isSameAs(other);
  }

  @Test
  void raiseBeforeTheStartSync() {
    var ran = new AtomicBoolean();
    var raised = new IOException("raised");
    AnySyncGenerator<Integer, Integer> g = AnySync.generator(out -> ran.set(true));
    assertThat(catchThrowable(() -> g.raise(raised))).isSameAs(raised);
    assertThatThrownBy(g::next).isInstanceOf(NoSuchElementException.class);
    assertThat(ran).isFalse();
  }

  @Test
  void raiseBeforeTheStartAsync() {
    var ran = new AtomicBoolean();
    var raised = new IOException("raised");
    AnySyncGenerator<Integer, Integer> g = AnySync.generator(out -> ran.set(true));
    assertThat(catchThrowable(() -> g.raiseAsync(raised).run())).isSameAs(raised);
    assertThat(g.hasNext()).isFalse();
    assertThat(ran).isFalse();
  }

  @Test
  void raiseAfterTheEnd() {
    var raised = new IOException("raised");
    AnySyncGenerator<Integer, Integer> g = AnySync.generator(out -> {});
    assertThat(g.hasNext()).isFalse();
    assertThatThrownBy(() -> g.raise(raised))
        .isInstanceOf(NoSuchElementException.class)
        .hasCause(raised);
    assertThatThrownBy(() -> g.raiseAsync(raised).run())
        .isInstanceOf(NoSuchElementException.class)
        .hasCause(raised);
  }

  // close

  @Test
  void closeThrowsAtTheYield() {
    var atYield = new AtomicReference<@Nullable Throwable>();
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              try {
                var _ = out.yield(1);
              } catch (Throwable e) {
                atYield.set(e);
                throw e;
              }
            });
    assertThat(g.next()).isEqualTo(1);
    g.close();
    assertThat(atYield.get()).isInstanceOf(CancellationException.class);
    assertThatThrownBy(g::next).isInstanceOf(NoSuchElementException.class);
    assertThatThrownBy(() -> g.send(1)).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void closeOfABodyThatReturns() {
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              try {
                var _ = out.yield(1);
              } catch (CancellationException e) {
                return; // allowed, as in Python
              }
            });
    assertThat(g.next()).isEqualTo(1);
    g.close();
    assertThat(g.hasNext()).isFalse();
  }

  @Test
  void closeOfABodyThatYieldsAgain() {
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              for (; ; ) {
                try {
                  var _ = out.yield(1);
                } catch (CancellationException e) {
                  // tries to go on
                }
              }
            });
    assertThat(g.next()).isEqualTo(1);
    assertThatThrownBy(g::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("yielded after");
    assertThat(g.hasNext()).isFalse();
  }

  @Test
  void closeOfABodyThatThrowsAnother() {
    var thrown = new IOException("cleaning up");
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              try {
                var _ = out.yield(1);
              } catch (CancellationException e) {
                throw thrown;
              }
            });
    assertThat(g.next()).isEqualTo(1);
    assertThat(catchThrowable(g::close)).isSameAs(thrown);
    g.close();
  }

  @Test
  void closeWaitsForCleaningUpThatAwaits() {
    var cleaned = new AtomicBoolean();
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              try {
                var _ = out.yield(1);
              } finally {
                AnySync.sleep(Duration.ofMillis(20));
                cleaned.set(await(Unsync.call(() -> true)));
              }
            });
    assertThat(g.next()).isEqualTo(1);
    g.close();
    assertThat(cleaned).isTrue();
  }

  @Test
  void closeBeforeTheStart() {
    var ran = new AtomicBoolean();
    AnySyncGenerator<Integer, Integer> g = AnySync.generator(out -> ran.set(true));
    g.close();
    assertThatThrownBy(() -> g.send(null)).isInstanceOf(NoSuchElementException.class);
    assertThatThrownBy(() -> g.send(1)).isInstanceOf(NoSuchElementException.class);
    assertThat(ran).isFalse();
  }

  @Test
  void closeTwice() {
    var cleaned = new AtomicInteger();
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              try {
                var _ = out.yield(1);
              } finally {
                cleaned.incrementAndGet();
              }
            });
    assertThat(g.next()).isEqualTo(1);
    g.close();
    g.close();
    assertThat(cleaned).hasValue(1);
  }

  @Test
  void closeOnLoop() {
    var cleaned = new AtomicBoolean();
    try (EventLoop loop = EventLoop.create("l")) {
      loop.run(
          coroutine(
              () -> {
                AnySyncGenerator<Integer, Integer> g =
                    AnySync.generator(
                        out -> {
                          try {
                            var _ = out.yield(1);
                          } finally {
                            cleaned.set(true);
                          }
                        });
                try (g) {
                  assertThat(await(g.sendAsync(null))).isEqualTo(1);
                }
                assertThat(cleaned).isTrue();
              }));
    }
  }

  @Test
  void closeOnLoopWithCleaningUpThatNeedsTheLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<@Nullable Void> f =
          coroutine(
              () -> {
                AnySyncGenerator<Integer, Integer> g =
                    AnySync.generator(
                        out -> {
                          try {
                            var _ = out.yield(1);
                          } finally {
                            // A coroutine of the loop, which close() below holds.
                            await(coroutine(() -> 2).start(loop));
                          }
                        });
                assertThat(await(g.sendAsync(null))).isEqualTo(1);
                g.close();
              });
      // It cannot end well, but it must say so rather than hang.
      assertThatThrownBy(() -> loop.run(f)).isInstanceOf(DeadlockException.class);
    }
  }

  @Test
  void closeWakesABlockedSend() throws Exception {
    for (TestThread.Kind kind : TestThread.Kind.values()) {
      AnySyncGenerator<Integer, Integer> g =
          AnySync.generator(
              out -> {
                var _ = out.yield(1);
                await(new CompletableFuture<Integer>());
              });
      assertThat(g.next()).isEqualTo(1);
      TestThread<Integer> sender = kind.start(() -> g.send(2));
      sender.awaitBlocked();
      g.close();
      assertThatThrownBy(sender::join).isInstanceOf(CancellationException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void interruptOfASend(TestThread.Kind kind) throws Exception {
    var cleaned = new CountDownLatch(1);
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              var _ = out.yield(1);
              try {
                await(new CompletableFuture<Integer>());
              } finally {
                cleaned.countDown();
              }
            });
    assertThat(g.next()).isEqualTo(1);
    TestThread<@Nullable Void> sender =
        kind.start(
            () -> {
              assertThatThrownBy(() -> g.send(2)).isInstanceOf(CancellationException.class);
              assertThat(Thread.currentThread().isInterrupted()).isTrue();
            });
    sender.awaitBlocked();
    sender.interrupt();
    sender.join();
    assertThat(cleaned.await(30, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> g.send(3)).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void droppedIsCleanedUp() {
    var cleaned = new CountDownLatch(1);
    step(
        AnySync.generator(
            out -> {
              try {
                var _ = out.yield(1);
                var _ = out.yield(2);
              } finally {
                cleaned.countDown();
              }
            }));
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              System.gc();
              return cleaned.getCount() == 0;
            });
  }

  private static void step(AnySyncGenerator<Integer, Integer> g) {
    assertThat(g.send(null)).isEqualTo(1);
  }

  // The generator in the middle

  @Test
  void bodyThatAsksItself() {
    var self = new AtomicReference<@Nullable AnySyncGenerator<Integer, Integer>>();
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              AnySyncGenerator<Integer, Integer> me = self.get();
              if (me != null) {
                var _ = out.yield(me.next());
              }
            });
    self.set(g);
    assertThatThrownBy(g::next)
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("asks itself");
  }

  @Test
  void bodyThatAsksItselfAndGoesOn() {
    var self = new AtomicReference<@Nullable AnySyncGenerator<String, Integer>>();
    AnySyncGenerator<String, Integer> g =
        AnySync.generator(
            out -> {
              AnySyncGenerator<String, Integer> me = self.get();
              if (me != null) {
                Throwable refused = catchThrowable(() -> me.send(1));
                var _ = out.yield(refused.getClass().getSimpleName());
                var _ = out.yield("more");
              }
            });
    self.set(g);
    assertThat(g.next()).isEqualTo("DeadlockException");
    assertThat(g.send(1)).isEqualTo("more");
    assertThat(g.hasNext()).isFalse();
  }

  @Test
  void yieldOnAnotherThreadIsRefused() {
    AnySyncGenerator<Integer, Integer> g =
        AnySync.generator(
            out -> {
              assertThatThrownBy(() -> TestThread.start(() -> out.yield(666)).join())
                  .isInstanceOf(IllegalStateException.class)
                  .hasMessageContaining("thread");
              var _ = out.yield(1);
            });
    assertThat(g.next()).isEqualTo(1);
    g.close();
  }

  @Test
  void nestedGenerators() {
    try (AnySyncGenerator<Integer, Integer> doubled =
        AnySync.generator(
            out -> {
              try (AnySyncGenerator<Integer, Integer> inner = accumulator()) {
                Integer sent = out.yield(2 * inner.next());
                for (; ; ) {
                  sent = out.yield(2 * inner.send(sent));
                }
              }
            })) {
      assertThat(doubled.next()).isEqualTo(0);
      assertThat(doubled.send(1)).isEqualTo(2);
      assertThat(doubled.send(2)).isEqualTo(6);
    }
  }

  // As an iterator

  @Test
  void forLoop() {
    var elements = new ArrayList<Integer>();
    for (int element : seed()) {
      elements.add(element);
    }
    assertThat(elements).containsExactly(1, -1);
  }

  @Test
  void forEachAndStream() {
    var elements = new ArrayList<Integer>();
    seed().forEach(elements::add);
    assertThat(elements).containsExactly(1, -1);
    assertThat(seed().stream().toList()).containsExactly(1, -1);
    assertThat(seed().stream().limit(1).toList()).containsExactly(1);
  }

  // Many steps

  @ParameterizedTest
  @EnumSource
  void manySteps(TestThread.Kind kind) throws Exception {
    int count = 100_000;
    kind.run(
        () -> {
          try (AnySyncGenerator<Integer, Integer> g = accumulator()) {
            assertThat(g.next()).isEqualTo(0);
            for (int i = 1; i <= count; i++) {
              if (g.send(1) != i) {
                throw new AssertionError("step " + i);
              }
            }
          }
        });
  }

  @Test
  void manyStepsOnLoop() {
    int count = 20_000;
    try (EventLoop loop = EventLoop.create("l")) {
      AnySync<Integer> main =
          coroutine(
              () -> {
                try (AnySyncGenerator<Integer, Integer> g = accumulator()) {
                  int sum = await(g.sendAsync(null));
                  for (int i = 0; i < count; i++) {
                    sum = await(g.sendAsync(1));
                  }
                  return sum;
                }
              });
      assertThat(loop.run(main)).isEqualTo(count);
    }
  }

  // On an event loop, serial with it

  @Test
  void onLoopTheBodyIsAPartOfTheLoop() {
    try (EventLoop loop = EventLoop.create("l")) {
      var shared = new int[2]; // no lock: all of it runs on the loop
      AnySync<Integer> main =
          coroutine(
              () -> {
                AnySyncGenerator<Integer, Integer> g =
                    AnySync.generator(
                        out -> {
                          for (; ; ) {
                            touch(shared);
                            assertThat(loop.inLoop()).isTrue();
                            AnySync.sleep(Duration.ZERO); // the others' turn
                            touch(shared);
                            var _ = out.yield(1);
                          }
                        });
                try (g) {
                  for (int i = 0; i < 500; i++) {
                    touch(shared);
                    int _ = await(g.sendAsync(i == 0 ? null : i));
                    assertThat(loop.inLoop()).isTrue();
                  }
                  return 1;
                }
              });
      List<Unfuture<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(main.start(loop));
      }
      assertThat(Unfuture.all(all).result()).containsExactly(1, 1, 1, 1);
      assertThat(loop.run(coroutine(() -> shared[1]))).isEqualTo(4 * 3 * 500);
    }
  }

  /** Fails if two threads are in here at once. */
  private static void touch(int[] shared) {
    shared[0]++;
    if (shared[0] != 1) {
      throw new AssertionError("two at once on the loop");
    }
    shared[1]++;
    Thread.onSpinWait();
    shared[0]--;
  }

  @Test
  void sendAsyncGivesUpTheLoopWhileTheBodyAwaits() {
    try (EventLoop loop = EventLoop.create("l")) {
      var go = new CompletableFuture<Integer>();
      AnySyncGenerator<Integer, Integer> g =
          AnySync.generator(
              out -> {
                var _ = out.yield(await(go));
              });
      Unfuture<Integer> sent = coroutine(() -> await(g.sendAsync(null))).start(loop);
      coroutine(() -> go.complete(5)).start(loop).result();
      assertThat(sent.result()).isEqualTo(5);
    }
  }

  @Test
  void sendOnLoopHoldsIt() {
    try (EventLoop loop = EventLoop.create("l")) {
      var log = new ArrayList<String>();
      AnySyncGenerator<Integer, Integer> g =
          AnySync.generator(
              out -> {
                log.add("before");
                AnySync.sleep(Duration.ofMillis(20));
                log.add("after");
                var _ = out.yield(1);
              });
      AnySync<@Nullable Void> main =
          coroutine(
              () -> {
                Unfuture<@Nullable Void> other = coroutine(() -> note(log, "other")).start(loop);
                assertThat(g.next()).isEqualTo(1);
                await(other);
              });
      loop.run(main);
      assertThat(log).containsExactly("before", "after", "other");
    }
  }

  private static void note(List<String> log, String line) {
    log.add(line);
  }

  // Context

  @ParameterizedTest
  @EnumSource
  void contextTravelsWithEachStep(TestThread.Kind kind) throws Exception {
    var local = new ThreadLocal<@Nullable String>();
    try (Lanes lanes = Lanes.builder().carry(ContextCarrier.of(local)).build()) {
      Lanes before = Unsync.share(lanes);
      try {
        kind.run(
            () -> {
              AnySyncGenerator<String, Integer> g =
                  AnySync.generator(
                      out -> {
                        for (int i = 0; ; i++) {
                          String seen = String.valueOf(local.get());
                          local.set("body " + i);
                          var _ = out.yield(seen);
                        }
                      });
              try (g) {
                local.set("a");
                assertThat(g.next()).isEqualTo("a");
                assertThat(local.get()).isEqualTo("body 0");
                local.set("b");
                assertThat(g.send(1)).isEqualTo("b");
                assertThat(local.get()).isEqualTo("body 1");
                assertThat(g.sendAsync(1).run()).isEqualTo("body 1");
                assertThat(local.get()).isEqualTo("body 2");
                local.remove();
                assertThat(g.next()).isEqualTo("null");
                assertThat(local.get()).isEqualTo("body 3");
              }
            });
      } finally {
        Unsync.share(before);
      }
    }
  }
}
