package dev.anysync.vertx.pg;

import dev.anysync.AnySync;
import dev.anysync.AnySyncContextManager;
import dev.anysync.AnySyncIterator;
import dev.anysync.vertx.AnySyncVertx;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Cursor;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.PreparedStatement;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;
import io.vertx.sqlclient.Tuple;

/** What an application would write over the reactive client, once, for both styles. */
final class Database {
  /** The key of an advisory lock. */
  static final long LOCK = 1;

  private final Pool pool;

  Database(Vertx vertx, int port, int connections) {
    pool =
        PgBuilder.pool()
            .connectingTo(
                new PgConnectOptions()
                    .setHost("127.0.0.1")
                    .setPort(port)
                    .setUser("postgres")
                    .setDatabase("postgres"))
            .with(new PoolOptions().setMaxSize(connections))
            .using(vertx)
            .build();
  }

  Pool pool() {
    return pool;
  }

  AnySync<RowSet<Row>> query(String sql, Object... arguments) {
    return AnySyncVertx.from(() -> pool.preparedQuery(sql).execute(Tuple.from(arguments)));
  }

  /** Begins a transaction on a connection of the pool, and commits it, or rolls it back. */
  AnySyncContextManager<SqlConnection> transaction() {
    return AnySync.contextManager(
        out -> {
          SqlConnection connection = AnySyncVertx.await(pool.getConnection());
          try {
            Transaction transaction = AnySyncVertx.await(connection.begin());
            try {
              out.yield(connection);
            } catch (Throwable e) {
              rollBack(transaction, e);
              throw e;
            }
            Void _ = AnySyncVertx.await(transaction.commit());
          } finally {
            Void _ = AnySyncVertx.await(connection.close());
          }
        });
  }

  private static void rollBack(Transaction transaction, Throwable reason) {
    try {
      Void _ = AnySyncVertx.await(transaction.rollback());
    } catch (Exception e) { // then closing the connection rolls back
      reason.addSuppressed(e);
    }
  }

  /** Returns the rows of a query, of which as many are fetched at a time; in a transaction. */
  static AnySyncIterator<Row> stream(SqlConnection connection, String sql, int fetch) {
    return AnySyncVertx.from(statement(connection, sql).createStream(fetch));
  }

  /** The same by a cursor. */
  static AnySyncIterator<Row> cursor(SqlConnection connection, String sql, int fetch) {
    return AnySync.iterator(
        out -> {
          Cursor cursor = statement(connection, sql).cursor();
          try {
            do {
              for (Row row : AnySyncVertx.await(cursor.read(fetch))) {
                out.yield(row);
              }
            } while (cursor.hasMore());
          } finally {
            Void _ = AnySyncVertx.await(cursor.close());
          }
        });
  }

  private static PreparedStatement statement(SqlConnection connection, String sql) {
    return AnySyncVertx.from(() -> connection.prepare(sql)).run();
  }

  void close() {
    Void _ = AnySyncVertx.run(pool.close());
  }
}
