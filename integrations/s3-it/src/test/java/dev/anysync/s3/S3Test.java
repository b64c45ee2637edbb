package dev.anysync.s3;

import static dev.anysync.AnySync.coroutine;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.adobe.testing.s3mock.S3MockApplication;
import dev.anysync.Unfuture;
import dev.anysync.twins.Twins;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.DelegatingS3AsyncClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.model.S3Request;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/** The async client of Amazon S3, used blocking. */
class S3Test {
  private static final String BUCKET = "bucket";
  private static final int PART = 5 << 20; // the least there may be

  /** What is used of the client, as one would like to call it. */
  interface Store extends AutoCloseable {
    PutObjectResponse putObject(PutObjectRequest request, AsyncRequestBody body);

    <T> T getObject(
        GetObjectRequest request, AsyncResponseTransformer<GetObjectResponse, T> transformer);

    ListObjectsV2Response listObjectsV2(ListObjectsV2Request request);

    DeleteObjectResponse deleteObject(DeleteObjectRequest request);

    CreateMultipartUploadResponse createMultipartUpload(CreateMultipartUploadRequest request);

    UploadPartResponse uploadPart(UploadPartRequest request, AsyncRequestBody body);

    CompleteMultipartUploadResponse completeMultipartUpload(CompleteMultipartUploadRequest request);

    String serviceName();

    @Override
    void close();

    default void put(String key, String text) {
      PutObjectResponse put =
          putObject(
              PutObjectRequest.builder().bucket(BUCKET).key(key).build(),
              AsyncRequestBody.fromString(text));
      assertThat(put.eTag()).isNotEmpty();
    }

    default String get(String key) {
      ResponseBytes<GetObjectResponse> got =
          getObject(
              GetObjectRequest.builder().bucket(BUCKET).key(key).build(),
              AsyncResponseTransformer.toBytes());
      return got.asUtf8String();
    }
  }

  /** What makes the blocking form of the client. */
  enum Form {
    VIEW {
      @Override
      Store of(S3AsyncClient client) {
        return Twins.sync(Store.class, client);
      }
    },
    /** Behind the same interface, so that the tests are the same. */
    GENERATED {
      @Override
      Store of(S3AsyncClient client) {
        return Twins.sync(Store.class, new S3Sync(client));
      }
    };

    abstract Store of(S3AsyncClient client);
  }

  /** A client whose futures are noted. */
  private static final class Noted extends DelegatingS3AsyncClient {
    final LinkedBlockingQueue<CompletableFuture<?>> futures = new LinkedBlockingQueue<>();

    Noted(S3AsyncClient client) {
      super(client);
    }

    @Override
    protected <T extends S3Request, R> CompletableFuture<R> invokeOperation(
        T request, Function<T, CompletableFuture<R>> operation) {
      CompletableFuture<R> future = operation.apply(request);
      futures.add(future);
      return future;
    }
  }

  private static ConfigurableApplicationContext server;
  private static S3AsyncClient client;

  private static S3AsyncClient client(int port) {
    return S3AsyncClient.builder()
        .endpointOverride(URI.create("http://127.0.0.1:" + port))
        .region(Region.US_EAST_1)
        .forcePathStyle(true)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("access", "secret")))
        .build();
  }

  @BeforeAll
  static void start() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    server =
        new SpringApplication(S3MockApplication.class)
            .run(
                "--server.port=0",
                "--http.port=" + port,
                "--server.address=127.0.0.1",
                "--logging.level.root=warn",
                "--spring.main.banner-mode=off");
    client = client(port);
    assertThat(new S3Sync(client).createBucket(b -> b.bucket(BUCKET)).location()).isNotEmpty();
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  @ParameterizedTest
  @EnumSource
  void objects(Form form) {
    Store store = form.of(client);
    store.put("key", "text");
    assertThat(store.get("key")).isEqualTo("text");
    assertThat(coroutine(() -> store.get("key")).start().result()).isEqualTo("text");
    assertThat(store.deleteObject(DeleteObjectRequest.builder().bucket(BUCKET).key("key").build()))
        .isNotNull();
    assertThatExceptionOfType(NoSuchKeyException.class).isThrownBy(() -> store.get("key"));
    assertThat(store.serviceName()).isEqualTo("s3");
  }

  @ParameterizedTest
  @EnumSource
  void pages(Form form) {
    Store store = form.of(client);
    String prefix = form + "/";
    for (int i = 0; i < 5; i++) {
      store.put(prefix + i, "text");
    }
    List<String> keys = new ArrayList<>();
    String token = null;
    do {
      ListObjectsV2Response page =
          store.listObjectsV2(
              ListObjectsV2Request.builder()
                  .bucket(BUCKET)
                  .prefix(prefix)
                  .maxKeys(2)
                  .continuationToken(token)
                  .build());
      keys.addAll(page.contents().stream().map(S3Object::key).toList());
      token = page.nextContinuationToken();
    } while (token != null);
    assertThat(keys).containsExactly(prefix + 0, prefix + 1, prefix + 2, prefix + 3, prefix + 4);
  }

  @ParameterizedTest
  @EnumSource
  void parts(Form form) {
    Store store = form.of(client);
    String key = "parts of " + form;
    String upload =
        store
            .createMultipartUpload(
                CreateMultipartUploadRequest.builder().bucket(BUCKET).key(key).build())
            .uploadId();
    List<CompletedPart> parts = new ArrayList<>();
    for (int number = 1; number <= 2; number++) {
      String tag =
          store
              .uploadPart(
                  UploadPartRequest.builder()
                      .bucket(BUCKET)
                      .key(key)
                      .uploadId(upload)
                      .partNumber(number)
                      .build(),
                  AsyncRequestBody.fromString(("" + number).repeat(PART)))
              .eTag();
      parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
    }
    CompleteMultipartUploadResponse completed =
        store.completeMultipartUpload(
            CompleteMultipartUploadRequest.builder()
                .bucket(BUCKET)
                .key(key)
                .uploadId(upload)
                .multipartUpload(m -> m.parts(parts))
                .build());
    assertThat(completed.key()).isEqualTo(key);
    assertThat(store.get(key)).isEqualTo("1".repeat(PART) + "2".repeat(PART));
  }

  /** The overloads that take a builder's consumer, as the generated class has all methods. */
  @Test
  void theGeneratedClassHasAllMethods() {
    S3Sync s3 = new S3Sync(client);
    assertThat(
            s3.putObject(
                    p -> p.bucket(BUCKET).key("all"),
                    AsyncRequestBody.fromBytes("all".getBytes(UTF_8)))
                .eTag())
        .isNotEmpty();
    assertThat(s3.headObject(h -> h.bucket(BUCKET).key("all")).contentLength()).isEqualTo(3);
    assertThat(s3.listBuckets().buckets()).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource
  void failuresAreTheVeryExceptions(Form form) {
    var noted = new Noted(client);
    Store store = form.of(noted);
    assertThatExceptionOfType(NoSuchKeyException.class)
        .isThrownBy(() -> store.get("none"))
        .isSameAs(catchThrowable(noted.futures.remove()::get).getCause());
  }

  /** Takes a request and never answers. */
  private static final class Mute implements AutoCloseable {
    private final ServerSocket listening;
    final S3AsyncClient client;

    Mute() throws IOException {
      listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      client = client(listening.getLocalPort());
    }

    /** Returns when a request has begun; reading it to its end tells when it was aborted. */
    Socket request() throws IOException {
      Socket socket = listening.accept();
      assertThat(socket.getInputStream().read()).isEqualTo('G'); // of GET
      return socket;
    }

    @Override
    public void close() throws IOException {
      client.close();
      listening.close();
    }
  }

  private static void assertThatItIsAborted(Noted noted, Socket request) throws Exception {
    Awaitility.await().until(noted.futures.take()::isCancelled);
    try (InputStream in = request.getInputStream()) {
      assertThat(in.readAllBytes()).isNotEmpty(); // ends as the client closes the connection
    }
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptAbortsTheRequest(Form form) throws Exception {
    try (var mute = new Mute()) {
      var noted = new Noted(mute.client);
      Store store = form.of(noted);
      var task = new FutureTask<>((Callable<String>) () -> store.get("key"));
      Thread caller = Thread.ofPlatform().start(task);
      Socket request = mute.request();
      caller.interrupt();
      caller.join();
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(task::get)
          .withCauseInstanceOf(CancellationException.class);
      assertThatItIsAborted(noted, request);
    }
  }

  @ParameterizedTest
  @EnumSource
  void cancelAbortsTheRequest(Form form) throws Exception {
    try (var mute = new Mute()) {
      var noted = new Noted(mute.client);
      Store store = form.of(noted);
      Unfuture<String> got = coroutine(() -> store.get("key")).start();
      Socket request = mute.request();
      assertThat(got.cancel(true)).isTrue();
      assertThatItIsAborted(noted, request);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aTimeLimitAbortsTheRequest(Form form) throws Exception {
    try (var mute = new Mute()) {
      var noted = new Noted(mute.client);
      Store store = form.of(noted);
      assertThatExceptionOfType(TimeoutException.class)
          .isThrownBy(() -> coroutine(() -> store.get("key")).run(Duration.ofSeconds(1)));
      assertThatItIsAborted(noted, mute.request());
    }
  }
}
