import org.jspecify.annotations.NullMarked;

/** A cpu lane on a Hazelcast cluster: work for the cores of more than one machine. */
@NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"}) // Hazelcast's
module dev.anysync.hazelcast {
  requires transitive dev.anysync;
  requires transitive com.hazelcast.core;
  requires static org.jspecify;

  exports dev.anysync.hazelcast;
}
