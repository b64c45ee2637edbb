import org.jspecify.annotations.NullMarked;

/** A cpu lane of child processes: work that may crash, fill its heap or never end, on its own. */
@NullMarked
module dev.anysync.process {
  requires transitive dev.anysync;
  requires static org.jspecify;

  exports dev.anysync.process;
}
