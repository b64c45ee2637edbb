package dev.anysync.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Members and clients that are the caller's, with their configurations. */
class InstanceTest {
  private static final Duration LONG = Duration.ofSeconds(50);

  private static CountDownLatch gate = new CountDownLatch(1);
  private static AtomicInteger begun = new AtomicInteger();

  private final List<HazelcastInstance> instances = new ArrayList<>();

  @BeforeEach
  void renew() {
    gate = new CountDownLatch(1);
    begun = new AtomicInteger();
  }

  @AfterEach
  void shutDown() {
    gate.countDown();
    instances.reversed().forEach(instance -> instance.getLifecycleService().terminate());
  }

  private HazelcastInstance member(Config config) {
    HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
    instances.add(member);
    return member;
  }

  private HazelcastInstance client(HazelcastInstance... members) {
    ClientConfig config = new ClientConfig();
    config.setProperty("hazelcast.logging.type", "none");
    config.setClusterName(members[0].getConfig().getClusterName());
    config
        .getConnectionStrategyConfig()
        .getConnectionRetryConfig()
        .setClusterConnectTimeoutMillis(3_000);
    for (HazelcastInstance member : members) {
      config.getNetworkConfig().addAddress(Cluster.address(member));
    }
    HazelcastInstance client = HazelcastClient.newHazelcastClient(config);
    instances.add(client);
    return client;
  }

  private static int afterTheGate(int number) throws InterruptedException {
    begun.incrementAndGet();
    gate.await();
    return number;
  }

  @Test
  void aClientsInstanceIsUsedAndStaysOpen() throws Exception {
    HazelcastInstance client = client(member(Cluster.config("client")));
    try (HazelcastLane lane = HazelcastLane.builder().instance(client).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      assertThat(lanes.cpuBound(() -> 42).result(LONG)).isEqualTo(42);

      gate = new CountDownLatch(1);
      Unfuture<Integer> future = lanes.cpuBound(() -> afterTheGate(1));
      await().until(() -> begun.get() == 1);
      future.cancel(true);
      future.stopped().result(LONG); // though the gate is closed
    }

    assertThat(client.getLifecycleService().isRunning()).isTrue();
  }

  @Test
  void aFullClusterMakesCallersWaitAndLosesNothing() throws Exception {
    Config config = Cluster.config("full").setProperty("hazelcast.partition.count", "2");
    config.getDurableExecutorConfig("anysync").setCapacity(10).setPoolSize(2);
    HazelcastInstance client = client(member(config));
    try (HazelcastLane lane = HazelcastLane.builder().instance(client).inFlight(100).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      List<Unfuture<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        int number = i;
        all.add(lanes.cpuBound(() -> afterTheGate(number)));
      }
      await().until(() -> begun.get() == 2);
      gate.countDown();

      assertThat(Unfuture.all(all).result(LONG))
          .isEqualTo(IntStream.range(0, 300).boxed().toList());
    }
  }

  @Test
  void aWaiterForAFullClusterCanBeCancelled() throws Exception {
    Config config = Cluster.config("full").setProperty("hazelcast.partition.count", "1");
    config.getDurableExecutorConfig("anysync").setCapacity(1);
    try (HazelcastLane lane = HazelcastLane.builder().instance(member(config)).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      Unfuture<Integer> first = lanes.cpuBound(() -> afterTheGate(1));
      await().until(() -> begun.get() == 1);
      Unfuture<Integer> second = lanes.cpuBound(() -> afterTheGate(2));
      await().until(lane::isWaiting);

      second.cancel(true);
      second.stopped().result(LONG);
      gate.countDown();

      assertThat(first.result(LONG)).isEqualTo(1);
      assertThat(begun).hasValue(1);
    }
  }

  @Test
  void manyInFlightAreNoHindranceToClosing() throws Exception {
    HazelcastInstance member = member(Cluster.config("many"));
    HazelcastLane lane =
        HazelcastLane.builder().instance(member).inFlight(Integer.MAX_VALUE).build();
    try (Lanes lanes = Lanes.builder().cpu(lane).build()) {
      assertThat(lanes.cpuBound(() -> 42).result(LONG)).isEqualTo(42);
      lane.close();
      assertThatThrownBy(() -> lanes.cpuBound(() -> 42))
          .isInstanceOf(RejectedExecutionException.class);
    }
  }

  /** As work of others under the same name, that has taken a body's place, would. */
  @Test
  void anOutcomeThatIsNoneOfOursIsNotWaitedForForEver() throws Exception {
    CompletableFuture<Object> others = new CompletableFuture<>();
    others.complete("no bytes");
    CompletableFuture<Object> unreadable = new CompletableFuture<>();
    unreadable.completeExceptionally(new OutOfMemoryError("while it was read"));

    assertThat(Call.arrival(others).get()).isNull();
    assertThatThrownBy(() -> Call.arrival(unreadable).get())
        .hasCauseInstanceOf(OutOfMemoryError.class);
  }

  @Test
  void aBodyThatIsCancelledInTheQueueOfAMemberNeverBegins() throws Exception {
    Config config = Cluster.config("queue");
    config.getDurableExecutorConfig("anysync").setPoolSize(1);
    try (HazelcastLane lane = HazelcastLane.builder().instance(member(config)).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      Unfuture<Integer> first = lanes.cpuBound(() -> afterTheGate(1));
      await().until(() -> begun.get() == 1);
      List<Unfuture<Integer>> queued = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        int number = i;
        queued.add(lanes.cpuBound(() -> afterTheGate(number)));
      }
      Unfuture<Integer> last = lanes.cpuBound(() -> afterTheGate(3));
      await().until(() -> lane.handedOver() == 22);
      for (Unfuture<Integer> one : queued) {
        one.cancel(true);
      }
      for (Unfuture<Integer> one : queued) {
        one.stopped().result(LONG);
      }
      gate.countDown();

      assertThat(first.result(LONG)).isEqualTo(1);
      assertThat(last.result(LONG)).isEqualTo(3);
      assertThat(begun).hasValue(2);
    }
  }

  @Test
  void bodiesWithoutBackupsAreHandedOverAgainWhenTheirMemberIsLost() throws Exception {
    Config config = Cluster.config("lost");
    config.getDurableExecutorConfig("anysync").setDurability(0);
    Config other = Cluster.joining("other", config);
    HazelcastInstance stays = member(config);
    HazelcastInstance leaves = member(other);
    Cluster.awaitSize(stays, 2);
    try (HazelcastLane lane = HazelcastLane.builder().instance(stays).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      List<Unfuture<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        int number = i;
        all.add(lanes.cpuBound(() -> afterTheGate(number)));
      }
      await().until(() -> begun.get() >= 20);
      leaves.getLifecycleService().terminate();
      gate.countDown();

      assertThat(Unfuture.all(all).result(LONG)).isEqualTo(IntStream.range(0, 30).boxed().toList());
    }
  }

  @Test
  void aMemberThatIsShutDownHandsItsBodiesOver() throws Exception {
    Config config = Cluster.config("leaving");
    Config other = Cluster.joining("other", config);
    HazelcastInstance stays = member(config);
    HazelcastInstance leaves = member(other);
    Cluster.awaitSize(stays, 2);
    try (HazelcastLane lane = HazelcastLane.builder().instance(stays).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      List<Unfuture<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        int number = i;
        all.add(lanes.cpuBound(() -> afterTheGate(number)));
      }
      await().until(() -> begun.get() >= 10);
      leaves.shutdown(); // and its threads are interrupted
      gate.countDown();

      assertThat(Unfuture.all(all).result(LONG)).isEqualTo(IntStream.range(0, 10).boxed().toList());
    }
  }

  @Test
  void aClusterThatIsGoneFailsItsCalls() throws Exception {
    HazelcastInstance member = member(Cluster.config("gone"));
    HazelcastInstance client = client(member);
    try (HazelcastLane lane =
            HazelcastLane.builder().instance(client).patience(Duration.ofMillis(100)).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      Unfuture<Integer> future = lanes.cpuBound(() -> afterTheGate(1));
      await().until(() -> begun.get() == 1);
      member.getLifecycleService().terminate();

      assertThatThrownBy(() -> future.result(LONG))
          .isInstanceOf(HazelcastException.class)
          .hasMessageContaining("of the Hazelcast lane 'anysync'")
          .hasMessageContaining("the body may have run, or not");
    }
  }

  @Test
  void anInstanceThatIsShutDownFailsItsCalls() throws Exception {
    HazelcastInstance member = member(Cluster.config("shut"));
    try (HazelcastLane lane = HazelcastLane.builder().instance(member).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      Unfuture<Integer> future = lanes.cpuBound(() -> afterTheGate(1));
      await().until(() -> begun.get() == 1);
      member.getLifecycleService().terminate();

      assertThatThrownBy(() -> future.result(LONG))
          .isInstanceOf(HazelcastException.class)
          .hasMessageContaining("has been shut down");
    }
  }

  @Test
  void theMembersFilterDecidesWhatBodiesMayBeMadeOf() throws Exception {
    Config config = Cluster.config("filter");
    JavaSerializationFilterConfig filter = new JavaSerializationFilterConfig();
    filter.getWhitelist().addPackages("dev.anysync.hazelcast");
    filter.getBlacklist().addClasses("java.math.BigDecimal");
    config.getSerializationConfig().setJavaSerializationFilterConfig(filter);
    BigDecimal number = BigDecimal.TEN;
    List<String> list = new ArrayList<>(List.of("a"));
    try (HazelcastLane lane = HazelcastLane.builder().instance(member(config)).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      assertThat(lanes.cpuBound(() -> list.size()).result(LONG)).isEqualTo(1);
      assertThatThrownBy(() -> lanes.cpuBound(() -> number.scale()).result(LONG))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("could not be read on the member")
          .hasMessageContaining("java.math.BigDecimal is refused by a filter");
    }
  }

  @Test
  void aMemberThatRefusesTheLanesOwnClassesSaysSo() throws Exception {
    Config config = Cluster.config("refusing");
    JavaSerializationFilterConfig filter = new JavaSerializationFilterConfig();
    filter.getBlacklist().addPrefixes("dev.anysync.");
    config.getSerializationConfig().setJavaSerializationFilterConfig(filter);
    HazelcastInstance client = client(member(config));
    try (HazelcastLane lane = HazelcastLane.builder().instance(client).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      assertThatThrownBy(() -> lanes.cpuBound(() -> 42).result(LONG))
          .isInstanceOf(HazelcastException.class)
          .hasMessageContaining("a member could not read what the Hazelcast lane 'anysync' sends");
    }
  }

  @Test
  void laterBodiesDoNotTakeThePlaceOfAnOutcomeThatIsWaitedFor() throws Exception {
    Config config = Cluster.config("places").setProperty("hazelcast.partition.count", "1");
    config.getDurableExecutorConfig("anysync").setCapacity(4).setPoolSize(4);
    try (HazelcastLane lane = HazelcastLane.builder().instance(member(config)).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      Unfuture<Integer> slow = lanes.cpuBound(() -> afterTheGate(-1));
      await().until(() -> begun.get() == 1);
      for (int i = 0; i < 50; i++) {
        int number = i;
        assertThat(lanes.cpuBound(() -> number).result(LONG)).isEqualTo(i);
      }
      gate.countDown();

      assertThat(slow.result(Duration.ofNanos(TimeUnit.SECONDS.toNanos(50)))).isEqualTo(-1);
    }
  }
}
