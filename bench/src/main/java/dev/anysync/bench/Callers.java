package dev.anysync.bench;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Runs a batch of operations on a thread of some kind. */
final class Callers {
  private Callers() {}

  /** Calls {@code batch} on a new virtual thread; worth it for a batch of some thousands only. */
  static <T> T onVirtual(Callable<T> batch) {
    FutureTask<T> task = new FutureTask<>(batch);
    Thread.startVirtualThread(task);
    try {
      return task.get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
