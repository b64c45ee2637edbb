import org.jspecify.annotations.NullMarked;

/** AnySync for RxJava: its types in either style, on any thread. */
@NullMarked
@SuppressWarnings("module") // the digit is in the library's own name
module dev.anysync.rxjava3 {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires dev.anysync.workers;
  requires transitive io.reactivex.rxjava3;
  requires org.reactivestreams;

  exports dev.anysync.rxjava3;

  provides dev.anysync.spi.AsyncType.Provider with
      dev.anysync.rxjava3.RxJavaTypes;
  provides dev.anysync.spi.WaitStrategy with
      dev.anysync.rxjava3.RxJavaThreads;
}
