package dev.anysync.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.anysync.AnySync;
import dev.anysync.Lanes;
import dev.anysync.RemoteBody;
import dev.anysync.Unfuture;
import dev.anysync.application.Main;
import java.io.File;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.spi.ToolProvider;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.apache.commons.collections.ArrayStack;
import org.apache.commons.collections.FunctorException;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessLaneTest {
  private static final Duration LONG = Duration.ofSeconds(50);

  private static ProcessLane lane;
  private static Lanes lanes;

  @BeforeAll
  static void open() {
    lane = ProcessLane.builder().size(2).heap(64 << 20).build();
    lanes = Lanes.builder().cpu(lane).build();
  }

  @AfterAll
  static void close() {
    lanes.close();
    lane.close();
  }

  private static long pid() {
    return ProcessHandle.current().pid();
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
  void theSameSourceRunsOnThreadsAndInProcesses() throws Exception {
    List<Integer> squares = IntStream.range(0, 100).map(i -> i * i).boxed().toList();

    assertThat(hundredTimes(lanes)).isEqualTo(squares);
    try (Lanes threads = Lanes.builder().build()) {
      assertThat(hundredTimes(threads)).isEqualTo(squares);
    }
  }

  @Test
  void aBodyRunsInAnotherProcessThatIsKept() throws Exception {
    long first = lanes.cpuBound(() -> pid()).result(LONG);

    assertThat(first).isNotEqualTo(pid());
    assertThat(lanes.cpuBound(() -> pid()).result(LONG)).isEqualTo(first);
    assertThat(ProcessHandle.of(first)).get().matches(ProcessHandle::isAlive);
  }

  @Test
  void methodReferencesObjectsAndNullTravel() throws Exception {
    RemoteBody<@Nullable Object> none = () -> null;
    record Sum(int a, int b) implements RemoteBody<Integer> {
      @Override
      public Integer call() {
        return a + b;
      }
    }

    assertThat(lanes.<@Nullable Object>cpuBound(none).result(LONG)).isNull();
    assertThat(lanes.cpuBound(ProcessLaneTest::pid).result(LONG)).isNotEqualTo(pid());
    assertThat(lanes.cpuBound(new Sum(40, 2)).result(LONG)).isEqualTo(42);
    assertThat(lanes.cpuBound("text"::length).result(LONG)).isEqualTo(4);
    Callable<Integer> declaredAsCallable = new Sum(1, 2);
    assertThat(lanes.cpuBound(declaredAsCallable).result(LONG)).isEqualTo(3);
  }

  @Test
  void whatIsSmallIsCopiedAtTheCall() throws Exception {
    List<Integer> list = new ArrayList<>(List.of(1));
    Unfuture<Integer> size;
    try (ProcessLane slow = ProcessLane.builder().size(1).build();
        Lanes onSlow = Lanes.builder().cpu(slow).build()) {
      size = onSlow.cpuBound(() -> list.size());
      list.add(2);
      assertThat(size.result(LONG)).isEqualTo(1);
    }
  }

  @Test
  void anExceptionArrivesAsItIsWithTheFramesOfBothProcesses() {
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
                  .anyMatch(frame -> frame.getClassName().equals(Child.class.getName()));
              assertThat(e.getSuppressed())
                  .anyMatch(
                      caller ->
                          List.of(caller.getStackTrace()).toString().contains("ProcessLaneTest"));
            });
  }

  @Test
  void aBodyMayAwaitNothingButCallTheLibrary() throws Exception {
    assertThat(
            lanes
                .cpuBound(
                    () -> AnySync.coroutine(() -> AnySync.await(AnySync.coroutine(() -> 42))).run())
                .result(LONG))
        .isEqualTo(42);
  }

  @Test
  void whatCannotTravelIsRefusedAtTheCall() {
    Thread thread = Thread.currentThread();
    List<Object> list = List.of("a", thread);
    Holder holder = new Holder(Map.of("key", thread));
    RemoteBody<Integer> anonymous =
        new RemoteBody<>() {
          private static final long serialVersionUID = 1;

          @Override
          public Integer call() {
            return thread.hashCode();
          }
        };

    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(() -> thread.getName()))
        .withMessageContaining("a variable of type java.lang.Thread (number 1)")
        .withMessageContaining("capture only what it needs")
        .withMessageContaining("not Serializable");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(() -> list.size()))
        .withMessageContaining("a variable of type java.util.ImmutableCollections$List12")
        .withMessageContaining("an element is of type java.lang.Thread");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(holder::size))
        .withMessageContaining("Holder (number 1), of which the field 'map' holds")
        .withMessageContaining("a value is of type java.lang.Thread");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(() -> instance()))
        .withMessageContaining("it captures 'this', a dev.anysync.process.ProcessLaneTest");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(anonymous))
        .withMessageContaining("the field 'val$thread' is of type java.lang.Thread");
  }

  private int instance() {
    return hashCode();
  }

  private static final class Holder implements Serializable {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial") // as it is with mistakes
    private final Map<String, Object> map;

    Holder(Map<String, Object> map) {
      this.map = map;
    }

    int size() {
      return map.size();
    }
  }

  @Test
  void aCallableThatIsNoRemoteBodyIsRefused() {
    Callable<Integer> callable = () -> 42;

    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(callable))
        .withMessageContaining("process lane of 2")
        .withMessageContaining("declare it as a RemoteBody");
  }

  @Test
  void aClassOfAnotherJarIsRefusedUntilItsPackageIsAllowed() throws Exception {
    RemoteBody<Object> body = () -> new ArrayStack(3);

    ArrayStack captured = new ArrayStack();
    long first = lanes.cpuBound(() -> pid()).result(LONG);

    assertThatThrownBy(() -> lanes.cpuBound(body).result(LONG))
        .isInstanceOf(NotSerializableException.class)
        .hasMessage(
            "the result cannot travel: org.apache.commons.collections.ArrayStack is not allowed to"
                + " cross: name its package to allow()");
    assertThatThrownBy(
            () ->
                lanes
                    .cpuBound(
                        () -> {
                          throw new FunctorException("it happened");
                        })
                    .result(LONG))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageContaining("FunctorException is not allowed to cross")
        .hasMessageContaining("it was: org.apache.commons.collections.FunctorException: it hap");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> lanes.cpuBound(() -> captured.size()))
        .withMessageContaining("ArrayStack is not allowed to cross");
    assertThat(lanes.cpuBound(() -> pid()).result(LONG)).isEqualTo(first);
    try (ProcessLane open = ProcessLane.builder().size(1).allow("org.apache.commons").build();
        Lanes onOpen = Lanes.builder().cpu(open).build()) {
      assertThat(onOpen.cpuBound(body).result(LONG)).isInstanceOf(ArrayStack.class);
    }
  }

  @Test
  void whatTheJdkThrowsAndReturnsMayCross() throws Exception {
    assertThatThrownBy(
            () ->
                lanes
                    .cpuBound(
                        () -> {
                          throw (Exception)
                              new ConnectException("no")
                                  .initCause(new NoSuchAlgorithmException("x"));
                        })
                    .result(LONG))
        .isExactlyInstanceOf(ConnectException.class)
        .hasCauseExactlyInstanceOf(NoSuchAlgorithmException.class);
    Calendar calendar = new GregorianCalendar(2026, Calendar.MAY, 1);
    assertThat(lanes.cpuBound(() -> calendar).result(LONG)).isEqualTo(calendar);
    assertThat(lanes.cpuBound(() -> DayOfWeek.MONDAY).result(LONG)).isSameAs(DayOfWeek.MONDAY);
  }

  /** Cannot be written a second time; hides from whoever reads it that it was not. */
  private static final class Fickle implements RemoteBody<Integer> {
    private static final long serialVersionUID = 1;
    private static final AtomicInteger WRITTEN = new AtomicInteger();

    private final boolean early;

    Fickle(boolean early) {
      this.early = early;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      boolean fails = WRITTEN.incrementAndGet() % 2 == 0;
      if (fails && early) {
        throw new IllegalStateException("not twice");
      }
      out.defaultWriteObject();
      for (int i = 0; i < 50; i++) {
        out.writeObject(new byte[4_096]);
      }
      if (fails) {
        throw new IllegalStateException("not twice");
      }
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      try {
        in.defaultReadObject();
        for (int i = 0; i < 50; i++) {
          Object _ = in.readObject();
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public Integer call() {
      return -1;
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBodyThatCannotBeWrittenAgainFailsAlone(boolean early) throws Exception {
    try (ProcessLane one = ProcessLane.builder().size(1).build();
        Lanes onOne = Lanes.builder().cpu(one).build()) {
      long first = onOne.cpuBound(() -> pid()).result(LONG);
      for (int i = 0; i < 20; i++) {
        int number = i;
        Unfuture<Integer> fickle = onOne.cpuBound(new Fickle(early));
        assertThatThrownBy(() -> fickle.result(LONG))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("it has changed since the call");
        assertThat(onOne.cpuBound(() -> number).result(LONG)).isEqualTo(i);
      }
      assertThat(onOne.cpuBound(() -> pid()).result(LONG)).isEqualTo(first);
    }
  }

  @Test
  void aLimitThatIsTooShortForAStartLeavesAProcessForTheNext() throws Exception {
    try (ProcessLane one = ProcessLane.builder().size(1).build();
        Lanes onOne = Lanes.builder().cpu(one).build()) {
      Duration limit = Duration.ofMillis(10);
      int timeouts = 0;
      while (true) {
        try {
          assertThat(onOne.cpuBound(() -> 42).result(limit)).isEqualTo(42);
          break;
        } catch (TimeoutException e) {
          timeouts++;
        }
      }
      assertThat(timeouts).isPositive();
    }
  }

  @Test
  void cancellingEarlyOrLateKillsNoProcessThatWouldStop() throws Exception {
    Random random = new Random(1);
    try (ProcessLane one = ProcessLane.builder().size(1).grace(LONG).build();
        Lanes onOne = Lanes.builder().cpu(one).build()) {
      long first = onOne.cpuBound(() -> pid()).result(LONG);
      for (int i = 0; i < 300; i++) {
        Unfuture<Object> sleeping =
            onOne.cpuBound(
                () -> {
                  Thread.sleep(100_000);
                  return "";
                });
        LockSupport.parkNanos(random.nextInt(300_000));
        sleeping.cancel(true);
        sleeping.stopped().result(LONG);
      }
      assertThat(onOne.cpuBound(() -> pid()).result(LONG)).isEqualTo(first);
    }
  }

  @Test
  void anInterruptedWaiterGoesOnAtOnce(@TempDir Path folder) throws Exception {
    try (ProcessLane one = ProcessLane.builder().size(1).grace(Duration.ofSeconds(2)).build();
        Lanes onOne = Lanes.builder().cpu(one).build()) {
      Path begun = folder.resolve("begun");
      String path = begun.toString();
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Unfuture<Object> endless =
          onOne.cpuBound(
              () -> {
                Files.createFile(Path.of(path));
                return spin();
              });
      Thread waiter =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      Object _ = endless.result();
                    } catch (Throwable e) {
                      thrown.set(e);
                    }
                  });
      await().until(() -> Files.exists(begun));
      waiter.interrupt();

      assertThat(waiter.join(LONG)).isTrue();
      assertThat(thrown.get()).isInstanceOf(CancellationException.class);
      assertThat(endless.stopped()).isNotDone();
    }
  }

  @Test
  void aFolderThatWasCleanedUpIsMadeAnew() throws Exception {
    Path anew;
    try (ProcessLane one = ProcessLane.builder().size(1).build();
        Lanes onOne = Lanes.builder().cpu(one).build()) {
      long first = onOne.cpuBound(() -> pid()).result(LONG);
      Path folder = Objects.requireNonNull(one.newSocket().getParent());
      Files.delete(folder.resolve("options"));
      Files.delete(folder);
      assertThatThrownBy(() -> onOne.cpuBound(() -> halt()).result(LONG))
          .isInstanceOf(WorkerLostException.class);

      assertThat(onOne.cpuBound(() -> pid()).result(LONG)).isNotEqualTo(first);
      anew = Objects.requireNonNull(one.newSocket().getParent());
      assertThat(anew).isNotEqualTo(folder).isDirectory();
    }
    assertThat(anew).doesNotExist();
  }

  private static int halt() {
    Runtime.getRuntime().halt(9);
    return 0;
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whatABodyHasStartedIsKilledWithIt() throws Exception {
    Unfuture<Object> waiting =
        lanes.cpuBound(
            () -> {
              Process grandchild = new ProcessBuilder("sleep", "1000").inheritIO().start();
              System.out.println(grandchild.pid());
              return spin();
            });
    await().until(() -> ProcessHandle.current().descendants().anyMatch(ProcessLaneTest::sleeps));
    ProcessHandle grandchild =
        ProcessHandle.current()
            .descendants()
            .filter(ProcessLaneTest::sleeps)
            .findFirst()
            .orElseThrow();
    waiting.cancel(true);
    waiting.stopped().result(LONG);

    await().until(() -> !KillTest.runs(grandchild));
  }

  private static boolean sleeps(ProcessHandle process) {
    return process.info().command().orElse("").endsWith("sleep");
  }

  private static void jar(Path classes, Path jar) {
    ToolProvider tool = ToolProvider.findFirst("jar").orElseThrow();
    assertThat(tool.run(System.out, System.err, "-c", "-f", jar + "", "-C", classes + "", "."))
        .isZero();
  }

  private static void unzip(Path jar, Path folder) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(jar))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path file = folder.resolve(entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(file);
        } else {
          Files.createDirectories(file.getParent());
          Files.copy(zip, file);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void pathsOfAllKindsLeadToTheClasses(boolean jars, @TempDir Path folder) throws Exception {
    Path tests =
        Files.createSymbolicLink(
            folder.resolve("tests"), Objects.requireNonNull(Allowed.place(getClass())));
    Path modules = Files.createDirectory(folder.resolve("modules"));
    for (Class<?> type : List.of(Lanes.class, ProcessLane.class)) {
      Path place = Objects.requireNonNull(Allowed.place(type));
      Path jar = modules.resolve(type.getSimpleName() + ".jar");
      if (Files.isDirectory(place)) {
        jar(place, jar);
      } else {
        Files.copy(place, jar);
      }
      if (!jars) {
        Path exploded = Files.createDirectory(modules.resolve(type.getSimpleName()));
        unzip(jar, exploded);
        Files.delete(jar);
      }
    }
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-p",
                modules.toString(),
                "--add-modules",
                "dev.anysync.process",
                "-cp",
                tests + "/.",
                Main.class.getName())
            .redirectErrorStream(true);
    builder.environment().put("JDK_JAVA_OPTIONS", "-Dparent=only");
    Process process = builder.start();
    try (var output = process.inputReader()) {
      List<String> lines = output.lines().toList();
      assertThat(lines).startsWith("NOTE: Picked up JDK_JAVA_OPTIONS: -Dparent=only");
      assertThat(lines).filteredOn(line -> !line.startsWith("NOTE")).startsWith("true", "42");
      assertThat(lines).contains("here only, there null");
      // What the log says, which goes to the error stream:
      assertThat(lines).anyMatch(line -> line.matches("INFO: worker \\d+: printed"));
      assertThat(lines).anyMatch(line -> line.matches("WARNING: worker \\d+: an error\\?\\[1m"));
      assertThat(lines)
          .filteredOn(line -> line.contains("x".repeat(100)))
          .hasSizeBetween(50, 200); // of a thousand of 1 KiB; what came late is the next body's
      assertThat(lines)
          .anyMatch(line -> line.endsWith("what else this body prints is not logged"))
          .anyMatch(line -> line.matches("INFO: worker \\d+: after that"))
          .anyMatch(
              line ->
                  line.matches(
                      "WARNING: worker \\d+ is replaced: a body has left 100 threads behind, such"
                          + " as 'left-\\d+', .*"));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aTimeLimitStopsTheBody() throws Exception {
    Path told = Files.createTempFile("told", "");
    String path = told.toString();
    Unfuture<Object> future =
        lanes.cpuBound(
            () -> {
              try {
                Thread.sleep(100_000);
              } catch (InterruptedException e) {
                Files.writeString(Path.of(path), "interrupted");
              }
              return "";
            });

    assertThatThrownBy(() -> future.result(Duration.ofMillis(300)))
        .isInstanceOf(TimeoutException.class);
    future.cancel(true);
    future.stopped().result(LONG);

    assertThat(told).hasContent("interrupted");
    Files.delete(told);
  }

  @Test
  void aBodyThatDoesNotStopIsKilledAfterItsGrace(@TempDir Path folder) throws Exception {
    try (ProcessLane one = ProcessLane.builder().size(1).grace(Duration.ofMillis(50)).build();
        Lanes onOne = Lanes.builder().cpu(one).build()) {
      long first = onOne.cpuBound(() -> pid()).result(LONG);
      Path begun = folder.resolve("begun");
      String path = begun.toString();
      Unfuture<Object> endless =
          onOne.cpuBound(
              () -> {
                Files.createFile(Path.of(path));
                return spin();
              });
      await().until(() -> Files.exists(begun));
      endless.cancel(true);
      assertThatThrownBy(() -> endless.result(LONG)).isInstanceOf(CancellationException.class);
      endless.stopped().result(LONG);

      assertThat(onOne.cpuBound(() -> pid()).result(LONG)).isNotEqualTo(first);
      assertThat(ProcessHandle.of(first)).isEmpty();
    }
  }

  @SuppressWarnings("InfiniteLoopStatement")
  static Object spin() {
    long i = 0;
    while (true) {
      i++;
      if (i == Long.MIN_VALUE) {
        System.out.println(i);
      }
    }
  }

  @Test
  void aLostBodyIsRunAgainIfAsked(@TempDir Path folder) throws Exception {
    String mark = folder.resolve("mark").toString();
    RemoteBody<String> diesOnce =
        () -> {
          if (Files.notExists(Path.of(mark))) {
            Files.createFile(Path.of(mark));
            Runtime.getRuntime().halt(9);
          }
          return "again";
        };
    try (ProcessLane retrying = ProcessLane.builder().size(1).retries(1).build();
        Lanes onRetrying = Lanes.builder().cpu(retrying).build()) {
      assertThat(onRetrying.cpuBound(diesOnce).result(LONG)).isEqualTo("again");
    }
  }

  @Test
  void aProcessThatCannotStartSaysWhy() throws Exception {
    try (ProcessLane wrong = ProcessLane.builder().size(1).jvmOptions("-XX:+NoSuchFlag").build();
        Lanes onWrong = Lanes.builder().cpu(wrong).build()) {
      assertThatThrownBy(() -> onWrong.cpuBound(() -> 42).result(LONG))
          .isInstanceOf(WorkerLostException.class)
          .hasMessageContaining("exited with code 1, before it was ready")
          .hasMessageContaining("NoSuchFlag");
    }
  }

  @Test
  void aProcessThatDoesNotGetReadyIsKilled() throws Exception {
    ProcessLane.Builder builder =
        ProcessLane.builder()
            .size(1)
            .jvmOptions(
                "-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:0");
    builder.longestStart = Duration.ofMillis(300);
    try (ProcessLane hanging = builder.build();
        Lanes onHanging = Lanes.builder().cpu(hanging).build()) {
      assertThatThrownBy(() -> onHanging.cpuBound(() -> 42).result(LONG))
          .isInstanceOf(WorkerLostException.class)
          .hasMessageContaining("signal 9, as it was not ready within 300 ms");
    }
  }

  /** Cannot be read before somebody lets it be. */
  private static final class SlowToRead implements Serializable {
    private static final long serialVersionUID = 1;
    private static final CountDownLatch READ = new CountDownLatch(1);
    private static final CountDownLatch GOES_ON = new CountDownLatch(1);

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      READ.countDown();
      boolean interrupted = false;
      while (GOES_ON.getCount() > 0) {
        try {
          GOES_ON.await();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      assertThat(interrupted).isFalse(); // nobody interrupts the code of an application here
    }
  }

  @Test
  void whatHasComeAndCannotBeReadKeepsNobody() throws Exception {
    try (ProcessLane one = ProcessLane.builder().size(1).grace(Duration.ZERO).build();
        Lanes onOne = Lanes.builder().cpu(one).build()) {
      Unfuture<Object> slow = onOne.cpuBound(() -> new SlowToRead());
      SlowToRead.READ.await();
      slow.cancel(true);
      slow.stopped().result(LONG);

      assertThat(onOne.cpuBound(() -> 42).result(LONG)).isEqualTo(42);
    } finally {
      SlowToRead.GOES_ON.countDown();
    }
  }

  @Test
  void anExceptionOfTheBodysOwnIsNoLossOfItsProcess(@TempDir Path folder) throws Exception {
    String path = folder.resolve("ran").toString();
    try (ProcessLane retrying = ProcessLane.builder().size(1).retries(3).build();
        Lanes onRetrying = Lanes.builder().cpu(retrying).build()) {
      Unfuture<Object> throwing =
          onRetrying.cpuBound(
              () -> {
                Files.createFile(Path.of(path)); // fails if it is run again
                throw new WorkerLostException("another's", 1);
              });
      assertThatThrownBy(() -> throwing.result(LONG))
          .isInstanceOf(WorkerLostException.class)
          .hasMessage("another's");
    }
  }

  @Test
  void heapAndOptionsAreThoseOfTheProcess() throws Exception {
    try (ProcessLane set =
            ProcessLane.builder().size(1).heap(96 << 20).jvmOptions("-Dx.y=a \"b\" \\c").build();
        Lanes onSet = Lanes.builder().cpu(set).build()) {
      assertThat(onSet.cpuBound(() -> Runtime.getRuntime().maxMemory() >> 20).result(LONG))
          .isBetween(80L, 96L);
      assertThat(onSet.cpuBound(() -> System.getProperty("x.y")).result(LONG))
          .isEqualTo("a \"b\" \\c");
    }
  }

  @Test
  void anArchiveOfClassesIsWrittenAndUsed(@TempDir Path folder) throws Exception {
    List<String> jars = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path place = Path.of(entry);
      if (Files.isRegularFile(place)) {
        jars.add(entry);
      } else if (!entry.isEmpty() && Files.isDirectory(place)) {
        String jar = folder.resolve(jars.size() + ".jar").toString();
        jar(place, Path.of(jar));
        jars.add(jar);
      }
    }
    String classPath = String.join(File.pathSeparator, jars);
    Path archive = folder.resolve("classes.jsa");
    List<Boolean> shared = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      try (ProcessLane sharing =
              ProcessLane.builder()
                  .size(1)
                  .classPath(classPath)
                  .archive(archive)
                  .grace(LONG)
                  .allow("dev.anysync")
                  .jvmOptions("-Xlog:class+load:file=" + folder.resolve("loaded" + i))
                  .build();
          Lanes onSharing = Lanes.builder().cpu(sharing).build()) {
        assertThat(onSharing.cpuBound(new Answer()).result(LONG)).isEqualTo(42);
      }
      assertThat(archive).exists();
      shared.add(
          Files.readAllLines(folder.resolve("loaded" + i)).stream()
              .anyMatch(
                  line ->
                      line.contains(Child.class.getName() + " source: shared objects file (top)")));
    }
    assertThat(shared).containsExactly(false, true);
  }

  /** A body that needs no class of the tests' libraries, as this class does. */
  private record Answer() implements RemoteBody<Integer> {
    @Override
    public Integer call() {
      return 42;
    }
  }

  @Test
  void anArchiveOfFoldersIsRefused(@TempDir Path folder) {
    ProcessLane.Builder builder =
        ProcessLane.builder().classPath(folder.toString()).archive(folder.resolve("a.jsa"));

    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(builder::build)
        .withMessageContaining("the class path has the folder " + folder);
  }

  @Test
  void closeEndsAllProcessesAndRefusesWork() throws Exception {
    ProcessLane closing = ProcessLane.builder().size(2).build();
    Lanes onClosing = Lanes.builder().cpu(closing).build();
    long idle = onClosing.cpuBound(() -> pid()).result(LONG);
    Unfuture<Object> running = onClosing.cpuBound(() -> spin());
    Unfuture<Object> second = onClosing.cpuBound(() -> spin());
    Unfuture<Object> queued = onClosing.cpuBound(() -> spin());

    closing.close();
    closing.close();

    assertThat(ProcessHandle.of(idle)).isEmpty();
    for (Unfuture<Object> one : List.of(running, second)) {
      assertThatThrownBy(() -> one.result(LONG))
          .isInstanceOfAny(CancellationException.class, RejectedExecutionException.class);
    }
    assertThatThrownBy(() -> queued.result(LONG))
        .isInstanceOfAny(CancellationException.class, RejectedExecutionException.class);
    Assertions.assertThatExceptionOfType(RejectedExecutionException.class)
        .isThrownBy(() -> onClosing.cpuBound(() -> 42))
        .withMessage("the process lane of 2 has been closed");
    onClosing.close();
  }

  @Test
  void aDumpNamesTheLane() throws Exception {
    Unfuture<Object> sleeping =
        lanes.cpuBound(
            () -> {
              Thread.sleep(100_000);
              return "";
            });

    await()
        .untilAsserted(() -> assertThat(AnySync.dump().toString()).contains("process lane of 2"));
    sleeping.cancel(true);
    sleeping.stopped().result(LONG);
  }

  @Test
  void badArgumentsAreRefused() {
    ProcessLane.Builder builder = ProcessLane.builder();
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.size(0))
        .withMessageContaining("processes");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.heap(0))
        .withMessageContaining("bytes");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.retries(-1))
        .withMessageContaining("times");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.grace(Duration.ofMillis(-1)))
        .withMessageContaining("grace");
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.allow("com.example.*"))
        .withMessageContaining("packages");
  }
}
