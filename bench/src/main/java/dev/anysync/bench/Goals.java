package dev.anysync.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The goals, by group. */
final class Goals {
  private Goals() {}

  static Map<String, List<Goal>> all() {
    Map<String, List<Goal>> groups = new LinkedHashMap<>();
    groups.put("A synchronous call", calls());
    groups.put("A result", results());
    groups.put("Many tasks", tasks());
    groups.put("Continuations", continuations());
    groups.put("Iterators and generators", elements());
    groups.put("An event loop", loops());
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
            .limit("array", "IteratorBench.array")
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
}
