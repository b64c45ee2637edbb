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
   * is; one of the two sees the other.
   */

  private final Unfuture<List<T>> all;
  private final Link link;
  private @Nullable List<CompletableFuture<? extends T>> sources; // until all is done

  Gathering(Unfuture<List<T>> all, Link link, List<CompletableFuture<? extends T>> sources) {
    this.all = all;
    this.link = link;
    this.sources = sources;
  }

  void start(List<CompletableFuture<? extends T>> sources) {
    for (CompletableFuture<? extends T> source : sources) {
      boolean told = source instanceof Task<?> task && !task.isDone() && task.tell(this);
      if (!told && !source.isDone()) {
        var _ = source.whenComplete((value, error) -> failIf(source));
      } else if (source.isDone()) {
        failIf(source);
      }
    }
    awaitLast(sources, sources.size() - 1);
  }

  /** Ends it all if {@code source}, which is done, has failed. */
  void failIf(CompletableFuture<?> source) {
    if (source.isCompletedExceptionally() && !all.isDone()) {
      link.set(null); // before what depends on it runs
      sources = null;
      all.completeExceptionally(Unfuture.failure(source));
    }
  }

  private void awaitLast(List<CompletableFuture<? extends T>> sources, int last) {
    int i = last;
    while (i >= 0 && sources.get(i).isDone()) {
      i--;
    }
    if (i >= 0) {
      int pending = i;
      var _ = sources.get(i).whenComplete((value, error) -> goOn(pending));
      return;
    }
    sources.forEach(this::failIf); // those that could not tell
    if (!all.isDone()) {
      link.set(null);
      this.sources = null;
      all.complete(sources.stream().<T>map(Future::resultNow).toList());
    }
  }

  private void goOn(int last) {
    List<CompletableFuture<? extends T>> sources = this.sources;
    if (sources != null && !all.isDone()) {
      awaitLast(sources, last);
    }
  }
}
