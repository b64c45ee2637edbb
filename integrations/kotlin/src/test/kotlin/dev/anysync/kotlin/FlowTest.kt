package dev.anysync.kotlin

import dev.anysync.AnySync
import dev.anysync.AnySyncIterator
import dev.anysync.EventLoop
import dev.anysync.testkit.TimeLimits
import java.io.IOException
import java.time.Duration
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.produce
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.catchThrowable
import org.awaitility.Awaitility
import org.junit.jupiter.api.Test

@OptIn(DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class FlowTest {
  private val client = Client()
  private val bodies = JavaBodies()

  @Test
  fun elementsOfAFlow() {
    val three = flowOf("a", null, "c").onEach { delay(1) }
    assertThat(buildList { for (element in three.asAnySyncIterator()) add(element) }).containsExactly("a", null, "c")
    assertThat(three.asAnySyncIterator().stream().toList()).containsExactly("a", null, "c")
    val each = mutableListOf<String?>()
    three.asAnySyncIterator().forEachRemaining { each += it }
    assertThat(each).containsExactly("a", null, "c")
    val published = mutableListOf<Int>()
    AnySyncIterator.from(flowOf(1, 2, 3).asAnySyncIterator().publisher()).forEachRemaining { published += it }
    assertThat(published).containsExactly(1, 2, 3)
    assertThat(emptyFlow<String>().asAnySyncIterator().hasNext()).isFalse()
  }

  @Test
  fun aFlowIsCollectedOnTheBodysThread() {
    val threads = mutableListOf<Thread>()
    val flow = flow {
      threads += Thread.currentThread()
      emit(1)
      delay(1)
      threads += Thread.currentThread()
      emit(2)
    }
    flow.asAnySyncIterator().forEachRemaining { threads += Thread.currentThread() }
    assertThat(threads).hasSize(4).containsOnly(Thread.currentThread())
  }

  @Test
  fun aFlowIsCollectedWhenAnElementIsAskedForAndNotBefore() {
    client.numbers().asAnySyncIterator().close()
    assertThat(client.begun.count).isOne()
  }

  @Test
  fun aFlowIsAFewElementsAhead() {
    for (ahead in listOf(0, 5)) {
      val client = Client()
      client.numbers().asAnySyncIterator().prefetch(ahead).use { numbers ->
        for (i in 0 until 20) {
          assertThat(numbers.next()).isEqualTo(i)
          assertThat(client.emitted.get()).isLessThanOrEqualTo(i + 1 + ahead)
        }
        Awaitility.await().until { client.emitted.get() >= 19 + ahead }
      }
      assertThat(client.ended.count).isZero()
    }
  }

  @Test
  fun closingTheIteratorEndsTheFlow() {
    val endless = flow {
      emit(1)
      client.endless()
    }
    endless.asAnySyncIterator().use { assertThat(it.next()).isEqualTo(1) }
    assertThat(client.ended.count).isZero()
  }

  @Test
  fun aTimeoutEndsTheFlow() {
    val endless = flow<Int> { client.endless() }
    TimeLimits.assertThatItIsExceeded(client.begun) { limit ->
      endless.asAnySyncIterator().use { it.next(limit) }
    }
    assertThat(client.ended.await(30, TimeUnit.SECONDS)).isTrue()
  }

  @Test
  fun aFlowsFailureComesAfterItsElements() {
    for (failure in FAILURES) {
      val failing = flow {
        for (i in 0 until 3) emit(i)
        client.failElsewhere(failure)
      }
      // With flowOn, Kotlin drops what is on its way when the flow fails elsewhere, if need be all.
      val dropping = failing.flowOn(Dispatchers.Default)
      for (flow in listOf(failing, dropping, failing.map { it })) {
        flow.asAnySyncIterator().use { elements ->
          val seen = mutableListOf<Int>()
          assertThat(catchThrowable { while (true) seen += elements.next() }).isSameAs(failure)
          assertThat(seen).isEqualTo(listOf(0, 1, 2).take(seen.size))
          if (flow !== dropping) {
            assertThat(seen).hasSize(3)
          }
        }
        assertThat(catchThrowable { flow.asAnySyncIterator().forEachRemaining {} }).isSameAs(failure)
      }
    }
  }

  @Test
  fun theConsumersFailureEndsTheFlowAndIsThrown() {
    for (failure in FAILURES) {
      for (flow in
        listOf<(Client) -> Flow<Int>>(
          { it.numbers() },
          { it.numbers().flowOn(Dispatchers.Default) },
        )) {
        val client = Client()
        val thrown = catchThrowable { flow(client).asAnySyncIterator().forEachRemaining { throw failure } }
        assertThat(thrown).isSameAs(failure)
        assertThat(client.ended.count).isZero()
      }
    }
  }

  @Test
  fun aFlowOnAnEventLoop() {
    EventLoop.create("l").use { loop ->
      val go = CompletableDeferred<Int>()
      val summing =
        AnySync.coroutine<Int> {
          val elements = flow { emit(go.await()); emit(2) }.asAnySyncIterator()
          var sum = 0
          var next = AnySync.await(elements.nextAsync())
          while (next.isPresent) {
            sum += next.get()
            next = AnySync.await(elements.nextAsync())
          }
          sum
        }.start(loop)
      val other = AnySync.coroutine<String> { "the loop is free" }.start(loop)
      assertThat(other.result()).isEqualTo("the loop is free")
      go.complete(40)
      assertThat(summing.result()).isEqualTo(42)
    }
  }

  @Test
  fun elementsOfAChannel() {
    val scope = CoroutineScope(Dispatchers.Default)
    val produced = AtomicInteger()
    val channel = scope.produce { while (true) send(produced.getAndIncrement()) }
    channel.asAnySyncIterator().prefetch(4).use { elements ->
      assertThat(List(10) { elements.next() }).isEqualTo(List(10) { it })
      Awaitility.await().until { produced.get() >= 15 }
      assertThat(produced.get()).isLessThanOrEqualTo(17)
    }
    Awaitility.await().until { channel.isClosedForReceive }

    for (failure in FAILURES) {
      val failing = Channel<Int>(1)
      failing.trySend(7).getOrThrow()
      failing.close(failure)
      failing.asAnySyncIterator().use { elements ->
        assertThat(elements.next()).isEqualTo(7)
        assertThat(catchThrowable { elements.next() }).isSameAs(failure)
      }
    }
  }

  @Test
  fun elementsOfAnIterator(): Unit = runBlocking {
    val three = flowFrom {
      AnySync.iterator { out ->
        out.`yield`("a")
        AnySync.sleep(Duration.ofMillis(1))
        out.`yield`(null)
        out.`yield`("c")
      }
    }
    assertThat(three.toList()).containsExactly("a", null, "c")
    assertThat(three.toList()).containsExactly("a", null, "c")
    val body = AnySyncIterator.Body<Int> { out -> for (i in 0 until 1000) out.`yield`(i) }
    assertThat(body.asFlow().toList()).isEqualTo(List(1000) { it })
    assertThat(flowFrom { flowOf(1, 2).asAnySyncIterator() }.toList()).containsExactly(1, 2)
    assertThat(flowFrom { AnySyncIterator.from(flowOf(1, 2).asAnySyncIterator().publisher()) }.toList())
      .containsExactly(1, 2)
    assertThat(AnySyncIterator.Body<Int> {}.asFlow().toList()).isEmpty()
  }

  @Test
  fun anIteratorIsABufferAhead(): Unit = runBlocking {
    val ahead = 64 + 2 // in the buffer, with the collector, and with the body
    flowFrom { bodies.numbers() }.take(200).onEach { i ->
      yield()
      assertThat(bodies.yielded.get()).isLessThanOrEqualTo(i + ahead)
      if (i == 100) {
        Awaitility.await().until { bodies.yielded.get() >= i + 64 }
      }
    }.toList()
    assertThat(bodies.ended.count).isZero()
  }

  @Test
  fun whoeverEndsTheCollectionStopsTheBody(): Unit = runBlocking {
    assertThat(flowFrom { bodies.numbers() }.first()).isZero()
    assertThat(bodies.ended.count).isZero()

    for (failure in FAILURES) {
      val bodies = JavaBodies()
      val thrown = failureOf { flowFrom { bodies.numbers() }.collect { throw failure } }
      assertThat(thrown).isSameAs(failure)
      assertThat(bodies.ended.count).isZero()
    }

    val slow = JavaBodies()
    slow.mayEnd.countDown()
    val collecting = launch(Dispatchers.Default) {
      AnySyncIterator.Body<String> { out -> out.`yield`(AnySync.await(slow.endless())) }
        .asFlow()
        .toList()
    }
    slow.begun.await()
    collecting.cancelAndJoin()
    assertThat(slow.ended.count).isZero()
  }

  @Test
  fun anIteratorIsClosedIfItsCollectorIsCancelledAtOnce() {
    repeat(200) {
      val ended = AtomicInteger()
      val elements =
        AnySync.iterator { out ->
          try {
            out.`yield`("first")
            out.`yield`("second")
          } finally {
            ended.incrementAndGet()
          }
        }
      assertThat(elements.prefetch(0).next()).isEqualTo("first")
      val thrown = failureOf {
        runBlocking {
          flowFrom {
              cancel()
              elements
            }
            .toList()
        }
      }
      assertThat(thrown).isInstanceOf(CancellationException::class.java)
      assertThat(ended).hasValue(1)
    }
  }

  @Test
  fun anIteratorsFailureComesAfterItsElements(): Unit = runBlocking {
    for (failure in FAILURES) {
      val seen = mutableListOf<Int>()
      val thrown = failureOf { flowFrom { JavaBodies.threeThen(failure) }.collect { seen += it } }
      assertThat(thrown).isSameAs(failure)
      assertThat(seen).containsExactly(0, 1, 2)
    }
    val refused = IOException("no iterator")
    assertThat(failureOf { flowFrom<Int> { throw refused }.toList() }).isSameAs(refused)
  }

  @Test
  fun thereAndBackOnASingleThread() {
    val single = Executors.newSingleThreadExecutor().asCoroutineDispatcher()
    single.use {
      val sum =
        anySync(single) {
          var sum = 0
          flowFrom { client.numbers().asAnySyncIterator() }.take(5_000).collect { sum += it % 2 }
          sum
        }.run()
      assertThat(sum).isEqualTo(2_500)
    }
  }
}
