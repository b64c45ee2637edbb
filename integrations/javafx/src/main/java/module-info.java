import org.jspecify.annotations.NullMarked;

/** AnySync for JavaFX: calls that wait do not freeze the window, and workers in either style. */
@NullMarked
module dev.anysync.javafx {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires transitive javafx.graphics;

  exports dev.anysync.javafx;

  provides dev.anysync.spi.WaitStrategy with
      dev.anysync.javafx.JavaFxThread;
}
