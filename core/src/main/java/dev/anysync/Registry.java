package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** The tasks of an event loop or of lanes that have not ended, until these are closed. */
final class Registry {
  private final String owner;
  private final Set<Task<?>> tasks = ConcurrentHashMap.newKeySet();
  private final Unfuture<@Nullable Void> emptied = new Unfuture<>();
  volatile boolean closed;

  Registry(String owner) {
    this.owner = owner;
  }

  /** Adds a task, or cancels it and throws if the registry is closed. */
  void add(Task<?> task) {
    tasks.add(task);
    if (closed) {
      task.future.cancel(true);
      checkOpen();
    }
  }

  void remove(Task<?> task) {
    tasks.remove(task);
    if (closed && tasks.isEmpty()) {
      emptied.complete(null);
    }
  }

  void checkOpen() {
    if (closed) {
      throw new RejectedExecutionException(owner + ": closed");
    }
  }

  /** Refuses new tasks, cancels all others, and returns the future of their bodies' end. */
  Unfuture<@Nullable Void> close() {
    closed = true;
    for (Task<?> task : tasks) {
      task.future.cancel(true);
    }
    if (tasks.isEmpty()) {
      emptied.complete(null);
    }
    return emptied;
  }
}
