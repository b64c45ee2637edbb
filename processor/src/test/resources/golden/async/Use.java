package golden;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.EventLoop;
import dev.anysync.Unfuture;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

public class Use {
  private static final class Server implements Client {
    static final EOFException FAILURE = new EOFException("over");

    final CompletableFuture<String> pending = new CompletableFuture<>();
    final CountDownLatch asked = new CountDownLatch(1);
    boolean closed;

    @Override
    public CompletableFuture<String> get(String key) {
      asked.countDown();
      return switch (key) {
        case "pending" -> pending;
        case "failing" ->
            CompletableFuture.supplyAsync(() -> "")
                .thenCompose(_ -> CompletableFuture.failedFuture(FAILURE));
        default -> CompletableFuture.supplyAsync(() -> key);
      };
    }

    @Override
    public CompletableFuture<Void> put(String key, String value) throws InterruptedException {
      if (key.isEmpty()) {
        throw new InterruptedException();
      }
      return CompletableFuture.runAsync(() -> {});
    }

    private static final class Both<T> extends CompletableFuture<T> implements Reply<T> {}

    @Override
    public <T> Reply<List<T>> list(Class<T> type) {
      Both<List<T>> reply = new Both<>();
      reply.completeAsync(List::of);
      return reply;
    }

    @Override
    public Future<int[]> numbers() {
      FutureTask<int[]> task = new FutureTask<>(() -> new int[] {1, 2});
      Thread.startVirtualThread(task);
      return task;
    }

    @Override
    public Unfuture<Long> count() {
      return Unfuture.of(7L);
    }

    @Override
    public AnySync<Double> mean(double... of) {
      return AnySync.coroutine(() -> of[0]);
    }

    @Override
    public CompletableFuture<Integer> some() {
      return CompletableFuture.completedFuture(8);
    }

    @Override
    public Future<?> whatever() {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public Flow.Publisher<String> lines() {
      return words().publisher();
    }

    @Override
    public AnySyncIterator<String> words() {
      return AnySync.iterator(this::walk);
    }

    @Override
    public void walk(AnySyncIterator.Out<String> out) {
      out.yield("a");
      out.yield("b");
    }

    @Override
    public <F extends CompletableFuture<String>> F same(F future) {
      return future;
    }

    @Override
    public int open() {
      return 9;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  public static void main() throws Exception {
    Server server = new Server();
    try (ClientSync client = new ClientSync(server)) {
      assert client.get("k").equals("k");
      client.put("k", "v");
      assert client.list(String.class).isEmpty();
      assert client.numbers().length == 2;
      assert client.count() == 7;
      assert client.mean(1.5) == 1.5;
      Number some = client.some();
      assert some.intValue() == 8;
      assert client.whatever() == null;
      assert client.lines().stream().toList().equals(List.of("a", "b"));
      assert client.words().stream().toList().equals(List.of("a", "b"));
      assert client.walk().stream().toList().equals(List.of("a", "b"));
      assert client.same(CompletableFuture.completedFuture("s")).equals("s");
      assert client.open() == 9 && client.name().equals("client");
      assert ClientSync.version().equals("1");

      // what it fails with, unwrapped, whether it was waited for or thrown by the call
      try {
        client.get("failing");
        assert false;
      } catch (IOException e) {
        assert e == Server.FAILURE;
      }
      try {
        client.put("", "");
        assert false;
      } catch (InterruptedException e) {
        assert e.getMessage() == null;
      }
      interruptCancels(client, server);

      // in a coroutine, and on a thread of an event loop
      assert AnySync.coroutine(() -> client.get("nested")).run().equals("nested");
      try (EventLoop loop = EventLoop.create("loop")) {
        assert loop.run(AnySync.coroutine(() -> client.get("held"))).equals("held");
      }
    }
    assert server.closed;
  }

  private static void interruptCancels(ClientSync client, Server server) throws Exception {
    FutureTask<String> call = new FutureTask<>(() -> client.get("pending"));
    Thread caller = Thread.ofPlatform().start(call);
    server.asked.await();
    caller.interrupt();
    caller.join();
    assert server.pending.isCancelled();
    try {
      call.get();
      assert false;
    } catch (ExecutionException e) {
      assert e.getCause() instanceof CancellationException;
    }
  }
}
