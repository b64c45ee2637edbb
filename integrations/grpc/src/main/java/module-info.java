import org.jspecify.annotations.NullMarked;

/** AnySync for gRPC: streams as iterators, bodies as a server's methods, and its context. */
@NullMarked
module dev.anysync.grpc {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires transitive io.grpc;
  requires transitive io.grpc.stub;

  exports dev.anysync.grpc;

  provides dev.anysync.spi.ContextCarrier with
      dev.anysync.grpc.GrpcContext;
  provides dev.anysync.spi.WaitStrategy with
      dev.anysync.grpc.GrpcThreads;
}
