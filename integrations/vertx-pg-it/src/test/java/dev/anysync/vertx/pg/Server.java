package dev.anysync.vertx.pg;

import dev.anysync.vertx.AnySyncVertx;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.sqlclient.Tuple;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code /<pool>/<way>/<number>} with the successor of the number, which PostgreSQL knows.
 */
final class Server extends VerticleBase {
  private static final String SQL = "select $1::int + 1";

  /** Is not answered as long as somebody else has the lock. */
  private static final String LOCKED =
      "select $1::int + 1 from pg_advisory_xact_lock_shared(" + Database.LOCK + ")";

  private final Database own;
  private final Database shared;
  private @Nullable HttpServer server;

  Server(Database own, Database shared) {
    this.own = own;
    this.shared = shared;
  }

  @Override
  public Future<?> start() {
    server = vertx.createHttpServer().requestHandler(Server.this::answer);
    return server.listen(0, "127.0.0.1");
  }

  int port() {
    return Objects.requireNonNull(server).actualPort();
  }

  private void answer(HttpServerRequest request) {
    String text;
    try {
      String[] path = Objects.requireNonNull(request.path()).split("/", -1);
      Database database = path[1].equals("own") ? own : shared;
      int number = Integer.parseInt(path[3]);
      int next =
          switch (path[2]) {
            case "body" -> inABody(database, number);
            case "outside" -> outside(database, SQL, number);
            default -> outside(database, LOCKED, number);
          };
      text = next + " on " + Thread.currentThread().getName();
    } catch (IllegalStateException e) {
      request.response().setStatusCode(503);
      text = String.valueOf(e.getMessage());
    }
    var _ = request.response().end(text);
  }

  /** What is legal on every thread. */
  private static int inABody(Database database, int number) {
    return database.query(SQL, number).run().iterator().next().getInteger(0);
  }

  /** What is legal unless the future belongs to the event loop or worker that waits for it. */
  private static int outside(Database database, String sql, int number) {
    return AnySyncVertx.run(database.pool().preparedQuery(sql).execute(Tuple.of(number)))
        .iterator()
        .next()
        .getInteger(0);
  }
}
