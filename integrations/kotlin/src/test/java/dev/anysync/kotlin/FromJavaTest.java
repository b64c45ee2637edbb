package dev.anysync.kotlin;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import dev.anysync.testkit.TimeLimits;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import kotlinx.coroutines.Deferred;
import kotlinx.coroutines.Dispatchers;
import kotlinx.coroutines.flow.Flow;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

@NullMarked
class FromJavaTest {
  private final Client client = new Client();

  @Test
  void readme() throws Exception {
    String greeting =
        AnySyncKotlin.run(c -> client.greet("Ann", c)); // synchronous code, any thread
    assertThat(greeting).isEqualTo("Hello Ann");
    AnySync<String> both =
        AnySync.coroutine(
            () -> {
              String ann = AnySyncKotlin.await(c -> client.greet("Ann", c));
              String bob = AnySyncKotlin.await(client.greetLater("Bob")); // a Deferred
              return ann + ", " + bob;
            });
    assertThat(both.run()).isEqualTo("Hello Ann, Hello Bob");
    var seen = new ArrayList<Integer>();
    try (AnySyncIterator<Integer> numbers = AnySyncKotlin.fromFlow(client.numbers())) {
      for (int number : numbers) {
        if (number > 3) {
          break; // and the flow ends
        }
        seen.add(number);
      }
    }
    assertThat(seen).containsExactly(0, 1, 2, 3);
  }

  @Test
  void valuesInEachStyle() throws Exception {
    AnySync<String> cold = AnySyncKotlin.from(c -> client.greet("x", c));
    assertThat(cold.run()).isEqualTo("Hello x");
    assertThat(cold.start().result()).isEqualTo("Hello x");
    assertThat(AnySyncKotlin.<String>run(c -> client.greet("x", c), Duration.ofSeconds(30)))
        .isEqualTo("Hello x");
    assertThat(AnySyncKotlin.<@Nullable String>run(c -> client.nothing(c))).isNull();
    assertThat(AnySyncKotlin.<String>run(c -> "without suspending"))
        .isEqualTo("without suspending");
    AnySync<String> scoped = AnySyncKotlin.from((scope, c) -> client.greet("y", c));
    assertThat(scoped.run()).isEqualTo("Hello y");
    AnySync<String> there =
        AnySyncKotlin.from(
            Dispatchers.getDefault(), (scope, c) -> Thread.currentThread().getName());
    assertThat(there.run()).startsWith("DefaultDispatcher-worker");
    try (EventLoop loop = EventLoop.create("l")) {
      assertThat(cold.start(loop).result()).isEqualTo("Hello x");
    }
    assertThat(AnySyncKotlin.run(client.greetLater("x"))).isEqualTo("Hello x");
    assertThat(AnySyncKotlin.run(client.greetLater("x"), Duration.ofSeconds(30)))
        .isEqualTo("Hello x");
    assertThat(AnySyncKotlin.fromDeferred(client.greetLater("x")).result()).isEqualTo("Hello x");
    Deferred<String> deferred = AnySyncKotlin.toDeferred(cold.start());
    assertThat(AnySyncKotlin.run(deferred)).isEqualTo("Hello x");
  }

  @Test
  void aSuspendFunctionRunsOnTheCallersThread() {
    Thread thread = AnySyncKotlin.run(c -> client.thread(c));
    assertThat(thread).isSameAs(Thread.currentThread());
  }

  @Test
  void failuresAreTheSameObject() {
    for (Throwable failure :
        List.of(
            new IOException("checked"),
            new IllegalStateException("unchecked"),
            new AssertionError("an error"))) {
      for (SuspendBody<String> body :
          List.<SuspendBody<String>>of(
              c -> client.fail(failure, c), c -> client.failElsewhere(failure, c))) {
        assertThat(catchThrowable(() -> AnySyncKotlin.run(body))).isSameAs(failure);
        assertThat(catchThrowable(() -> AnySyncKotlin.run(body, Duration.ofSeconds(30))))
            .isSameAs(failure);
        assertThat(catchThrowable(() -> coroutine(() -> AnySyncKotlin.await(body)).run()))
            .isSameAs(failure);
        assertThat(catchThrowable(() -> AnySyncKotlin.from(body).start().result()))
            .isSameAs(failure);
      }
    }
    var thrown = new IOException("by the lambda itself");
    assertThat(
            catchThrowable(
                () ->
                    AnySyncKotlin.<String>run(
                        c -> {
                          throw thrown;
                        })))
        .isSameAs(thrown);
  }

  @Test
  void anInterruptCancelsTheSuspendFunction() throws Exception {
    var waiting =
        new FutureTask<>(
            () -> catchThrowable(() -> AnySyncKotlin.<String>run(c -> client.endless(c))));
    Thread thread = Thread.ofVirtual().start(waiting);
    client.getBegun().await();
    thread.interrupt();
    assertThat(waiting.get()).isInstanceOf(CancellationException.class);
    assertThat(client.getEnded().getCount()).isZero();
  }

  @Test
  void aTimeoutCancelsTheSuspendFunction() throws Exception {
    TimeLimits.assertThatItIsExceeded(
        client.getBegun(), limit -> AnySyncKotlin.<String>run(c -> client.endless(c), limit));
    client.getEnded().await();
  }

  @Test
  void aTimeoutCancelsTheDeferred() throws Exception {
    Deferred<String> deferred = client.endlessLater();
    client.getBegun().await();
    assertThatThrownBy(() -> AnySyncKotlin.run(deferred, Duration.ofMillis(10)))
        .isInstanceOf(TimeoutException.class);
    client.getEnded().await();
  }

  @Test
  void streamsBothWays() {
    Flow<Integer> squares =
        AnySyncKotlin.toFlow(
            out -> {
              for (int i = 1; i <= 3; i++) {
                out.yield(i * i);
              }
            });
    try (Stream<Integer> elements = AnySyncKotlin.fromFlow(squares).stream()) {
      assertThat(elements).containsExactly(1, 4, 9);
    }
    Flow<Integer> again = AnySyncKotlin.toFlow(() -> AnySync.iterator(out -> out.yield(1)));
    assertThat(AnySyncKotlin.fromFlow(again).next()).isEqualTo(1);
    assertThat(AnySyncKotlin.fromChannel(client.channel()).stream()).containsExactly(1, 2, 3);
  }

  @Test
  @SuppressWarnings({"NullAway", "DataFlowIssue"})
  void badInput() {
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.from((SuspendBody<String>) null))
        .withMessage("body");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.run((SuspendBody<String>) null))
        .withMessage("body");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.await((SuspendBody<String>) null))
        .withMessage("body");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.run((Deferred<String>) null))
        .withMessage("deferred");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.await((Deferred<String>) null))
        .withMessage("deferred");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.fromDeferred(null))
        .withMessage("deferred");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.toDeferred(null))
        .withMessage("unfuture");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.from(null, (scope, c) -> "x"))
        .withMessage("context");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.from(Dispatchers.getDefault(), null))
        .withMessage("block");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.fromFlow(null))
        .withMessage("flow");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.fromChannel(null))
        .withMessage("channel");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.toFlow((AnySyncIterator.Body<String>) null))
        .withMessage("body");
    assertThatNullPointerException()
        .isThrownBy(() -> AnySyncKotlin.<String>run(c -> "x", null))
        .withMessage("timeout");
    assertThatThrownBy(() -> AnySyncKotlin.<String>await(c -> client.greet("x", c)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
    assertThatThrownBy(() -> AnySyncKotlin.await(AnySyncKotlin.toDeferred(Unfuture.of("x"))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("run()");
  }

  /** In the jar, whatever Kotlin makes of its own. */
  @Test
  void whatIsPublic() throws Exception {
    List<String> types = new ArrayList<>();
    File[] files = new File("target/classes/dev/anysync/kotlin").listFiles();
    assertThat(files).isNotNull();
    for (File file : files) {
      String name = file.getName().replace(".class", "");
      if (!name.equals("package-info")) {
        Class<?> type = Class.forName("dev.anysync.kotlin." + name);
        if (Modifier.isPublic(type.getModifiers()) && !type.isSynthetic()) {
          types.add(name);
        }
      }
    }
    assertThat(types).containsExactlyInAnyOrder("AnySyncKotlin", "SuspendBody");
    assertThat(Stream.of(AnySyncKotlin.class.getMethods()))
        .filteredOn(
            method -> method.getDeclaringClass() == AnySyncKotlin.class && !method.isSynthetic())
        .extracting(method -> method.getName() + "/" + method.getParameterCount())
        .containsExactlyInAnyOrder(
            "await/1",
            "await/1",
            "from/1",
            "from/1",
            "from/2",
            "fromChannel/1",
            "fromDeferred/1",
            "fromFlow/1",
            "run/1",
            "run/1",
            "run/2",
            "run/2",
            "toDeferred/1",
            "toFlow/1",
            "toFlow/1");
  }
}
