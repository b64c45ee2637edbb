package dev.anysync.kotlin

import dev.anysync.AnySync
import dev.anysync.EventLoop
import dev.anysync.Unfuture
import dev.anysync.testkit.Readme
import dev.anysync.testkit.TimeLimits
import java.io.IOException
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CompletionException
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executors
import java.util.concurrent.ForkJoinPool
import java.util.concurrent.FutureTask
import java.util.concurrent.TimeUnit
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.suspendCoroutine
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExecutorCoroutineDispatcher
import kotlinx.coroutines.Job
import kotlinx.coroutines.asContextElement
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.assertj.core.api.Assertions.catchThrowable
import org.awaitility.Awaitility
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test

internal inline fun failureOf(block: () -> Unit): Throwable? =
  try {
    block()
    null
  } catch (e: Throwable) {
    e
  }

internal val FAILURES: List<Throwable> =
  listOf(
    IOException("checked"),
    IllegalArgumentException("unchecked"),
    CompletionException(IOException("inner")),
    ExecutionException(IOException("inner")),
    StackOverflowError("an error"),
  )

internal class AnySyncKotlinTest {
  private val client = Client()
  private val bodies = JavaBodies()
  private val single: ExecutorCoroutineDispatcher =
    Executors.newSingleThreadExecutor { Thread(it, "single") }.asCoroutineDispatcher()

  @AfterEach
  fun close() {
    bodies.mayEnd.countDown()
    single.close()
  }

  @Test
  fun readme() {
    suspend fun greetings(): String =
      JavaBodies.greeting("Ann").await() + ", " + JavaBodies.greeting("Bob").await()
    assertThat(runBlocking { greetings() }).isEqualTo("Hello Ann, Hello Bob")

    val both: AnySync<String> = anySync { client.greet("Ann") + ", " + client.greet("Bob") }
    val text = both.run() // synchronous code, any thread
    assertThat(text).isEqualTo("Hello Ann, Hello Bob")

    val seen = mutableListOf<Int>()
    client.numbers().asAnySyncIterator().use { numbers ->
      for (number in numbers) {
        if (number > 3) break // and the flow ends
        seen += number
      }
    }
    assertThat(seen).containsExactly(0, 1, 2, 3)

    val numbers: Flow<Int> = flowFrom { bodies.numbers() } // each collector has a new iterator
    assertThat(runBlocking { numbers.take(2).toList() }).containsExactly(0, 1)
    Readme.assertThatItsCodeIsTested("kotlin", "java")
  }

  @Test
  fun suspendFunctionsAwaitBodies(): Unit = runBlocking {
    assertThat(JavaBodies.greeting("x").await()).isEqualTo("Hello x")
    assertThat(JavaBodies.greeting("x").start().await()).isEqualTo("Hello x")
    assertThat(Unfuture.of("done").await()).isEqualTo("done")
    assertThat(Unfuture.of<String?>(null).await()).isNull()
    assertThat(AnySync.coroutine(Callable<String?> { null }).await()).isNull()
    val threads = List(10) { async { AnySync.coroutine<Thread> { Thread.currentThread() }.await() } }
    assertThat(threads.awaitAll()).allMatch { it.isVirtual }
  }

  @Test
  fun aSuspendFunctionIsACallFromAnyThread() {
    val call = anySync { client.greet("x") }
    val threads =
      mapOf<String, (FutureTask<String>) -> Unit>(
        "this" to { it.run() },
        "virtual" to { Thread.startVirtualThread(it) },
        "Default" to { CoroutineScope(Dispatchers.Default).launch { it.run() } },
        "IO" to { CoroutineScope(Dispatchers.IO).launch { it.run() } },
        "limited" to { CoroutineScope(Dispatchers.Default.limitedParallelism(1)).launch { it.run() } },
        "single" to { CoroutineScope(single).launch { it.run() } },
        "fork/join" to { ForkJoinPool.commonPool().execute(it) },
        "runBlocking" to { runBlocking { it.run() } },
        "coroutine" to { AnySync.coroutine<Unit> { it.run() }.run() },
        "suspended" to { anySync { it.run() }.run() },
      )
    for ((name, execute) in threads) {
      val task = FutureTask { call.run() }
      execute(task)
      assertThat(task.get(30, TimeUnit.SECONDS)).`as`(name).isEqualTo("Hello x")
    }
    EventLoop.create("l").use { loop ->
      assertThat(AnySync.coroutine<String> { call.run() }.start(loop).result()).isEqualTo("Hello x")
    }
  }

  @Test
  fun withoutADispatcherItRunsOnTheCallersThread() {
    val local = ThreadLocal<String>()
    local.set("ada")
    val threads =
      anySync {
        val first = Thread.currentThread()
        delay(1)
        local.set(local.get() + " lovelace")
        val child = async {
          delay(1)
          Thread.currentThread()
        }
        withContext(single) { assertThat(Thread.currentThread().name).startsWith("single") }
        listOf(first, child.await(), Thread.currentThread())
      }.run()
    assertThat(threads).containsOnly(Thread.currentThread())
    assertThat(local.get()).isEqualTo("ada lovelace")
  }

  @Test
  fun withADispatcherItRunsThere() {
    val name = anySync(single) { Thread.currentThread().name }.run()
    assertThat(name).startsWith("single")
  }

  @Test
  fun itIsCold() {
    var runs = 0
    val call = anySync { ++runs }
    assertThat(runs).isZero()
    assertThat(call.run() + call.start().result()).isEqualTo(3)
  }

  @Test
  fun itEndsWhenWhatItLaunchedHas() {
    val events = ConcurrentLinkedQueue<String>()
    anySync {
      launch {
        delay(5)
        events += "child"
      }
      events += "block"
    }.run()
    assertThat(events).containsExactly("block", "child")
  }

  @Test
  fun onAnEventLoopItIsAPartOfTheLoop() {
    EventLoop.create("l").use { loop ->
      val go = CompletableDeferred<String>()
      val waiting =
        anySync {
          assertThat(loop.inLoop()).isTrue()
          val value = go.await()
          assertThat(loop.inLoop()).isTrue()
          value
        }.start(loop)
      val other = AnySync.coroutine<String> { "the loop is free" }.start(loop)
      assertThat(other.result()).isEqualTo("the loop is free")
      go.complete("x")
      assertThat(waiting.result()).isEqualTo("x")
    }
  }

  @Test
  fun aBodyMayAwaitInsideASuspendFunctionAndTheOtherWayRound() {
    val call = anySync {
      delay(1)
      val direct: String = AnySync.await(JavaBodies.greeting("a"))
      direct + JavaBodies.greeting("b").await() + await { client.greet("c") }
    }
    assertThat(call.run()).isEqualTo("Hello aHello bHello c")
    assertThat(AnySync.coroutine<String> { await { client.greet("x") } }.run()).isEqualTo("Hello x")
    assertThatThrownBy { await { client.greet("x") } }
      .isInstanceOf(IllegalStateException::class.java)
      .hasMessageContaining("run()")
  }

  private fun depth(n: Int): AnySync<Int> = anySync {
    yield()
    if (n == 0) 0 else depth(n - 1).run() + 1
  }

  @Test
  fun itNests() {
    assertThat(depth(2_000).run()).isEqualTo(2_000)
  }

  @Test
  fun failuresOfBodiesAreTheSameObject(): Unit = runBlocking {
    for (failure in FAILURES) {
      val call = JavaBodies.failing(failure)
      assertThat(failureOf { call.await() }).isSameAs(failure)
      assertThat(failureOf { call.start().await() }).isSameAs(failure)
      val failed = call.start()
      assertThat(catchThrowable { failed.join() }).isNotNull()
      assertThat(failureOf { failed.await() }).isSameAs(failure)
      if (failure !is CompletionException) { // or the JDK's wrapper cannot be told from it
        assertThat(failureOf { (failed.thenApply { it } as Unfuture).await() }).isSameAs(failure)
      }
    }
  }

  @Test
  fun failuresOfSuspendFunctionsAreTheSameObject() {
    for (failure in FAILURES) {
      for (call in
        listOf(
          anySync { client.fail(failure) },
          anySync { client.failElsewhere(failure) },
          anySync(Dispatchers.Default) { client.fail(failure) },
          anySync { coroutineScope { withContext(single) { client.failElsewhere(failure) } } },
          anySync { JavaBodies.failing(failure).await() },
          anySync {
            launch { client.fail(failure) }
            client.endless()
          },
        )) {
        assertThat(catchThrowable { call.run() }).isSameAs(failure)
        assertThat(catchThrowable { call.start().result() }).isSameAs(failure)
        assertThat(catchThrowable { AnySync.coroutine<String> { AnySync.await(call) }.run() })
          .isSameAs(failure)
        assertThat(runBlocking { failureOf { call.await() } }).isSameAs(failure)
      }
    }
  }

  /** Or the tests of sameness would show less than they say. */
  @Test
  fun stackTracesAreRecoveredInThisTest(): Unit = runBlocking {
    val failure = IOException("x")
    supervisorScope {
      val failed = async(Dispatchers.Default) { client.fail(failure) }
      val thrown = failureOf { failed.await() }
      assertThat(thrown).isNotSameAs(failure).hasCause(failure)
    }
  }

  @Test
  fun cancellingACoroutineStopsTheBodyAndWaitsForIt(): Unit = runBlocking {
    val waiting = launch(Dispatchers.Default) { bodies.endless().await() }
    bodies.begun.await()
    waiting.cancel()
    bodies.told.await()
    assertThat(waiting.isCompleted).isFalse()
    bodies.mayEnd.countDown()
    waiting.join()
    assertThat(bodies.ended.count).isZero()
    assertThat(waiting.isCancelled).isTrue()
  }

  @Test
  fun aCancelledCoroutineDoesNotStartABody(): Unit = runBlocking {
    var begun = false
    val cancelled = launch(start = CoroutineStart.UNDISPATCHED) {
      currentCoroutineContext()[Job]!!.cancel()
      AnySync.coroutine<Unit> { begun = true }.await()
    }
    cancelled.join()
    assertThat(begun).isFalse()
  }

  @Test
  fun cancellingACoroutineCancelsTheFutureItAwaitsAndDoesNotWait(): Unit = runBlocking {
    val future = bodies.endless().start()
    val waiting = launch(start = CoroutineStart.UNDISPATCHED) { future.await() }
    bodies.begun.await()
    waiting.cancelAndJoin()
    assertThat(future.isCancelled).isTrue()
    assertThat(bodies.ended.count).isOne()
  }

  @Test
  fun cancellingAFutureCancelsTheCoroutineThatAwaitsIt(): Unit = runBlocking {
    val future = bodies.endless().start()
    val thrown = CompletableDeferred<Throwable?>()
    val waiting = launch(start = CoroutineStart.UNDISPATCHED) {
      val failure = failureOf { future.await() }
      thrown.complete(failure)
      throw failure!!
    }
    bodies.begun.await()
    future.cancel(true)
    waiting.join()
    assertThat(thrown.await()).isInstanceOf(CancellationException::class.java)
    assertThat(waiting.isCancelled).isTrue()
  }

  @Test
  fun anInterruptOfTheCallerCancelsTheSuspendFunction() {
    var flag = false
    val waiting = FutureTask {
      catchThrowable { anySync { client.endless() }.run() }.also { flag = Thread.interrupted() }
    }
    val thread = Thread.ofPlatform().start(waiting)
    client.begun.await()
    thread.interrupt()
    assertThat(waiting.get()).isInstanceOf(CancellationException::class.java)
    assertThat(flag).isTrue()
    assertThat(client.ended.count).isZero()
  }

  @Test
  fun aTimeoutCancelsTheSuspendFunction() {
    TimeLimits.assertThatItIsExceeded(client.begun) { anySync { client.endless() }.run(it) }
    client.ended.await()
  }

  @Test
  fun cancellingTheFutureCancelsTheSuspendFunctionWhereverItRuns() {
    for (context in listOf<CoroutineContext>(single, Dispatchers.Default, Dispatchers.Unconfined)) {
      val client = Client()
      val future = anySync(context) { client.endless() }.start()
      client.begun.await()
      assertThat(future.cancel(true)).isTrue()
      future.stopped().result()
      assertThat(client.ended.count).isZero()
    }
  }

  @Test
  fun cancellingTheFutureCancelsTheSuspendFunctionOnAnEventLoop() {
    EventLoop.create("l").use { loop ->
      val future = anySync { client.endless() }.start(loop)
      client.begun.await()
      future.cancel(true)
      future.stopped().result()
      assertThat(client.ended.count).isZero()
    }
  }

  @Test
  fun cancellingReachesThroughBothWorlds(): Unit = runBlocking {
    val waiting =
      launch(Dispatchers.Default) {
        AnySync.coroutine<String> { await { AnySync.coroutine<String> { anySync { client.endless() }.run() }.await() } }
          .await()
      }
    client.begun.await()
    waiting.cancelAndJoin()
    assertThat(client.ended.count).isZero()
  }

  @Test
  fun aFailedCleanUpIsWhatACancelledCallFailsWith() {
    val failure = IOException("cleaning up")
    val thrown = CompletableDeferred<Throwable?>()
    val body =
      AnySync.coroutine<Unit> {
        thrown.complete(
          catchThrowable {
            AnySync.await(
              anySync {
                try {
                  client.endless()
                } finally {
                  throw failure
                }
              }
            )
          }
        )
      }.start()
    client.begun.await()
    body.cancel(true)
    assertThat(thrown.result()).isSameAs(failure)
  }

  @Test
  fun itIsAChildOfTheGivenJob() {
    val parent = Job()
    val future = anySync(parent) { client.endless() }.start()
    client.begun.await()
    parent.cancel()
    assertThat(catchThrowable { future.result() }).isInstanceOf(CancellationException::class.java)
    assertThat(client.ended.count).isZero()
  }

  @Test
  fun whatIsDispatchedAfterTheEndRunsAllTheSame() {
    val resumed = CountDownLatch(1)
    lateinit var left: Continuation<Unit>
    anySync {
      val elsewhere = CoroutineScope(coroutineContext.minusKey(Job))
      elsewhere.launch {
        suspendCoroutine { left = it }
        resumed.countDown()
      }
    }.run()
    left.resume(Unit)
    resumed.await()
  }

  @Test
  fun threadLocalsOfTheContextAreThere(): Unit = runBlocking {
    val user = ThreadLocal<String?>()
    val elsewhere = AnySync.coroutine<String?> { user.get() }
    withContext(user.asContextElement("ada")) {
      assertThat(elsewhere.await()).isEqualTo("ada")
      assertThat(elsewhere.start().await()).isNull()
      assertThat(user.get()).isEqualTo("ada")
      val flow = flowFrom { AnySync.iterator { out -> out.`yield`(user.get()) } }
      assertThat(flow.toList()).containsExactly("ada")
    }
    assertThat(elsewhere.await()).isNull()
    for (context in listOf(user.asContextElement("bob"), single + user.asContextElement("bob"))) {
      val call =
        anySync(context) {
          delay(1)
          user.get()
        }
      assertThat(AnySync.coroutine<String?> { call.run() }.await()).isEqualTo("bob")
      assertThat(user.get()).isNull()
    }
  }

  @Test
  fun deferredsAreUnfutures() {
    assertThat(client.greetLater("x").asUnfuture().result()).isEqualTo("Hello x")
    assertThat(client.greetLater("x").result()).isEqualTo("Hello x")
    assertThat(CompletableDeferred<String?>().apply { complete(null) }.result()).isNull()
    val lazy = CoroutineScope(single).async(start = CoroutineStart.LAZY) { "lazy" }
    assertThat(lazy.result()).isEqualTo("lazy")
    val scope = CoroutineScope(Dispatchers.Default + Job())
    for (failure in FAILURES) {
      val failed = CompletableDeferred<String>().apply { completeExceptionally(failure) }
      assertThat(catchThrowable { failed.result() }).isSameAs(failure)
      assertThat(catchThrowable { AnySync.coroutine<String> { await(failed) }.run() })
        .isSameAs(failure)
    }
    val copied = IOException("copied on the way")
    val failed = scope.async { client.failElsewhere(copied) }
    assertThat(catchThrowable { failed.result() }).isSameAs(copied)
  }

  @Test
  fun cancellingADeferredCancelsItsUnfuture() {
    val deferred = client.endlessLater()
    val unfuture = deferred.asUnfuture()
    client.begun.await()
    deferred.cancel()
    client.ended.await()
    assertThat(catchThrowable { unfuture.result() }).isInstanceOf(CancellationException::class.java)
    assertThat(unfuture.isCancelled).isTrue()
  }

  @Test
  fun whoeverStopsWaitingCancelsTheDeferred() {
    val waits =
      listOf<(CompletableDeferred<String>) -> Unit>(
        { it.asUnfuture().cancel(true) },
        { it.asUnfuture().complete("by hand") },
        { it.asUnfuture().completeExceptionally(IOException("by hand")) },
        { catchThrowable { it.result(Duration.ofMillis(1)) } },
        {
          val started = CountDownLatch(1)
          val body =
            AnySync.coroutine<String> {
              started.countDown()
              await(it)
            }.start()
          started.await()
          body.cancel(true)
        },
      )
    for (wait in waits) {
      val client = Client()
      val deferred = CompletableDeferred<String>()
      val following = CoroutineScope(Dispatchers.Default).launch {
        client.begun.countDown()
        deferred.join()
        client.ended.countDown()
      }
      client.begun.await()
      wait(deferred)
      Awaitility.await().until { deferred.isCancelled }
      client.ended.await()
      following.cancel()
    }
  }

  @Test
  fun unfuturesAreDeferreds(): Unit = runBlocking {
    assertThat(JavaBodies.greeting("x").start().asDeferred().await()).isEqualTo("Hello x")
    assertThat(Unfuture.of<String?>(null).asDeferred().await()).isNull()
    for (failure in FAILURES) {
      val deferred = JavaBodies.failing(failure).start().asDeferred()
      deferred.join()
      val completion = CompletableDeferred<Throwable?>()
      deferred.invokeOnCompletion { completion.complete(it) }
      assertThat(completion.await()).isSameAs(failure)
      assertThat(catchThrowable { deferred.result() }).isSameAs(failure)
    }
    val future = bodies.endless().start()
    val deferred = future.asDeferred()
    bodies.begun.await()
    deferred.cancel()
    assertThat(future.isCancelled).isTrue()
    val cancelled = Unfuture<String>()
    val following = cancelled.asDeferred()
    cancelled.cancel(true)
    assertThat(following.isCancelled).isTrue()
  }
}
