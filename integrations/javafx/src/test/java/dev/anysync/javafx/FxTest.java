package dev.anysync.javafx;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javafx.application.Platform;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Tests that need JavaFX, which can be started only once in a JVM. */
@ExtendWith(FxTest.Toolkit.class)
abstract class FxTest {
  static final Duration LONG = Duration.ofSeconds(30);

  /** Starts JavaFX before the first of these tests, and stops it after the last. */
  static final class Toolkit implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
      var _ =
          context
              .getRoot()
              .getStore(ExtensionContext.Namespace.GLOBAL)
              .computeIfAbsent(Toolkit.class, _ -> start(), AutoCloseable.class);
    }

    private static AutoCloseable start() {
      var started = new CountDownLatch(1);
      Platform.startup(started::countDown);
      Platform.setImplicitExit(false);
      try {
        started.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return Platform::exit;
    }
  }

  /** Runs {@code body} on the JavaFX application thread, and returns its result. */
  @CanIgnoreReturnValue
  static <T extends @Nullable Object> T onFxThread(Callable<T> body) throws Exception {
    var task = new FutureTask<T>(body);
    Platform.runLater(task);
    try {
      return task.get(50, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }
}
