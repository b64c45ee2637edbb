package dev.anysync.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.anysync.AnySync;
import dev.anysync.Lanes;
import dev.anysync.RemoteBody;
import dev.anysync.Unfuture;
import dev.anysync.testkit.Readme;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A lane with its own member, which runs bodies in this JVM: so they can be watched. */
class HazelcastLaneTest {
  private static final Duration LONG = Duration.ofSeconds(50);

  private static HazelcastLane lane;
  private static Lanes lanes;

  private static CountDownLatch begun = new CountDownLatch(1);
  private static CountDownLatch interrupted = new CountDownLatch(1);
  private static CountDownLatch gate = new CountDownLatch(1);

  @BeforeAll
  static void open() {
    lane = HazelcastLane.builder().build();
    lanes = Lanes.builder().cpu(lane).build();
  }

  @AfterAll
  static void close() {
    lanes.close();
    lane.close();
  }

  @BeforeEach
  void renew() {
    begun = new CountDownLatch(1);
    interrupted = new CountDownLatch(1);
    gate = new CountDownLatch(1);
  }

  /** The process example of unsync for Python, and its test: a hundred calls of 10 ms. */
  private static List<Integer> hundredTimes(Lanes lanes) throws Exception {
    List<Unfuture<Integer>> all = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      int number = i;
      all.add(lanes.cpuBound(() -> tenMillis(number)));
    }
    return Unfuture.all(all).result(LONG);
  }

  private static int tenMillis(int number) throws InterruptedException {
    Thread.sleep(10);
    return number * number;
  }

  @Test
  void theSameSourceRunsOnThreadsAndInTheCluster() throws Exception {
    List<Integer> squares = IntStream.range(0, 100).map(i -> i * i).boxed().toList();

    assertThat(hundredTimes(lanes)).isEqualTo(squares);
    try (Lanes threads = Lanes.builder().build()) {
      assertThat(hundredTimes(threads)).isEqualTo(squares);
    }
  }

  @Test
  void theReadmesCodeRuns() throws Exception {
    int number = 7;
    Config config = Cluster.config("readme");
    config
        .getDurableExecutorConfig("anysync")
        .setPoolSize(Runtime.getRuntime().availableProcessors()) // 16 if not set
        .setDurability(1) // backups of each body and result
        .setCapacity(100); // bodies in each of 271 partitions
    JavaSerializationFilterConfig filter = new JavaSerializationFilterConfig();
    filter.getWhitelist().addPrefixes("dev.anysync.", "com.example.");
    config.getSerializationConfig().setJavaSerializationFilterConfig(filter);
    HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
    HazelcastInstance client = member;
    try (HazelcastLane lane = HazelcastLane.builder().instance(client).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      Unfuture<Integer> square = lanes.cpuBound(() -> number * number); // on some member
      assertThat(square.result(Duration.ofSeconds(10))).isEqualTo(49);
    } finally {
      member.shutdown();
    }
    Readme.assertThatItsCodeIsTested("java");
  }

  @Test
  void methodReferencesObjectsAndNullTravel() throws Exception {
    record Sum(int a, int b) implements RemoteBody<Integer> {
      @Override
      public Integer call() {
        return a + b;
      }
    }
    RemoteBody<@Nullable Object> none = () -> null;
    Callable<Integer> declaredAsCallable = new Sum(1, 2);

    assertThat(lanes.<@Nullable Object>cpuBound(none).result(LONG)).isNull();
    assertThat(lanes.cpuBound("text"::length).result(LONG)).isEqualTo(4);
    assertThat(lanes.cpuBound(new Sum(40, 2)).result(LONG)).isEqualTo(42);
    assertThat(lanes.cpuBound(declaredAsCallable).result(LONG)).isEqualTo(3);
    assertThat(lanes.cpuBound(() -> Thread.currentThread().getName()).result(LONG)).contains("hz.");
    assertThat(lanes.cpuBound(() -> new byte[1 << 22]).result(LONG)).hasSize(1 << 22);
  }

  @Test
  void whatIsCapturedIsCopiedAtTheCall() throws Exception {
    List<Integer> list = new ArrayList<>(List.of(1));
    Unfuture<Integer> size =
        lanes.cpuBound(
            () -> {
              gate.await();
              list.add(3);
              return list.size();
            });
    list.add(2);
    gate.countDown();

    assertThat(size.result(LONG)).isEqualTo(2);
    assertThat(list).containsExactly(1, 2);
  }

  @Test
  void anExceptionArrivesAsItIsWithTheFramesOfBothSides() {
    assertThatThrownBy(
            () ->
                lanes
                    .cpuBound(
                        () -> {
                          throw new IOException("broken", new TimeoutException("cause"));
                        })
                    .result(LONG))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("broken")
        .hasCauseExactlyInstanceOf(TimeoutException.class)
        .satisfies(
            e -> {
              assertThat(e.getStackTrace())
                  .anyMatch(frame -> frame.getClassName().equals(Job.class.getName()));
              assertThat(e.getSuppressed())
                  .anyMatch(
                      caller ->
                          List.of(caller.getStackTrace()).toString().contains("HazelcastLaneTest"));
            });
  }

  @Test
  void anErrorArrivesToo() {
    assertThatThrownBy(
            () ->
                lanes
                    .cpuBound(
                        () -> {
                          throw new OutOfMemoryError("not really");
                        })
                    .result(LONG))
        .isExactlyInstanceOf(OutOfMemoryError.class)
        .hasMessage("not really");
  }

  private static final class Unserializable extends Exception {
    private static final long serialVersionUID = 1;

    @SuppressWarnings({"serial", "UnusedVariable"}) // as it is with mistakes
    private final Object lock = new Object();

    Unserializable(String message) {
      super(message);
    }
  }

  @Test
  void aResultOrExceptionThatCannotTravelSaysSo() {
    assertThatThrownBy(() -> lanes.cpuBound(() -> List.of(Thread.currentThread())).result(LONG))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageContaining("the result")
        .hasMessageContaining("an element is of type");
    assertThatThrownBy(
            () ->
                lanes
                    .cpuBound(
                        () -> {
                          throw new Unserializable("broken");
                        })
                    .result(LONG))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageContaining("the field 'lock' is of type java.lang.Object")
        .hasMessageContaining("Unserializable: broken")
        .cause()
        .satisfies(
            cause ->
                assertThat(cause.getStackTrace())
                    .anyMatch(
                        frame -> frame.getClassName().equals(HazelcastLaneTest.class.getName())));
  }

  private static final class Failing implements Serializable {
    private static final long serialVersionUID = 1;

    private void writeObject(ObjectOutputStream out) {
      throw new AssertionError("on purpose");
    }
  }

  @Test
  void aResultWhoseSerializationFailsSaysSo() {
    assertThatThrownBy(() -> lanes.cpuBound(() -> new Failing()).result(LONG))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageContaining("the result could not be serialized")
        .hasMessageContaining("on purpose");
  }

  @Test
  void whatCannotTravelIsRefusedAtTheCall() {
    Thread thread = Thread.currentThread();

    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(() -> thread.getName()))
        .withMessageContaining("a variable of type java.lang.Thread (number 1)")
        .withMessageContaining("capture only what it needs");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(() -> instance()))
        .withMessageContaining("it captures 'this', a " + HazelcastLaneTest.class.getName());
  }

  private int instance() {
    return hashCode();
  }

  @Test
  void aCallableThatIsNoRemoteBodyIsRefused() {
    Callable<Integer> callable = () -> 42;

    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(callable))
        .withMessageContaining("Hazelcast lane 'anysync'")
        .withMessageContaining("declare it as a RemoteBody");
  }

  /** A class that nobody but this loader knows. */
  private static final class Elsewhere extends ClassLoader {
    Elsewhere() {
      super(HazelcastLaneTest.class.getClassLoader());
    }

    RemoteBody<?> body() throws ReflectiveOperationException {
      byte[] bytes =
          ClassFile.of()
              .build(
                  ClassDesc.of("com.example.Elsewhere"),
                  type ->
                      type.withFlags(ClassFile.ACC_PUBLIC)
                          .withInterfaceSymbols(ClassDesc.of(RemoteBody.class.getName()))
                          .withMethodBody(
                              ConstantDescs.INIT_NAME,
                              ConstantDescs.MTD_void,
                              ClassFile.ACC_PUBLIC,
                              code ->
                                  code.aload(0)
                                      .invokespecial(
                                          ConstantDescs.CD_Object,
                                          ConstantDescs.INIT_NAME,
                                          ConstantDescs.MTD_void)
                                      .return_())
                          .withMethodBody(
                              "call",
                              MethodTypeDesc.of(ConstantDescs.CD_Object),
                              ClassFile.ACC_PUBLIC,
                              code -> code.aload(0).areturn()));
      Class<?> type = defineClass("com.example.Elsewhere", bytes, 0, bytes.length);
      return (RemoteBody<?>) type.getConstructor().newInstance();
    }
  }

  @Test
  void aClassThatTheMemberLacksIsNamed() throws Exception {
    RemoteBody<?> body = new Elsewhere().body();

    assertThatThrownBy(() -> lanes.<@Nullable Object>cpuBound(body).result(LONG))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("could not be read on the member [127.0.0.1]:")
        .hasMessageContaining("on whose class path the same version of its classes is to be")
        .hasMessageContaining("ClassNotFoundException: com.example.Elsewhere");
  }

  @Test
  void classesOfTheContextClassLoaderAreKnown() throws Exception {
    RemoteBody<?> body = new Elsewhere().body();
    ClassLoader loader = body.getClass().getClassLoader();
    byte[] bytes = Outcome.ofResult(new java.util.UUID(1, 2), body);

    assertThat(Outcome.open(bytes, null, null, loader)).hasSameClassAs(body);
    assertThatThrownBy(() -> Outcome.open(bytes, null, loader.getParent()))
        .isInstanceOf(ClassNotFoundException.class);
  }

  /** Waits for ever, or until it is interrupted, as is then known. */
  private static Object untilInterrupted() throws InterruptedException {
    begun.countDown();
    try {
      return gate.await(100, java.util.concurrent.TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      interrupted.countDown();
      throw e;
    }
  }

  @Test
  void cancellingStopsTheBody() throws Exception {
    Unfuture<Object> future = lanes.cpuBound(() -> untilInterrupted());
    begun.await();

    future.cancel(true);
    assertThatThrownBy(() -> future.result(LONG)).isInstanceOf(CancellationException.class);
    future.stopped().result(LONG);

    assertThat(interrupted.getCount()).isZero();
  }

  @Test
  void aTimeLimitStopsTheBody() throws Exception {
    AnySync<Object> call =
        AnySync.coroutine(() -> AnySync.await(lanes.cpuBound(() -> untilInterrupted())));

    Duration limit = Duration.ofMillis(100);
    while (begun.getCount() > 0) {
      Duration current = limit;
      assertThatThrownBy(() -> call.run(current)).isInstanceOf(TimeoutException.class);
      limit = limit.multipliedBy(2);
    }
    interrupted.await();
  }

  @Test
  void anInterruptOfTheWaiterStopsTheBody() throws Exception {
    Thread waiter =
        Thread.ofVirtual()
            .start(
                () ->
                    AnySync.coroutine(() -> AnySync.await(lanes.cpuBound(() -> untilInterrupted())))
                        .run());
    begun.await();

    waiter.interrupt();
    waiter.join();

    interrupted.await();
  }

  @Test
  void stoppedIsDoneWhenTheBodyHasEnded() throws Exception {
    CountDownLatch told = interrupted;
    Unfuture<Object> stubborn =
        lanes.cpuBound(
            () -> {
              begun.countDown();
              try {
                gate.await();
              } catch (InterruptedException e) {
                interrupted.countDown();
              }
              gate.await(); // is not interrupted once more
              return "";
            });
    begun.await();
    stubborn.cancel(true);
    told.await();

    assertThat(stubborn.stopped().isDone()).isFalse();
    gate.countDown();
    stubborn.stopped().result(LONG);
  }

  @Test
  void aThreadThatWasInterruptedIsCleanForTheNextBody() throws Exception {
    for (int i = 0; i < 50; i++) {
      begun = new CountDownLatch(1);
      Unfuture<Object> future = lanes.cpuBound(() -> untilInterrupted());
      begun.await();
      future.cancel(true);
      assertThat(lanes.cpuBound(() -> Thread.currentThread().isInterrupted()).result(LONG))
          .isFalse();
      future.stopped().result(LONG);
    }
  }

  @Test
  void closeTellsBodiesToStopAndRefusesWork() throws Exception {
    HazelcastLane closing = HazelcastLane.builder().name("closing").inFlight(1).build();
    try (Lanes onClosing = Lanes.builder().cpu(closing).build()) {
      Unfuture<Object> running = onClosing.cpuBound(() -> untilInterrupted());
      begun.await();
      Unfuture<Object> waiting = onClosing.cpuBound(() -> untilInterrupted());

      closing.close();
      closing.close();

      interrupted.await();
      assertThatThrownBy(() -> running.result(LONG))
          .isInstanceOf(CancellationException.class)
          .hasMessage("the Hazelcast lane 'closing' has been closed");
      assertThatThrownBy(() -> waiting.result(LONG)).isInstanceOf(RejectedExecutionException.class);
      Assertions.assertThatExceptionOfType(RejectedExecutionException.class)
          .isThrownBy(() -> onClosing.cpuBound(() -> 42))
          .withMessage("the Hazelcast lane 'closing' has been closed");
    }
  }

  @Test
  void aFilterDecidesWhatResultsMayBeMadeOf() throws Exception {
    try (HazelcastLane strict =
            HazelcastLane.builder()
                .filter(
                    info ->
                        info.serialClass() == BigDecimal.class
                            ? java.io.ObjectInputFilter.Status.REJECTED
                            : java.io.ObjectInputFilter.Status.UNDECIDED)
                .build();
        Lanes onStrict = Lanes.builder().cpu(strict).build()) {
      assertThat(onStrict.cpuBound(() -> List.of("a", 1)).result(LONG)).hasSize(2);
      assertThatThrownBy(() -> onStrict.cpuBound(() -> BigDecimal.TEN).result(LONG))
          .isInstanceOf(InvalidClassException.class)
          .hasMessageContaining("java.math.BigDecimal is refused by a filter");
    }
  }

  @Test
  void theLanesOwnMemberListensOnThisMachineOnly() throws Exception {
    int port = lanes.cpuBound(() -> portOfTheMember()).result(LONG);

    try (Socket here = new Socket(InetAddress.getLoopbackAddress(), port)) {
      assertThat(here.isConnected()).isTrue();
    }
    List<InetAddress> others =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(address -> !address.isLoopbackAddress())
            .toList();
    assertThat(others)
        .allSatisfy(
            address ->
                assertThatThrownBy(() -> new Socket(address, port).close())
                    .isInstanceOf(IOException.class));
  }

  private static int portOfTheMember() {
    return Hazelcast.getAllHazelcastInstances().stream()
        .map(instance -> instance.getCluster().getLocalMember())
        .findFirst()
        .orElseThrow()
        .getAddress()
        .getPort();
  }

  @Test
  void badArgumentsAreRefused() {
    HazelcastLane.Builder builder = HazelcastLane.builder();
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.name(""))
        .withMessageContaining("executor");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.inFlight(0))
        .withMessageContaining("bodies");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.patience(Duration.ofMillis(-1)))
        .withMessageContaining("patience");
  }
}
