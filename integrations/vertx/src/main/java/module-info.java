import org.jspecify.annotations.NullMarked;

/** AnySync for Vert.x: its futures and streams in either style, on any of its threads. */
@NullMarked
module dev.anysync.vertx {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires transitive io.vertx.core;
  requires io.netty.common;
  requires io.netty.transport;

  exports dev.anysync.vertx;

  provides dev.anysync.spi.AsyncType.Provider with
      dev.anysync.vertx.VertxTypes;
  provides dev.anysync.spi.WaitStrategy with
      dev.anysync.vertx.VertxThreads.EventLoops,
      dev.anysync.vertx.VertxThreads.Workers,
      dev.anysync.vertx.VertxThreads.Virtual;
}
