import org.jspecify.annotations.NullMarked;

/** AnySync for Guava: waits for a {@code ListenableFuture} in either style, and makes one. */
@NullMarked
module dev.anysync.guava {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires transitive com.google.common;

  exports dev.anysync.guava;

  provides dev.anysync.spi.AsyncType.Provider with
      dev.anysync.guava.GuavaTypes;
}
