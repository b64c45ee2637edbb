import org.jspecify.annotations.NullMarked;

/** AnySync for Mutiny: {@code Uni} and {@code Multi} in either style, on any thread. */
@NullMarked
module dev.anysync.mutiny {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires transitive io.smallrye.mutiny;

  exports dev.anysync.mutiny;

  provides dev.anysync.spi.AsyncType.Provider with
      dev.anysync.mutiny.MutinyTypes;
}
