package dev.anysync.bench

import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlin.coroutines.ContinuationInterceptor
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.produce
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

/** What is measured of kotlinx.coroutines, where it takes Kotlin to write it. */
@OptIn(
  ExperimentalCoroutinesApi::class,
  DelicateCoroutinesApi::class,
)
object KotlinPeers {
  private val single: CoroutineDispatcher =
    Executors.newSingleThreadExecutor { Thread(it, "kotlin-single").apply { isDaemon = true } }
      .asCoroutineDispatcher()

  @JvmStatic fun run(body: Callable<Int>): Int = runBlocking { body.call() }

  @JvmStatic
  fun awaitDone(times: Int): Int = runBlocking {
    val done = CompletableDeferred(1)
    var sum = 0
    repeat(times) { sum += done.await() }
    sum
  }

  /** Starts a body elsewhere, tells the caller when it runs, and waits for it. */
  @JvmStatic
  fun startElsewhere(body: Callable<Int>): Deferred<Int> =
    GlobalScope.async(Dispatchers.Default) { body.call() }

  @JvmStatic fun join(deferred: Deferred<Int>): Int = runBlocking { deferred.await() }

  @JvmStatic
  fun switchToDefault(body: Callable<Int>): Int =
    runBlocking { withContext(Dispatchers.Default) { body.call() } }

  @JvmStatic
  fun spawnHere(count: Int): Int = runBlocking {
    val all = List(count) { async { 1 } }
    all.awaitAll().size
  }

  @JvmStatic
  fun spawnDefault(count: Int): Int = runBlocking {
    val all = List(count) { async(Dispatchers.Default) { 1 } }
    all.awaitAll().size
  }

  @JvmStatic
  fun spawnSingle(count: Int): Int = runBlocking {
    val all = List(count) { async(single) { 1 } }
    all.awaitAll().size
  }

  @JvmStatic
  fun spawnInSingle(count: Int): Int = runBlocking(single) {
    val all = List(count) { async { 1 } }
    all.awaitAll().size
  }

  @JvmStatic fun sequenceSum(count: Int): Long {
    var sum = 0L
    for (i in sequence { for (i in 0 until count) yield(i) }) sum += i
    return sum
  }

  @JvmStatic
  fun produceSum(count: Int): Long = runBlocking {
    var sum = 0L
    for (i in produce { for (i in 0 until count) send(i) }) sum += i
    sum
  }

  @JvmStatic
  fun produceDefaultSum(count: Int): Long = runBlocking {
    var sum = 0L
    for (i in produce(Dispatchers.Default, capacity = 256) { for (i in 0 until count) send(i) }) sum += i
    sum
  }

  @JvmStatic
  fun flowSum(count: Int): Long = runBlocking {
    var sum = 0L
    flow { for (i in 0 until count) emit(i) }.collect { sum += it }
    sum
  }

  /** Exchanges values with a coroutine on the same thread, in lock-step. */
  @JvmStatic
  fun exchange(steps: Int): Int = runBlocking {
    val requests = Channel<Int>(Channel.RENDEZVOUS)
    val answers = Channel<Int>(Channel.RENDEZVOUS)
    val other = launch { for (request in requests) answers.send(request + 1) }
    var last = 0
    repeat(steps) {
      requests.send(last)
      last = answers.receive()
    }
    other.cancel()
    last
  }

  @JvmStatic
  fun awaitQueued(times: Int): Int = runBlocking { awaitQueuedHere(this, times) }

  @JvmStatic
  fun awaitQueuedSingle(times: Int): Int =
    runBlocking { withContext(single) { awaitQueuedHere(this, times) } }

  private suspend fun awaitQueuedHere(scope: CoroutineScope, times: Int): Int {
    val dispatcher = scope.coroutineContext[ContinuationInterceptor] as CoroutineDispatcher
    val context = scope.coroutineContext
    var sum = 0
    repeat(times) {
      val result = CompletableDeferred<Int>()
      dispatcher.dispatch(context, Runnable { result.complete(1) })
      sum += result.await()
    }
    return sum
  }

  @JvmStatic
  fun yields(times: Int): Int = runBlocking {
    repeat(times) { yield() }
    times
  }

  /** Two coroutines on one thread that let each other go on. */
  @JvmStatic
  fun switches(times: Int): Int = runBlocking(single) {
    val other = launch { repeat(times / 2) { yield() } }
    repeat(times / 2) { yield() }
    other.join()
    times
  }

  /** Starts coroutines that sleep for an hour, and returns when all of them do. */
  @JvmStatic
  fun sleepers(count: Int): Job =
    GlobalScope.launch(Dispatchers.Unconfined) { repeat(count) { launch { delay(3_600_000) } } }
}
