import org.jspecify.annotations.NullMarked;

/** AnySync twins: the other form of a type without sources, through an interface. */
@NullMarked
module dev.anysync.twins {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;

  exports dev.anysync.twins;
}
