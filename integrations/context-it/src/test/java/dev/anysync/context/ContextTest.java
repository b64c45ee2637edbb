package dev.anysync.context;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.AnySync;
import dev.anysync.Lanes;
import dev.anysync.Unsync;
import dev.anysync.VoidBody;
import dev.anysync.reactor.AnySyncReactor;
import dev.anysync.rxjava3.AnySyncRxJava;
import io.reactivex.rxjava3.plugins.RxJavaPlugins;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javafx.application.Platform;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * The caller, on a library's own thread, has a context; its body, which runs elsewhere and awaits
 * the library, has it too, and what the body changes the caller has afterwards.
 */
class ContextTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final ScopedValue<String> TENANT = ScopedValue.newInstance();

  private static Lanes lanes;
  private static Lanes before;

  @BeforeAll
  static void start() throws Exception {
    AnySyncReactor.install(); // or a body's timer may be one of the thread that waits for it
    AnySyncRxJava.install();
    Kind.register();
    lanes = Lanes.builder().carry(TENANT).build();
    before = Unsync.share(lanes);
    var started = new CountDownLatch(1);
    Platform.startup(started::countDown);
    started.await();
  }

  @AfterAll
  static void stop() throws Exception {
    Platform.exit();
    Lanes _ = Unsync.share(before);
    lanes.close();
    Library.stop();
    Schedulers.resetFactory();
    RxJavaPlugins.reset();
    Kind.remove();
  }

  private static void on(Library library, VoidBody test) throws Exception {
    var task =
        new FutureTask<@Nullable Void>(
            () -> {
              test.run();
              return null;
            });
    library.thread().execute(task);
    var _ = task.get(50, TimeUnit.SECONDS);
  }

  static Stream<Arguments> table() {
    return Stream.of(Library.values())
        .flatMap(library -> Stream.of(Kind.values()).map(kind -> Arguments.of(library, kind)));
  }

  @ParameterizedTest
  @MethodSource("table")
  void inAndBack(Library library, Kind kind) throws Exception {
    on(
        library,
        () -> {
          Thread caller = Thread.currentThread();
          kind.set("caller");
          try {
            AnySync<@Nullable String> call =
                coroutine(
                    () -> {
                      assertThat(Thread.currentThread()).isNotSameAs(caller);
                      String seen = kind.get();
                      library.pause();
                      assertThat(kind.get()).isEqualTo(seen);
                      kind.set("body");
                      library.pause();
                      return seen;
                    });
            assertThat(call.run(LONG)).isEqualTo("caller");
            assertThat(kind.get()).isEqualTo("body");
          } finally {
            kind.set(null);
          }
        });
  }

  /** A scoped value ends with its scope: nothing comes back. */
  @ParameterizedTest
  @EnumSource
  void scopedValuesThatAreNamed(Library library) throws Exception {
    on(
        library,
        () -> {
          AnySync<String> call =
              coroutine(
                  () -> {
                    String seen = TENANT.get();
                    library.pause();
                    return seen + " " + TENANT.get();
                  });
          assertThat(ScopedValue.where(TENANT, "caller").call(() -> call.run(LONG)))
              .isEqualTo("caller caller");
        });
  }

  /** What a mono finds in its context, whoever subscribes to it for whom. */
  @ParameterizedTest
  @EnumSource
  void reactorsContext(Library library) throws Exception {
    Mono<String> mono = Mono.deferContextual(context -> Mono.just(context.get(Kind.OWN_KEY)));
    on(
        library,
        () -> {
          Kind.THREAD_LOCAL_WITH_AN_ACCESSOR.set("caller");
          try {
            assertThat(AnySyncReactor.run(mono)).isEqualTo("caller");
            assertThat(
                    AnySync.<@Nullable String>coroutine(
                            () -> {
                              library.pause();
                              return AnySyncReactor.await(mono);
                            })
                        .run(LONG))
                .isEqualTo("caller");
          } finally {
            Kind.THREAD_LOCAL_WITH_AN_ACCESSOR.set(null);
          }
        });
  }
}
