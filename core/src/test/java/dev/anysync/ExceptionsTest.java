package dev.anysync;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a body throws is what its caller gets: the same object, with the caller's frames if it
 * crossed a thread.
 */
class ExceptionsTest {

  /** The ways in which a caller gets to see what a body has thrown. */
  enum Way {
    RUN(false) {
      @Override
      void observe(Callable<String> body) {
        coroutine(body).run();
      }
    },
    RUN_CLASS(false) {
      @Override
      void observe(Callable<String> body) throws Exception {
        coroutine(body).run(Exception.class);
      }
    },
    RUN_IN_TIME(true) {
      @Override
      void observe(Callable<String> body) throws Exception {
        coroutine(body).run(Duration.ofSeconds(30));
      }
    },
    RUN_IN_RUN(false) {
      @Override
      void observe(Callable<String> body) {
        coroutine(() -> coroutine(body).run()).run();
      }
    },
    AWAIT(false) {
      @Override
      void observe(Callable<String> body) {
        AnySync<String> call = coroutine(body);
        coroutine(() -> await(call)).run();
      }
    },
    AWAIT_STARTED(true) {
      @Override
      void observe(Callable<String> body) {
        coroutine(() -> await(started(body))).run();
      }
    },
    AWAIT_STAGE(true) {
      @Override
      void observe(Callable<String> body) {
        CompletionStage<String> stage = foreign(body);
        coroutine(() -> await(stage)).run();
      }
    },
    AWAIT_DEPENDENT_STAGE(true) {
      @Override
      void observe(Callable<String> body) {
        CompletableFuture<String> stage = foreign(body).thenApply(s -> s).thenApply(s -> s);
        coroutine(() -> await(stage)).run();
      }
    },
    AWAIT_DEPENDENT_UNFUTURE(true) {
      @Override
      void observe(Callable<String> body) {
        CompletableFuture<String> dependent = started(body).thenApply(s -> s).thenApply(s -> s);
        coroutine(() -> await(dependent)).run();
      }
    },
    AWAIT_FUTURE(true) {
      @Override
      void observe(Callable<String> body) throws Exception {
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
          Future<String> future = executor.submit(body);
          coroutine(() -> await(future)).run();
        }
      }
    },
    AWAIT_FUTURE_ON_LOOP(true) {
      @Override
      void observe(Callable<String> body) throws Exception {
        var future = new FutureTask<>(body);
        Future<String> plain = future;
        try (EventLoop loop = EventLoop.create("l")) {
          loop.execute(future);
          loop.run(coroutine(() -> await(plain)));
        }
      }
    },
    SHIELD(true) {
      @Override
      void observe(Callable<String> body) {
        coroutine(() -> AnySync.shield(started(body))).run();
      }
    },
    FROM(true) {
      @Override
      void observe(Callable<String> body) {
        AnySync.from(() -> foreign(body)).run();
      }
    },
    ALL(true) {
      @Override
      void observe(Callable<String> body) {
        AnySync.all(List.of(coroutine(body))).run();
      }
    },
    RACE(true) {
      @Override
      void observe(Callable<String> body) {
        AnySync.race(List.of(coroutine(body))).run();
      }
    },
    RESULT(true) {
      @Override
      void observe(Callable<String> body) {
        started(body).result();
      }
    },
    RESULT_IN_TIME(true) {
      @Override
      void observe(Callable<String> body) throws Exception {
        started(body).result(Duration.ofSeconds(30));
      }
    },
    RESULT_OF_CALL(true) {
      @Override
      void observe(Callable<String> body) {
        Unfuture<String> call = Unsync.call(body);
        awaitDone(call);
        call.result();
      }
    },
    RESULT_OF_CPU_BOUND(true) {
      @Override
      void observe(Callable<String> body) {
        Unfuture<String> call = Unsync.cpuBound(body);
        awaitDone(call);
        call.result();
      }
    },
    RESULT_OF_ASYNC(true) {
      @Override
      void observe(Callable<String> body) {
        Unsync.async(body).result();
      }
    },
    RESULT_OF_THEN(true) {
      @Override
      void observe(Callable<String> body) {
        started(body).then(source -> source.result()).result();
      }
    },
    RESULT_OF_THEN_ASYNC(true) {
      @Override
      void observe(Callable<String> body) {
        Unfuture.of(1).thenAsync(_ -> foreign(body)).result();
      }
    },
    RESULT_OF_FROM(true) {
      @Override
      void observe(Callable<String> body) {
        Unfuture.from(foreign(body).thenApply(s -> s)).result();
      }
    },
    RESULT_OF_ALL(true) {
      @Override
      void observe(Callable<String> body) {
        Unfuture.all(List.of(Unfuture.of("x"), foreign(body).thenApply(s -> s))).result();
      }
    },
    LOOP_RUN(true) {
      @Override
      void observe(Callable<String> body) {
        try (EventLoop loop = EventLoop.create("l")) {
          loop.run(coroutine(body));
        }
      }
    },
    LOOP_AWAIT_STARTED(true) {
      @Override
      void observe(Callable<String> body) {
        try (EventLoop loop = EventLoop.create("l")) {
          AnySync<String> call = coroutine(body);
          loop.run(coroutine(() -> await(call.start(loop))));
        }
      }
    },
    NEXT(true) {
      @Override
      void observe(Callable<String> body) {
        Object _ = iterator(body).next();
      }
    },
    NEXT_IN_LOCK_STEP(true) {
      @Override
      void observe(Callable<String> body) {
        Object _ = iterator(body).prefetch(0).next();
      }
    },
    HAS_NEXT(true) {
      @Override
      void observe(Callable<String> body) {
        boolean _ = iterator(body).hasNext();
      }
    },
    NEXT_ASYNC(true) {
      @Override
      void observe(Callable<String> body) {
        iterator(body).nextAsync().run();
      }
    },
    FOR_EACH(false) {
      @Override
      void observe(Callable<String> body) {
        iterator(body).forEach(_ -> {});
      }
    },
    STREAM(false) {
      @Override
      void observe(Callable<String> body) {
        List<String> _ = iterator(body).stream().toList();
      }
    },
    FROM_PUBLISHER(true) {
      @Override
      void observe(Callable<String> body) {
        Object _ = AnySyncIterator.from(iterator(body).publisher()).next();
      }
    },
    SEND(true) {
      @Override
      void observe(Callable<String> body) {
        Object _ =
            AnySync.<String, String>generator(
                    out -> {
                      var _ = out.yield(body.call());
                    })
                .send(null);
      }
    },
    OPEN(true) {
      @Override
      void observe(Callable<String> body) {
        AnySync.<String>contextManager(out -> out.yield(body.call())).open().close();
      }
    },
    CLOSE(true) {
      @Override
      void observe(Callable<String> body) {
        AnySync.<String>contextManager(
                out -> {
                  out.yield("x");
                  body.call();
                })
            .open()
            .close();
      }
    },
    USE_ENTER(false) {
      @Override
      void observe(Callable<String> body) {
        AnySync.<String>contextManager(out -> out.yield(body.call())).<String>use(s -> s);
      }
    },
    USE_BLOCK(false) {
      @Override
      void observe(Callable<String> body) {
        AnySync.<String>contextManager(out -> out.yield("x"))
            .<String>use(
                _ -> {
                  try {
                    return body.call();
                  } catch (Exception e) {
                    throw Strand.sneaky(e);
                  }
                });
      }
    };

    /** Whether the exception comes from another thread than the caller's. */
    final boolean crosses;

    Way(boolean crosses) {
      this.crosses = crosses;
    }

    abstract void observe(Callable<String> body) throws Exception;

    private static AnySyncIterator<String> iterator(Callable<String> body) {
      return AnySync.iterator(out -> out.yield(body.call()));
    }

    /** The future of a body that has ended, so that no waiter runs it itself. */
    private static Unfuture<String> started(Callable<String> body) {
      Unfuture<String> started = coroutine(body).start();
      awaitDone(started);
      return started;
    }

    private static void awaitDone(Unfuture<?> future) {
      var done = new CountDownLatch(1);
      var _ = future.whenComplete((_, _) -> done.countDown());
      try {
        done.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    /** A stage of another library, which fails with a wrapper around what was thrown. */
    private static CompletableFuture<String> foreign(Callable<String> body) {
      return CompletableFuture.supplyAsync(
          () -> {
            try {
              return body.call();
            } catch (Exception e) {
              throw Strand.sneaky(e);
            }
          });
    }
  }

  private static final class CheckedException extends Exception {
    private static final long serialVersionUID = 1;

    CheckedException() {
      super("checked");
    }
  }

  /** One that takes no suppressed exceptions and no stack, as some that are shared do. */
  private static final class BareException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BareException() {
      super("bare", null, false, false);
    }
  }

  private static Callable<String> throwing(Throwable error) {
    return () -> {
      throw Strand.sneaky(error);
    };
  }

  // The same object

  @ParameterizedTest
  @EnumSource
  void sameObjectChecked(Way way) {
    sameObject(way, new CheckedException());
  }

  @ParameterizedTest
  @EnumSource
  void sameObjectUnchecked(Way way) {
    sameObject(way, new IllegalArgumentException("unchecked"));
  }

  @ParameterizedTest
  @EnumSource
  void sameObjectError(Way way) {
    sameObject(way, new AssertionError("error"));
  }

  @ParameterizedTest
  @EnumSource
  void sameObjectThatTakesNothing(Way way) {
    var thrown = new BareException();
    sameObject(way, thrown);
    assertThat(thrown.getSuppressed()).isEmpty();
  }

  private static void sameObject(Way way, Throwable thrown) {
    Throwable cause = thrown.getCause();
    assertThat(catchThrowable(() -> way.observe(throwing(thrown)))).isSameAs(thrown);
    assertThat(thrown.getCause()).isSameAs(cause);
  }

  /** A wrapper that the body itself has thrown is what the body has thrown. */
  @Test
  void sameObjectWhenTheBodyThrowsAWrapper() {
    for (Exception thrown :
        List.of(
            new CompletionException(new IOException("inside")),
            new ExecutionException(new IOException("inside")))) {
      for (Way way :
          List.of(Way.RUN, Way.RUN_IN_TIME, Way.AWAIT, Way.AWAIT_STARTED, Way.RESULT, Way.NEXT)) {
        assertThat(catchThrowable(() -> way.observe(throwing(thrown)))).isSameAs(thrown);
      }
    }
  }

  @Test
  void joinAndGetKeepTheirContract() {
    var thrown = new CheckedException();
    Unfuture<String> future = coroutine(throwing(thrown)).start();
    assertThatThrownBy(future::join).isInstanceOf(CompletionException.class).hasCause(thrown);
    assertThatThrownBy(future::get).isInstanceOf(ExecutionException.class).hasCause(thrown);
    assertThat(future.exceptionNow()).isSameAs(thrown);
  }

  @Test
  void runOfACheckedExceptionThatWasNotDeclared() {
    var thrown = new CheckedException();
    try {
      coroutine(throwing(thrown)).run(); // the compiler does not know
      throw new IllegalStateException("nothing was thrown");
    } catch (Exception e) {
      assertThat(e).isSameAs(thrown);
    }
  }

  @Test
  void runOfAnotherExceptionThanDeclared() {
    var thrown = new CheckedException();
    assertThat(catchThrowable(() -> coroutine(throwing(thrown)).run(IOException.class)))
        .isSameAs(thrown);
  }

  @Test
  void failedStagesAreUnwrapped() {
    var thrown = new CheckedException();
    for (CompletableFuture<String> failed :
        List.<CompletableFuture<String>>of(
            CompletableFuture.failedFuture(thrown),
            CompletableFuture.failedFuture(new CompletionException(thrown)),
            CompletableFuture.<String>failedFuture(thrown).thenApply(s -> s),
            CompletableFuture.<String>failedFuture(thrown).copy(),
            Unfuture.from(CompletableFuture.<String>failedFuture(thrown)))) {
      assertThat(catchThrowable(() -> coroutine(() -> await(failed)).run())).isSameAs(thrown);
      assertThat(catchThrowable(() -> Unfuture.from(failed).result())).isSameAs(thrown);
      try (EventLoop loop = EventLoop.create("l")) {
        assertThat(catchThrowable(() -> loop.run(coroutine(() -> await(failed))))).isSameAs(thrown);
      }
    }
  }

  @Test
  void completionExceptionWithoutACause() {
    var thrown = new CompletionException("no cause", null);
    CompletableFuture<String> failed = CompletableFuture.failedFuture(thrown);
    assertThat(catchThrowable(() -> coroutine(() -> await(failed)).run())).isSameAs(thrown);
  }

  // The caller's frames

  /** Called so that its name can be looked for in a stack. */
  private static Throwable observeInTheCallersMethod(Way way) {
    return catchThrowable(
        () ->
            way.observe(
                () -> {
                  throw new CheckedException();
                }));
  }

  /** The attached stacks that contain {@code method}. */
  private static List<Throwable> framesOf(Throwable thrown, String method) {
    return Stream.of(thrown.getSuppressed()).filter(frames -> contains(frames, method)).toList();
  }

  private static boolean contains(Throwable frames, String method) {
    return Arrays.stream(frames.getStackTrace())
        .anyMatch(frame -> frame.getMethodName().equals(method));
  }

  @ParameterizedTest
  @EnumSource
  void callersFramesAreAttachedWhereAThreadWasCrossed(Way way) {
    Throwable thrown = observeInTheCallersMethod(way);
    assertThat(thrown).isInstanceOf(CheckedException.class);
    List<Throwable> frames = framesOf(thrown, "observeInTheCallersMethod");
    if (way.crosses) {
      assertThat(frames).isNotEmpty();
      assertThat(frames.getFirst()).hasMessageContaining(Thread.currentThread().getName());
    } else {
      assertThat(thrown.getSuppressed()).isEmpty();
      assertThat(contains(thrown, "observeInTheCallersMethod")).isTrue(); // on its own stack
    }
  }

  @ParameterizedTest
  @EnumSource
  void callersFramesAreBounded(Way way) {
    var shared = new CheckedException();
    for (int i = 0; i < 1_000; i++) {
      assertThat(catchThrowable(() -> way.observe(throwing(shared)))).isSameAs(shared);
    }
    assertThat(shared.getSuppressed()).hasSizeLessThanOrEqualTo(6);
  }

  @Test
  void callersFramesOfOneFutureAreBounded() {
    Unfuture<String> future = coroutine(throwing(new CheckedException())).start();
    for (int i = 0; i < 1_000; i++) {
      assertThatThrownBy(future::result).isInstanceOf(CheckedException.class);
      assertThatThrownBy(() -> coroutine(() -> await(future)).run())
          .isInstanceOf(CheckedException.class);
    }
    assertThat(future.exceptionNow().getSuppressed()).hasSizeLessThanOrEqualTo(6);
  }

  @Test
  void callersFramesOncePerKindOfObserver() {
    var thrown = new CheckedException();
    Unfuture<String> future = Way.started(throwing(thrown));
    observedByResult(future);
    observedByResult(future);
    observedByAwait(future);
    observedByAwait(future);
    assertThat(framesOf(thrown, "observedByResult"))
        .singleElement()
        .satisfies(e -> assertThat(e).hasMessageContaining("result()"));
    assertThat(framesOf(thrown, "observedByAwait"))
        .singleElement()
        .satisfies(e -> assertThat(e).hasMessageContaining("await()"));
  }

  private static void observedByResult(Unfuture<String> future) {
    assertThat(catchThrowable(future::result)).isNotNull();
  }

  private static void observedByAwait(Unfuture<String> future) {
    assertThat(catchThrowable(() -> coroutine(() -> await(future)).run())).isNotNull();
  }

  @SuppressWarnings("StaticAssignmentOfThrowable") // some libraries have such ones
  private static final CheckedException SHARED = new CheckedException();

  @ParameterizedTest
  @EnumSource
  void sharedExceptionFromManyThreads(TestThread.Kind kind) throws Exception {
    List<TestThread<@Nullable Void>> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      threads.add(
          kind.start(
              () -> {
                for (int j = 0; j < 250; j++) {
                  for (Way way : List.of(Way.RESULT, Way.RUN_IN_TIME, Way.AWAIT_STARTED)) {
                    assertThat(catchThrowable(() -> way.observe(throwing(SHARED))))
                        .isSameAs(SHARED);
                  }
                }
              }));
    }
    for (TestThread<@Nullable Void> thread : threads) {
      thread.join();
    }
    assertThat(SHARED.getSuppressed()).hasSizeLessThanOrEqualTo(6);
  }

  @Test
  void closingAnIteratorAttachesTheFramesOfTheCloser() {
    var thrown = new CheckedException();
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              try {
                out.yield(1);
                out.yield(2);
              } finally {
                throwing(thrown).call();
              }
            });
    assertThat(iterator.prefetch(0).next()).isEqualTo(1);
    assertThat(closeHere(iterator)).isSameAs(thrown);
    assertThat(framesOf(thrown, "closeHere"))
        .singleElement()
        .satisfies(e -> assertThat(e).hasMessageContaining("close()"));
  }

  private static Throwable closeHere(AutoCloseable closeable) {
    return catchThrowable(closeable::close);
  }

  @Test
  void framesThroughSeveralThreadsTellTheWholeWay() {
    var thrown = new CheckedException();
    Throwable observed =
        catchThrowable(() -> coroutine(() -> await(level1(thrown))).run(Duration.ofSeconds(30)));
    assertThat(observed).isSameAs(thrown);
    assertThat(framesOf(thrown, "framesThroughSeveralThreadsTellTheWholeWay")).isNotEmpty();
  }

  private static Unfuture<String> level1(Throwable thrown) {
    return coroutine(() -> await(coroutine(throwing(thrown)).start())).start();
  }
}
