package dev.anysync.r2dbc;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.DeadlockException;
import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.reactor.AnySyncReactor;
import dev.anysync.testkit.TimeLimits;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.postgresql.api.PostgresqlException;
import io.r2dbc.spi.R2dbcBadGrammarException;
import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.Row;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;

/** The driver, called synchronously. */
class R2dbcTest {
  private static final int ROWS = 100_000;
  private static final int FETCH = 50;
  private static final int PREFETCH = 100;
  private static final int DRIVER = 256; // messages that the driver asks for
  private static final String ENDLESS = "select generate_series(1, 1000000000000)";
  private static final String SLEEP = "select 1 from pg_sleep(600)";

  private static EmbeddedPostgres postgres;
  private static LoopResources loops;
  private static Database database;

  @BeforeAll
  static void start() throws IOException {
    postgres =
        EmbeddedPostgres.builder()
            .setOverrideWorkingDirectory(new File("target/postgres"))
            .setServerConfig("fsync", "off")
            .start();
    loops = LoopResources.create("driver", 2, true);
    database = named("test");
    database
        .transaction()
        .use(
            connection -> {
              AnySyncReactor.run(Database.execute(connection, "create table names (name text)"));
              AnySyncReactor.run(Database.execute(connection, "create sequence made"));
              return null;
            });
  }

  @AfterAll
  static void stop() throws IOException {
    loops.disposeLater(Duration.ZERO, Duration.ofSeconds(10)).block();
    postgres.close();
  }

  private static Database named(String name) {
    return new Database(postgres.getPort(), name, loops);
  }

  private static Mono<Integer> successor(int number) {
    return database.value("select " + number + " + 1", Integer.class);
  }

  private static <T> T run(Mono<T> mono) {
    return Objects.requireNonNull(AnySyncReactor.run(mono));
  }

  private static ConditionFactory eventually() {
    return Awaitility.await().atMost(Duration.ofSeconds(40));
  }

  /** Returns how many connections of this name the server has. */
  private static long connections(String name) {
    return run(
        database.value(
            "select count(*) from pg_stat_activity where application_name = '" + name + "'",
            Long.class));
  }

  /** Returns whether a connection of this name sleeps. */
  private static boolean sleeps(String name) {
    return run(
            database.value(
                "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
                    + " and application_name = '"
                    + name
                    + "'",
                Long.class))
        > 0;
  }

  // Threads

  /** Where synchronous code may run. */
  enum Place {
    MAIN,
    PLATFORM,
    VIRTUAL,
    COMMON_POOL,
    EVENT_LOOP,
    BOUNDED_ELASTIC,
    PARALLEL,
    SINGLE;

    void execute(Runnable task) {
      var _ =
          switch (this) {
            case MAIN -> runHere(task);
            case PLATFORM -> Thread.ofPlatform().start(task);
            case VIRTUAL -> Thread.startVirtualThread(task);
            case COMMON_POOL -> ForkJoinPool.commonPool().submit(task);
            case EVENT_LOOP -> runOnALoop(task);
            case BOUNDED_ELASTIC -> Schedulers.boundedElastic().schedule(task);
            case PARALLEL -> Schedulers.parallel().schedule(task);
            case SINGLE -> Schedulers.single().schedule(task);
          };
    }

    private Place runHere(Runnable task) {
      task.run();
      return this;
    }

    private Place runOnALoop(Runnable task) {
      EventLoop.create("place").execute(task);
      return this;
    }
  }

  @ParameterizedTest
  @EnumSource
  void querySynchronously(Place place) throws Exception {
    Integer result =
        CompletableFuture.supplyAsync(() -> AnySyncReactor.run(successor(41)), place::execute)
            .get();
    assertThat(result).isEqualTo(42);
  }

  /** Where the same query cannot block(). */
  @ParameterizedTest
  @EnumSource(names = {"PARALLEL", "SINGLE"})
  void blockIsRefused(Place place) throws Exception {
    Throwable error =
        CompletableFuture.supplyAsync(
                () -> catchThrowable(() -> successor(41).block()), place::execute)
            .get();
    assertThat(error).isInstanceOf(IllegalStateException.class).hasMessageContaining("block()");
  }

  @Test
  void queriesInCoroutinesOfALoop() {
    try (EventLoop loop = EventLoop.create("requests")) {
      AnySync<Integer> sum =
          coroutine(
              () ->
                  await(
                          AnySync.all(
                              IntStream.range(0, 20)
                                  .mapToObj(i -> AnySyncReactor.from(successor(i)))
                                  .toList()))
                      .stream()
                      .mapToInt(Objects::requireNonNull)
                      .sum());
      assertThat(loop.run(sum)).isEqualTo(210);
    }
  }

  /** More of them than the scheduler has threads, all of which wait. */
  @Test
  void queriesOnAllParallelThreads() {
    Integer sum =
        Flux.range(0, 50)
            .flatMap(
                i -> Mono.fromCallable(() -> run(successor(i))).subscribeOn(Schedulers.parallel()),
                50)
            .reduce(0, Integer::sum)
            .block();
    assertThat(sum).isEqualTo(50 * 51 / 2);
  }

  /**
   * On the thread of one connection the answer of another, with loops of its own, can be awaited.
   */
  @Test
  void queryOnTheDriversThread() {
    LoopResources one = LoopResources.create("one", 1, true);
    try {
      var first = new Database(postgres.getPort(), "first", one);
      String result =
          run(
              first
                  .value("select 40", Integer.class)
                  .map(n -> run(successor(n)) + " on " + Thread.currentThread().getName()));
      assertThat(result).startsWith("41 on one-");
      assertThatThrownBy(
              () ->
                  run(
                      first
                          .value("select 40", Integer.class)
                          .map(n -> Objects.requireNonNull(successor(n).block()))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("block()");
    } finally {
      one.disposeLater(Duration.ZERO, Duration.ofSeconds(10)).block();
    }
  }

  /** And one that is to come over the very loop that waits is refused. */
  @Test
  void queryThatNeedsTheThreadThatWaits() {
    LoopResources one = LoopResources.create("one", 1, true);
    Lanes before =
        Unsync.share(
            Lanes.builder()
                .watchdog(Duration.ofMillis(200))
                .onSuspectedDeadlock(Lanes.SuspicionPolicy.FAIL)
                .build());
    try {
      var first = new Database(postgres.getPort(), "first", one);
      var refusal = new AtomicReference<@Nullable Throwable>();
      Mono<Integer> waiting =
          first
              .value("select 40", Integer.class)
              .map(_ -> run(first.value("select 41", Integer.class)))
              .doOnError(refusal::set);
      Throwable error = catchThrowable(() -> run(waiting));
      assertThat(error)
          .isInstanceOf(DeadlockException.class)
          .isSameAs(refusal.get())
          .hasMessageContaining("thread 'one-");
      assertThat(run(first.value("select 42", Integer.class))).as("the loop goes on").isEqualTo(42);
    } finally {
      Unsync.share(before).close();
      one.disposeLater(Duration.ZERO, Duration.ofSeconds(10)).block();
    }
  }

  // Rows

  private record Piece(long number, String text) {
    static Piece of(Row row) {
      return new Piece(
          Objects.requireNonNull(row.get(0, Long.class)),
          Objects.requireNonNull(row.get(1, String.class)));
    }
  }

  /** A sequence tells how many rows the server has made. */
  private static final String MADE =
      "select nextval('made'), repeat('x', 1000) from generate_series(1, " + ROWS + ")";

  /** Less than a fifth of what passes. */
  private static final long FLAT = 20_000_000;

  private static long made() {
    return run(database.value("select last_value from made", Long.class));
  }

  private static void makeNone() {
    long _ = run(database.value("select setval('made', 1, false)", Long.class));
  }

  /** Returns how many bytes are reachable. */
  private static long heap() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  @Test
  void rowsAreFetchedAsTheyAreConsumed() {
    makeNone();
    List<Long> ahead = new ArrayList<>();
    List<Long> heaps = new ArrayList<>();
    long before = heap();
    long sum = 0;
    long seen = 0;
    try (AnySyncIterator<Piece> rows =
        AnySyncReactor.from(database.rows(MADE, FETCH, Piece::of)).prefetch(PREFETCH)) {
      for (Piece row : rows) {
        sum += row.number();
        if (seen++ % 10_000 == 0) { // from the first one on
          heaps.add(heap() - before);
          ahead.add(made() - seen);
        }
      }
    }
    assertThat(sum).isEqualTo((ROWS + 1L) * ROWS / 2);
    System.out.printf("rows made ahead %s, bytes on the heap %s%n", ahead, heaps);
    assertThat(ahead).hasSize(10).allMatch(rows -> rows <= PREFETCH + DRIVER + 2 * FETCH);
    assertThat(heaps).hasSize(10).allMatch(bytes -> bytes < FLAT);
  }

  /** What the test before this one would find if the rows were not fetched piece by piece. */
  @Test
  void rowsThatAreAllFetchedAtOnce() {
    makeNone();
    long before = heap();
    List<Piece> rows = run(database.rows(MADE, 0, Piece::of).collectList());
    assertThat(made()).isEqualTo(ROWS);
    assertThat(heap() - before).isGreaterThan(4 * FLAT);
    assertThat(rows).hasSize(ROWS);
  }

  /** Their connection is closed then. */
  @Test
  void rowsThatAreGivenUp() {
    Database endless = named("given up");
    try (AnySyncIterator<Long> rows =
        AnySyncReactor.from(endless.rows(ENDLESS, FETCH, row -> Database.get(row, Long.class)))) {
      assertThat(rows.next()).isEqualTo(1);
      assertThat(rows.next()).isEqualTo(2);
      assertThat(connections("given up")).isOne();
    }
    eventually().until(() -> connections("given up") == 0);
  }

  /** It comes after rows before it; those of them that were not asked for yet it drops. */
  @Test
  void errorAmongTheRows() {
    var thrown = new AtomicReference<@Nullable Throwable>();
    List<Integer> seen = new ArrayList<>();
    Throwable error =
        catchThrowable(
            () -> {
              try (AnySyncIterator<Integer> rows =
                  AnySyncReactor.from(
                      database
                          .rows(
                              "select 100 / (75 - n) from generate_series(1, 1000) as n",
                              FETCH,
                              row -> Database.get(row, Integer.class))
                          .doOnError(thrown::set))) {
                for (int row : rows) {
                  seen.add(row);
                }
              }
            });
    assertThat(error)
        .isSameAs(thrown.get())
        .isInstanceOf(R2dbcException.class)
        .hasMessageContaining("division by zero");
    assertThat(IntStream.range(1, 75).map(n -> 100 / (75 - n)).boxed().toList())
        .startsWith(seen.toArray(Integer[]::new));
    assertThat(seen).isNotEmpty();
  }

  // Errors

  @Test
  void errorOfTheDriver() {
    var thrown = new AtomicReference<@Nullable Throwable>();
    Mono<Integer> failing = database.value("select nothing", Integer.class).doOnError(thrown::set);
    Throwable error = catchThrowable(() -> run(failing));
    assertThat(error)
        .isSameAs(thrown.get())
        .isInstanceOf(R2dbcBadGrammarException.class)
        .isInstanceOf(PostgresqlException.class);
    assertThat(((R2dbcException) error).getSqlState()).isEqualTo("42703");

    error = catchThrowable(() -> coroutine(() -> AnySyncReactor.await(failing)).run());
    assertThat(error).isInstanceOf(R2dbcBadGrammarException.class).isSameAs(thrown.get());

    error = catchThrowable(() -> AnySyncReactor.start(failing).result());
    assertThat(error).isInstanceOf(R2dbcBadGrammarException.class).isSameAs(thrown.get());
  }

  // Transactions

  private static long count(String name) {
    return run(
        database.value("select count(*) from names where name = '" + name + "'", Long.class));
  }

  private static Mono<Long> insert(PostgresqlConnection connection, String name) {
    return Database.execute(connection, "insert into names values ('" + name + "')");
  }

  @ParameterizedTest
  @EnumSource
  void transactionSynchronously(Place place) throws Exception {
    var error = new IOException("x"); // a checked one, as a body throws it
    Database own = named(place.name());
    CompletableFuture<@Nullable Long> committed =
        CompletableFuture.supplyAsync(
            () ->
                own.transaction()
                    .use(
                        connection -> {
                          long rows = run(insert(connection, place + " commits"));
                          assertThat(count(place + " commits")).as("seen by others").isZero();
                          return rows;
                        }),
            place::execute);
    assertThat(committed.get()).isOne();
    assertThat(count(place + " commits")).isOne();

    CompletableFuture<Throwable> failed =
        CompletableFuture.supplyAsync(
            () ->
                catchThrowable(
                    () ->
                        own.transaction()
                            .use(
                                connection -> {
                                  long _ = run(insert(connection, place + " fails"));
                                  return coroutine(
                                          () -> {
                                            throw error;
                                          })
                                      .run();
                                })),
            place::execute);
    assertThat(failed.get()).isSameAs(error);
    assertThat(count(place + " fails")).isZero();
    eventually().until(() -> connections(place.name()) == 0);
  }

  @Test
  void transactionInACoroutineAndWithResources() {
    Long inserted =
        database
            .transaction()
            .useAsync(connection -> AnySyncReactor.await(insert(connection, "coroutine")))
            .start()
            .result();
    assertThat(inserted).isOne();
    assertThat(count("coroutine")).isOne();
    try (var opened = database.transaction().open()) {
      assertThat(run(insert(opened.value(), "opened"))).isOne();
    }
    assertThat(count("opened")).isOne();
  }

  /** What fails in PostgreSQL is thrown as it is, and the transaction rolled back. */
  @Test
  void transactionThatFailsInPostgres() {
    var thrown = new AtomicReference<@Nullable Throwable>();
    Throwable error =
        catchThrowable(
            () ->
                database
                    .transaction()
                    .use(
                        connection -> {
                          long _ = run(insert(connection, "failing"));
                          return run(
                              Database.execute(connection, "insert into nowhere values (1)")
                                  .doOnError(thrown::set));
                        }));
    assertThat(error).isSameAs(thrown.get()).isInstanceOf(R2dbcBadGrammarException.class);
    assertThat(error.getSuppressed()).noneMatch(R2dbcException.class::isInstance);
    assertThat(count("failing")).isZero();
  }

  /** It has ended in the server when the coroutine has. */
  @Test
  void transactionThatIsCancelled() {
    Database own = named("cancelled");
    Unfuture<?> future =
        own.transaction()
            .useAsync(
                connection -> {
                  AnySyncReactor.await(insert(connection, "cancelled"));
                  return AnySyncReactor.await(Database.value(connection, SLEEP, Integer.class));
                })
            .start();
    eventually().until(() -> sleeps("cancelled"));
    assertThat(future.cancel(true)).isTrue();
    assertThatThrownBy(future::result).isInstanceOf(CancellationException.class);
    future.stopped().result();
    assertThat(sleeps("cancelled")).isFalse();
    assertThat(count("cancelled")).isZero();
    eventually().until(() -> connections("cancelled") == 0);
  }

  private record Ended(Throwable error, boolean isInterrupted) {}

  /** As above, of a thread that is interrupted; which stays so. */
  @Test
  void transactionThatIsInterrupted() throws Exception {
    Database own = named("interrupted");
    var ended = new CompletableFuture<Ended>();
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  Throwable error =
                      catchThrowable(
                          () ->
                              own.transaction()
                                  .use(
                                      connection -> {
                                        long _ = run(insert(connection, "interrupted"));
                                        return run(
                                            Database.value(connection, SLEEP, Integer.class));
                                      }));
                  ended.complete(new Ended(error, Thread.currentThread().isInterrupted()));
                });
    eventually().until(() -> sleeps("interrupted"));
    thread.interrupt();
    thread.join();
    assertThat(ended.get().error()).isInstanceOf(CancellationException.class);
    assertThat(ended.get().error().getSuppressed()).as("while it rolled back").isEmpty();
    assertThat(ended.get().isInterrupted()).isTrue();
    assertThat(sleeps("interrupted")).isFalse();
    assertThat(count("interrupted")).isZero();
    eventually().until(() -> connections("interrupted") == 0);
  }

  // Cancellation

  @Test
  void cancelledQueryEndsInTheServer() {
    Database own = named("query");
    Unfuture<?> future = AnySyncReactor.from(own.value(SLEEP, Integer.class)).start();
    eventually().until(() -> sleeps("query"));
    assertThat(future.cancel(true)).isTrue();
    eventually().until(() -> !sleeps("query") && connections("query") == 0);
  }

  @Test
  void queryOfAnInterruptedThreadEndsInTheServer() throws Exception {
    Database own = named("interrupted query");
    var thrown = new CompletableFuture<Throwable>();
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> thrown.complete(catchThrowable(() -> run(own.value(SLEEP, Integer.class)))));
    eventually().until(() -> sleeps("interrupted query"));
    thread.interrupt();
    assertThat(thrown.get()).isInstanceOf(CancellationException.class);
    eventually().until(() -> connections("interrupted query") == 0);
  }

  /** A limit that was over before the server slept has nothing to show: see {@link TimeLimits}. */
  @Test
  void queryThatTakesTooLongEndsInTheServer() {
    var asleep = new CountDownLatch(1);
    var last = new AtomicReference<>("");
    TimeLimits.assertThatItIsExceeded(
        asleep,
        limit -> {
          String name = "limit " + limit.toMillis();
          long end = System.nanoTime() + limit.toNanos();
          Unfuture<?> watcher =
              Unsync.call(
                  () -> {
                    while (asleep.getCount() > 0 && System.nanoTime() < end) {
                      if (sleeps(name) && System.nanoTime() < end) {
                        last.set(name);
                        asleep.countDown();
                      }
                    }
                    return null;
                  });
          try {
            Integer _ = AnySyncReactor.run(named(name).value(SLEEP, Integer.class), limit);
          } finally {
            watcher.result();
          }
        });
    eventually().until(() -> !sleeps(last.get()) && connections(last.get()) == 0);
  }
}
