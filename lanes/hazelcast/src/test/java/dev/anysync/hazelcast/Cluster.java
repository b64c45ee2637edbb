package dev.anysync.hazelcast;

import static org.awaitility.Awaitility.await;

import com.hazelcast.config.Config;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.HazelcastInstance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** Configurations of members on this machine's own address. */
final class Cluster {
  /** What Hazelcast asks of its JVM, so that it does not warn. */
  static final List<String> OPTIONS =
      List.of(
          "--add-modules=java.se",
          "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
          "--add-opens=java.base/java.lang=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
          "--add-opens=java.management/sun.management=ALL-UNNAMED",
          "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow");

  private Cluster() {}

  /** Returns that of a member that others may join. */
  static Config config(String name) {
    return config(name + "-" + UUID.randomUUID(), freePort(), List.of());
  }

  /** Returns that of a member which joins that of {@code first}. */
  static Config joining(String name, Config first) {
    Config config =
        config(
            first.getClusterName(),
            freePort(),
            List.of("127.0.0.1:" + first.getNetworkConfig().getPort()));
    config.setInstanceName(name + "-" + UUID.randomUUID());
    config.setDurableExecutorConfigs(first.getDurableExecutorConfigs());
    return config;
  }

  static Config config(String cluster, int port, List<String> others) {
    Config config = new Config().setClusterName(cluster);
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.setProperty("hazelcast.logging.type", "none");
    config.setProperty("hazelcast.wait.seconds.before.join", "0");
    config.getMetricsConfig().setEnabled(false);
    NetworkConfig network = config.getNetworkConfig().setPort(port).setPortAutoIncrement(false);
    network.setPublicAddress("127.0.0.1");
    network.getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    network.getJoin().getMulticastConfig().setEnabled(false);
    network.getJoin().getTcpIpConfig().setEnabled(true).setMembers(List.copyOf(others));
    return config;
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String address(HazelcastInstance member) {
    return "127.0.0.1:" + member.getConfig().getNetworkConfig().getPort();
  }

  static void awaitSize(HazelcastInstance instance, int members) {
    await()
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> instance.getCluster().getMembers().size() == members);
  }
}
