import org.jspecify.annotations.NullMarked;

/** AnySync for Reactor: {@code Mono} and {@code Flux} in either style, on any thread. */
@NullMarked
module dev.anysync.reactor {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires static io.netty.common;
  requires static io.netty.transport;
  requires static reactor.blockhound;
  requires static reactor.netty.core;
  requires static reactor.netty.http;
  requires transitive dev.anysync;
  requires dev.anysync.workers;
  requires transitive org.reactivestreams;
  requires transitive reactor.core;

  exports dev.anysync.reactor;

  provides dev.anysync.spi.AsyncType.Provider with
      dev.anysync.reactor.ReactorTypes;
  provides dev.anysync.spi.WaitStrategy with
      dev.anysync.reactor.ReactorThreads;
  provides reactor.blockhound.integration.BlockHoundIntegration with
      dev.anysync.reactor.BlockHoundRules;
}
