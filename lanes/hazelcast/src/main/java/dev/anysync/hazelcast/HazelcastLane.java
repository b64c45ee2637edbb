package dev.anysync.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import dev.anysync.RemoteBody;
import dev.anysync.spi.RemoteLane;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputFilter;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A cpu lane on a Hazelcast cluster: what computes runs on the cores of all members, and goes on
 * elsewhere when one is lost. Give it to {@link dev.anysync.Lanes.Builder#cpu(RemoteLane)}.
 *
 * <p>Bodies are run by a durable executor of the cluster, on a member that chance chooses, whose
 * class path must have their classes, and this library. Each call gets one result. Its body runs
 * <em>at least once</em>: again, from its beginning, when its member is lost, also when its
 * partition moves as a member joins or leaves, and when its result is lost before it is read; so it
 * had better be one that may run twice, at the same time too. A call waits while the cluster is
 * full, and while it has no members for {@link Builder#patience} at most; then it fails with a
 * {@link HazelcastException}, as it does when the instance is shut down.
 *
 * <p>What a body captures, returns and throws is copied by serialization, at the call and when it
 * ends. Context is not passed on.
 *
 * <p>A body that is cancelled is interrupted on its member; one that has not begun does not. There
 * is nothing that would end one that does not react: it keeps its thread of the member, and its
 * {@code stopped()} is not done.
 */
public final class HazelcastLane implements RemoteLane, AutoCloseable {
  private static final long CLOSING = TimeUnit.SECONDS.toNanos(10);

  private final HazelcastInstance instance;
  private final boolean isOwn;
  private final String executor;
  private static final int MOST_IN_FLIGHT = Integer.MAX_VALUE / 4;

  private final long patience;
  private final @Nullable ObjectInputFilter filter;
  private final Semaphore room;
  private final Semaphore places = new Semaphore(0); // of the cluster, that calls have left
  private final Set<Call> calls = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private HazelcastLane(Builder builder) {
    executor = builder.name;
    patience = TimeUnit.NANOSECONDS.convert(builder.patience);
    room = new Semaphore(Math.min(builder.inFlight, MOST_IN_FLIGHT), true);
    isOwn = builder.instance == null;
    instance = builder.instance == null ? embedded(executor) : builder.instance;
    filter = merged(builder.filter, Bytes.filterOf(instance));
  }

  /** Returns a builder; without an instance the lane has a member of its own, in this JVM. */
  public static Builder builder() {
    return new Builder();
  }

  /** Starts a member that nobody joins, and that listens on this machine's own address only. */
  private static HazelcastInstance embedded(String executor) {
    Config config = new Config();
    config.setClusterName(
        "anysync-" + UUID.randomUUID()); // which whoever wants to join has to know
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.getMetricsConfig().setEnabled(false);
    NetworkConfig network = config.getNetworkConfig().setPublicAddress("127.0.0.1");
    network.getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    JoinConfig join = network.getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    config
        .getDurableExecutorConfig(executor)
        .setPoolSize(Runtime.getRuntime().availableProcessors());
    return Hazelcast.newHazelcastInstance(config);
  }

  private static @Nullable ObjectInputFilter merged(
      @Nullable ObjectInputFilter one, @Nullable ObjectInputFilter other) {
    return one == null ? other : ObjectInputFilter.merge(one, other);
  }

  @Override
  public <T extends @Nullable Object> Callable<T> prepare(RemoteBody<? extends T> body) {
    checkOpen();
    byte[] bytes = bytes(Objects.requireNonNull(body, "body"));
    ClassLoader loader = body.getClass().getClassLoader();
    @SuppressWarnings({"unchecked", "NullAway"}) // it is what the body has returned
    Callable<T> call = () -> (T) call(bytes, loader);
    return call;
  }

  private static byte[] bytes(RemoteBody<?> body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(body);
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      throw new IllegalArgumentException(
          RemoteLane.whyNot(body, "the body", e)
              + ": capture only what it needs, in local variables, make that type Serializable, or"
              + " its field transient",
          e);
    }
    return bytes.toByteArray();
  }

  private @Nullable Object call(byte[] body, @Nullable ClassLoader loader) throws Exception {
    room.acquire();
    Call call = new Call(this, instance, body);
    calls.add(call);
    byte[] outcome;
    try {
      checkOpen();
      outcome = call.run();
    } finally {
      Thread.startVirtualThread(() -> end(call)); // the result need not wait for that
    }
    return Outcome.open(outcome, filter, loader, Thread.currentThread().getContextClassLoader());
  }

  private void end(Call call) {
    try {
      call.end();
    } finally {
      calls.remove(call);
      if (isWaiting()) {
        places.release();
      }
      room.release();
    }
  }

  /** Returns how many bodies have a place in the cluster now. */
  long handedOver() {
    return calls.stream().filter(Call::isHandedOver).count();
  }

  /** Returns whether a body waits since the cluster is full. */
  boolean isWaiting() {
    return places.hasQueuedThreads();
  }

  /** Waits until a call has left its place in the cluster, for some nanoseconds at most. */
  boolean awaitPlace(long nanos) throws InterruptedException {
    return places.tryAcquire(nanos, TimeUnit.NANOSECONDS);
  }

  private void checkOpen() {
    if (closed) {
      throw new RejectedExecutionException("the " + name() + " has been closed");
    }
  }

  /**
   * Refuses new bodies and has those that run told to stop; their calls end with a {@link
   * CancellationException} at once. Shuts the member down if it is the lane's own.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    room.release(MOST_IN_FLIGHT); // those who wait for room are to see it
    long end = System.nanoTime() + CLOSING;
    calls.forEach(Call::abandon);
    try {
      for (Call call : calls) {
        call.awaitEnd(end);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (isOwn) {
      instance.shutdown();
    }
  }

  @Override
  public String name() {
    return "Hazelcast lane '" + executor + "'";
  }

  boolean isClosed() {
    return closed;
  }

  String executor() {
    return executor;
  }

  /** Returns the name of what has members told to stop bodies: none of them is to wait in line. */
  String stops() {
    return executor + ".stop";
  }

  /** Returns how many nanoseconds a cluster may fail to answer. */
  long patience() {
    return patience;
  }

  /** Builds a {@link HazelcastLane}. Not safe for use by several threads at once. */
  public static final class Builder {
    private @Nullable HazelcastInstance instance;
    private String name = "anysync";
    private int inFlight = 1_000;
    private Duration patience = Duration.ofMinutes(2);
    private @Nullable ObjectInputFilter filter;

    private Builder() {}

    /** Sets a member or a client of the cluster, which is the caller's to shut down. */
    public Builder instance(HazelcastInstance instance) {
      this.instance = Objects.requireNonNull(instance, "instance");
      return this;
    }

    /**
     * Sets the name of the executor, by which the cluster's configuration says how many threads
     * each member has for it, how many bodies it takes, and how many backups of each there are;
     * {@code anysync} if not set.
     */
    public Builder name(String executor) {
      if (Objects.requireNonNull(executor, "executor").isEmpty()) {
        throw new IllegalArgumentException("executor: is empty; give a name");
      }
      this.name = executor;
      return this;
    }

    /**
     * Sets how many bodies of this lane may be in the cluster at a time, running or not; a thousand
     * if not set. Further ones wait here.
     */
    public Builder inFlight(int bodies) {
      if (bodies < 1) {
        throw new IllegalArgumentException("bodies: is " + bodies + "; give one or more");
      }
      this.inFlight = bodies;
      return this;
    }

    /**
     * Sets how long a cluster may fail to answer, beyond Hazelcast's own repetitions, until the
     * calls that wait for it fail; two minutes if not set.
     */
    public Builder patience(Duration patience) {
      if (Objects.requireNonNull(patience, "patience").isNegative()) {
        throw new IllegalArgumentException(
            "patience: is negative (" + patience + "); give zero or more");
      }
      this.patience = patience;
      return this;
    }

    /**
     * Sets what results and exceptions may be made of, beside what the filter of the JVM and, if
     * the instance is a member, that of its configuration allow.
     */
    public Builder filter(ObjectInputFilter filter) {
      this.filter = Objects.requireNonNull(filter, "filter");
      return this;
    }

    /** Returns the lane, with its own member started if it has no other instance. */
    public HazelcastLane build() {
      return new HazelcastLane(this);
    }
  }
}
