package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** The tasks of an event loop or of lanes that have not ended, until these are closed. */
final class Registry {
  private static final Set<Registry> ALL = Collections.newSetFromMap(new WeakHashMap<>());

  private final String owner;
  final @Nullable EventLoop loop; // whose it is
  final Set<Task<?>> tasks = ConcurrentHashMap.newKeySet();
  private final Unfuture<@Nullable Void> emptied = new Unfuture<>();
  volatile boolean closed;

  Registry(String owner, @Nullable EventLoop loop) {
    this.owner = owner;
    this.loop = loop;
    emptied.source = this;
    synchronized (ALL) {
      ALL.add(this);
    }
  }

  /** Returns those of all loops and lanes that are in use. */
  static List<Registry> all() {
    synchronized (ALL) {
      return List.copyOf(ALL);
    }
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
