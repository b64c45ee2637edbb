package dev.anysync.context;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import dev.anysync.guava.AnySyncGuava;
import dev.anysync.javafx.AnySyncFx;
import dev.anysync.kotlin.AnySyncKotlin;
import dev.anysync.mutiny.AnySyncMutiny;
import dev.anysync.netty.AnySyncNetty;
import dev.anysync.reactor.AnySyncReactor;
import dev.anysync.rxjava3.AnySyncRxJava;
import dev.anysync.vertx.AnySyncVertx;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.schedulers.Schedulers;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javafx.application.Platform;
import javafx.concurrent.Task;
import kotlinx.coroutines.DelayKt;
import reactor.core.publisher.Mono;

/** A library, by a kind of its threads, and something of it that a body awaits. */
enum Library {
  REACTOR_PARALLEL {
    @Override
    Executor thread() {
      return task -> {
        var _ = reactor.core.scheduler.Schedulers.parallel().schedule(task);
      };
    }

    @Override
    void pause() {
      var _ = AnySyncReactor.await(Mono.delay(Duration.ofMillis(1)));
    }
  },
  RXJAVA_COMPUTATION {
    @Override
    Executor thread() {
      return task -> {
        var _ = Schedulers.computation().scheduleDirect(task);
      };
    }

    @Override
    void pause() {
      var _ = AnySyncRxJava.await(Single.timer(1, TimeUnit.MILLISECONDS));
    }
  },
  MUTINY_WORKER {
    @Override
    Executor thread() {
      return Infrastructure.getDefaultWorkerPool();
    }

    @Override
    void pause() {
      Void _ =
          AnySyncMutiny.await(
              Uni.createFrom().voidItem().onItem().delayIt().by(Duration.ofMillis(1)));
    }
  },
  VERTX_EVENT_LOOP {
    @Override
    Executor thread() {
      return task -> vertx().createEventLoopContext().runOnContext(_ -> task.run());
    }

    @Override
    void pause() {
      pauseVertx();
    }
  },
  VERTX_WORKER {
    @Override
    Executor thread() {
      return task -> vertx().createWorkerContext().runOnContext(_ -> task.run());
    }

    @Override
    void pause() {
      pauseVertx();
    }
  },
  VERTX_VIRTUAL_THREAD {
    @Override
    Executor thread() {
      return task ->
          vertx().createContext(ThreadingModel.VIRTUAL_THREAD).runOnContext(_ -> task.run());
    }

    @Override
    void pause() {
      pauseVertx();
    }
  },
  NETTY_EVENT_LOOP {
    @Override
    Executor thread() {
      return NETTY.next();
    }

    @Override
    void pause() {
      var _ = AnySyncNetty.await(OTHER_NETTY.schedule(() -> "x", 1, TimeUnit.MILLISECONDS));
    }
  },
  GUAVA_CALLBACK {
    @Override
    Executor thread() {
      return task ->
          Futures.submit(() -> "x", CALLBACKS).addListener(task, MoreExecutors.directExecutor());
    }

    @Override
    void pause() {
      ListenableFuture<String> later =
          Futures.scheduleAsync(
              () -> Futures.immediateFuture("x"), 1, TimeUnit.MILLISECONDS, TIMER);
      var _ = AnySyncGuava.await(later);
    }
  },
  KOTLIN_DEFAULT {
    @Override
    Executor thread() {
      return kotlinx.coroutines.ExecutorsKt.asExecutor(kotlinx.coroutines.Dispatchers.getDefault());
    }

    @Override
    void pause() {
      var _ = AnySyncKotlin.await(continuation -> DelayKt.delay(1, continuation));
    }
  },
  JAVAFX_APPLICATION_THREAD {
    @Override
    Executor thread() {
      return Platform::runLater;
    }

    @Override
    void pause() {
      Task<String> task =
          new Task<>() {
            @Override
            protected String call() {
              return "x";
            }
          };
      TIMER.execute(task);
      var _ = AnySyncFx.await(task);
    }
  };

  private static final Vertx VERTX = Vertx.vertx();
  private static final Vertx OTHER_VERTX = Vertx.vertx(); // none of whose loops waits
  private static final EventLoopGroup NETTY = loop();
  private static final EventLoopGroup OTHER_NETTY = loop();
  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("timer").factory());

  private static final ExecutorService CALLBACKS =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("callbacks").factory());

  private static EventLoopGroup loop() {
    return new MultiThreadIoEventLoopGroup(
        1, Thread.ofPlatform().daemon().name("loop").factory(), NioIoHandler.newFactory());
  }

  private static VertxInternal vertx() {
    return (VertxInternal) VERTX;
  }

  private static void pauseVertx() {
    var _ = AnySyncVertx.await(OTHER_VERTX.timer(1, TimeUnit.MILLISECONDS));
  }

  static void stop() throws Exception {
    for (Vertx vertx : List.of(VERTX, OTHER_VERTX)) {
      var _ = vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
    var _ = NETTY.shutdownGracefully(0, 10, TimeUnit.SECONDS).await();
    var _ = OTHER_NETTY.shutdownGracefully(0, 10, TimeUnit.SECONDS).await();
    TIMER.shutdown();
    CALLBACKS.shutdown();
  }

  /** Runs what it is given on one of the library's threads. */
  abstract Executor thread();

  /** In a body: awaits something of the library that another thread completes. */
  abstract void pause();
}
