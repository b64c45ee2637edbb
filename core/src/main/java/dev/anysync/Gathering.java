package dev.anysync;

import module java.base;

import dev.anysync.WaitGraph.Link;
import org.jspecify.annotations.Nullable;

/** Completes a future with the results of several, or as soon as one of them fails. */
final class Gathering<T extends @Nullable Object> {
  /*
   * Overview. A callback on each of ten thousand futures would cost more than their bodies do. Only
   * one of those that are pending has one, the last: when it is done, the last of those that are
   * still pending gets it, and so on. A failure is not to wait for that. A task that fails tells the
   * gathering, to which it has a pointer; any other future has a callback after all. Whoever sets
   * the pointer looks afterwards whether the task is done, and a task looks for the pointer when it
   * is; one of the two sees the other. A task that is done may keep the pointer, so what that leads
   * to is dropped with the end of all.
   */

  private final Link link; // of all
  private volatile @Nullable Unfuture<List<T>> all;
  private volatile @Nullable List<CompletableFuture<? extends T>> sources;

  Gathering(Unfuture<List<T>> all, Link link, List<CompletableFuture<? extends T>> sources) {
    this.all = all;
    this.link = link;
    this.sources = sources;
    var _ = all.whenComplete((value, error) -> drop());
    for (CompletableFuture<? extends T> source : sources) {
      if (source.isDone()) {
        failIf(source);
      } else if (!(source instanceof Task<?> task && task.tell(this))) {
        var _ = source.whenComplete((value, error) -> failIf(source));
      } else if (source.isDone()) { // it may not have seen the pointer
        failIf(source);
      }
    }
    awaitLast(sources.size() - 1);
  }

  private void drop() {
    all = null;
    sources = null;
  }

  /** Ends it all if {@code source}, which is done, has failed. */
  void failIf(CompletableFuture<?> source) {
    Unfuture<List<T>> all = this.all;
    if (all != null && source.isCompletedExceptionally()) {
      link.set(null); // before what depends on it runs
      all.completeExceptionally(Unfuture.failure(source));
    }
  }

  /** Goes on when all sources from that at {@code last} downwards are done. */
  private void awaitLast(int last) {
    List<CompletableFuture<? extends T>> sources = this.sources;
    if (sources == null) {
      return;
    }
    int i = last;
    while (i >= 0 && sources.get(i).isDone()) {
      i--;
    }
    if (i >= 0) {
      int pending = i;
      var _ = sources.get(i).whenComplete((value, error) -> awaitLast(pending));
      return;
    }
    sources.forEach(this::failIf); // those that could not tell
    Unfuture<List<T>> all = this.all;
    if (all != null && !all.isDone()) { // else one has failed, though it may not be dropped yet
      link.set(null);
      all.complete(sources.stream().<T>map(Future::resultNow).toList());
    }
  }
}
