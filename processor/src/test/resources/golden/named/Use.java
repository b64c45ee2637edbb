package golden;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Use {
  public static void main() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 2);
          exchange.getResponseBody().write(new byte[] {'o', 'k'});
          exchange.close();
        });
    server.start();
    URI uri = URI.create("http://localhost:" + server.getAddress().getPort() + "/");
    try (HttpSync http = new HttpSync(HttpClient.newHttpClient())) {
      HttpRequest request = HttpRequest.newBuilder(uri).build();
      HttpResponse<String> answer = http.sendAsync(request, HttpResponse.BodyHandlers.ofString());
      assert answer.body().equals("ok");
      server.stop(0);
      try {
        http.sendAsync(request, HttpResponse.BodyHandlers.discarding());
        assert false;
      } catch (IOException e) {
        assert e.getClass().getPackageName().startsWith("java.");
      }
    }
  }
}
