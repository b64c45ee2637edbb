package dev.anysync.javafx.app;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;

import dev.anysync.AnySync;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javafx.application.Platform;
import javafx.scene.control.Button;

/** The handler of a button calls an asynchronous function and waits two seconds for it. */
public final class ButtonProgram {
  private static final int EVENTS = 50;

  private ButtonProgram() {}

  /** Prints in what order things happened. */
  public static void main(String[] arguments) throws Exception {
    var log = new ArrayList<String>(); // the JavaFX thread's
    var allDispatched = new CompletableFuture<String>();
    AnySync<String> call =
        coroutine(
            () -> {
              var soon = CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS);
              String result = await(CompletableFuture.supplyAsync(() -> "result", soon));
              return result + " after " + await(allDispatched);
            });
    var clicked =
        new FutureTask<Long>(
            () -> {
              var button = new Button("call");
              button.setOnAction(
                  _ -> {
                    log.add("pressed");
                    Thread.startVirtualThread(() -> postEach(log, allDispatched));
                    log.add(call.run());
                  });
              long start = System.nanoTime();
              button.fire();
              log.add("fired");
              return System.nanoTime() - start;
            });
    Platform.startup(clicked);
    long millis = TimeUnit.NANOSECONDS.toMillis(clicked.get());
    Platform.exit();
    IO.println(millis >= 2_000 ? "in time" : "after " + millis + " ms");
    IO.println(AnySync.class.getModule().isNamed() ? "module path" : "class path");
    for (String line : log) {
      IO.println(line);
    }
  }

  /** Posts events, each when the one before has been dispatched. */
  private static void postEach(List<String> log, CompletableFuture<String> all) {
    try {
      for (int i = 0; i < EVENTS; i++) {
        String event = "event " + i;
        var dispatched = new FutureTask<Boolean>(() -> log.add(event));
        Platform.runLater(dispatched);
        boolean _ = dispatched.get();
      }
      all.complete(Integer.toString(EVENTS));
    } catch (Exception e) {
      all.completeExceptionally(e);
    }
  }
}
