package dev.anysync.grpc;

import static dev.anysync.AnySync.await;
import static dev.anysync.AnySync.coroutine;

import dev.anysync.AnySync;
import dev.anysync.Unfuture;
import dev.anysync.grpc.greeter.GreeterGrpc;
import dev.anysync.grpc.greeter.Greeting;
import dev.anysync.grpc.greeter.Limit;
import dev.anysync.grpc.greeter.Name;
import dev.anysync.grpc.greeter.Number;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A server in direct style, and what becomes of its bodies. */
final class Greeter extends GreeterGrpc.GreeterImplBase {
  final CountDownLatch begun = new CountDownLatch(1);
  final CountDownLatch ended = new CountDownLatch(1);
  final AtomicInteger counted = new AtomicInteger();
  final CompletableFuture<@Nullable Deadline> deadline = new CompletableFuture<>();
  volatile @Nullable Throwable thrown;

  @Override
  public void greet(Name name, StreamObserver<Greeting> client) {
    if (name.getValue().equals("null")) {
      AnySyncGrpc.answer(nothing(), client);
    } else {
      AnySyncGrpc.answer(coroutine(() -> greeting(name.getValue())), client);
    }
  }

  @SuppressWarnings("NullAway") // which is not to be answered with
  private static AnySync<Greeting> nothing() {
    return coroutine(() -> null);
  }

  private Greeting greeting(String name) throws IOException, StatusException {
    String to =
        switch (name) {
          case "nobody" -> throw Status.NOT_FOUND.withDescription("nobody").asRuntimeException();
          case "checked" -> throw Status.INVALID_ARGUMENT.withDescription("x").asException();
          case "broken" -> throw new IOException("broken");
          case "given up" -> throw new CancellationException("given up");
          case "forever" -> forever();
          case "later" -> {
            AnySync.sleep(Duration.ofMillis(20));
            yield name;
          }
          default -> await(CompletableFuture.supplyAsync(() -> name));
        };
    return Greeting.newBuilder().setValue("Hello " + to).build();
  }

  private String forever() {
    deadline.complete(Context.current().getDeadline());
    begun.countDown();
    try {
      return await(new Unfuture<>());
    } catch (Throwable e) {
      thrown = e;
      throw e;
    } finally {
      ended.countDown();
    }
  }

  @Override
  public void count(Limit limit, StreamObserver<Number> client) {
    AnySyncGrpc.answer(
        out -> {
          begun.countDown();
          try {
            for (int i = 1; i <= limit.getValue(); i++) {
              out.yield(Number.newBuilder().setValue(i).build());
              counted.incrementAndGet();
            }
          } catch (Throwable e) {
            thrown = e;
            throw e;
          } finally {
            ended.countDown();
          }
          if (limit.getValue() < 0) {
            throw Status.OUT_OF_RANGE.withDescription("negative").asRuntimeException();
          }
        },
        client);
  }
}
