package dev.anysync.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The goals, by group. */
final class Goals {
  /** The group whose figures are those of different sizes. */
  static final String GROWTH = "As the work grows";

  /** The group that is measured where Python has those libraries. */
  static final String SEEDS = "The two Python libraries";

  private Goals() {}

  static Map<String, List<Goal>> all() {
    Map<String, List<Goal>> groups = new LinkedHashMap<>();
    groups.put("A synchronous call", calls());
    groups.put("A twin", twins());
    groups.put("A result", results());
    groups.put("A call now and then", paced());
    groups.put("Many tasks", tasks());
    groups.put("Continuations", continuations());
    groups.put("Iterators and generators", elements());
    groups.put("How soon an element comes", latencies());
    groups.put("An event loop", loops());
    groups.put("A million sleeping", sleeping());
    groups.put("A process", process());
    groups.put("Child processes", remote());
    if (Python.has("from anysync import coroutine", "from unsync import unsync")) {
      groups.put(SEEDS, seeds());
    }
    groups.put(GROWTH, growth());
    return groups;
  }

  private static List<Goal> calls() {
    return List.of(
        Goal.of("run()", "RunBench.run")
            .beside("runBlocking", "RunBench.runBlocking")
            .beside("Mutiny", "RunBench.mutiny")
            .beside("RxJava", "RunBench.rxjava")
            .beside("Reactor", "RunBench.reactor")
            .limit("direct call", "RunBench.direct")
            .nanos(5)
            .bytes(0)
            .of("runBlocking", 0.06),
        Goal.of("run(), virtual thread", "RunBench.runOnVirtual").nanos(5),
        Goal.of("run(), eight bodies in turn", "RunBench.runMegamorphic")
            .limit("direct call", "RunBench.directMegamorphic")
            .overLimit(3),
        Goal.of("run() in a body", "RunBench.runInBody").nanos(5).bytes(0),
        Goal.of("await, not started", "RunBench.awaitCold").nanos(5).bytes(0),
        Goal.of("await, done", "RunBench.awaitDone")
            .beside("Kotlin", "RunBench.kotlinAwaitDone")
            .nanos(5)
            .bytes(0),
        Goal.of("use()", "RunBench.use").nanos(30));
  }

  private static List<Goal> twins() {
    return List.of(
        Goal.of("coroutine of a generated twin", "TwinBench.coroutine")
            .beside("by hand", "TwinBench.coroutineByHand")
            .ofBest(1.05),
        Goal.of("generated twin that waits", "TwinBench.waits")
            .beside("by hand", "TwinBench.waitsByHand")
            .ofBest(1.05),
        Goal.of("unfuture of a generated twin", "TwinBench.unfuture")
            .beside("by hand", "TwinBench.unfutureByHand")
            .ofBest(1.05),
        Goal.of("view that waits", "ViewBench.get")
            .limit("by hand", "ViewBench.getByHand")
            .overLimit(20),
        Goal.of("view, four kinds of methods", "ViewBench.mixed")
            .limit("by hand", "ViewBench.mixedByHand")
            .overLimit(20));
  }

  private static List<Goal> results() {
    return List.of(
        Goal.of("call(f).result()", "ResultBench.call")
            .beside("Reactor parallel", "ResultBench.reactorParallel")
            .beside("supplyAsync", "ResultBench.supplyAsync")
            .beside("Kotlin withContext", "ResultBench.kotlinWithContext")
            .beside("virtual threads", "ResultBench.virtualExecutor")
            .nanos(25)
            .ofBest(0.002),
        Goal.of("cpuBound(f).result()", "ResultBench.cpuBound")
            .beside("Reactor parallel", "ResultBench.reactorParallel")
            .beside("supplyAsync", "ResultBench.supplyAsync")
            .nanos(25)
            .ofBest(0.002),
        Goal.of("call(f).result(), virtual thread", "ResultBench.callOnVirtual")
            .beside("virtual threads", "ResultBench.virtualExecutorOnVirtual")
            .beside("supplyAsync", "ResultBench.supplyAsyncOnVirtual")
            .ofBest(1),
        Goal.of("result() of what runs", "ResultBench.runningCall")
            .beside("supplyAsync", "ResultBench.runningSupplyAsync")
            .beside("virtual threads", "ResultBench.runningVirtual")
            .beside("submit, two threads", "ResultBench.runningSubmit")
            .beside("Reactor parallel", "ResultBench.runningReactor")
            .beside("Kotlin Default", "ResultBench.runningKotlin")
            .ofBest(0.5),
        Goal.of("result() of what runs, own executor", "ResultBench.runningOnExecutor")
            .beside("submit, two threads", "ResultBench.runningSubmit")
            .ofBest(0.5),
        Goal.of("result() of what runs, virtual thread", "ResultBench.runningOnVirtual")
            .beside("virtual threads", "ResultBench.runningVirtualOnVirtual")
            .ofBest(1),
        Goal.of("call(f).result(), own executor", "ResultBench.hopOnExecutor")
            .beside("supplyAsync", "ResultBench.hopSupplyAsync")
            .ofBest(1.05));
  }

  private static List<Goal> tasks() {
    return List.of(
        Goal.of("10,000 x cpuBound, all", "SpawnBench.cpuBound")
            .beside("supplyAsync", "SpawnBench.supplyAsync")
            .beside("Guava", "SpawnBench.guava")
            .beside("Kotlin Default", "SpawnBench.kotlinDefault")
            .of("supplyAsync", 1)
            .bytesOf("supplyAsync", 0.7),
        Goal.of("10,000 x call, all", "SpawnBench.call")
            .beside("virtual threads", "SpawnBench.virtualThreads")
            .of("virtual threads", 0.5),
        Goal.of("10,000 x call, result() of each", "SpawnBench.callEachResult")
            .beside("virtual threads", "SpawnBench.virtualThreads")
            .beside("Kotlin, one thread", "SpawnBench.kotlinHere")
            .of("virtual threads", 0.5));
  }

  private static List<Goal> continuations() {
    return List.of(
        Goal.of("10 x then, done", "ThenBench.thenDone")
            .beside("CompletableFuture", "ThenBench.completableFutureDone")
            .beside("Mutiny", "ThenBench.mutiny")
            .beside("Reactor", "ThenBench.reactor")
            .of("CompletableFuture", 1.1),
        Goal.of("10 x then, pending", "ThenBench.thenPending")
            .beside("CompletableFuture", "ThenBench.completableFuturePending")
            .ofBest(1.1),
        Goal.of("10 x thenApply, done", "ThenBench.thenApplyDone")
            .beside("CompletableFuture", "ThenBench.completableFutureDone")
            .ofBest(1.1),
        Goal.of("10 x thenApply, pending", "ThenBench.thenApplyPending")
            .beside("CompletableFuture", "ThenBench.completableFuturePending")
            .ofBest(1.1));
  }

  private static List<Goal> elements() {
    return List.of(
        Goal.of("forEach, an element", "IteratorBench.forEach")
            .beside("Kotlin flow", "IteratorBench.kotlinFlow")
            .limit("array", "IteratorBench.array")
            .nanos(2)
            .bytes(0),
        Goal.of("stream(), an element", "IteratorBench.stream")
            .limit("JDK's own stream", "IteratorBench.jdkStream")
            .nanos(2)
            .bytes(0),
        suspending(Goal.of("for loop, an element", "IteratorBench.loop"))
            .limit("Kotlin sequence", "IteratorBench.kotlinSequence")
            .nanos(8)
            .ofBest(0.3)
            .ofLimit(1.3),
        suspending(Goal.of("for loop, virtual thread", "IteratorBench.loopOnVirtual"))
            .limit("Kotlin sequence", "IteratorBench.kotlinSequence")
            .nanos(8)
            .ofBest(0.3)
            .ofLimit(1.3),
        Goal.of("generator send", "GeneratorBench.send")
            .beside("Kotlin channels", "GeneratorBench.kotlinChannels")
            .limit("SynchronousQueue", "GeneratorBench.synchronousQueue")
            .ofLimit(0.6),
        Goal.of("generator send, virtual thread", "GeneratorBench.sendOnVirtual")
            .beside("Kotlin channels", "GeneratorBench.kotlinChannels")
            .limit("SynchronousQueue", "GeneratorBench.synchronousQueueOnVirtual")
            .ofLimit(0.6));
  }

  private static Goal suspending(Goal goal) {
    return goal.beside("Kotlin produce", "IteratorBench.kotlinProduce")
        .beside("Kotlin produce, Default", "IteratorBench.kotlinProduceDefault")
        .beside("ArrayBlockingQueue", "IteratorBench.blockingQueue")
        .beside("jox channel", "IteratorBench.joxChannel")
        .beside("Reactor create", "IteratorBench.reactorCreate");
  }

  private static List<Goal> loops() {
    return List.of(
        Goal.of("await of what is queued", "LoopBench.awaitQueued")
            .beside("Kotlin runBlocking", "LoopBench.kotlinAwaitQueued")
            .beside("Kotlin single thread", "LoopBench.kotlinSingleAwaitQueued")
            .nanos(20),
        Goal.of("yield, alone", "LoopBench.yieldAlone")
            .beside("Kotlin runBlocking", "LoopBench.kotlinYieldAlone")
            .nanos(10)
            .bytes(0),
        Goal.of("switch between two", "LoopBench.yieldToOther")
            .beside("Kotlin single thread", "LoopBench.kotlinYieldToOther")
            .ofBest(0.6),
        Goal.of("10,000 x start on a loop, all", "LoopBench.start")
            .beside("Kotlin single thread", "LoopBench.kotlinStart")
            .ofBest(1),
        Goal.of("10,000 x start in a loop, all", "LoopBench.startInLoop")
            .beside("Kotlin single thread", "LoopBench.kotlinStartInLoop")
            .ofBest(1),
        Goal.of("10,000 x start in a loop, await of each", "LoopBench.startInLoopAwaitEach")
            .beside("Kotlin single thread", "LoopBench.kotlinStartInLoop")
            .ofBest(1));
  }

  private static List<Goal> paced() {
    return List.of(
        Goal.of("run(), paced", "PacedProbe.run")
            .beside("runBlocking", "PacedProbe.runBlocking")
            .limit("direct call", "PacedProbe.direct"),
        claimed(Goal.of("call(f).result(), paced", "PacedProbe.call")),
        claimed(Goal.of("cpuBound(f).result(), paced", "PacedProbe.cpuBound")),
        Goal.of("call(f).result(), own executor, paced", "PacedProbe.hop")
            .beside("supplyAsync", "PacedProbe.hopSupplyAsync")
            .beside("submit", "PacedProbe.hopSubmit")
            .of("supplyAsync", 1.05),
        Goal.of("result() of what runs for 1 us, paced", "PacedProbe.callShort")
            .beside("supplyAsync", "PacedProbe.supplyAsyncShort")
            .beside("virtual threads", "PacedProbe.virtualShort")
            .of("supplyAsync", 1.05),
        Goal.of("result() of what runs for 50 us, paced", "PacedProbe.callLong")
            .beside("supplyAsync", "PacedProbe.supplyAsyncLong")
            .beside("virtual threads", "PacedProbe.virtualLong")
            .of("supplyAsync", 1.05),
        Goal.of("the same, cpuBound", "PacedProbe.cpuBoundLong")
            .beside("supplyAsync", "PacedProbe.supplyAsyncLong")
            .of("supplyAsync", 1.05),
        busy("call"),
        busy("cpuBound"));
  }

  private static Goal claimed(Goal goal) {
    return goal.beside("supplyAsync", "PacedProbe.supplyAsync")
        .beside("virtual threads", "PacedProbe.virtual")
        .beside("Kotlin withContext", "PacedProbe.kotlin")
        .beside("Reactor parallel", "PacedProbe.reactor")
        .ofBest(1);
  }

  private static Goal busy(String kind) {
    return Goal.of("wake-up, all cores busy, p99, " + kind, "WakeUpProbe." + kind + Probe.P99)
        .beside("supplyAsync", "WakeUpProbe.supplyAsync" + Probe.P99)
        .ofBest(1);
  }

  private static List<Goal> latencies() {
    return List.of(
        latency("an iterator's first element", "first", ""),
        latency("the same, p99", "first", Probe.P99),
        latency("an element before the body blocks", "later", ""),
        latency("the same, p99", "later", Probe.P99));
  }

  private static Goal latency(String name, String which, String percentile) {
    return Goal.of(name, "ElementProbe." + which + percentile)
        .limit("SynchronousQueue", "ElementProbe." + which + "SynchronousQueue" + percentile)
        .ofLimit(1.1)
        .nanos(100_000);
  }

  private static List<Goal> sleeping() {
    return List.of(
        Goal.of("a sleeping future", "SleepingProbe.futures")
            .beside("CompletableFuture", "SleepingProbe.completableFutures")
            .beside("Kotlin delay", "SleepingProbe.kotlin")
            .limit("scheduled executor", "SleepingProbe.scheduledExecutor")
            .nanos(300)
            .bytes(120),
        Goal.of("a sleeping body on an event loop", "SleepingProbe.bodies")
            .beside("virtual thread", "SleepingProbe.virtualThreads")
            .of("virtual thread", 1.1)
            .bytes(850));
  }

  private static List<Goal> process() {
    return List.of(
        Goal.of("first run() in a fresh JVM", "StartProbe.run")
            .beside("supplyAsync", "StartProbe.supplyAsync")
            .beside("runBlocking", "StartProbe.runBlocking")
            .beside("Reactor", "StartProbe.reactor")
            .limit("empty main", "StartProbe.empty")
            .overLimit(10_000_000),
        Goal.of("jar", "StartProbe.jar").bytes(150_000),
        Goal.of("CPU time of an idle second", "IdleProbe.used")
            .limit("JVM alone", "IdleProbe.jvm")
            .nanos(1_000_000));
  }

  private static List<Goal> seeds() {
    return List.of(
        seed("run()", "RunBench.run", "anysync", "run"),
        seed("run() in a body", "RunBench.runInBody", "anysync", "nested"),
        seed("for loop, an element", "IteratorBench.loop", "anysync", "element"),
        seed("generator send", "GeneratorBench.send", "anysync", "step"),
        seed("use()", "RunBench.use", "anysync", "use"),
        seed("call(f).result()", "ResultBench.call", "unsync", "result"),
        seed("async(f), 10 x then, result()", "ThenBench.thenStarted", "unsync", "chain"),
        seed("10,000 x call, result() of each", "SpawnBench.callEachResult", "unsync", "spawn"));
  }

  private static Goal seed(String name, String ours, String library, String figure) {
    return Goal.of(name, ours).beside(library, "SeedsProbe." + figure).ofBest(0.001);
  }

  private static List<Goal> remote() {
    List<Goal> goals = new ArrayList<>();
    goals.add(beside(Goal.of("a body in a warm process", "RemoteProbe.call"), "Call"));
    goals.add(beside(Goal.of("the same, p99", "RemoteProbe.call" + Probe.P99), "Call" + Probe.P99));
    goals.add(beside(Goal.of("one of many, two processes", "RemoteProbe.many"), "Many"));
    RemoteProbe.SIZES
        .keySet()
        .forEach(
            size ->
                goals.add(
                    beside(
                        Goal.of(size + " there and back", "RemoteProbe.echo " + size),
                        "Echo " + size)));
    goals.add(
        Goal.of("first result of a cold pool", "RemoteProbe.first")
            .limit("without class-data sharing", "RemoteProbe.firstWithoutSharing")
            .nanos(400_000_000));
    goals.add(
        Goal.of("the same, with an archive of its own", "RemoteProbe.firstWithArchive")
            .limit("without class-data sharing", "RemoteProbe.firstWithoutSharing")
            .nanos(400_000_000));
    return goals;
  }

  private static Goal beside(Goal goal, String python) {
    return Python.has()
        ? goal.beside("Python's pool", "RemoteProbe.python" + python).ofBest(1)
        : goal;
  }

  private static List<Goal> growth() {
    return List.of(
        growing("call(f).result()", "call"),
        growing("call(f) of all", "all"),
        growing("start and await on a loop", "start"),
        growing("await of what is queued", "await"),
        growing("for loop, an element", "iterator"),
        growing("switch to each of them", "switch"),
        growing("await at the end of a chain", "graph"));
  }

  private static Goal growing(String name, String figure) {
    Goal goal =
        Goal.of(
                "%s, %s in flight".formatted(name, Goal.number(GrowthProbe.SIZES.getLast())),
                grown(figure, GrowthProbe.SIZES.getLast()))
            .ofBest(1.5);
    GrowthProbe.SIZES.forEach(
        size -> goal.beside(Goal.number(size) + " in flight", grown(figure, size)));
    return goal;
  }

  private static String grown(String figure, int size) {
    return "GrowthProbe." + figure + GrowthProbe.name(size);
  }
}
