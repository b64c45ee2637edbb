package dev.anysync.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import dev.anysync.RemoteBody;
import java.io.Serializable;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A body on its way to a member, and what that runs. The body is bytes until then, so that whatever
 * is wrong with it fails its own call, and not the cluster's work on its partition.
 */
final class Job implements Callable<byte[]>, Serializable, HazelcastInstanceAware {
  private static final long serialVersionUID = 1;

  private final UUID id;
  private final byte[] body;
  private transient @Nullable HazelcastInstance instance;

  Job(UUID id, byte[] body) {
    this.id = id;
    this.body = body;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    this.instance = instance;
  }

  /** Returns the outcome of the body. */
  @Override
  public byte[] call() {
    if (!Runs.begin(id)) {
      return Outcome.ofNone(id);
    }
    byte[] outcome;
    boolean isStopped = true;
    try {
      outcome = run();
    } finally {
      isStopped = Runs.end(id);
    }
    return isStopped ? Outcome.ofNone(id) : outcome; // what nobody reads is not to be kept
  }

  private byte[] run() {
    HazelcastInstance member = Objects.requireNonNull(instance, "instance");
    RemoteBody<?> work;
    try {
      work = read(member);
    } catch (Throwable e) {
      return Outcome.ofFailure(
          id,
          new IllegalArgumentException(
              "the body could not be read on the member "
                  + member.getCluster().getLocalMember().getAddress()
                  + ", on whose class path the same version of its classes is to be: "
                  + e,
              e));
    }
    try {
      return Outcome.ofResult(id, work.call());
    } catch (Throwable e) {
      return member.getLifecycleService().isRunning()
          ? Outcome.ofFailure(id, e)
          : Outcome.ofNone(id); // its threads are interrupted
    }
  }

  private RemoteBody<?> read(HazelcastInstance member) throws Exception {
    return (RemoteBody<?>)
        Objects.requireNonNull(
            Bytes.read(
                body,
                0,
                Bytes.filterOf(member),
                Thread.currentThread().getContextClassLoader(),
                Job.class.getClassLoader()));
  }

  /** Returns what Hazelcast's log is to call it. */
  @Override
  public String toString() {
    return "body " + id;
  }
}
