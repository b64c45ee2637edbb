package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** Looks for a cycle of waits before a thread adds one. */
final class WaitGraph {
  /*
   * Overview. A node is a strand; what it waits for without a time limit (waitsFor) leads to the
   * strands that all have to act before that wait can end: the one that runs the task of the future,
   * and the one that holds the event loop whose turn that task, or the waiter itself, needs.
   *
   * Whoever waits publishes its edge first (a volatile write) and searches then, so of two that
   * close a cycle at the same moment the later sees both edges. The search reads the edges at
   * different times, and an edge may have gone meanwhile; so a cycle counts only if a second look
   * finds every edge of it still there. The strand that looks does not move, hence the one that
   * waits for it cannot, and so on around.
   */

  /** One wait: who, for what, on whom that depends, and the wait that led here. */
  private record Edge(Strand waiter, Object target, Strand next, @Nullable Edge before) {
    boolean isStill() {
      return waiter.waitsFor == target && (next == runnerOf(target) || next == holderFor(target));
    }
  }

  private WaitGraph() {}

  /** Throws if {@code strand}, which has published {@code target} already, would wait for ever. */
  static void check(Strand strand, Object target) {
    if (leadsOn(runnerOf(target), strand) || leadsOn(holderFor(target), strand)) {
      search(strand, target);
    }
  }

  private static boolean leadsOn(@Nullable Strand next, Strand strand) {
    return next != null && (next == strand || next.waitsFor != null);
  }

  private static void search(Strand strand, Object target) {
    Set<Strand> seen = new HashSet<>();
    Deque<Edge> open = new ArrayDeque<>();
    expand(strand, target, null, seen, open);
    for (Edge edge = open.poll(); edge != null; edge = open.poll()) {
      if (edge.next == strand) {
        List<Edge> cycle = new ArrayList<>();
        for (Edge e = edge; e != null; e = e.before) {
          cycle.add(e);
        }
        if (cycle.stream().allMatch(Edge::isStill)) {
          throw new DeadlockException(describe(cycle.reversed()));
        }
      } else {
        Object next = edge.next.waitsFor;
        if (next != null) {
          expand(edge.next, next, edge, seen, open);
        }
      }
    }
  }

  private static void expand(
      Strand waiter, Object target, @Nullable Edge before, Set<Strand> seen, Deque<Edge> open) {
    for (Strand next : new @Nullable Strand[] {runnerOf(target), holderFor(target)}) {
      if (next != null && seen.add(next)) {
        open.add(new Edge(waiter, target, next, before));
      }
    }
  }

  /** Returns the strand that runs what {@code target} is the future of. */
  private static @Nullable Strand runnerOf(Object target) {
    Task<?> task = target instanceof Unfuture<?> future ? future.origin() : null;
    return task == null ? null : task.runner();
  }

  /** Returns the strand that holds the event loop that is needed to get {@code target}. */
  private static @Nullable Strand holderFor(Object target) {
    if (target instanceof EventLoop loop) {
      return loop.holder;
    }
    Task<?> task = target instanceof Unfuture<?> future ? future.origin() : null;
    Strand holder = task == null ? null : task.holder();
    return task != null && holder == task.runner() ? null : holder;
  }

  private static String describe(List<Edge> edges) {
    return edges.stream()
        .map(
            edge ->
                "\n  thread '%s' waits for %s, which needs thread '%s'%s"
                    .formatted(
                        label(edge.waiter),
                        name(edge.target),
                        label(edge.next),
                        where(edge.waiter)))
        .collect(Collectors.joining("", "this wait would never end:", ""));
  }

  /** Returns the thread's name and number, as the threads of one event loop share its name. */
  private static String label(Strand strand) {
    return strand.thread.getName() + "#" + strand.thread.threadId();
  }

  private static String name(Object target) {
    return target instanceof EventLoop loop
        ? "its turn on " + loop
        : "a future (" + Integer.toHexString(System.identityHashCode(target)) + ")";
  }

  /** Returns the frame in the user's code where {@code strand} waits. */
  private static String where(Strand strand) {
    return Stream.of(strand.thread.getStackTrace())
        .filter(frame -> !frame.getClassName().matches("(dev\\.anysync|java|jdk)\\..*"))
        .findFirst()
        .map(frame -> "; at " + frame)
        .orElse("");
  }
}
