package dev.anysync.deadlock;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Dump;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import java.io.StringReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The picture of all work in flight: what is in it, and that it can be taken at any time. */
class DumpTest {
  private static final int STRESS = Integer.getInteger("stress", 1);

  private final CompletableFuture<String> gate = new CompletableFuture<>();

  /**
   * Returns the tree once it has a line that matches, and that line with those indented under it.
   */
  private static List<String> awaitTree(String regex) {
    var found = new ArrayList<String>();
    Awaitility.await()
        .untilAsserted(
            () -> {
              found.clear();
              String text = AnySync.dump().toString();
              List<String> lines = text.lines().toList();
              int at = 0;
              while (at < lines.size() && !lines.get(at).matches(regex)) {
                at++;
              }
              assertThat(at).as("a line like %s in%n%s", regex, text).isLessThan(lines.size());
              int indent = indent(lines.get(at));
              do {
                found.add(lines.get(at).substring(indent));
                at++;
              } while (at < lines.size() && indent(lines.get(at)) > indent);
            });
    return found;
  }

  private static int indent(String line) {
    return line.length() - line.stripLeading().length();
  }

  @Test
  void whoWaitsForWhom() throws Exception {
    Unfuture<String> inner = startAndAwaitWaiting(() -> await(gate));
    Unfuture<String> outer = startAndAwaitWaiting(() -> await(inner));
    var task = new FutureTask<>(() -> coroutine(() -> await(outer)).run());
    Thread caller = Thread.ofPlatform().name("the caller").start(task);
    Awaitility.await().until(() -> awaitTree(".*'the caller'.*").size() == 3);
    List<String> tree = awaitTree(".*'the caller'.*");
    assertThat(tree.get(0))
        .matches(
            "#\\d+ thread, thread 'the caller'#\\d+, waiting, for what runs on thread .*, since"
                + " \\d+ ms, at .*DumpTest.*");
    assertThat(tree.get(1))
        .matches(
            "  #\\d+ coroutine, thread lane, thread 'anysync-\\d+'#\\d+, waiting, for what runs on"
                + " thread 'anysync-\\d+'#\\d+, since \\d+ ms, at .*DumpTest.*");
    assertThat(tree.get(2))
        .matches(
            "    #\\d+ coroutine, thread lane, thread 'anysync-\\d+'#\\d+, waiting, for a future,"
                + " since \\d+ ms, at .*DumpTest.*");
    gate.complete("x");
    assertThat(task.get()).isEqualTo("x");
    caller.join();
    assertThat(AnySync.dump().toString()).doesNotContain("the caller");
  }

  /** Starts a coroutine, and returns when nobody can claim it any more. */
  private static Unfuture<String> startAndAwaitWaiting(Callable<String> body) throws Exception {
    var entered = new CountDownLatch(1);
    Unfuture<String> started =
        coroutine(
                () -> {
                  entered.countDown();
                  return body.call();
                })
            .start();
    entered.await();
    return started;
  }

  /** All on one thread, which waits but once. */
  @Test
  void waitersThatRunWhatTheyWaitFor() throws Exception {
    int threads = Runtime.getRuntime().availableProcessors();
    var busy = new CountDownLatch(threads);
    var free = new CountDownLatch(1);
    try (Lanes lanes = Lanes.builder().build()) {
      for (int i = 0; i < threads; i++) {
        var _ =
            lanes.cpuBound(
                () -> {
                  busy.countDown();
                  return free.await(20, TimeUnit.SECONDS);
                });
      }
      busy.await();
      Unfuture<String> first = lanes.cpuBound(gate::join);
      Unfuture<String> second = lanes.cpuBound(() -> coroutine(() -> await(first)).run());
      Unfuture<String> third = lanes.cpuBound(() -> coroutine(() -> await(second)).run());
      var task = new FutureTask<>(() -> coroutine(() -> await(third)).run());
      Thread.ofPlatform().name("the claimer").start(task);
      List<String> tree =
          awaitTree("#\\d+ function, .*, thread 'the claimer'#.*, for what it runs itself, at .*");
      assertThat(tree).hasSize(3);
      assertThat(tree.get(1)).matches(" {2}#.*'the claimer'.*, for what it runs itself, at .*");
      assertThat(tree.get(2)).matches(" {4}#.*'the claimer'.*, blocked, at .*DumpTest.*");
      gate.complete("x");
      free.countDown();
      assertThat(task.get()).isEqualTo("x");
    }
  }

  @Test
  void allIsATreeWithBranches() {
    AnySync<String> waiting = coroutine(() -> await(gate));
    Unfuture<List<String>> all = AnySync.all(List.of(waiting, waiting, waiting)).start();
    Awaitility.await().until(() -> awaitTree(".*, for all of 3 futures, .*").size() == 4);
    gate.complete("x");
    assertThat(all.result()).hasSize(3);
  }

  @Test
  void loopThatIsHeldAndWhatIsQueuedOnIt() throws Exception {
    try (EventLoop loop = EventLoop.create("busy")) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      Unfuture<String> holder =
          coroutine(
                  () -> {
                    entered.countDown();
                    release.await();
                    return "held";
                  })
              .start(loop);
      entered.await();
      Unfuture<String> queued = coroutine(() -> "queued").start(loop);
      assertThat(awaitTree("the event loop 'busy'.*"))
          .singleElement()
          .asString()
          .matches("the event loop 'busy': thread 'busy'#\\d+ has the turn, 1 queued");
      assertThat(awaitTree(".*event loop 'busy', queued")).hasSize(1);
      assertThat(awaitTree(".*event loop 'busy', thread 'busy'#\\d+, blocked, at .*DumpTest.*"))
          .hasSize(1);
      release.countDown();
      assertThat(holder.result() + queued.result()).isEqualTo("heldqueued");
    }
  }

  @Test
  void bodyThatGoesOnAfterItWasCancelled() throws Exception {
    try (EventLoop loop = EventLoop.create("cancelled")) {
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      Unfuture<Object> stubborn =
          coroutine(
                  () -> {
                    entered.countDown();
                    while (true) {
                      try {
                        release.await();
                        return (Object) "unseen";
                      } catch (InterruptedException e) {
                        // as some do
                      }
                    }
                  })
              .start(loop);
      entered.await();
      stubborn.cancel(true);
      assertThat(awaitTree(".*event loop 'cancelled', .* cancelled and still blocked, at .*"))
          .hasSize(1);
      release.countDown();
      stubborn.stopped().join();
      Awaitility.await() // until it has given up its turn as well
          .untilAsserted(() -> assertThat(AnySync.dump().toString()).doesNotContain("'cancelled'"));
    }
  }

  @Test
  void whereAndSinceWhenWorkWasStarted() {
    try (Lanes lanes = Lanes.builder().recordStarts(true).build()) {
      Unfuture<String> function = lanes.call(gate::join);
      assertThat(
              awaitTree(
                  "#\\d+ function, thread lane, .*, started \\d+ ms ago, at"
                      + " .*DumpTest\\.whereAndSinceWhenWorkWasStarted\\(.*"))
          .hasSize(1);
      Unfuture<String> computing = lanes.cpuBound(gate::join);
      assertThat(
              awaitTree(
                  "#\\d+ function, cpu lane, thread 'anysync-cpu-.*, started \\d+ ms ago, at"
                      + " .*DumpTest\\.whereAndSinceWhenWorkWasStarted\\(.*"))
          .hasSize(1);
      gate.complete("x");
      assertThat(function.result() + computing.result()).isEqualTo("xx");
    }
  }

  @Test
  void recordingByASystemProperty() {
    System.setProperty("dev.anysync.recordStarts", "true");
    try (Lanes lanes = Lanes.builder().build()) {
      Unfuture<String> function = lanes.call(gate::join);
      assertThat(awaitTree(".*started \\d+ ms ago, at .*DumpTest\\.recordingByASystemProperty.*"))
          .hasSize(1);
      gate.complete("x");
      assertThat(function.result()).isEqualTo("x");
    } finally {
      System.clearProperty("dev.anysync.recordStarts");
    }
  }

  @Test
  void bodyOfAnIteratorThatWaits() {
    try (AnySyncIterator<String> elements =
            AnySync.iterator(
                out -> {
                  out.yield("first");
                  out.yield(await(gate));
                });
        EventLoop loop = EventLoop.create("consumer")) {
      assertThat(elements.next()).isEqualTo("first");
      Unfuture<String> next = coroutine(() -> elements.next()).start(loop);
      Awaitility.await()
          .untilAsserted(
              () -> assertThat(awaitTree(".*event loop 'consumer'.*waiting.*")).hasSize(2));
      gate.complete("second");
      assertThat(next.result()).isEqualTo("second");
    }
  }

  /** As a time limit will break the circle, it is no deadlock. */
  @Test
  void circle() {
    try (EventLoop loop = EventLoop.create("circle")) {
      var self = new CompletableFuture<Unfuture<String>>();
      Unfuture<String> first =
          coroutine(
                  () -> {
                    await(gate);
                    Unfuture<String> second = coroutine(() -> await(self.join())).start();
                    return coroutine(() -> await(second)).run(Duration.ofSeconds(2));
                  })
              .start(loop);
      self.complete(first);
      gate.complete("x");
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThat(AnySync.dump().toString())
                      .containsPattern("#\\d+, see above")
                      .contains("'circle'"));
      first.cancel(true);
      first.stopped().join();
    }
  }

  @Test
  void jsonHasTheSameFacts() throws Exception {
    try (EventLoop loop = EventLoop.create("\"quoted\"\n\\")) {
      Unfuture<String> inner = coroutine(() -> await(gate)).start(loop);
      Unfuture<String> outer = coroutine(() -> await(inner)).start();
      Awaitility.await()
          .untilAsserted(
              () -> {
                Dump dump = AnySync.dump();
                JsonObject json = parse(dump.toJson());
                assertThat(dump.toString()).startsWith(json.get("time").getAsString());
                Map<Integer, JsonObject> entries = new HashMap<>();
                for (JsonElement entry : json.getAsJsonArray("entries")) {
                  JsonObject object = entry.getAsJsonObject();
                  entries.put(object.get("id").getAsInt(), object);
                  assertThat(dump.toString()).contains(object.get("state").getAsString());
                }
                assertThat(json.get("inFlight").getAsInt()).isEqualTo(entries.size());
                assertThat(json.get("leftOut").getAsInt()).isZero();
                List<JsonObject> onLoop =
                    entries.values().stream()
                        .filter(
                            e ->
                                e.has("lane")
                                    && e.get("lane").getAsString().contains("\"quoted\"\n\\"))
                        .toList();
                assertThat(onLoop).hasSize(1);
                JsonObject inside = onLoop.getFirst();
                assertThat(inside.get("state").getAsString()).isEqualTo("waiting");
                assertThat(inside.get("sinceMillis").getAsInt()).isNotNegative();
                assertThat(inside.get("at").getAsString()).contains("DumpTest");
                assertThat(entries.values())
                    .anySatisfy(
                        e -> assertThat(e.getAsJsonArray("needs")).contains(inside.get("id")));
              });
      gate.complete("x");
      assertThat(outer.result()).isEqualTo("x");
    }
  }

  private static JsonObject parse(String json) {
    var reader = new JsonReader(new StringReader(json));
    reader.setStrictness(Strictness.STRICT);
    return JsonParser.parseReader(reader).getAsJsonObject();
  }

  /** It has 10,000 entries at most, says so, and neither waits for the work nor disturbs it. */
  @Test
  void moreThanCanBeShown() {
    int count = Math.min(1_000_000, 20_000 * STRESS);
    try (Lanes lanes = Lanes.builder().build()) {
      var futures = new ArrayList<Unfuture<String>>();
      for (int i = 0; i < count; i++) {
        futures.add(lanes.call(gate::get));
      }
      Dump dump = AnySync.dump();
      assertThat(dump.toString().lines().count()).isBetween(10_000L, 10_100L);
      assertThat(dump.toString().lines().findFirst().orElseThrow())
          .matches(".*: \\d+ in flight, \\d+ of which are left out");
      JsonObject json = parse(dump.toJson());
      assertThat(json.get("inFlight").getAsInt()).isGreaterThanOrEqualTo(count);
      assertThat(json.get("leftOut").getAsInt()).isGreaterThanOrEqualTo(count - 10_000);
      assertThat(json.getAsJsonArray("entries")).hasSize(10_000);
      gate.complete("x");
      assertThat(futures).allSatisfy(future -> assertThat(future.result()).isEqualTo("x"));
    }
  }

  /** What is held up by it is queued, however much that is. */
  @Test
  void whatRunsIsShownBeforeWhatIsQueued() {
    try (var pool = Executors.newFixedThreadPool(1);
        Lanes lanes = Lanes.builder().thread(pool).build()) {
      var futures = new ArrayList<Unfuture<String>>();
      for (int i = 0; i < 20_000; i++) {
        futures.add(lanes.call(gate::get));
      }
      assertThat(awaitTree(".*function, thread lane, thread 'pool-.*, blocked.*")).hasSize(1);
      gate.complete("x");
      assertThat(Unfuture.all(futures).result()).hasSize(20_000);
    }
  }

  @Test
  void manyThatWaitForMany() {
    var members = new ArrayList<Unfuture<String>>();
    for (int i = 0; i < 1_000; i++) {
      members.add(coroutine(() -> await(gate)).start());
    }
    Unfuture<List<String>> all = Unfuture.all(members);
    var waiting = new ArrayList<Unfuture<List<String>>>();
    for (int i = 0; i < 1_000; i++) {
      waiting.add(coroutine(() -> AnySync.shield(all)).start());
    }
    Awaitility.await()
        .untilAsserted(
            () -> {
              String text = AnySync.dump().toString();
              assertThat(text.lines().filter(line -> line.contains("for all of 1000")).count())
                  .isEqualTo(1_000);
              assertThat(text.lines().count()).isLessThan(103_000);
            });
    gate.complete("x");
    assertThat(waiting).allSatisfy(future -> assertThat(future.result()).hasSize(1_000));
  }

  @Test
  void coroutineThatWaitsForItsTurn() throws Exception {
    try (EventLoop loop = EventLoop.create("turns")) {
      Unfuture<String> waiting = coroutine(() -> await(gate)).start(loop);
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      Unfuture<String> holder =
          coroutine(
                  () -> {
                    entered.countDown();
                    release.await();
                    return "held";
                  })
              .start(loop);
      entered.await();
      gate.complete("x");
      List<String> tree =
          awaitTree(
              ".* waiting, for its turn on the event loop 'turns', which thread 'turns'#\\d+ has,"
                  + " since .*");
      assertThat(tree).hasSize(2);
      assertThat(tree.get(1)).contains("blocked");
      release.countDown();
      assertThat(holder.result() + waiting.result()).isEqualTo("heldx");
    }
  }

  /** Its lines are not indented further and further, and it does not nest on the stack. */
  @Test
  void deepTree() {
    Unfuture<String> next = coroutine(() -> await(gate)).start();
    for (int i = 0; i < 3_000; i++) {
      Unfuture<String> source = next;
      next = coroutine(() -> await(source)).start();
    }
    Unfuture<String> first = next;
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(AnySync.dump().toString().lines().mapToInt(DumpTest::indent).max())
                    .hasValue(80));
    gate.complete("x");
    assertThat(first.result()).isEqualTo("x");
  }

  /** Whatever goes on meanwhile. */
  @Test
  void dumpsWhileWorkComesAndGoes() throws Exception {
    var over = new CompletableFuture<String>();
    var dumping =
        new FutureTask<>(
            () -> {
              int dumps = 0;
              while (!over.isDone()) {
                Dump dump = AnySync.dump();
                assertThat(parse(dump.toJson()).has("entries")).isTrue();
                assertThat(dump.toString()).contains("in flight");
                dumps++;
              }
              return dumps;
            });
    Thread.ofPlatform().start(dumping); // on one core a virtual one would let nothing else run
    try (EventLoop loop = EventLoop.create("l")) {
      for (int i = 0; i < 5_000 * STRESS; i++) {
        Unfuture<Integer> one = coroutine(() -> 1).start(loop);
        Unfuture<Integer> two =
            coroutine(() -> await(one) + await(Unsync.call(() -> 1))).start(loop);
        assertThat(two.then(Unfuture::join).result()).isEqualTo(2);
      }
    }
    over.complete("over");
    assertThat(dumping.get()).isPositive();
  }

  /** The library does not know what completes it, but that it is waited for. */
  @Test
  void threadsThatWaitForFuturesOfOtherKinds() throws Exception {
    var future = new FutureTask<>(() -> "x");
    var waiting = new FutureTask<>(() -> coroutine(() -> await(future)).run());
    Thread thread = Thread.ofPlatform().name("asks").start(waiting);
    List<String> lines =
        awaitTree("#\\d+ thread, thread 'asks'#\\d+, waiting, for a future, since .*");
    assertThat(lines).hasSize(1);
    future.run();
    assertThat(waiting.get()).isEqualTo("x");
    thread.join();
  }
}
