package dev.anysync.javafx.app;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;

import dev.anysync.AnySync;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import javafx.application.Platform;

/** JavaFX is shut down while a call waits for what never comes. */
public final class ExitProgram {
  private ExitProgram() {}

  /** Prints how the call and its body ended; then the JVM ends by itself. */
  public static void main(String[] arguments) throws Exception {
    var waiting = new CountDownLatch(1);
    var stopped = new CountDownLatch(1);
    AnySync<String> never =
        coroutine(
            () -> {
              try {
                Platform.runLater(waiting::countDown); // which the call dispatches
                return await(new CompletableFuture<String>());
              } finally {
                stopped.countDown();
              }
            });
    var ended = new CountDownLatch(1);
    Platform.startup(
        () -> {
          try {
            IO.println(never.run());
          } catch (CancellationException e) {
            IO.println("cancelled");
          } finally {
            ended.countDown();
          }
        });
    waiting.await();
    Platform.exit();
    ended.await();
    stopped.await();
    IO.println("stopped");
  }
}
