package dev.anysync.r2dbc;

import dev.anysync.AnySync;
import dev.anysync.AnySyncContextManager;
import dev.anysync.reactor.AnySyncReactor;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.postgresql.api.PostgresqlResult;
import io.r2dbc.spi.Row;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/** What an application would write over the driver, once, for both styles. */
final class Database {
  private final PostgresqlConnectionFactory connections;

  /** Its connections are known to the server by {@code name}, and are on {@code loops}. */
  Database(int port, String name, LoopResources loops) {
    connections =
        new PostgresqlConnectionFactory(
            PostgresqlConnectionConfiguration.builder()
                .host("127.0.0.1")
                .port(port)
                .username("postgres")
                .database("postgres")
                .applicationName(name)
                .loopResources(loops)
                .build());
  }

  /** Returns the only value that a query on a connection of its own finds. */
  <T> Mono<T> value(String sql, Class<T> type) {
    return rows(sql, 0, row -> get(row, type)).single();
  }

  /**
   * Returns the rows that a query on a connection of its own finds, of which {@code fetch} are
   * fetched at a time, or all if that is zero. To cancel it cancels the query in the server, which
   * the driver by itself does not.
   */
  <T> Flux<T> rows(String sql, int fetch, Function<Row, T> function) {
    return Flux.usingWhen(
        connections.create(),
        connection -> rows(connection, sql, fetch, function),
        PostgresqlConnection::close,
        (connection, _) -> connection.close(),
        connection -> connection.cancelRequest().then(connection.close()));
  }

  static <T> Mono<T> value(PostgresqlConnection connection, String sql, Class<T> type) {
    return rows(connection, sql, 0, row -> get(row, type)).single();
  }

  private static <T> Flux<T> rows(
      PostgresqlConnection connection, String sql, int fetch, Function<Row, T> function) {
    return connection
        .createStatement(sql)
        .fetchSize(fetch)
        .execute()
        .concatMap(result -> result.map((row, _) -> function.apply(row)));
  }

  static <T> T get(Row row, Class<T> type) {
    return Objects.requireNonNull(row.get(0, type));
  }

  /** Returns how many rows a statement changes. */
  static Mono<Long> execute(PostgresqlConnection connection, String sql) {
    return connection
        .createStatement(sql)
        .execute()
        .concatMap(PostgresqlResult::getRowsUpdated)
        .reduce(0L, Long::sum);
  }

  /** Begins a transaction on a connection of its own, and commits it, or rolls it back. */
  AnySyncContextManager<PostgresqlConnection> transaction() {
    return AnySync.contextManager(
        out -> {
          PostgresqlConnection connection =
              Objects.requireNonNull(AnySyncReactor.await(connections.create()));
          try {
            AnySyncReactor.await(connection.beginTransaction());
            try {
              out.yield(connection);
            } catch (Throwable e) {
              rollBack(connection, e);
              throw e;
            }
            AnySyncReactor.await(connection.commitTransaction());
          } finally {
            AnySyncReactor.await(connection.close());
          }
        });
  }

  private static void rollBack(PostgresqlConnection connection, Throwable reason) {
    try {
      if (reason instanceof CancellationException) { // of a query, which else would go on
        AnySyncReactor.await(connection.cancelRequest());
      }
      AnySyncReactor.await(connection.rollbackTransaction());
    } catch (Exception e) { // then closing the connection rolls back
      reason.addSuppressed(e);
    }
  }
}
