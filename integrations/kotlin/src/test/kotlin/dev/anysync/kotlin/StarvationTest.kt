package dev.anysync.kotlin

import dev.anysync.AnySync
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.Executors
import java.util.concurrent.ForkJoinPool
import java.util.concurrent.TimeoutException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource

/**
 * All threads of a dispatcher call a synchronous function, which needs one of them: issue 3983 of
 * kotlinx.coroutines.
 */
internal class StarvationTest {
  private companion object {
    val CORES = maxOf(2, Runtime.getRuntime().availableProcessors()) // threads of Default
    val HANGS: Duration = Duration.ofSeconds(2) // or takes a thousand times as long as it should
  }

  enum class Limited(val threads: Int) {
    DEFAULT(CORES),
    VIEW(1),
    FIXED(2);

    fun <T> use(block: (CoroutineDispatcher) -> T): T =
      when (this) {
        DEFAULT -> block(Dispatchers.Default)
        VIEW -> block(Dispatchers.Default.limitedParallelism(1))
        FIXED -> Executors.newFixedThreadPool(threads).asCoroutineDispatcher().use(block)
      }
  }

  private lateinit var callers: List<Deferred<Int>>

  /** Has as many coroutines call [price] at the same time as there are threads; null if it hangs. */
  private fun CoroutineDispatcher.total(threads: Int, price: suspend () -> Int): Int? = runBlocking {
    val all = CyclicBarrier(threads)
    val scope = CoroutineScope(this@total + SupervisorJob())
    callers =
      List(threads) {
        scope.async {
          all.await() // now each thread is in one of these
          price()
        }
      }
    withTimeoutOrNull(HANGS.toMillis()) { callers.awaitAll().sum() }
  }

  @ParameterizedTest
  @EnumSource
  fun runBlockingHangs(limited: Limited) {
    limited.use { dispatcher ->
      val prices = ConcurrentLinkedQueue<CompletableDeferred<Int>>() // for this test to go on
      fun price(): Int {
        val price = CompletableDeferred<Int>().also { prices += it }
        CoroutineScope(dispatcher).launch { price.complete(21) }
        return runBlocking { price.await() }
      }

      assertThat(dispatcher.total(limited.threads) { price() }).isNull()
      prices.forEach { it.complete(0) }
      runBlocking { callers.joinAll() }
    }
  }

  @ParameterizedTest
  @EnumSource
  fun awaitedItDoesNot(limited: Limited) {
    limited.use { dispatcher ->
      fun price(): Int = anySync { withContext(dispatcher) { 21 } }.run()

      val total =
        dispatcher.total(limited.threads) { AnySync.coroutine<Int> { price() }.await() }
      assertThat(total).isEqualTo(limited.threads * 21)
    }
  }

  /** Nested, and each level needs the dispatcher. */
  @ParameterizedTest
  @EnumSource
  fun howeverDeep(limited: Limited) {
    limited.use { dispatcher ->
      fun price(depth: Int): Int =
        anySync {
          withContext(dispatcher) {
            if (depth == 0) 21 else AnySync.coroutine<Int> { price(depth - 1) }.await()
          }
        }.run()

      val total =
        dispatcher.total(limited.threads) { AnySync.coroutine<Int> { price(50) }.await() }
      assertThat(total).isEqualTo(limited.threads * 21)
    }
  }

  @Test
  fun aForkJoinPoolReplacesTheThreadsThatWait() {
    ForkJoinPool(2).use { pool ->
      val dispatcher = pool.asCoroutineDispatcher()
      fun price(): Int = anySync { withContext(dispatcher) { 21 } }.run()

      assertThat(dispatcher.total(2) { price() }).isEqualTo(42)
    }
  }

  @Test
  fun whatNeedsNoDispatcherNeedsNoThread() {
    fun price(): Int = anySync { Client().greet("x").length }.run()

    val total = Dispatchers.Default.total(CORES) { price() }
    assertThat(total).isEqualTo(CORES * 7)
  }

  /** What cannot be helped from here: nobody can tell such a dispatcher that a thread waits. */
  @Test
  fun calledOnTheOnlyThreadItWaitsAndATimeoutEndsThat() {
    val only = Dispatchers.Default.limitedParallelism(1)
    val scope = CoroutineScope(only + SupervisorJob())
    val price = scope.async { anySync { withContext(only) { 21 } }.run(Duration.ofMillis(100)) }
    assertThatThrownBy { price.result() }.isInstanceOf(TimeoutException::class.java)
  }
}
