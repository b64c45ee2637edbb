package dev.anysync.examples.linkcheck;

import static dev.anysync.AnySync.coroutine;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.anysync.Unfuture;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Both forms of a request. */
class HttpTest {

  /** Whose futures are noted. */
  private static final class Noted extends Http {
    final LinkedBlockingQueue<CompletableFuture<?>> futures = new LinkedBlockingQueue<>();

    @Override
    CompletableFuture<HttpResponse<Void>> head(URI uri) {
      CompletableFuture<HttpResponse<Void>> future = super.head(uri);
      futures.add(future);
      return future;
    }
  }

  private static ServerSocket listen() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  private static URI uri(ServerSocket socket) {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort() + "/");
  }

  @Test
  void anAnswerInBothForms() throws Exception {
    try (DemoSite site = DemoSite.start();
        Http http = new Http()) {
      assertThat(http.head(site.uri()).join().statusCode()).isEqualTo(200);
      assertThat(new HttpSync(http).head(site.uri()).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void aFailureInBothForms() throws Exception {
    URI nobody;
    try (ServerSocket closed = listen()) {
      nobody = uri(closed);
    }
    try (Http http = new Http()) {
      assertThatExceptionOfType(CompletionException.class)
          .isThrownBy(() -> http.head(nobody).join())
          .withCauseInstanceOf(ConnectException.class);
      assertThatExceptionOfType(ConnectException.class)
          .isThrownBy(() -> new HttpSync(http).head(nobody));
    }
  }

  private static void assertThatItIsAborted(Noted http, Socket request) throws Exception {
    assertThat(request.getInputStream().readAllBytes()).isNotEmpty(); // its end: it was closed
    assertThat(catchThrowable(http.futures.take()::get)) // or its cause: as the client has it
        .asString()
        .contains(CancellationException.class.getName());
  }

  @Test
  void anInterruptClosesTheConnection() throws Exception {
    try (ServerSocket mute = listen();
        Noted http = new Noted()) {
      var task = new FutureTask<>((Callable<?>) () -> new HttpSync(http).head(uri(mute)));
      Thread caller = Thread.ofPlatform().start(task);
      try (Socket request = mute.accept()) {
        assertThat(request.getInputStream().read()).isEqualTo('H');
        caller.interrupt();
        caller.join();
        assertThat(task.exceptionNow()).isInstanceOf(CancellationException.class);
        assertThatItIsAborted(http, request);
      }
    }
  }

  @Test
  void cancelClosesTheConnection() throws Exception {
    try (ServerSocket mute = listen();
        Noted http = new Noted()) {
      Unfuture<?> answer = coroutine(() -> new HttpSync(http).head(uri(mute))).start();
      try (Socket request = mute.accept()) {
        assertThat(request.getInputStream().read()).isEqualTo('H');
        assertThat(answer.cancel(true)).isTrue();
        assertThatItIsAborted(http, request);
      }
    }
  }

  @Test
  void aTimeLimitClosesTheConnection() throws Exception {
    try (ServerSocket mute = listen();
        Noted http = new Noted()) {
      assertThatExceptionOfType(TimeoutException.class)
          .isThrownBy(
              () -> coroutine(() -> new HttpSync(http).head(uri(mute))).run(Duration.ofSeconds(1)));
      try (Socket request = mute.accept()) {
        assertThatItIsAborted(http, request);
      }
    }
  }
}
