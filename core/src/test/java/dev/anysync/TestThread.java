package dev.anysync;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A second thread of a test: to be joined, and what it throws is thrown by {@link #join}. */
final class TestThread<T extends @Nullable Object> {

  /** The two kinds of threads that user code runs on; most behaviours must be the same on both. */
  enum Kind {
    PLATFORM,
    VIRTUAL;

    private Thread thread(Runnable task) {
      return this == PLATFORM
          ? Thread.ofPlatform().daemon().start(task)
          : Thread.ofVirtual().start(task);
    }

    /** Starts {@code body} on a thread of this kind. */
    <T extends @Nullable Object> TestThread<T> start(Callable<T> body) {
      return new TestThread<>(this, body);
    }

    /** Runs {@code body} on a thread of this kind and returns its result. */
    @CanIgnoreReturnValue
    <T extends @Nullable Object> T call(Callable<T> body) throws Exception {
      return start(body).join();
    }

    void run(VoidBody body) throws Exception {
      var _ = start(body).join();
    }

    /** As {@link #start(Callable)}, without a result. */
    TestThread<@Nullable Void> start(VoidBody body) {
      return this.<@Nullable Void>start(
          () -> {
            body.run();
            return null;
          });
    }
  }

  final Thread thread;
  private final FutureTask<T> task;

  private TestThread(Kind kind, Callable<T> body) {
    task = new FutureTask<>(body);
    thread = kind.thread(task);
  }

  static <T extends @Nullable Object> TestThread<T> start(Callable<T> body) {
    return Kind.PLATFORM.start(body);
  }

  static TestThread<@Nullable Void> start(VoidBody body) {
    return Kind.PLATFORM.start(body);
  }

  void interrupt() {
    thread.interrupt();
  }

  /** Waits until the thread is blocked; what it does before must not block. */
  void awaitBlocked() {
    Awaitility.await()
        .until(
            () -> Stream.of("WAITING", "TIMED_WAITING").anyMatch(thread.getState().name()::equals));
  }

  boolean isDone() {
    return task.isDone();
  }

  /** Waits for the thread to end and returns the result, or throws what the body threw. */
  @CanIgnoreReturnValue
  T join() throws Exception {
    try {
      T result = task.get(50, TimeUnit.SECONDS);
      thread.join();
      return result;
    } catch (TimeoutException e) {
      AssertionError stuck = new AssertionError("thread '" + thread.getName() + "' does not end");
      stuck.setStackTrace(thread.getStackTrace());
      throw stuck;
    } catch (ExecutionException e) {
      thread.join();
      throw Strand.sneaky(requireNonNull(e.getCause()));
    }
  }
}
