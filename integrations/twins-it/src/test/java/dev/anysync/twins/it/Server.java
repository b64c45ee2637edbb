package dev.anysync.twins.it;

import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import redis.embedded.RedisServer;

/** A real Redis server on loopback. */
final class Server implements AutoCloseable {
  private final RedisServer server;
  final RedisURI uri;

  Server() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Path folder = Files.createDirectories(Path.of("target", "redis"));
    server =
        RedisServer.newRedisServer()
            .port(port)
            .bind("127.0.0.1")
            .setting("save \"\"")
            .setting("dir " + folder.toAbsolutePath())
            .build();
    server.start();
    uri = RedisURI.create("127.0.0.1", port);
  }

  @Override
  public void close() throws IOException {
    server.stop();
  }
}
