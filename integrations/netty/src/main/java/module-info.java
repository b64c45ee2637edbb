import org.jspecify.annotations.NullMarked;

/** AnySync for Netty: its futures in either style, and the threads of its event loops. */
@NullMarked
module dev.anysync.netty {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires transitive io.netty.common;
  requires io.netty.transport;

  exports dev.anysync.netty;

  provides dev.anysync.spi.AsyncType.Provider with
      dev.anysync.netty.NettyTypes;
  provides dev.anysync.spi.WaitStrategy with
      dev.anysync.netty.NettyThreads;
}
