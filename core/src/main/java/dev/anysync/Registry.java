package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** The tasks of an event loop or of lanes that have not ended, until these are closed. */
final class Registry {
  private static final Set<Registry> ALL = Collections.newSetFromMap(new WeakHashMap<>());

  private final String owner;
  final @Nullable EventLoop loop; // whose it is
  private final List<Tasks> lists;
  private final Unfuture<@Nullable Void> emptied = new Unfuture<>();
  volatile boolean closed;

  Registry(String owner, @Nullable EventLoop loop, int lists) {
    this.owner = owner;
    this.loop = loop;
    this.lists = Stream.generate(() -> new Tasks(this)).limit(lists).toList();
    emptied.setSource(this);
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

  Tasks list(int index) {
    return lists.get(index);
  }

  /** Returns the tasks, from each list in the order of their start. */
  Stream<Task<?>> tasks() {
    return lists.stream().flatMap(Tasks::stream);
  }

  boolean isEmpty() {
    return lists.stream().allMatch(Tasks::isEmpty);
  }

  void checkOpen() {
    if (closed) {
      throw new RejectedExecutionException(owner + ": closed");
    }
  }

  /** To be called when a task has been taken off. */
  void checkEmptied() {
    if (closed && isEmpty()) {
      emptied.complete(null);
    }
  }

  /** Refuses new tasks, cancels all others, and returns the future of their bodies' end. */
  Unfuture<@Nullable Void> close() {
    closed = true;
    tasks().forEach(this::drop);
    checkEmptied();
    return emptied;
  }

  /** Cancels a task; the body, if it runs, will tell when it has left. */
  void drop(Task<?> task) {
    var _ = task.cancel(true);
    task.tellWhenGone();
  }

  @Override
  public String toString() {
    return owner;
  }
}
