package dev.anysync.vertx.pg;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Lanes;
import dev.anysync.Unsync;
import dev.anysync.vertx.AnySyncVertx;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The reactive client, called synchronously. */
class PostgresTest {
  private static final int STRESS = Integer.getInteger("stress", 1);
  private static final int AT_A_TIME = 32;
  private static final int ROWS = 100_000;
  private static final int FETCH = 50;
  private static final int PREFETCH = 100;

  private static EmbeddedPostgres postgres;
  private static Vertx servers;
  private static Vertx clients;
  private static Database own;
  private static Database shared;

  @BeforeAll
  static void start() throws IOException {
    postgres =
        EmbeddedPostgres.builder()
            .setOverrideWorkingDirectory(new File("target/postgres"))
            .setServerConfig("fsync", "off")
            .start();
    servers = Vertx.vertx();
    clients = Vertx.vertx();
    own = new Database(clients, postgres.getPort(), 4);
    shared = new Database(servers, postgres.getPort(), 4);
    var _ = own.query("create table names (name text)").run();
    var _ = own.query("create sequence made").run();
  }

  @AfterAll
  static void stop() throws IOException {
    own.close();
    shared.close();
    Void _ = AnySyncVertx.run(servers.close());
    Void _ = AnySyncVertx.run(clients.close());
    postgres.close();
  }

  // Requests

  private record Answers(Map<String, Integer> kinds, Duration took) {
    int count(String kind) {
      return kinds.entrySet().stream()
          .filter(entry -> entry.getKey().startsWith(kind))
          .mapToInt(Map.Entry::getValue)
          .sum();
    }
  }

  private static Answers ask(ThreadingModel model, String path, int count) throws Exception {
    return ask(servers, shared, model, path, count);
  }

  private static Answers ask(
      Vertx vertx, Database shared, ThreadingModel model, String path, int count) throws Exception {
    var server = new Server(own, shared);
    String deployment =
        AnySyncVertx.run(
            vertx.deployVerticle(server, new DeploymentOptions().setThreadingModel(model)));
    var kinds = new ConcurrentHashMap<String, Integer>();
    var wrong = new AtomicInteger();
    long start = System.nanoTime();
    try (var client = HttpClient.newHttpClient()) {
      var free = new Semaphore(AT_A_TIME);
      var left = new CountDownLatch(count);
      for (int i = 0; i < count; i++) {
        free.acquire();
        int number = i;
        URI uri = URI.create("http://127.0.0.1:" + server.port() + path + "/" + number);
        var _ =
            client
                .sendAsync(
                    HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .whenComplete(
                    (response, error) -> {
                      String kind =
                          error != null
                              ? error.toString()
                              : response.statusCode()
                                  + response.body().replaceFirst("^" + (number + 1) + " on", "");
                      kinds.merge(kind.replaceAll("\\d+$", ""), 1, Integer::sum);
                      if (error == null
                          && response.statusCode() == 200
                          && !response.body().startsWith(number + 1 + " on ")) {
                        int _ = wrong.incrementAndGet();
                      }
                      free.release();
                      left.countDown();
                    });
      }
      left.await();
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    Void _ = AnySyncVertx.run(vertx.undeploy(deployment));
    assertThat(wrong).hasValue(0);
    return new Answers(kinds, took);
  }

  @ParameterizedTest
  @CsvSource({
    "EVENT_LOOP, /own/body",
    "EVENT_LOOP, /own/outside",
    "WORKER, /own/body",
    "WORKER, /own/outside",
    "WORKER, /shared/body",
    "VIRTUAL_THREAD, /own/body",
    "VIRTUAL_THREAD, /own/outside",
    "VIRTUAL_THREAD, /shared/body",
    "VIRTUAL_THREAD, /shared/outside"
  })
  void eachRequestIsAnswered(ThreadingModel model, String path) throws Exception {
    int count = 200 * STRESS;
    Answers answers = ask(model, path, count);
    assertThat(answers.count("200 vert.x-")).as(answers.kinds().toString()).isEqualTo(count);
    System.out.printf(
        "%s %s: %d requests, %d at a time, %d ms%n",
        model, path, count, AT_A_TIME, answers.took().toMillis());
  }

  /** On its only loop a server hears of nothing while it waits, and another's loops do not care. */
  @Test
  void serverWithOneLoop() throws Exception {
    Vertx one = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    var onTheLoop = new Database(one, postgres.getPort(), 4);
    int others = 64 * STRESS;
    Answers answers = ask(one, onTheLoop, ThreadingModel.EVENT_LOOP, "/own/body", others);
    assertThat(answers.count("200 vert.x-")).as(answers.kinds().toString()).isEqualTo(others);

    Lanes before =
        Unsync.share(
            Lanes.builder()
                .watchdog(Duration.ofMillis(200))
                .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL)
                .build());
    try {
      int count = 8 * STRESS;
      answers = ask(one, onTheLoop, ThreadingModel.EVENT_LOOP, "/shared/body", count);
      assertThat(answers.count("503suspected deadlock"))
          .as(answers.kinds().toString())
          .isEqualTo(count);
      assertThat(answers.kinds().keySet())
          .allMatch(kind -> kind.contains("vert.x-eventloop-thread"), "names the loop's thread");
      System.out.printf(
          "EVENT_LOOP /shared/body on one loop: %d requests, all refused, %d ms%n",
          count, answers.took().toMillis());
    } finally {
      Unsync.share(before).close();
    }
    onTheLoop.close();
    Void _ = AnySyncVertx.run(one.close());
  }

  /** Whose answer cannot come before the handler waits for it: the test has the lock. */
  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER"})
  void futureOfTheHandlersOwnContextIsRefusedAtOnce(ThreadingModel model) throws Exception {
    try (var opened = own.transaction().open()) {
      int _ = execute(opened.value(), "select pg_advisory_xact_lock(" + Database.LOCK + ")");
      Answers answers = ask(model, "/shared/locked", 64);
      assertThat(answers.count("503thread 'vert.x-")).as(answers.kinds().toString()).isEqualTo(64);
    }
  }

  // Rows

  /** A sequence tells how many rows the server has made. */
  private static final String MADE =
      "select nextval('made') as n, repeat('x', 1000) as t from generate_series(1, " + ROWS + ")";

  /** Less than a fifth of what passes. */
  private static final long FLAT = 20_000_000;

  private static long made() {
    return own.query("select last_value from made").run().iterator().next().getLong(0);
  }

  /** Returns how many bytes are reachable. */
  private static long heap() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static AnySyncIterator<Row> rows(String way, SqlConnection connection, String sql) {
    AnySyncIterator<Row> rows =
        way.equals("stream")
            ? Database.stream(connection, sql, FETCH)
            : Database.cursor(connection, sql, FETCH);
    return rows.prefetch(PREFETCH);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stream", "cursor"})
  void rowsAreFetchedAsTheyAreConsumed(String way) {
    var _ = own.query("alter sequence made restart").run();
    List<Long> ahead = new ArrayList<>();
    List<Long> heaps = new ArrayList<>();
    long before = heap();
    Long sum =
        own.transaction()
            .use(
                connection -> {
                  long added = 0;
                  long seen = 0;
                  try (AnySyncIterator<Row> rows = rows(way, connection, MADE)) {
                    for (Row row : rows) {
                      added += row.getLong("n");
                      if (seen++ % 10_000 == 0) { // from the first one on
                        heaps.add(heap() - before);
                        ahead.add(made() - seen);
                      }
                    }
                  }
                  return added;
                });
    assertThat(sum).isEqualTo((ROWS + 1L) * ROWS / 2);
    System.out.printf("%s: rows made ahead %s, bytes on the heap %s%n", way, ahead, heaps);
    assertThat(ahead).hasSize(10).allMatch(rows -> rows <= PREFETCH + 2 * FETCH);
    assertThat(heaps).hasSize(10).allMatch(bytes -> bytes < FLAT);
  }

  /** What the test before this one would find if the rows were not fetched piece by piece. */
  @Test
  void rowsThatAreAllFetchedAtOnce() {
    var _ = own.query("alter sequence made restart").run();
    long before = heap();
    RowSet<Row> rows = own.query(MADE).run();
    assertThat(made()).isEqualTo(ROWS);
    assertThat(heap() - before).isGreaterThan(4 * FLAT);
    assertThat(rows).hasSize(ROWS);
  }

  /** Whose connection is then free for others. */
  @ParameterizedTest
  @ValueSource(strings = {"stream", "cursor"})
  void rowsThatAreGivenUp(String way) {
    for (int i = 0; i < 20; i++) { // of four connections
      Integer third =
          own.transaction()
              .use(
                  connection -> {
                    try (AnySyncIterator<Row> rows =
                        rows(way, connection, "select generate_series(1, 1000000)")) {
                      assertThat(rows.next().getInteger(0)).isOne();
                      assertThat(rows.next().getInteger(0)).isEqualTo(2);
                      return rows.next().getInteger(0);
                    }
                  });
      assertThat(third).isEqualTo(3);
    }
  }

  @Test
  void errorAmongTheRows() {
    Throwable error =
        catchThrowable(
            () ->
                own.transaction()
                    .use(
                        connection -> {
                          long sum = 0;
                          try (AnySyncIterator<Row> rows =
                              Database.stream(
                                  connection,
                                  "select 1 / (500 - n) from generate_series(1, 1000) as n",
                                  FETCH)) {
                            for (Row row : rows) {
                              sum += row.getInteger(0);
                            }
                          }
                          return sum;
                        }));
    assertThat(error).hasMessageContaining("division by zero");
  }

  // Transactions

  private static long count(String name) {
    return own.query("select count(*) from names where name = $1", name)
        .run()
        .iterator()
        .next()
        .getLong(0);
  }

  private static int execute(SqlConnection connection, String sql) {
    return AnySyncVertx.from(() -> connection.query(sql).execute()).run().rowCount();
  }

  private static int insert(SqlConnection connection, String name) {
    return execute(connection, "insert into names values ('" + name + "')");
  }

  /** Enters, inserts twice, and fails if it is told to. */
  private static int twice(String name, @Nullable RuntimeException error) {
    Integer result =
        own.transaction()
            .use(
                connection -> {
                  int inserted = insert(connection, name) + insert(connection, name);
                  assertThat(count(name)).as("seen by others").isZero();
                  if (error != null) {
                    throw error;
                  }
                  return inserted;
                });
    return Objects.requireNonNull(result);
  }

  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER", "VIRTUAL_THREAD"})
  void transactionOnEachKindOfThread(ThreadingModel model) throws Exception {
    var error = new IllegalArgumentException("x");
    var result = new CompletableFuture<String>();
    var verticle =
        new VerticleBase() {
          @Override
          public Future<?> start() {
            try {
              String name = model.toString();
              int inserted = twice(name + " commits", null);
              Throwable thrown = catchThrowable(() -> twice(name + " rolls back", error));
              result.complete(inserted + (thrown == error ? ", the same error" : ", " + thrown));
            } catch (Throwable e) {
              result.completeExceptionally(e);
            }
            return Future.succeededFuture();
          }
        };
    String deployment =
        AnySyncVertx.run(
            servers.deployVerticle(verticle, new DeploymentOptions().setThreadingModel(model)));
    assertThat(result.get()).isEqualTo("2, the same error");
    assertThat(count(model + " commits")).isEqualTo(2);
    assertThat(count(model + " rolls back")).isZero();
    Void _ = AnySyncVertx.run(servers.undeploy(deployment));
  }

  @Test
  void transactionInACoroutineAndWithResources() {
    Integer inserted =
        own.transaction().useAsync(connection -> insert(connection, "coroutine")).start().result();
    assertThat(inserted).isOne();
    assertThat(count("coroutine")).isOne();
    try (var opened = own.transaction().open()) {
      assertThat(insert(opened.value(), "opened")).isOne();
    }
    assertThat(count("opened")).isOne();
  }

  /** What fails in PostgreSQL is thrown as it is, and the transaction rolled back. */
  @Test
  void errorOfPostgres() {
    var failing = new AtomicReference<Future<RowSet<Row>>>();
    Throwable error =
        catchThrowable(
            () ->
                own.transaction()
                    .use(
                        connection -> {
                          int _ = insert(connection, "failing");
                          failing.set(connection.query("insert into nowhere values (1)").execute());
                          return AnySyncVertx.run(failing.get()).rowCount();
                        }));
    assertThat(error)
        .isSameAs(failing.get().cause())
        .isInstanceOf(PgException.class)
        .hasMessageContaining("nowhere");
    assertThat(count("failing")).isZero();
  }

  @Test
  void severalAtOnce() {
    var sum =
        AnySync.all(
                IntStream.range(0, 200)
                    .mapToObj(
                        i ->
                            coroutine(
                                () ->
                                    AnySyncVertx.await(
                                            own.pool()
                                                .preparedQuery("select $1::int")
                                                .execute(Tuple.of(i)))
                                        .iterator()
                                        .next()
                                        .getInteger(0)))
                    .toList())
            .run()
            .stream()
            .mapToInt(Integer::intValue)
            .sum();
    assertThat(sum).isEqualTo(19_900);
  }
}
