package dev.anysync.processor.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TwinsTest {
  private final Api api = new Api();
  private final ApiSync sync = new ApiSync(api);
  private final ApiUnsync unsync = new ApiUnsync(api);

  @Test
  void valuesAndNothing() throws Exception {
    assertThat(sync.mono("key")).isEqualTo("key");
    assertThat(sync.single()).isEqualTo(1);
    assertThat(sync.maybe()).isNull();
    sync.completable();
    assertThat(api.completed).hasValue(1);
    assertThat(sync.uni()).isEqualTo(4);
    assertThat(sync.settable()).isEqualTo(8);
    assertThat(sync.vertx()).isEqualTo(9);
    assertThat(sync.netty()).isEqualTo(10);
  }

  @Test
  void streamsAreIterators() throws IOException {
    assertThat(sync.flux().stream()).containsExactly("a", "b");
    assertThat(sync.flowable().stream()).containsExactly(2, 3);
    assertThat(sync.multi().stream()).containsExactly(5, 6);
    assertThat(sync.connectable().refCount()).isNotNull();
  }

  @Test
  void streamsOfSomeSubtype() {
    var wild = new WildSync(new Wild());
    assertThat(Stream.of(wild.flux(), wild.flowable(), wild.multi(), wild.readStream()))
        .flatMap(Stream::toList)
        .containsExactly("a", "b", "c", "d", "e");
  }

  @Test
  void failuresAreTheSameObject() {
    assertThatThrownBy(sync::failing).isSameAs(api.failure);
    assertThatThrownBy(() -> sync.mono(""))
        .isInstanceOf(InterruptedException.class)
        .hasMessage("no key");
  }

  @Test
  void anInterruptedCallerCancels() throws InterruptedException {
    assertThat(interrupted(sync::never)).isInstanceOf(CancellationException.class);
    assertThat(api.cancelled).hasValue(1);
    assertThat(interrupted(sync::listenable)).isInstanceOf(CancellationException.class);
    assertThat(api.neverSet).isCancelled();
  }

  /** Interrupts a call that waits, and returns what it throws. */
  private static @Nullable Throwable interrupted(ThrowingCallable call)
      throws InterruptedException {
    var thrown =
        new FutureTask<@Nullable Throwable>(
            () -> {
              try {
                call.call();
                return null;
              } catch (Throwable e) {
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
                return e;
              }
            });
    Thread caller = Thread.ofPlatform().start(thrown);
    Awaitility.await().until(() -> caller.getState() == Thread.State.WAITING);
    caller.interrupt();
    caller.join();
    return thrown.resultNow();
  }

  @Test
  void unfutures() {
    assertThat(unsync.mono("key").result()).isEqualTo("key");
    assertThat(unsync.completable().result()).isNull();
    assertThat(api.completed).hasValue(1);
    assertThat(unsync.settable().result()).isEqualTo(8);
  }
}
