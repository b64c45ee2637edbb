package dev.anysync.reactor;

import static dev.anysync.AnySync.coroutine;
import static dev.anysync.reactor.AnySyncReactor.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.Unfuture;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.blockhound.BlockHound;
import reactor.blockhound.BlockingOperationError;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Under BlockHound, which changes the JDK's classes: in a JVM of its own, see the pom. */
class BlockHoundTest {
  private static Scheduler plain;
  private static Scheduler replaced;

  @BeforeAll
  static void install() {
    plain = Schedulers.newParallel("plain", 1);
    AnySyncReactor.install();
    replaced = Schedulers.newParallel("replaced", 1);
    BlockHound.install();
  }

  @AfterAll
  static void stop() {
    plain.dispose();
    replaced.dispose();
    Schedulers.resetFactory();
  }

  private static <T> @Nullable T on(Scheduler scheduler, Callable<T> body) throws Exception {
    var result = new CompletableFuture<@Nullable T>();
    Disposable _ =
        scheduler.schedule(
            () -> {
              try {
                result.complete(body.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    return result.get();
  }

  @Test
  void itSeesWhatBlocks() throws Exception {
    for (Scheduler scheduler : new Scheduler[] {plain, replaced}) {
      assertThat(on(scheduler, () -> catchThrowable(() -> Thread.sleep(1))))
          .isInstanceOf(BlockingOperationError.class);
    }
  }

  @Test
  void aThreadThatIsReplacedWhileItWaitsMay() throws Exception {
    assertThat(on(replaced, () -> run(Mono.delay(Duration.ofMillis(2), replaced)))).isZero();
    assertThat(
            on(
                replaced,
                () ->
                    coroutine(
                            () -> {
                              Thread.sleep(1); // on a virtual thread
                              return "x";
                            })
                        .run()))
        .isEqualTo("x");
    assertThat(on(replaced, () -> coroutine(() -> "x").start().result())).isEqualTo("x");
  }

  /** A thread that has been replaced waits a moment for work before it goes, or for a lock. */
  @Test
  void noTaskIsLostWhenThreadsAreReplaced() throws Exception {
    for (int i = 0; i < 3_000; i++) {
      int number = i;
      assertThat(on(replaced, () -> coroutine(() -> number).start().result())).isEqualTo(number);
      assertThat(on(replaced, () -> number)).isEqualTo(number);
    }
  }

  @Test
  void aThreadThatIsHeldUpMayNot() throws Exception {
    var entered = new CountDownLatch(1);
    var stopped = new CountDownLatch(1);
    AnySync<String> endless =
        coroutine(
            () -> {
              entered.countDown();
              try {
                return AnySync.await(new Unfuture<String>());
              } finally {
                stopped.countDown();
              }
            });
    Throwable thrown = on(plain, () -> catchThrowable(endless::run));
    assertThat(thrown).isInstanceOf(BlockingOperationError.class);
    if (entered.getCount() == 0) {
      stopped.await(); // nobody gets its result
    }
    thrown = on(plain, () -> catchThrowable(() -> endless.run(Duration.ofSeconds(50))));
    assertThat(thrown).isInstanceOf(BlockingOperationError.class);
  }
}
