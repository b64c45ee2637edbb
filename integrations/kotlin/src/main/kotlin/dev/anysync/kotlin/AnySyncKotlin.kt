@file:JvmName("AnySyncKotlin")
@file:OptIn(DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)

package dev.anysync.kotlin

import com.google.errorprone.annotations.CheckReturnValue
import dev.anysync.AnySync
import dev.anysync.AnySyncIterator
import dev.anysync.Unfuture
import java.time.Duration
import java.util.Objects
import java.util.concurrent.TimeoutException
import java.util.function.Supplier
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.ThreadContextElement
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.channels.SendChannel
import kotlinx.coroutines.channels.consumeEach
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext

/*
 * Overview. A suspend function that is called by a body runs as a coroutine of kotlinx.coroutines
 * whose dispatcher is a Pump, unless the caller names another: the body's own thread, which awaits
 * whatever is dispatched next and runs it. So it needs no other thread, nothing else runs on top of
 * the one that waits, and on an event loop it is a part of the loop, as the body is. An iterator over
 * a flow is the same: the body collects, and yields from there.
 *
 * In the other direction a body is started on a virtual thread, and the coroutine suspends.
 *
 * Exceptions pass the border as values, never by a resume: there, and in scopes, kotlinx.coroutines
 * throws copies of them if assertions are on. Copies that were made on the way to the border are
 * turned back into what they were made of.
 */

/**
 * Runs this coroutine's body on a virtual thread, suspends meanwhile, and returns its result or
 * throws the very exception that it threw. The body has the thread locals of the
 * [ThreadContextElement]s of the current context.
 *
 * The body is a part of the current coroutine, as the block of `withContext` is. If that is
 * cancelled, the body is stopped, and this returns when it has really ended. A body that is not
 * worth waiting for: `call.start().await()`.
 */
@JvmSynthetic
public suspend fun <T> AnySync<T>.await(): T {
  val context = currentCoroutineContext()
  context.ensureActive()
  val future = startIn(context)
  try {
    future.awaitDone()
  } catch (e: CancellationException) {
    future.awaitEnd()
    throw e
  }
  return future.result()
}

/**
 * Suspends until this future is done, and returns its result or throws the very exception that it
 * failed with, a [CancellationException] if it was cancelled. If the current coroutine is cancelled
 * meanwhile, it is resumed at once, and cancels this future.
 */
@JvmSynthetic
public suspend fun <T> Unfuture<T>.await(): T {
  awaitDone()
  return result()
}

/**
 * Returns a coroutine that runs `block` each time it is run, awaited or started, and ends when
 * `block` and what it has launched have ended. Cancelling it cancels them, and waits for them.
 *
 * Unless [context] has a dispatcher, all of it runs where the body of the coroutine does: `run()` on
 * the calling thread is a function call. A [Job] in [context] is its parent.
 */
@CheckReturnValue
@JvmName("from")
@JvmOverloads
public fun <T> anySync(
  context: CoroutineContext = EmptyCoroutineContext,
  block: suspend CoroutineScope.() -> T,
): AnySync<T> {
  Objects.requireNonNull(context, "context")
  Objects.requireNonNull(block, "block")
  return AnySync.coroutine<T> { call(context, block) }
}

/** As [anySync]; for Java: `AnySyncKotlin.from(c -> client.greet("Ann", c))`. */
@CheckReturnValue
@JvmName("from")
public fun <T> SuspendBody<T>.asAnySync(): AnySync<T> {
  val body = Objects.requireNonNull(this, "body")
  return anySync { body.run() }
}

/**
 * Runs a suspend function and waits for it, on any thread; for Java: `AnySyncKotlin.run(c ->
 * client.greet("Ann", c))`. An interrupt of the current thread cancels it. Kotlin says `anySync {
 * client.greet("Ann") }.run()`.
 */
@JvmName("run")
public fun <T> SuspendBody<T>.result(): T = asAnySync().run()

/** As above, but if that takes longer than [timeout] cancels the function, on a virtual thread. */
@JvmName("run")
@Throws(TimeoutException::class)
public fun <T> SuspendBody<T>.result(timeout: Duration): T = asAnySync().run(timeout)

/**
 * In a body, in direct style: calls a suspend function as a part of the current coroutine, and
 * returns its result; for Java: `AnySyncKotlin.await(c -> client.greet("Ann", c))`.
 *
 * @throws IllegalStateException if the current thread is not in the body of a coroutine
 */
public fun <T> await(body: SuspendBody<T>): T {
  Objects.requireNonNull(body, "body")
  return AnySync.await(body.asAnySync())
}

/**
 * In a body, in direct style: suspends the current coroutine until [deferred] is completed, and
 * returns its result or throws what it failed with. Cancelling the coroutine cancels [deferred].
 *
 * @throws IllegalStateException if the current thread is not in the body of a coroutine
 */
public fun <T> await(deferred: Deferred<T>): T {
  Objects.requireNonNull(deferred, "deferred")
  return AnySync.await(deferred.asUnfuture())
}

/**
 * Waits for this, which is started if it is lazy, from synchronous code, on any thread, and returns
 * its result or throws what it failed with. An interrupt of the current thread cancels it.
 */
@JvmName("run")
public fun <T> Deferred<T>.result(): T = waitFor { it.run() }

/** As above, but if that takes longer than [timeout] cancels this. */
@JvmName("run")
@Throws(TimeoutException::class)
public fun <T> Deferred<T>.result(timeout: Duration): T = waitFor { it.run(timeout) }

private fun <T> Deferred<T>.waitFor(run: (AnySync<T>) -> T): T {
  val unfuture = asUnfuture()
  try {
    return run(AnySync.coroutine<T> { AnySync.await(unfuture) })
  } catch (e: Exception) {
    if (e is CancellationException || e is TimeoutException) {
      unfuture.cancel(true) // if the wait was given up before it began
    }
    throw e
  }
}

/**
 * Returns the unfuture that is completed as this is, and cancels this when it is completed by
 * anybody else. A lazy one is started.
 */
@CheckReturnValue
@JvmName("fromDeferred")
public fun <T> Deferred<T>.asUnfuture(): Unfuture<T> {
  val deferred = Objects.requireNonNull(this, "deferred")
  val unfuture = Unfuture<T>()
  deferred.invokeOnCompletion { error ->
    if (error == null) {
      unfuture.complete(deferred.getCompleted())
    } else {
      unfuture.completeExceptionally(original(error))
    }
  }
  unfuture.whenComplete { _, error ->
    if (!deferred.isCompleted) {
      deferred.cancel(asCancellation(error))
    }
  }
  deferred.start()
  return unfuture
}

/**
 * Returns the deferred that is completed as this is, and cancels this when cancelled. Its own
 * `await()` is that of kotlinx.coroutines, which throws copies of exceptions if assertions are on.
 */
@CheckReturnValue
@JvmName("toDeferred")
public fun <T> Unfuture<T>.asDeferred(): Deferred<T> {
  val unfuture = Objects.requireNonNull(this, "unfuture")
  val deferred = CompletableDeferred<T>()
  unfuture.whenComplete { _, _ ->
    try {
      deferred.complete(unfuture.result())
    } catch (e: Throwable) {
      deferred.completeExceptionally(e)
    }
  }
  deferred.invokeOnCompletion {
    if (!unfuture.isDone) {
      unfuture.cancel(true)
    }
  }
  return deferred
}

/**
 * Returns an iterator over what this flow emits. The iterator's body collects it, once, when the
 * first element is asked for; the flow's own code runs on the body's thread, and waits while the body
 * is as far ahead as [AnySyncIterator.prefetch] allows. Closing the iterator ends the flow.
 */
@CheckReturnValue
@JvmName("fromFlow")
public fun <T> Flow<T>.asAnySyncIterator(): AnySyncIterator<T> {
  val flow = Objects.requireNonNull(this, "flow")
  return AnySync.iterator { out -> call(EmptyCoroutineContext) { flow.collect { out.`yield`(it) } } }
}

/**
 * Returns an iterator over what this channel receives. Once an element was asked for, the end of the
 * iterator, or closing it, cancels the channel.
 */
@CheckReturnValue
@JvmName("fromChannel")
public fun <T> ReceiveChannel<T>.asAnySyncIterator(): AnySyncIterator<T> {
  val channel = Objects.requireNonNull(this, "channel")
  return AnySync.iterator { out ->
    call(EmptyCoroutineContext) { channel.consumeEach { out.`yield`(it) } }
  }
}

/**
 * Returns a flow of the elements of a new iterator for each collector. The iterator's body runs on a
 * virtual thread, and waits there when it is [Channel.BUFFERED] elements ahead. Whoever ends the
 * collection stops the body, and `collect` returns when that has really ended.
 */
@CheckReturnValue
@JvmName("toFlow")
public fun <T> flowFrom(iterators: Supplier<AnySyncIterator<T>>): Flow<T> {
  Objects.requireNonNull(iterators, "iterators")
  return flow {
    val elements = Objects.requireNonNull(iterators.get(), "iterators returned null")
    val buffer = Channel<T>(Channel.BUFFERED)
    val body =
      AnySync.coroutine<Unit> { elements.forEachRemaining { buffer.put(it) } }
        .startIn(currentCoroutineContext())
    body.whenComplete { _, _ -> buffer.close() }
    try {
      for (element in buffer) {
        emit(element)
      }
    } finally {
      body.cancel(true)
      body.awaitEnd()
      elements.close() // if the body was cancelled before it began
    }
    body.result()
  }
}

/** Returns a flow of what this body yields; each collector runs it anew, as [flowFrom] does. */
@CheckReturnValue
@JvmName("toFlow")
public fun <T> AnySyncIterator.Body<T>.asFlow(): Flow<T> {
  val body = Objects.requireNonNull(this, "body")
  return flowFrom { AnySync.iterator(body) }
}

private fun <T> SendChannel<T>.put(element: T) {
  if (!trySend(element).isSuccess) {
    AnySync.await(anySync { send(element) })
  }
}

/** Starts this on a virtual thread that has what a coroutine's context gives its threads. */
private fun <T> AnySync<T>.startIn(context: CoroutineContext): Unfuture<T> {
  val elements =
    context.fold(emptyList<ThreadContextElement<*>>()) { found, element ->
      if (element is ThreadContextElement<*>) found + element else found
    }
  return if (elements.isEmpty()) {
    start()
  } else {
    AnySync.coroutine<T> { elements.around(context) { AnySync.await(this) } }.start()
  }
}

private fun <T> List<ThreadContextElement<*>>.around(
  context: CoroutineContext,
  body: () -> T,
): T = if (isEmpty()) body() else first().around(context) { drop(1).around(context, body) }

private fun <S, T> ThreadContextElement<S>.around(context: CoroutineContext, body: () -> T): T {
  val before = updateThreadContext(context)
  try {
    return body()
  } finally {
    restoreThreadContext(context, before)
  }
}

/** Suspends until this is done, however it ended; cancelled with the current coroutine. */
private suspend fun Unfuture<*>.awaitDone() {
  if (!isDone) {
    suspendCancellableCoroutine<Unit> { waiting ->
      whenComplete { _, _ -> waiting.resume(Unit) }
      waiting.invokeOnCancellation { cancel(true) }
    }
  }
}

private suspend fun Unfuture<*>.awaitEnd() {
  val end = stopped()
  if (!end.isDone) {
    withContext(NonCancellable) { end.awaitDone() }
  }
}

/** Runs a suspend function as a part of the current body. */
private fun <T> call(context: CoroutineContext, block: suspend CoroutineScope.() -> T): T {
  val pump = Pump()
  val called = GlobalScope.async(pump + context, block = block)
  called.invokeOnCompletion { pump.end() }
  val told = pump.run(called)
  val failure = called.getCompletionExceptionOrNull()
  if (told != null && (failure == null || failure is CancellationException)) {
    throw told
  }
  if (failure != null) {
    throw original(failure)
  }
  return called.getCompleted()
}

/** Returns what kotlinx.coroutines has made this a copy of to recover a stack trace, if it has. */
private fun original(error: Throwable): Throwable {
  var found = error
  var cause = found.cause
  while (
    cause != null &&
      cause.javaClass == found.javaClass &&
      found.stackTrace.any { it.className.startsWith("_COROUTINE.") }
  ) {
    found = cause
    cause = found.cause
  }
  return found
}

private fun asCancellation(error: Throwable?): CancellationException =
  error as? CancellationException
    ?: CancellationException("nobody waits for it any more").apply { initCause(error) }

/** Has the thread of a body run what is dispatched for one call. */
private class Pump : CoroutineDispatcher() {
  private val lock = Any()
  private val queue = ArrayDeque<Runnable>()
  private var added: Unfuture<Unit>? = null // what the body awaits, when there is nothing to run
  private var isOver = false // nothing more is put into the queue

  override fun dispatch(context: CoroutineContext, block: Runnable) {
    val isQueued = synchronized(lock) { !isOver && queue.add(block) }
    if (isQueued) {
      wake()
    } else {
      Thread.startVirtualThread(block)
    }
  }

  /** To be called when the call has ended. */
  fun end() {
    synchronized(lock) { isOver = true }
    wake()
  }

  private fun wake() {
    synchronized(lock) { added.also { added = null } }?.complete(Unit)
  }

  /**
   * Runs what is dispatched until [call] has ended; returns how the body was told, meanwhile, that it
   * has been cancelled, if it was.
   */
  fun run(call: Job): CancellationException? {
    try {
      var told: CancellationException? = null
      while (true) {
        val next = next() ?: return told
        try {
          AnySync.await(next as? Unfuture<*> ?: NOW)
        } catch (e: CancellationException) {
          told = told ?: e
          call.cancel(e)
        }
        (next as? Runnable)?.run()
      }
    } catch (e: Throwable) { // not of the call's code, whose exceptions are its result
      call.cancel(asCancellation(e))
      abandon()
      throw e
    }
  }

  /** Returns what to run, or what to await until there is something, or null at the end. */
  private fun next(): Any? =
    synchronized(lock) {
      queue.removeFirstOrNull() ?: if (isOver) null else Unfuture<Unit>().also { added = it }
    }

  private fun abandon() {
    val left =
      synchronized(lock) {
        isOver = true
        queue.toList()
      }
    left.forEach { Thread.startVirtualThread(it) }
  }

  private companion object {
    val NOW: Unfuture<Unit> = Unfuture.of(Unit)
  }
}
