package dev.anysync.vertx;

import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Runs what a test wants to be run on a context of a certain kind. */
final class OnVertx {
  private OnVertx() {}

  /** Returns a new context, of a verticle. */
  static Context context(Vertx vertx, ThreadingModel model) {
    var verticle =
        new VerticleBase() {
          @Override
          public Future<?> start() {
            return Future.succeededFuture();
          }

          Context ofIt() {
            return context;
          }
        };
    String _ =
        vertx
            .deployVerticle(verticle, new DeploymentOptions().setThreadingModel(model))
            .toCompletionStage()
            .toCompletableFuture()
            .join();
    return verticle.ofIt();
  }

  /** Starts {@code call} on {@code context}. */
  static <T extends @Nullable Object> CompletableFuture<T> start(
      Context context, Callable<T> call) {
    var result = new CompletableFuture<T>();
    context.runOnContext(
        _ -> {
          try {
            result.complete(call.call());
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  /** Calls {@code call} on a new context and returns its result. */
  static <T extends @Nullable Object> T call(Vertx vertx, ThreadingModel model, Callable<T> call)
      throws Exception {
    return start(context(vertx, model), call).get();
  }
}
