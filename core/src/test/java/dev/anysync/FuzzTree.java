package dev.anysync;

import static dev.anysync.AnySync.await;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.Immutable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A random tree of bodies that run, await, start, race, iterate and use each other in every way,
 * and what became of them. It calls {@code onTrigger} once: at a given step, or as soon as a body
 * waits for what never comes.
 */
final class FuzzTree {
  private static final int MAX_NODES = 24;
  private static final int MAX_DEPTH = 5;
  private static final Executor SOON = task -> Thread.startVirtualThread(task);

  /** What some bodies fail with. */
  static final class Boom extends Exception {
    private static final long serialVersionUID = 1;

    Boom() {
      super("boom", null, true, false);
    }
  }

  /** A body: it is entered once at most, and ends as often. */
  static final class Body {
    final String name;
    final boolean detached;
    final AtomicInteger entered = new AtomicInteger();
    final AtomicInteger ended = new AtomicInteger();

    private Body(String name, boolean detached) {
      this.name = name;
      this.detached = detached;
    }

    boolean isRunning() {
      return ended.get() < entered.get();
    }

    @Override
    public String toString() {
      return "%s, entered %s, ended %s".formatted(name, entered, ended);
    }
  }

  /**
   * Where a node is in the tree.
   *
   * @param held whether the event loop is not to be used, as one that waits for this may hold it
   * @param detached whether nobody cancels this with the root
   */
  private record Scope(boolean held, boolean detached) {
    /** What nobody cancels keeps off the loop: if it held that, the others could not end. */
    Scope detach() {
      return new Scope(true, true);
    }

    /** Inside a call that holds the event loop on which it is made. */
    Scope hold() {
      return new Scope(held || Strand.current().loop != null, detached);
    }
  }

  @Immutable
  private interface Work {
    int run(FuzzTree tree, Node node, Scope scope) throws Exception;
  }

  /** What a node does; the value of each is the sum of the children's, where that is certain. */
  private enum Kind {
    // Leaves
    NOTHING(0, (_, _, _) -> 1),
    TURN(0, (_, _, _) -> sleep(Duration.ZERO)),
    SLEEP(0, (_, node, _) -> sleep(Duration.ofNanos(node.number * 200L))),
    DONE(0, (_, _, _) -> await(CompletableFuture.completedFuture(1))),
    SOON(0, (_, _, _) -> await(CompletableFuture.supplyAsync(() -> 1, FuzzTree.SOON))),
    FUTURE(0, (_, _, _) -> await(task(true))),
    FAIL(0, (_, _, _) -> fail()),
    // Leaves that only a cancellation ends
    NEVER(0, (tree, _, _) -> tree.endless(() -> await(new CompletableFuture<Integer>()))),
    NEVER_SHIELDED(
        0, (tree, _, _) -> tree.endless(() -> AnySync.shield(new CompletableFuture<Integer>()))),
    NEVER_FUTURE(0, (tree, _, _) -> tree.endless(() -> await(task(false)))),
    NEVER_WAKES(0, (tree, _, _) -> tree.endless(() -> sleep(Duration.ofHours(1)))),
    NEVER_BLOCKED(0, (tree, _, _) -> tree.endless(FuzzTree::block)),
    // Calls
    AWAIT(3, FuzzTree::awaitEach),
    RUN(1, (tree, node, scope) -> node.child(tree, 0, scope.hold()).run()),
    RUN_IN_TIME(1, FuzzTree::runInTime),
    START(2, FuzzTree::startEach),
    RESULT(1, FuzzTree::result),
    SHIELD(1, (tree, node, scope) -> AnySync.shield(tree.detach(node, scope))),
    DETACH(1, FuzzTree::startDetached),
    ON_LOOP(1, FuzzTree::startOnLoop),
    CALL(1, (tree, node, scope) -> tree.function(node, scope, Unsync::call)),
    CPU_BOUND(1, (tree, node, scope) -> tree.function(node, scope, Unsync::cpuBound)),
    ALL(3, (tree, node, scope) -> sum(await(AnySync.all(node.children(tree, scope))))),
    RACE(3, (tree, node, scope) -> await(AnySync.race(node.children(tree, scope)))),
    TRY(1, FuzzTree::tryIt),
    CLEANUP(1, FuzzTree::cleanUp),
    // Iterators
    FOR(3, (tree, node, scope) -> loop(node, tree.iterator(node, scope.hold()))),
    FOR_EACH(3, FuzzTree::forEach),
    LOCK_STEP(3, (tree, node, scope) -> loop(node, tree.iterator(node, scope.hold()).prefetch(0))),
    STREAM(3, FuzzTree::stream),
    NEXT_ASYNC(3, FuzzTree::nextAsync),
    PUBLISHER(3, FuzzTree::publisher),
    GENERATOR(3, FuzzTree::generator),
    // Context managers: the first child is entered, the second is the block
    USE(2, FuzzTree::use),
    OPEN(2, FuzzTree::open),
    USE_ASYNC(2, FuzzTree::useAsync),
    OPEN_ASYNC(2, FuzzTree::openAsync);

    private static final List<Kind> ALL_KINDS = List.of(values());
    private static final List<Kind> LEAVES =
        ALL_KINDS.stream().filter(kind -> kind.children == 0).toList();
    private static final List<Kind> INNER =
        ALL_KINDS.stream().filter(kind -> kind.children > 0).toList();

    private final int children;
    private final Work work;

    Kind(int children, Work work) {
      this.children = children;
      this.work = work;
    }

    boolean isEndless() {
      return name().startsWith("NEVER");
    }

    /** Returns whether it is known what comes of the children. */
    boolean isExact() {
      return this != FAIL && this != RACE && this != RUN_IN_TIME && this != DETACH;
    }

    boolean takesSome() {
      return Set.of(FOR, LOCK_STEP, STREAM, NEXT_ASYNC, PUBLISHER, GENERATOR).contains(this);
    }
  }

  private record Node(Kind kind, List<Node> children, int number) {
    AnySync<Integer> child(FuzzTree tree, int index, Scope scope) {
      return children.get(index).coroutine(tree, scope);
    }

    List<AnySync<Integer>> children(FuzzTree tree, Scope scope) {
      return children.stream().map(child -> child.coroutine(tree, scope)).toList();
    }

    AnySync<Integer> coroutine(FuzzTree tree, Scope scope) {
      return AnySync.coroutine(tree.body(kind.name(), scope, () -> run(tree, scope)));
    }

    int run(FuzzTree tree, Scope scope) throws Exception {
      return kind.work.run(tree, this, scope);
    }

    /** How many elements the consumer takes. */
    int limit() {
      return 1 + number % (children.size() + 1);
    }

    boolean isExact() {
      return kind.isExact() && children.stream().allMatch(Node::isExact);
    }

    int value() {
      int count = kind.takesSome() ? Math.min(limit(), children.size()) : children.size();
      return kind.children == 0 ? 1 : children.stream().limit(count).mapToInt(Node::value).sum();
    }

    boolean has(Kind other) {
      return kind == other || children.stream().anyMatch(child -> child.has(other));
    }

    void print(StringBuilder text, String indent) {
      text.append(indent).append(kind).append(' ').append(number).append('\n');
      children.forEach(child -> child.print(text, indent + "  "));
    }
  }

  final EventLoop loop = EventLoop.create("anysync-fuzz");
  final Queue<Body> bodies = new ConcurrentLinkedQueue<>();
  final Queue<Unfuture<Integer>> detached = new ConcurrentLinkedQueue<>();
  final Queue<AnySyncIterator<Integer>> iterators = new ConcurrentLinkedQueue<>();
  private final Node root;
  private final int triggerAt;
  private final Runnable onTrigger;
  private final AtomicInteger steps = new AtomicInteger();
  private final AtomicBoolean triggered = new AtomicBoolean();

  /** Makes a tree; an {@code endless} one may have bodies that end by cancellation only. */
  FuzzTree(Random random, boolean endless, Runnable onTrigger) {
    int[] nodes = {1 + random.nextInt(MAX_NODES)};
    int first = nodes[0];
    root = make(random, endless, MAX_DEPTH, nodes);
    triggerAt = 1 + random.nextInt(3 * (first - nodes[0]) + 2);
    this.onTrigger = onTrigger;
  }

  private static Node make(Random random, boolean endless, int depth, int[] left) {
    left[0]--;
    Kind kind;
    do {
      List<Kind> kinds = depth == 0 || left[0] <= 0 ? Kind.LEAVES : Kind.INNER;
      kind = kinds.get(random.nextInt(kinds.size()));
    } while ((kind.isEndless() && !endless) || (kind == Kind.FAIL && random.nextInt(4) > 0));
    int number = random.nextInt(1_000);
    List<Node> children = new ArrayList<>();
    for (int i = 0; i < kind.children; i++) {
      children.add(make(random, endless, depth - 1, left));
    }
    return new Node(kind, List.copyOf(children), number);
  }

  /** Returns a coroutine of the whole tree, to be run once. */
  AnySync<Integer> coroutine() {
    return root.coroutine(this, new Scope(false, false));
  }

  /** Returns what it yields, if nobody cancels it, or -1 if that depends. */
  int value() {
    return root.isExact() ? root.value() : -1;
  }

  boolean mayBeInterrupted() {
    return root.has(Kind.NEVER_BLOCKED);
  }

  boolean mayFail() {
    return root.has(Kind.FAIL);
  }

  void step() {
    if (steps.incrementAndGet() >= triggerAt) {
      trigger();
    }
  }

  void trigger() {
    if (triggered.compareAndSet(false, true)) {
      onTrigger.run();
    }
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("trigger at " + triggerAt + " of " + steps + "\n");
    root.print(text, "  ");
    bodies.forEach(body -> text.append(body).append('\n'));
    return text.toString();
  }

  /** Returns {@code work} as a body: to be entered once. */
  private <T> Callable<T> body(String name, Scope scope, Callable<T> work) {
    Body body = new Body(name, scope.detached);
    bodies.add(body);
    return () -> {
      body.entered.incrementAndGet();
      try {
        step();
        T value = work.call();
        step();
        return value;
      } finally {
        body.ended.incrementAndGet();
      }
    };
  }

  // Leaves

  private static int sleep(Duration duration) {
    AnySync.sleep(duration);
    return 1;
  }

  private static Future<Integer> task(boolean run) {
    FutureTask<Integer> task = new FutureTask<>(() -> 1);
    if (run) {
      SOON.execute(task);
    }
    return task;
  }

  private static int fail() throws Boom {
    throw new Boom();
  }

  private int endless(Callable<Integer> wait) throws Exception {
    trigger();
    return wait.call();
  }

  private static int block() throws InterruptedException {
    if (Strand.current().loop != null) {
      return await(new CompletableFuture<Integer>()); // a blocked loop would stop them all
    }
    new CountDownLatch(1).await();
    throw new AssertionError();
  }

  // Calls

  private static int awaitEach(FuzzTree tree, Node node, Scope scope) {
    int sum = 0;
    for (AnySync<Integer> child : node.children(tree, scope)) {
      sum += await(child);
      tree.step();
    }
    return sum;
  }

  private static int runInTime(FuzzTree tree, Node node, Scope scope) {
    Duration timeout =
        node.number % 3 > 0 ? Duration.ofMinutes(5) : Duration.ofNanos(node.number * 300L);
    try {
      return node.child(tree, 0, scope.hold()).run(timeout);
    } catch (TimeoutException e) {
      return 1;
    }
  }

  private static int startEach(FuzzTree tree, Node node, Scope scope) {
    List<Unfuture<Integer>> started = new ArrayList<>();
    try {
      node.children(tree, scope).forEach(child -> started.add(child.start()));
      tree.step();
      if (Strand.current().loop != null) { // which one of them may hold until it is cancelled
        Unfuture<List<Integer>> all = Unfuture.all(started);
        var _ = all.whenComplete((value, error) -> started.forEach(future -> future.cancel(true)));
        return sum(await(all));
      }
      int sum = 0;
      for (Unfuture<Integer> future : started) {
        sum += await(future);
      }
      return sum;
    } finally {
      started.forEach(future -> future.cancel(true));
    }
  }

  private static int result(FuzzTree tree, Node node, Scope scope) {
    Unfuture<Integer> started = node.child(tree, 0, scope).start();
    return tree.resultOf(started);
  }

  private int resultOf(Unfuture<Integer> started) {
    try {
      return Strand.current().loop == null ? started.result() : await(started);
    } finally {
      started.cancel(true);
    }
  }

  @CanIgnoreReturnValue
  private Unfuture<Integer> detach(Node node, Scope scope) {
    Unfuture<Integer> started = node.child(this, 0, scope.detach()).start();
    detached.add(started);
    return started;
  }

  private static int startDetached(FuzzTree tree, Node node, Scope scope) {
    tree.detach(node, scope);
    return 1;
  }

  private static int startOnLoop(FuzzTree tree, Node node, Scope scope) {
    AnySync<Integer> child = node.child(tree, 0, scope);
    if (scope.held) {
      return await(child); // the loop is held until this ends
    }
    if (node.number % 2 == 0 && Strand.current().loop == null) {
      return tree.loop.run(child);
    }
    Unfuture<Integer> started = child.start(tree.loop);
    try {
      return await(started);
    } finally {
      started.cancel(true);
    }
  }

  private interface Lane {
    Unfuture<Integer> start(Callable<Integer> function);
  }

  private int function(Node node, Scope scope, Lane lane) {
    AnySync<Integer> child = node.child(this, 0, scope);
    return resultOf(lane.start(body("function", scope, () -> child.run())));
  }

  private static int sum(Collection<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).sum();
  }

  private static int tryIt(FuzzTree tree, Node node, Scope scope) {
    try {
      return node.child(tree, 0, scope.hold()).run(Boom.class);
    } catch (Boom e) {
      return unlessCancelled(e);
    }
  }

  /** A close of try-with-resources that is cancelled after its block has failed is suppressed. */
  private static int unlessCancelled(Boom e) {
    for (Throwable suppressed : e.getSuppressed()) {
      if (suppressed instanceof CancellationException cancellation) {
        throw cancellation;
      }
    }
    return 1;
  }

  private static int cleanUp(FuzzTree tree, Node node, Scope scope) {
    try {
      return await(node.child(tree, 0, scope));
    } finally {
      tree.cleaning(node.number);
    }
  }

  /** What a cleaning up may do: it awaits what comes for certain. */
  private void cleaning(int number) {
    step();
    switch (number % 3) {
      case 0 -> AnySync.sleep(Duration.ZERO);
      case 1 -> await(CompletableFuture.supplyAsync(() -> 1, SOON));
      default -> await(Unsync.call(() -> 1));
    }
  }

  // Iterators

  private AnySyncIterator<Integer> iterator(Node node, Scope scope) {
    Body body = new Body("body of " + node.kind, scope.detached);
    bodies.add(body);
    AnySyncIterator<Integer> iterator =
        AnySync.iterator(
            out -> {
              body.entered.incrementAndGet();
              try {
                for (Node child : node.children) {
                  step();
                  out.yield(child.run(this, scope));
                }
              } finally {
                try {
                  cleaning(node.number);
                } finally {
                  body.ended.incrementAndGet();
                }
              }
            });
    iterators.add(iterator);
    return iterator;
  }

  private static int loop(Node node, AnySyncIterator<Integer> elements) {
    int sum = 0;
    int count = 0;
    try (elements) {
      for (int element : elements) {
        sum += element;
        if (++count == node.limit()) {
          break;
        }
      }
    }
    return sum;
  }

  private static int forEach(FuzzTree tree, Node node, Scope scope) {
    int[] sum = {0};
    tree.iterator(node, scope.hold())
        .forEach(
            element -> {
              tree.step();
              sum[0] += element;
            });
    return sum[0];
  }

  private static int stream(FuzzTree tree, Node node, Scope scope) {
    try (Stream<Integer> elements = tree.iterator(node, scope.hold()).stream()) {
      return elements.limit(node.limit()).mapToInt(Integer::intValue).sum();
    }
  }

  private static int nextAsync(FuzzTree tree, Node node, Scope scope) {
    int sum = 0;
    try (AnySyncIterator<Integer> elements = tree.iterator(node, scope)) {
      AnySync<Optional<Integer>> next = elements.nextAsync();
      for (int i = 0; i < node.limit(); i++) {
        tree.step();
        sum += await(next).orElse(0);
      }
    }
    return sum;
  }

  private static int publisher(FuzzTree tree, Node node, Scope scope) {
    try (AnySyncIterator<Integer> source = tree.iterator(node, scope.hold())) {
      return loop(
          node, AnySyncIterator.<Integer>from(source.publisher()).prefetch(node.number % 3));
    }
  }

  private static int generator(FuzzTree tree, Node node, Scope scope) {
    Scope inner = scope.hold();
    Body body = new Body("body of a generator", scope.detached);
    tree.bodies.add(body);
    AnySyncGenerator<Integer, Integer> generator =
        AnySync.generator(
            out -> {
              body.entered.incrementAndGet();
              try {
                for (Node child : node.children) {
                  Integer sent = out.yield(child.run(tree, inner));
                  if (sent == null || sent != 7) {
                    throw new AssertionError("sent: " + sent);
                  }
                }
              } finally {
                try {
                  tree.cleaning(node.number);
                } finally {
                  body.ended.incrementAndGet();
                }
              }
            });
    tree.iterators.add(generator);
    int sum = 0;
    try (generator) {
      sum += generator.next();
      for (int i = 1; i < node.limit(); i++) {
        tree.step();
        sum += node.number % 2 == 0 ? generator.send(7) : await(generator.sendAsync(7));
      }
      if (node.number % 5 == 0) {
        sum += generator.raise(new Boom());
      }
    } catch (NoSuchElementException e) {
      // as many as there are
    } catch (Exception e) {
      if (!(e instanceof Boom boom)) {
        throw Strand.sneaky(e);
      }
      sum += unlessCancelled(boom) - 1;
    }
    return sum;
  }

  // Context managers

  private AnySyncContextManager<Integer> contextManager(Node node, Scope scope) {
    Body body = new Body("body of " + node.kind, scope.detached);
    bodies.add(body);
    Node first = node.children.getFirst();
    return AnySync.contextManager(
        out -> {
          body.entered.incrementAndGet();
          try {
            out.yield(first.run(this, scope));
          } finally {
            try {
              cleaning(node.number);
            } finally {
              body.ended.incrementAndGet();
            }
          }
        });
  }

  private int block(Node node, int resource, Scope scope) {
    step();
    return resource + await(node.child(this, 1, scope));
  }

  private static int use(FuzzTree tree, Node node, Scope scope) {
    Integer sum =
        tree.contextManager(node, scope.hold())
            .<Integer>use(resource -> tree.block(node, resource, scope));
    return Objects.requireNonNull(sum);
  }

  private static int open(FuzzTree tree, Node node, Scope scope) {
    try (var opened = tree.contextManager(node, scope.hold()).open()) {
      return tree.block(node, opened.value(), scope);
    }
  }

  private static int useAsync(FuzzTree tree, Node node, Scope scope) {
    Integer sum =
        await(
            tree.contextManager(node, scope)
                .<Integer>useAsync(resource -> tree.block(node, resource, scope)));
    return Objects.requireNonNull(sum);
  }

  private static int openAsync(FuzzTree tree, Node node, Scope scope) {
    var opened = await(tree.contextManager(node, scope).openAsync());
    try {
      return tree.block(node, opened.value(), scope);
    } finally {
      tree.close(opened);
    }
  }

  private void close(AnySyncContextManager.Opened<Integer> opened) {
    step();
    try {
      await(opened.closeAsync());
    } finally {
      opened.close(); // one that is cancelled just now does not come as far as the close
    }
  }
}
