package dev.anysync.grpc;

import dev.anysync.spi.ContextCarrier;
import io.grpc.Context;
import org.jspecify.annotations.Nullable;

/**
 * Carries gRPC's {@link Context} to the thread that a body runs on: its values, its deadline, and
 * that it is cancelled with the server's call. Found as a service: nothing has to be called.
 */
public final class GrpcContext implements ContextCarrier {
  /** Creates the carrier; for the service loader. */
  public GrpcContext() {}

  @Override
  public @Nullable Object capture() {
    Context current = Context.current();
    return current == Context.ROOT ? null : current;
  }

  @Override
  public void restore(@Nullable Object snapshot) {
    Context _ = (snapshot == null ? Context.ROOT : (Context) snapshot).attach();
  }
}
