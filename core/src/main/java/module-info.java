import org.jspecify.annotations.NullMarked;

/**
 * AnySync: call async code synchronously, blocking code asynchronously, from any thread, in either
 * style. The core; it has no dependency at run time.
 */
@NullMarked
module dev.anysync {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires static java.desktop;

  exports dev.anysync;
  exports dev.anysync.spi;

  uses dev.anysync.spi.AsyncType.Provider;
  uses dev.anysync.spi.ContextCarrier;
  uses dev.anysync.spi.WaitStrategy;
}
