package dev.anysync.netty;

import dev.anysync.spi.AsyncType;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.util.List;

/** Netty's future, for twins; one that is made has listeners called by the global executor. */
public final class NettyTypes implements AsyncType.Provider {
  /** Creates the provider; for the service loader. */
  public NettyTypes() {}

  @Override
  public List<AsyncType<?>> types() {
    return List.of(
        new AsyncType.Value<Future<?>>(
            Future.class,
            AnySyncNetty::await,
            call -> AnySyncNetty.toFuture(call, GlobalEventExecutor.INSTANCE)));
  }
}
