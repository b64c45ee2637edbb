package golden;

import dev.anysync.AnySync;
import dev.anysync.Unsynced;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

@NullMarked
class Jobs {
  @Unsynced
  String blocking(String name) throws IOException {
    if (name.isEmpty()) {
      throw new IOException("no name");
    }
    return name + Thread.currentThread().isVirtual();
  }

  @Unsynced
  void nothing(Runnable task) {
    task.run();
  }

  /**
   * Computes.
   *
   * @param n how much
   * @return a lot
   */
  @Unsynced(cpuBound = true)
  long compute(int n) {
    return Thread.currentThread().isVirtual() ? -1 : n;
  }

  @Unsynced(cpuBound = true)
  int named(int delegate) {
    return delegate;
  }

  @Unsynced(lane = "db")
  String onLane(String db) {
    return db;
  }

  @Unsynced(cpuBound = true, lane = "db")
  <T extends @Nullable Object> T onCpuOfLane(T value) {
    return value;
  }

  @Unsynced(lane = "other")
  CompletableFuture<String> asyncOnLane() {
    return CompletableFuture.completedFuture("c");
  }

  @Unsynced
  AnySync<String> coroutine() {
    return AnySync.coroutine(
        () -> {
          AnySync.sleep(java.time.Duration.ZERO);
          return Thread.currentThread().getName();
        });
  }

  @Unsynced
  Future<Void> future() {
    return CompletableFuture.completedFuture(null);
  }

  @Unsynced
  protected String forFriends() {
    return "p";
  }

  @Unsynced
  static int constant() {
    return 1;
  }

  String notAsked() {
    return "";
  }
}
