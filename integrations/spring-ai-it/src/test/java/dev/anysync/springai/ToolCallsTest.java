package dev.anysync.springai;

import static dev.anysync.AnySync.all;
import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.reactor.AnySyncReactor;
import dev.anysync.testkit.TimeLimits;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.ToolCallingAdvisor;
import org.springframework.ai.model.tool.DefaultToolCallingManager;
import org.springframework.ai.model.tool.internal.ToolCallReactiveContextHolder;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.ai.tool.execution.DefaultToolExecutionExceptionProcessor;
import org.springframework.ai.tool.execution.ToolExecutionException;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Tools that a model's stream asks for: some block, others are coroutines, called as if they did.
 */
class ToolCallsTest {
  private Service service;

  @BeforeEach
  void start() throws IOException {
    service = new Service();
  }

  @AfterEach
  void stop() {
    service.close();
  }

  /** One blocks its thread, the other waits for three answers, two of them at once. */
  class Tools {
    @Tool(description = "The time in a city")
    String time(String city) throws Exception {
      return service.ask("time in " + city);
    }

    @Tool(description = "What to wear in a city")
    String clothes(String city) {
      return coroutine(() -> fit(city)).run();
    }

    private String fit(String city) {
      var wind = AnySync.from(() -> service.askAsync("wind in " + city));
      var rain = AnySync.from(() -> service.askAsync("rain in " + city));
      return await(service.askAsync("clothes for " + await(all(List.of(wind, rain)))));
    }
  }

  private static String timeIn(String city) {
    return "\"TIME IN " + city + "\"";
  }

  private static String clothesFor(String city) {
    return "\"CLOTHES FOR [WIND IN " + city + ", RAIN IN " + city + "]\"";
  }

  /** Threads that a stream is subscribed to from. */
  enum From {
    HERE,
    PARALLEL,
    VIRTUAL;

    private void execute(Runnable task) {
      switch (this) {
        case HERE -> task.run();
        case PARALLEL -> {
          Disposable _ = Schedulers.parallel().schedule(task);
        }
        case VIRTUAL -> Thread.startVirtualThread(task);
      }
    }

    List<String> collect(Supplier<Flux<String>> stream) throws Exception {
      var parts = new CompletableFuture<List<String>>();
      Mono<List<String>> collected = Flux.defer(stream).collectList();
      execute(
          () -> {
            Disposable _ = collected.subscribe(parts::complete, parts::completeExceptionally);
          });
      return parts.get();
    }
  }

  /** What Spring AI gets from tools reaches the model as it is, in JSON. */
  @ParameterizedTest
  @EnumSource
  void toolsAreCalledInTheModelsOrder(From from) throws Exception {
    try (Model model = new Model("clothes", "time", "clothes")) {
      ChatClient chat = ChatClient.create(model.client());
      List<String> parts =
          from.collect(() -> chat.prompt("OSLO").tools(new Tools()).stream().content());

      List<String> answers = List.of(clothesFor("OSLO"), timeIn("OSLO"), clothesFor("OSLO"));
      assertThat(model.requests("OSLO")).hasSize(2);
      assertThat(Model.said(model.requests("OSLO").getLast(), "tool")).isEqualTo(answers);
      assertThat(String.join("", parts)).isEqualTo(String.join("; ", answers) + "; ");
      assertThat(parts).hasSizeGreaterThan(1);
      var questions = new ArrayList<>(service.questions());
      questions.subList(0, 2).sort(null); // they come at the same time
      questions.subList(4, 6).sort(null);
      List<String> clothes =
          List.of("rain in OSLO", "wind in OSLO", "clothes for [WIND IN OSLO, RAIN IN OSLO]");
      assertThat(questions.subList(0, 3)).isEqualTo(clothes);
      assertThat(questions.get(3)).isEqualTo("time in OSLO");
      assertThat(questions.subList(4, 7)).isEqualTo(clothes);
      assertThat(questions).hasSize(7);
    }
  }

  /** A tool that says which thread it is called on. */
  static class Telling {
    @Tool(description = "The thread of the tool")
    String thread() {
      return Thread.currentThread().getName();
    }
  }

  /** Spring AI leaves the threads that must not block before it calls a tool. */
  @ParameterizedTest
  @EnumSource
  void toolsMayBlock(From from) throws Exception {
    try (Model model = new Model("thread")) {
      ChatClient chat = ChatClient.create(model.client());
      assertThat(from.collect(() -> chat.prompt("OSLO").tools(new Telling()).stream().content()))
          .singleElement()
          .asString()
          .startsWith("\"boundedElastic-");
    }
  }

  @Test
  void manyChatsAtOnceInDirectStyle() throws Exception {
    try (Model model = new Model("time", "clothes")) {
      ChatClient chat = ChatClient.create(model.client());
      var tools = new Tools();
      List<String> cities = IntStream.range(0, 24).mapToObj(i -> "CITY " + i).toList();
      List<String> texts = all(cities.stream().map(city -> talk(chat, city, tools)).toList()).run();

      for (int i = 0; i < cities.size(); i++) {
        String city = cities.get(i);
        assertThat(texts.get(i)).isEqualTo(timeIn(city) + "; " + clothesFor(city) + "; ");
        assertThat(Model.said(model.requests(city).getLast(), "tool"))
            .containsExactly(timeIn(city), clothesFor(city));
      }
    }
  }

  private static AnySync<String> talk(ChatClient chat, String city, Tools tools) {
    return coroutine(
        () -> {
          var text = new StringBuilder();
          for (String part :
              AnySyncReactor.from(chat.prompt(city).tools(tools).stream().content())) {
            text.append(part);
          }
          return text.toString();
        });
  }

  private static ChatClient rethrowing(Class<? extends RuntimeException> type, Model model) {
    var processor =
        DefaultToolExecutionExceptionProcessor.builder().rethrowExceptions(List.of(type)).build();
    var manager =
        DefaultToolCallingManager.builder().toolExecutionExceptionProcessor(processor).build();
    return ChatClient.builder(model.client())
        .defaultAdvisors(ToolCallingAdvisor.builder().toolCallingManager(manager).build())
        .build();
  }

  /** A tool that fails in a coroutine, asynchronously. */
  static class Failing {
    private final Exception failure;

    Failing(Exception failure) {
      this.failure = failure;
    }

    @Tool(description = "Fails")
    String fail(String city) throws Exception {
      return coroutine(() -> await(CompletableFuture.<String>failedFuture(failure)))
          .run(Exception.class);
    }
  }

  /** An unchecked exception's message is what Spring AI tells the model. */
  @Test
  void theModelIsToldOfAFailure() throws Exception {
    try (Model model = new Model("fail")) {
      var failing = new Failing(new IllegalStateException("no such city"));
      Flux<String> parts =
          ChatClient.create(model.client()).prompt("OSLO").tools(failing).stream().content();
      assertThat(parts.collectList().block()).containsExactly("no such city; ");
      assertThat(Model.said(model.requests("OSLO").getLast(), "tool"))
          .containsExactly("no such city");
    }
  }

  /** A checked one ends the stream, and is the cause of what it ends with. */
  @Test
  void aCheckedExceptionIsTheCauseOfTheStreams() throws Exception {
    try (Model model = new Model("fail")) {
      var failure = new IOException("no line");
      Flux<String> parts =
          ChatClient.create(model.client()).prompt("OSLO").tools(new Failing(failure)).stream()
              .content();
      Throwable thrown = catchThrowable(() -> AnySyncReactor.run(parts.collectList()));
      assertThat(thrown).isExactlyInstanceOf(ToolExecutionException.class);
      assertThat(thrown.getCause()).isSameAs(failure);
      assertThat(model.requests("OSLO")).hasSize(1);
    }
  }

  /** One that Spring AI is told to rethrow is what the caller gets: the same object. */
  @Test
  void aRethrownExceptionIsTheStreams() throws Exception {
    try (Model model = new Model("fail")) {
      var failure = new IllegalStateException("no such city");
      Flux<String> parts =
          rethrowing(IllegalStateException.class, model)
              .prompt("OSLO")
              .tools(new Failing(failure))
              .stream()
              .content();
      assertThat(catchThrowable(() -> AnySyncReactor.run(parts.collectList()))).isSameAs(failure);
    }
  }

  /** A tool that waits for what never comes. */
  static class Waiting {
    final CountDownLatch begun = new CountDownLatch(1);
    final Queue<CompletableFuture<String>> awaited = new ConcurrentLinkedQueue<>();
    final BlockingQueue<Throwable> stopped = new LinkedBlockingQueue<>();

    @Tool(description = "Waits")
    String hang(String city) {
      return coroutine(
              () -> {
                var future = new CompletableFuture<String>();
                awaited.add(future);
                begun.countDown();
                try {
                  return await(future);
                } catch (CancellationException e) {
                  stopped.add(e);
                  throw e;
                }
              })
          .run();
    }
  }

  /** Spring AI interrupts the tool, but calls the next all the same: which is stopped as well. */
  @Test
  void cancellingTheStreamStopsTheTool() throws Exception {
    try (Model model = new Model("hang", "hang")) {
      var waiting = new Waiting();
      Disposable stream =
          ChatClient.create(model.client()).prompt("OSLO").tools(waiting).stream()
              .content()
              .subscribe();
      waiting.begun.await();
      stream.dispose();
      assertThat(waiting.stopped.take()).isInstanceOf(CancellationException.class);
      assertThat(waiting.stopped.take()).isInstanceOf(CancellationException.class);
      assertThat(waiting.awaited).hasSize(2).allMatch(CompletableFuture::isCancelled);
    }
  }

  /** If Spring AI is told to rethrow what a stopped tool throws, that was all. */
  @Test
  void aStoppedToolIsTheLastIfItsExceptionIsRethrown() throws Exception {
    try (Model model = new Model("hang", "hang")) {
      var dropped = new LinkedBlockingQueue<Throwable>();
      Hooks.onErrorDropped(dropped::add);
      var waiting = new Waiting();
      Disposable stream =
          rethrowing(CancellationException.class, model).prompt("OSLO").tools(waiting).stream()
              .content()
              .subscribe();
      waiting.begun.await();
      stream.dispose();
      Throwable stopped = waiting.stopped.take();
      while (dropped.take() != stopped) {} // what other tests gave up may fail late
      assertThat(waiting.awaited).hasSize(1);
      assertThat(model.requests("OSLO")).hasSize(1);
    } finally {
      Hooks.resetOnErrorDropped();
    }
  }

  @Test
  void aTimeLimitStopsTheTool() throws Exception {
    try (Model model = new Model("hang")) {
      var waiting = new Waiting();
      ChatClient chat = ChatClient.create(model.client());
      TimeLimits.assertThatItIsExceeded(
          waiting.begun,
          limit -> {
            Flux<String> parts = chat.prompt("OSLO").tools(waiting).stream().content();
            AnySyncReactor.run(parts.collectList(), limit);
          });
      assertThat(waiting.stopped.take()).isInstanceOf(CancellationException.class);
    }
  }

  /** A tool that reads what Spring AI keeps in a thread local. */
  class Reading {
    @Tool(description = "The name of the user")
    String user() {
      return coroutine(
              () -> {
                await(service.askAsync("who?"));
                return ToolCallReactiveContextHolder.getContext().<String>get("user");
              })
          .run();
    }
  }

  @Test
  void theContextOfTheStreamIsThereInATool() throws Exception {
    try (Model model = new Model("user")) {
      Flux<String> parts =
          ChatClient.create(model.client()).prompt("OSLO").tools(new Reading()).stream()
              .content()
              .contextWrite(context -> context.put("user", "Ann"));
      assertThat(parts.collectList().block()).containsExactly("\"Ann\"; ");
    }
  }
}
