package dev.anysync.hazelcast;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The bodies that run in this JVM, which is a member's, and those that have been told to stop. */
final class Runs {
  /*
   * Overview. Static, since what a member runs is made by deserialization. Hazelcast may have the same
   * body run twice at a time, here too. A body that has not begun may still be in a queue of this
   * member, from which nothing takes it: so it is remembered that it is not to begin, of as many
   * as a member can have in its queues.
   */

  private static final int REMEMBERED = 100_000;

  private static final Map<UUID, List<Thread>> RUNNING = new HashMap<>(); // guards both
  private static final LinkedHashSet<UUID> STOPPED = new LinkedHashSet<>();

  private Runs() {}

  /** Notes that the current thread is about to run a body; returns false if it must not. */
  static boolean begin(UUID id) {
    synchronized (RUNNING) {
      if (STOPPED.contains(id)) {
        return false;
      }
      RUNNING.computeIfAbsent(id, _ -> new ArrayList<>(1)).add(Thread.currentThread());
      return true;
    }
  }

  /**
   * Notes that the current thread has run a body: no interrupt comes any more. Returns whether it
   * was told to stop, so that nobody waits for what came of it.
   */
  static boolean end(UUID id) {
    synchronized (RUNNING) {
      List<Thread> threads = RUNNING.get(id);
      if (threads != null && threads.remove(Thread.currentThread()) && threads.isEmpty()) {
        RUNNING.remove(id);
      }
      boolean _ = Thread.interrupted();
      return STOPPED.contains(id);
    }
  }

  /** Interrupts a body, once, and keeps it from beginning; returns whether it runs here. */
  static boolean stop(UUID id) {
    synchronized (RUNNING) {
      List<Thread> threads = RUNNING.getOrDefault(id, List.of());
      if (STOPPED.add(id)) {
        threads.forEach(Thread::interrupt);
        if (STOPPED.size() > REMEMBERED) {
          UUID _ = STOPPED.removeFirst();
        }
      }
      return !threads.isEmpty();
    }
  }
}
