package golden;

import java.util.concurrent.CompletableFuture;

class Super<S> {
  public CompletableFuture<S> of(S s) {
    return CompletableFuture.completedFuture(s);
  }

  public final CompletableFuture<Integer> ended() {
    return CompletableFuture.completedFuture(1);
  }

  static CompletableFuture<Integer> hidden() {
    return CompletableFuture.completedFuture(2);
  }
}
