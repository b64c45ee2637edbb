package dev.anysync.kotlin

import java.io.IOException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.channels.produce
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/** Suspend functions as a library in Kotlin has them, for Java to call. */
@OptIn(ExperimentalCoroutinesApi::class)
class Client {
  val begun = CountDownLatch(1)
  val ended = CountDownLatch(1)
  val emitted = AtomicInteger()

  suspend fun greet(name: String): String {
    delay(1)
    return "Hello $name"
  }

  suspend fun nothing(): String? {
    delay(1)
    return null
  }

  /** Returns where it goes on after it was suspended. */
  suspend fun thread(): Thread {
    delay(1)
    return Thread.currentThread()
  }

  @Throws(IOException::class)
  suspend fun fail(failure: Throwable): String {
    delay(1)
    throw failure
  }

  /** As [fail], across a border where kotlinx.coroutines makes copies of exceptions. */
  @Throws(IOException::class)
  suspend fun failElsewhere(failure: Throwable): String =
    withContext(Dispatchers.Default) {
      delay(1)
      throw failure
    }

  /** Suspends for ever; cleans up by suspending. */
  suspend fun endless(): String {
    begun.countDown()
    try {
      awaitCancellation()
    } finally {
      withContext(NonCancellable) { delay(1) }
      ended.countDown()
    }
  }

  fun greetLater(name: String): Deferred<String> =
    CoroutineScope(Dispatchers.Default).async { greet(name) }

  fun endlessLater(): Deferred<String> = CoroutineScope(Dispatchers.Default).async { endless() }

  fun channel(): ReceiveChannel<Int> =
    CoroutineScope(Dispatchers.Default).produce { for (i in 1..3) send(i) }

  fun numbers(): Flow<Int> = flow {
    begun.countDown()
    try {
      for (i in 0..Int.MAX_VALUE) {
        emit(i)
        emitted.incrementAndGet()
      }
    } finally {
      ended.countDown()
    }
  }
}
