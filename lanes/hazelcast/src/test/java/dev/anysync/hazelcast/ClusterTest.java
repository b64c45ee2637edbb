package dev.anysync.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster of several JVMs, of which one is killed and one is new. */
class ClusterTest {
  private static final Duration LONG = Duration.ofSeconds(100);
  private static final int TASKS = 5_000;
  private static final int THREADS = 2; // of each member

  private final String name = "cluster-" + UUID.randomUUID();
  private final List<Process> members = new ArrayList<>();
  private final List<Integer> ports = new ArrayList<>();

  @AfterEach
  void kill() throws InterruptedException {
    for (Process member : members) {
      member.destroyForcibly().waitFor();
    }
  }

  /** What a member's JVM runs: the cluster's name, its port, and those of the others. */
  static final class Member {
    private Member() {}

    public static void main(String[] args) throws Exception {
      List<String> others = new ArrayList<>();
      for (int i = 2; i < args.length; i++) {
        others.add("127.0.0.1:" + args[i]);
      }
      Config config = Cluster.config(args[0], Integer.parseInt(args[1]), others);
      config.getDurableExecutorConfig("anysync").setPoolSize(THREADS);
      HazelcastInstance _ = Hazelcast.newHazelcastInstance(config);
      int _ = System.in.read(); // its end is that of the test
      Runtime.getRuntime().halt(0);
    }
  }

  private Process start() throws Exception {
    int port = Cluster.freePort();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    command.addAll(Cluster.OPTIONS);
    command.addAll(
        List.of(
            "-cp", System.getProperty("java.class.path"), Member.class.getName(), name, "" + port));
    ports.forEach(other -> command.add("" + other));
    ports.add(port);
    Process member =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    members.add(member);
    return member;
  }

  private HazelcastInstance client() {
    ClientConfig config = new ClientConfig().setClusterName(name);
    config.setProperty("hazelcast.logging.type", "none");
    ports.forEach(port -> config.getNetworkConfig().addAddress("127.0.0.1:" + port));
    config
        .getConnectionStrategyConfig()
        .getConnectionRetryConfig()
        .setInitialBackoffMillis(50)
        .setMultiplier(1)
        .setClusterConnectTimeoutMillis(60_000);
    return HazelcastClient.newHazelcastClient(config);
  }

  /** A body of some milliseconds: its number, and the process that has run it. */
  private static long[] work(int number, int millis) throws InterruptedException {
    Thread.sleep(millis);
    return new long[] {number, ProcessHandle.current().pid()};
  }

  /** What came back of all bodies. */
  private record Delivered(AtomicIntegerArray times, Set<Long> processes, Duration time) {}

  private static Delivered runAll(Lanes lanes, int tasks, int millis, Runnable atAThird)
      throws Exception {
    AtomicIntegerArray times = new AtomicIntegerArray(tasks);
    AtomicInteger arrived = new AtomicInteger();
    Set<Long> processes = new HashSet<>();
    long start = System.nanoTime();
    List<Unfuture<Integer>> all = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      int number = i;
      Unfuture<long[]> result = lanes.cpuBound(() -> work(number, millis));
      all.add(
          result.then(
              done -> {
                long[] answer = done.join();
                assertThat(answer[0]).isEqualTo(number);
                times.incrementAndGet(number);
                synchronized (processes) {
                  processes.add(answer[1]);
                }
                if (arrived.incrementAndGet() == tasks / 3) {
                  atAThird.run();
                }
                return number;
              }));
    }
    for (Unfuture<Integer> one : all) {
      Integer _ = one.result(LONG);
    }
    return new Delivered(times, processes, Duration.ofNanos(System.nanoTime() - start));
  }

  private static Map<Integer, Integer> counted(AtomicIntegerArray times) {
    Map<Integer, Integer> counts = new TreeMap<>();
    for (int i = 0; i < times.length(); i++) {
      counts.merge(times.get(i), 1, Integer::sum);
    }
    return counts;
  }

  @Test
  @Timeout(300)
  void everyBodyHasOneResultThoughAMemberIsKilledAndOneJoins() throws Exception {
    Process _ = start();
    HazelcastInstance client = client();
    try (HazelcastLane lane = HazelcastLane.builder().instance(client).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      Cluster.awaitSize(client, 1);
      Delivered _ = runAll(lanes, 1_000, 1, () -> {}); // to compile it
      print("one member", lanes);

      Process victim = start();
      Process _ = start();
      Cluster.awaitSize(client, 3);
      Delivered _ = runAll(lanes, 1_000, 1, () -> {});
      print("three members", lanes);

      Delivered delivered =
          runAll(
              lanes,
              TASKS,
              1,
              () -> {
                victim.destroyForcibly(); // SIGKILL
                try {
                  Process _ = start();
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });
      print("three members, of which one is killed and one joins", delivered.time(), TASKS, 1);

      assertThat(counted(delivered.times())).isEqualTo(Map.of(1, TASKS));
      assertThat(victim.waitFor()).isEqualTo(128 + 9);
      await() // until partitions have moved to the new one
          .atMost(LONG)
          .untilAsserted(
              () -> {
                Delivered after = runAll(lanes, 1_000, 1, () -> {});
                assertThat(counted(after.times())).isEqualTo(Map.of(1, 1_000));
                assertThat(after.processes())
                    .hasSize(3)
                    .contains(members.getLast().pid())
                    .doesNotContain(victim.pid());
              });
    } finally {
      client.shutdown();
    }
  }

  private static void print(String what, Lanes lanes) throws Exception {
    print(what, runAll(lanes, 2_000, 1, () -> {}).time(), 2_000, 1);
    print(what, runAll(lanes, 300, 20, () -> {}).time(), 300, 20);
  }

  private static void print(String what, Duration time, int tasks, int millis) {
    System.out.printf(
        "%s of %d threads: %,d bodies that sleep for %d ms in %,d ms, %,.0f a second%n",
        what, THREADS, tasks, millis, time.toMillis(), tasks * 1e9 / time.toNanos());
  }
}
