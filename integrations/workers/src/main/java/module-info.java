import org.jspecify.annotations.NullMarked;

/** For the modules of Reactor and RxJava alone: threads that are replaced while they wait. */
@NullMarked
@SuppressWarnings("module") // those two are compiled after it
module dev.anysync.workers {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;

  exports dev.anysync.workers to
      dev.anysync.reactor,
      dev.anysync.rxjava3;
}
