package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** The tasks of an event loop or of lanes that have not ended, until these are closed. */
final class Registry {
  private final String owner;
  final Set<Task<?>> tasks = ConcurrentHashMap.newKeySet();
  private final Unfuture<@Nullable Void> emptied = new Unfuture<>();
  volatile boolean closed;

  Registry(String owner) {
    this.owner = owner;
    emptied.source = this;
  }

  /** Adds a task, or cancels it and throws if the registry is closed. */
  void add(Task<?> task) {
    tasks.add(task);
    if (closed) {
      task.cancel();
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
      task.cancel();
    }
    if (tasks.isEmpty()) {
      emptied.complete(null);
    }
    return emptied;
  }

  @Override
  public String toString() {
    return owner;
  }
}
