/** AnySync for Kotlin: suspend functions, {@code Deferred} and {@code Flow}, in either style. */
// Not null-marked: a type parameter of Kotlin would then never be nullable in Java.
module dev.anysync.kotlin {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires transitive kotlin.stdlib;
  requires transitive kotlinx.coroutines.core;

  exports dev.anysync.kotlin;
}
