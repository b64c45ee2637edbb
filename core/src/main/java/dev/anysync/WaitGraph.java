package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** Finds out whether a wait that is about to begin could ever end. */
final class WaitGraph {
  /*
   * Overview. The graph is not kept anywhere: it is read off what is there already when a thread is
   * about to wait. needs() says what has to happen before a thing can go on: a wait needs what it
   * waits for, and its event loop's turn; a future needs the task that completes it; a task needs
   * the thread that runs it, or, if it is not started, the loop or one of the pool's threads that
   * would; a loop's turn needs the thread that holds it; a thread that waits needs what its wait
   * does; and a future that only the thread of a framework's event loop can complete needs that
   * thread. Whatever the library knows nothing of, or sees going on, needs nothing: it is live. So
   * is what needs one of several things of which one is live, or several of which all are. A wait
   * that is not live by these rules will never end, unless somebody from outside cancels or
   * completes something.
   *
   * Whoever waits publishes its wait first (a volatile write) and looks then, so of two that close a
   * cycle at the same moment the later sees both. What it sees is read bit by bit, while others move;
   * so a first look that finds a deadlock is not believed. It counts if a second one finds the very
   * same waits, and each of their threads was parked, and not interrupted, at both: as a thread
   * cannot leave a wait and come back to it, all of them were parked at one moment in between, and
   * whoever is parked in such a set is there for good. A thread that is seen on its way into its
   * wait or out of it is given the time to get there.
   *
   * A wait that nothing can lead to closes no cycle; it is only looked at to see whether it leads
   * into one close by. A chain of ten thousand that grows at its end would else be walked from each.
   * Whoever begins to wait for a task marks it before it publishes that, so of two that meet one
   * sees the other here as well.
   *
   * The one whose wait closes the cycle gets the exception. One that waits for a cycle that it is no
   * part of does not, as long as somebody in there is still looking and will break it.
   */

  /** Something that waits for others. */
  private static final class Node {
    final Object of;
    final boolean any; // one of its needs is enough
    final List<Node> needs = new ArrayList<>();
    final List<Node> neededBy = new ArrayList<>();
    int left; // needs that have to become live before this does
    boolean live;
    @Nullable Node from; // on the way from the wait that is looked at

    Node(Object of) {
      this.of = of;
      this.any = of instanceof OneOf || of instanceof Pool;
    }
  }

  /** The end of a task's body, which may come later than that of its future. */
  record End(Task<?> task) {}

  /** Needs of which one is enough. */
  record OneOf(List<?> needs) {}

  /** The one thread that can complete a future, of a framework's event loop. */
  record Completer(Predicate<? super Thread> accepts) {
    /** Returns it if it waits; it goes on, as far as can be seen, if it does not. */
    @Nullable Strand waiting() {
      Strand current = Strand.current();
      if (current.wait != null && accepts.test(current.thread)) {
        return current;
      }
      for (Wait wait : Wait.OF_LOOPS) {
        if (wait.strand != current && accepts.test(wait.strand.thread)) {
          return wait.strand;
        }
      }
      return null;
    }
  }

  /**
   * What several futures wait for: it is shared, and cleared in the end, so that none of them keeps
   * what it led to. Holds a task, a future, a list of them, a strand, a completer, or another link.
   */
  static class Link extends AtomicReference<@Nullable Object> {
    private static final long serialVersionUID = 1;

    /** Of futures that wait for nothing but a time. */
    static final Link CUT = new Link(null);

    static {
      CUT.cut();
    }

    transient @Nullable Gathering<?> gathering; // that the task it leads to is to tell
    private volatile boolean cut;

    Link(@Nullable Object to) {
      super(to);
    }

    /** To be called when one of the futures comes without it: in time, or completed by hand. */
    final void cut() {
      if (!cut) { // each write is a fence, and one link is shared by all threads
        cut = true;
      }
    }

    final boolean isCut() {
      return cut;
    }
  }

  private static final int GLANCE = 1 << 18; // steps without a note of where they have led
  private static final int SHORT_GLANCE = 64;
  private static final int GLANCE_DEPTH = 64; // of forks one behind another
  private static final int MANY = 1_000; // tasks that are too many to look at
  private static final int NAME = 8; // steps that a name may take

  private WaitGraph() {}

  /**
   * Throws if {@code wait}, which has been published, would never end; else marks it as checked.
   */
  static void check(Wait wait) {
    if (!wait.timed && !leadsToLife(wait, wait.isNeeded())) {
      List<Node> cycle = confirmed(wait);
      if (!cycle.isEmpty()) {
        throw deadlock("this wait would never end:", cycle);
      }
    }
    wait.checked = true;
  }

  /** Throws if a future, or what a link leads to, can never come, as what it needs waits for it. */
  static void check(Object of) {
    if (!leadsToLife(of, true)) {
      List<Node> cycle = confirmed(of);
      if (!cycle.isEmpty()) {
        throw deadlock("this future would never be done:", cycle);
      }
    }
  }

  /**
   * Follows the needs without a note of where it has been, as most of what is waited for goes on
   * and is soon through; returns false if it is not, or if that is {@code needed} and takes too
   * long.
   */
  private static boolean leadsToLife(Object of, boolean needed) {
    int[] left = {needed ? GLANCE : SHORT_GLANCE, 0};
    return leadsToLife(of, left, 0) || (!needed && left[0] < 0 && left[1] == 0);
  }

  private static boolean leadsToLife(Object of, int[] left, int depth) {
    Object at = of;
    Object before = of; // Brent's way to see that it goes round
    for (int i = 0; left[0]-- > 0 && depth < GLANCE_DEPTH; i++) {
      if (at instanceof OneOf oneOf) {
        return oneOf.needs.stream()
            .anyMatch(need -> !hasFailed(need) && leadsToLife(need, left, depth + 1));
      }
      if (at instanceof Pool pool) {
        return pool.isLive();
      }
      List<?> needs = needs(at);
      if (needs.isEmpty()) {
        return true;
      }
      if (at instanceof Completer) {
        left[1]++; // a wait may lead to any thread's that way
      }
      for (int other = 1; other < needs.size(); other++) {
        if (!leadsToLife(needs.get(other), left, depth + 1)) {
          return false;
        }
      }
      at = needs.getFirst();
      if (at == before) {
        return false;
      }
      if (Integer.bitCount(i) == 1) {
        before = at;
      }
    }
    return false;
  }

  /** Returns the way from {@code root} back to it, or none if it can go on. */
  private static List<Node> confirmed(Object root) {
    Set<Object> before = Set.of();
    for (int looks = 0; ; looks++) {
      List<Node> stuck = stuck(root);
      Set<Object> waits = Collections.newSetFromMap(new IdentityHashMap<>());
      boolean settled = true;
      boolean checked = true;
      for (Node node : stuck) {
        if (node.of instanceof Wait wait) {
          waits.add(wait);
          settled &= wait.isSettled();
          checked &= wait.checked || wait == root;
        }
      }
      List<Node> cycle = stuck.isEmpty() ? stuck : cycle(stuck.getFirst(), checked);
      if (cycle.isEmpty() || (settled && waits.equals(before))) {
        return cycle;
      }
      before = settled ? waits : Set.of();
      if (!settled) {
        LockSupport.parkNanos(1_000L << Math.min(looks, 10));
      }
    }
  }

  /** Returns what can never go on of all that {@code of} needs, itself first; or nothing. */
  private static List<Node> stuck(Object of) {
    IdentityHashMap<Object, Node> known = new IdentityHashMap<>();
    List<Node> nodes = new ArrayList<>();
    Node root = node(of, known, nodes);
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      for (Object need : needs(node.of)) {
        node.needs.add(node(need, known, nodes));
      }
      node.live = node.needs.isEmpty();
    }
    Deque<Node> live = new ArrayDeque<>();
    for (Node node : nodes) {
      node.needs.forEach(need -> need.neededBy.add(node));
      node.left = node.any ? Math.min(1, node.needs.size()) : node.needs.size();
      if (node.live) {
        live.add(node);
      }
    }
    for (Node node = live.poll(); node != null && !root.live; node = live.poll()) {
      for (Node waiting : node.neededBy) {
        if (--waiting.left == 0) {
          waiting.live = true;
          live.add(waiting);
        }
      }
    }
    return root.live ? List.of() : nodes.stream().filter(node -> !node.live).toList();
  }

  private static Node node(Object of, IdentityHashMap<Object, Node> known, List<Node> nodes) {
    return known.computeIfAbsent(
        of,
        key -> {
          Node node = new Node(key);
          nodes.add(node);
          return node;
        });
  }

  /**
   * Returns the shortest way from {@code root} back to it; if there is none, and nobody else can be
   * about to break the cycle that it leads to, the way into that.
   */
  private static List<Node> cycle(Node root, boolean others) {
    Deque<Node> open = new ArrayDeque<>(List.of(root));
    Node end = null;
    for (Node node = open.poll(); node != null && root.from == null; node = open.poll()) {
      for (Node need : node.needs) {
        if (!need.live && need.from == null) {
          need.from = node;
          open.add(need);
        }
      }
      end = node;
    }
    List<Node> way = new ArrayList<>();
    Node last = root.from != null ? root.from : others ? end : null;
    for (Node node = last; node != null; node = node == root ? null : node.from) {
      way.add(node);
    }
    return way.reversed();
  }

  /** Returns what has to happen before {@code of} can go on; nothing if it may go on anyway. */
  private static List<?> needs(Object of) {
    return switch (of) {
      case Wait wait -> {
        EventLoop turn = wait.turn != null && isBusy(wait.turn, wait.strand) ? wait.turn : null;
        yield !wait.isEnding()
            ? both(wait.target, turn)
            : listOf(wait.target instanceof EventLoop loop ? loop : turn);
      }
      case EventLoop loop -> waitOf(loop.holder);
      case Strand strand -> waitOf(strand);
      case Task<?> task -> task.isDone() ? List.of() : needs(task);
      case End end -> needs(end.task);
      case Unfuture<?> future -> listOf(future.origin());
      case Link link -> {
        Object to = link.isCut() ? null : link.get();
        yield listOf(to);
      }
      case OneOf oneOf -> oneOf.needs.stream().filter(need -> !hasFailed(need)).toList();
      case Pool pool -> pool.inTheWay();
      case Registry registry -> {
        List<End> tasks = registry.tasks().limit(MANY + 1).map(End::new).toList();
        yield tasks.size() > MANY ? List.of() : tasks;
      }
      case Completer completer -> listOf(completer.waiting());
      case List<?> futures -> futures;
      default -> List.of();
    };
  }

  private static List<?> needs(Task<?> task) {
    if (task.timed) {
      return List.of();
    }
    Strand runner = task.runner();
    EventLoop loop = task.lane.turn();
    if (runner != null) {
      return both(runner, loop != null && isBusy(loop, runner) ? loop : null);
    }
    if (task.isStarted()) {
      return List.of();
    }
    if (loop != null) {
      return List.of(loop);
    }
    return listOf(task.lane.executor() instanceof EventLoop lane ? lane : task.lane.pool());
  }

  private static List<?> listOf(@Nullable Object one) {
    return one == null ? List.of() : List.of(one);
  }

  private static List<?> both(Object one, @Nullable Object other) {
    return other == null ? List.of(one) : List.of(one, other);
  }

  private static List<?> waitOf(@Nullable Strand strand) {
    Wait wait = strand == null ? null : strand.wait;
    return wait == null ? List.of() : List.of(wait);
  }

  private static boolean hasFailed(Object need) {
    return need instanceof CompletableFuture<?> future && future.isCompletedExceptionally();
  }

  /** Returns whether another than {@code strand} has the loop's turn, and waits. */
  private static boolean isBusy(EventLoop loop, Strand strand) {
    Strand holder = loop.holder;
    return holder != null && holder != strand && holder.wait != null;
  }

  /**
   * Returns whether all that {@code wait} needs ends in futures of which nothing is known, so that
   * whoever completes them may need the thread that waits.
   */
  static boolean isLost(Wait wait) {
    Set<Object> known = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Object> open = new ArrayDeque<>(List.of(wait));
    for (Object of = open.poll(); of != null; of = open.poll()) {
      List<?> needs = of instanceof List<?> futures ? notDone(futures) : needs(of);
      if (needs.isEmpty() && !isUnknown(of)) {
        return false; // it goes on, or ends in time
      }
      needs.stream().filter(known::add).forEach(open::add);
    }
    return true;
  }

  private static boolean isUnknown(Object of) {
    return switch (of) {
      case Task<?> task -> !task.isStarted() && !task.timed && !task.lane.isOwn();
      case Unfuture<?> future -> !future.isDone() && !future.isTimed();
      case Future<?> future -> !future.isDone();
      case Link link -> !link.isCut() && link.get() == null;
      case Completer _ -> true;
      case Wait wait -> !wait.isEnding() && isUnknown(wait.target);
      default -> false;
    };
  }

  private static List<?> notDone(List<?> futures) {
    return futures.stream()
        .filter(future -> !(future instanceof Future<?> done && done.isDone()))
        .toList();
  }

  /** Finds the tasks and strands that {@code of} waits for, or the first {@code limit} of them. */
  static void bodies(Object of, int limit, Consumer<Object> found) {
    Set<Object> known = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Object> open = new ArrayDeque<>(List.of(of));
    for (Object at = open.poll(); at != null && known.size() <= limit; at = open.poll()) {
      List<?> needs =
          switch (at) {
            case Task<?> task -> {
              found.accept(task);
              yield List.of();
            }
            case End end -> listOf(end.task);
            case Unfuture<?> future -> listOf(future.origin());
            case Link link -> listOf(link.get());
            case OneOf oneOf -> oneOf.needs;
            case List<?> futures -> futures;
            case Completer completer -> listOf(completer.waiting());
            case Registry registry -> registry.tasks().limit(limit).toList();
            case EventLoop loop -> listOf(loop.holder);
            default -> {
              found.accept(at);
              yield List.of();
            }
          };
      needs.stream().filter(known::add).limit(limit).forEach(open::add);
    }
  }

  private static DeadlockException deadlock(String title, List<Node> way) {
    StringBuilder text = new StringBuilder(title);
    List<Strand> strands = new ArrayList<>();
    for (Node node : way) {
      if (node.of instanceof Wait wait) {
        strands.add(wait.strand);
        text.append("\n  ").append(describe(wait, node.needs.getFirst()));
      } else if (strands.isEmpty() && node == way.getFirst()) {
        text.append("\n  it is ").append(name(node));
      }
    }
    if (way.stream().anyMatch(node -> node.of instanceof Completer)) {
      text.append("\n  start() or await what waits there, or let another thread wait");
    }
    return new DeadlockException(text.toString(), strands);
  }

  private static String describe(Wait wait, Node target) {
    String place =
        wait.held != null
            ? ", which holds the event loop '" + wait.held + "',"
            : wait.turn != null ? ", a coroutine of the event loop '" + wait.turn + "'," : "";
    String at = CallerFrames.ofUser(wait.strand.thread, true);
    return "%s%s waits for %s, since %d ms%s"
        .formatted(
            label(wait.strand), place, name(target), wait.millis(), at == null ? "" : "; at " + at);
  }

  static String describe(Wait wait) {
    return describe(wait, chain(wait.target));
  }

  /** Says what {@code of} is, which may be live. */
  static String name(Object of) {
    return name(chain(of));
  }

  /**
   * Returns the node of {@code of}, with the first of its needs, and the first of that, and so on.
   */
  private static Node chain(Object of) {
    Node first = new Node(of);
    Node last = first;
    for (int i = 0; i < NAME; i++) {
      List<?> needs = needs(last.of);
      if (needs.isEmpty()) {
        break;
      }
      Node next = new Node(needs.getFirst());
      last.needs.add(next);
      last = next;
    }
    return first;
  }

  private static Node need(Node node) {
    Node need = node.needs.isEmpty() ? node : node.needs.getFirst();
    return need.of instanceof Link && need != node ? need(need) : need;
  }

  /** Says what it is that is waited for, as it was when it was looked at. */
  private static String name(Node node) {
    Node need = need(node);
    return switch (node.of) {
      case Link _ when need != node -> name(need);
      case EventLoop loop -> {
        Strand holder = loop.holder;
        String has = holder == null ? "" : ", which " + label(holder) + " has";
        yield "its turn on the event loop '" + loop + "'" + has;
      }
      case Task<?> _, End _ ->
          switch (need.of) {
            case Strand runner -> "what runs on " + label(runner);
            case EventLoop loop -> "what is queued on the event loop '" + loop + "'";
            case Pool _ ->
                need.needs.isEmpty()
                    ? "what its pool has not started yet"
                    : "what is queued in its pool behind busy threads";
            default -> "a task";
          };
      case Completer completer ->
          completer.accepts
              + ", which only "
              + (need.of instanceof Strand strand ? label(strand) : "one thread")
              + " can complete";
      case Unfuture<?> _ when need.of instanceof Completer -> name(need);
      case Unfuture<?> _ when need.of instanceof Task<?> -> "what depends on " + name(need);
      case Unfuture<?> _ when need.of instanceof End -> "the end of " + name(need);
      case Unfuture<?> _ when need == node -> "a future";
      case Unfuture<?> _ ->
          switch (need.of) {
            case Strand strand -> "a continuation that runs on " + label(strand);
            case List<?> futures -> "all of " + futures.size() + " futures";
            case OneOf oneOf -> "one of " + oneOf.needs.size() + " futures";
            case Registry registry -> "the end of all work of " + registry;
            case Unfuture<?> _ when need(need).of instanceof Completer ->
                "what follows " + name(need);
            default -> "what follows a future";
          };
      default -> "a future";
    };
  }

  /** Returns the thread's name and number, as the threads of one event loop share its name. */
  static String label(Strand strand) {
    return "thread '" + strand.thread.getName() + "'#" + strand.thread.threadId();
  }
}
