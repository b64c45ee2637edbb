package dev.anysync.process;

import dev.anysync.RemoteBody;
import dev.anysync.spi.RemoteLane;
import java.io.File;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A cpu lane of child processes: what runs there may crash, exit, fill its heap or never end, and
 * harms no other work. Give it to {@link dev.anysync.Lanes.Builder#cpu(RemoteLane)}.
 *
 * <p>Each child is a JVM with the class path of this one. It is started when there is work for it,
 * kept for the next, and runs one body at a time; static state that a body leaves is there for the
 * next. It ends with this lane, or with this process, however that ends.
 *
 * <p>What a body captures, returns and throws is copied by serialization. Both ends refuse classes
 * that are not the JDK's for values, the application's own (from the folders of the class path, and
 * the jar of whoever calls {@link #builder}) or in a package that {@link Builder#allow} names.
 * Context, system properties and the JVM's options are not passed on.
 *
 * <p>A body that is cancelled is interrupted; if it has not ended after the {@linkplain
 * Builder#grace grace} its process is killed. A body whose process dies fails with a {@link
 * WorkerLostException}. Another process takes the place of one that is gone.
 */
public final class ProcessLane implements RemoteLane, AutoCloseable {
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final long LEAST_HEAP = 32 << 20;
  private static final String OPTIONS = "options";

  private final int size;
  private final int retries;
  private final Duration grace;
  private final Duration longestStart;
  private final Allowed allowed;
  private final Charset charset = Charset.forName(System.getProperty("native.encoding", "UTF-8"));
  private final List<String> options; // of the java command, and of the child's program
  private @Nullable Path folder; // that nobody else can open; guarded by sockets
  private final Thread hook = new Thread(this::deleteFolder);
  private final AtomicInteger sockets = new AtomicInteger();

  private final Semaphore room; // to run a body
  private final ConcurrentLinkedDeque<Worker> idle = new ConcurrentLinkedDeque<>();
  private final Set<Worker> workers = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private ProcessLane(Builder builder) {
    size = builder.size;
    retries = builder.retries;
    grace = builder.grace;
    longestStart = builder.longestStart;
    room = new Semaphore(size, true);
    long most = Runtime.getRuntime().maxMemory();
    long heap = builder.heap > 0 ? builder.heap : Math.max(most / size, LEAST_HEAP);
    long mostBytes = Math.min(heap, most / 2);
    allowed = new Allowed(mostBytes, builder.places, builder.packages);
    options = options(builder, heap, mostBytes);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Returns a builder; classes from the caller's jar or folder may travel. */
  public static Builder builder() {
    Class<?> caller =
        StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE).getCallerClass();
    return new Builder(Allowed.place(caller));
  }

  @Override
  public <T extends @Nullable Object> Callable<T> prepare(RemoteBody<? extends T> body) {
    checkOpen();
    Packed packed = Packed.of(Objects.requireNonNull(body, "body"), allowed);
    @SuppressWarnings({"unchecked", "NullAway"}) // it is what the body has returned
    Callable<T> call = () -> (T) call(packed);
    return call;
  }

  private @Nullable Object call(Packed body) throws InterruptedException {
    for (int retry = 0; ; retry++) {
      Worker worker = take();
      Worker.Outcome outcome;
      try {
        outcome = worker.run(body);
      } catch (RejectedExecutionException e) { // close() was faster
        checkOpen();
        throw e;
      } finally {
        giveBack(worker);
      }
      Throwable error = outcome.error();
      if (error == null) {
        return outcome.value();
      }
      if (closed && outcome.isLost()) {
        throw new CancellationException("the " + name() + " has been closed");
      }
      if (!outcome.isLost() || retry == retries) {
        throw sneaky(error);
      }
    }
  }

  /** Waits until there is room for a body, and returns a process that runs none. */
  private Worker take() throws InterruptedException {
    room.acquire();
    boolean keepsRoom = false;
    try {
      checkOpen();
      Worker worker = idle.pollFirst(); // the one with the warmest caches
      while (worker != null && !worker.isUsable()) {
        worker.discard();
        worker = idle.pollFirst();
      }
      if (worker == null) {
        worker = start();
        keepsRoom = true;
        try {
          worker.awaitStart();
        } catch (InterruptedException e) {
          finishStart(worker); // for the next
          throw e;
        } catch (Throwable e) {
          keepsRoom = false;
          checkOpen(); // or it is for that
          throw e;
        }
      }
      keepsRoom = true;
      return worker;
    } finally {
      if (!keepsRoom) {
        room.release();
      }
    }
  }

  private Worker start() {
    Worker worker = new Worker(this, "anysync-process-" + NAMES.incrementAndGet());
    workers.add(worker);
    if (closed) {
      worker.discard(); // close() may not have seen it
      checkOpen();
    }
    return worker;
  }

  /** Has a process that is starting be there for the next body, before there is room for that. */
  private void finishStart(Worker worker) {
    Thread.startVirtualThread(
        () -> {
          try {
            worker.awaitStart();
            offer(worker);
          } catch (Exception e) {
            // The next body tries again, and tells of it.
          } finally {
            room.release();
          }
        });
  }

  private void giveBack(Worker worker) {
    if (worker.isUsable()) {
      offer(worker);
      room.release();
      return;
    }
    worker.discard();
    if (closed || !idle.isEmpty()) {
      room.release();
      return;
    }
    try {
      finishStart(start());
    } catch (RejectedExecutionException e) { // close() was faster
      room.release();
    }
  }

  private void offer(Worker worker) {
    idle.addFirst(worker);
    if (closed && idle.remove(worker)) {
      worker.discard();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new RejectedExecutionException("the " + name() + " has been closed");
    }
  }

  /**
   * Refuses new bodies, kills the processes that run one, which ends with a {@link
   * CancellationException}, and waits until all processes have ended. To close the lanes before
   * stops the bodies in their own way.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    room.release(Integer.MAX_VALUE / 2); // those who wait for room are to see it
    List<Worker> ending = new ArrayList<>();
    for (Worker worker = idle.pollFirst(); worker != null; worker = idle.pollFirst()) {
      worker.askToEnd();
      ending.add(worker);
    }
    long deadline = System.nanoTime() + grace.toNanos();
    ending.forEach(worker -> worker.awaitEnd(Math.max(0, deadline - System.nanoTime())));
    List<Worker> rest = List.copyOf(workers);
    rest.forEach(Worker::discard);
    rest.forEach(Worker::awaitThread);
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // it runs
    }
    deleteFolder();
  }

  @Override
  public String name() {
    return "process lane of " + size;
  }

  Allowed allowed() {
    return allowed;
  }

  Duration grace() {
    return grace;
  }

  Duration longestStart() {
    return longestStart;
  }

  Charset charset() {
    return charset;
  }

  void forget(Worker worker) {
    workers.remove(worker);
  }

  /** Returns a path for a socket, in a folder that is there. */
  Path newSocket() throws IOException {
    synchronized (sockets) {
      Path folder = this.folder;
      if (folder == null || !Files.isRegularFile(folder.resolve(OPTIONS))) { // or it was cleaned up
        folder = Files.createTempDirectory("anysync"); // which the JDK makes for the owner only
        this.folder = folder;
        Files.write(
            folder.resolve(OPTIONS), options.stream().map(ProcessLane::quoted).toList(), charset);
      }
      return folder.resolve(String.valueOf(sockets.incrementAndGet()));
    }
  }

  /** Returns the command that starts a child, which will connect to {@code socket}. */
  List<String> command(Path socket) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "@" + socket.resolveSibling(OPTIONS),
        socket.toString());
  }

  private void deleteFolder() {
    synchronized (sockets) {
      if (folder == null) {
        return;
      }
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.deleteIfExists(file);
        }
        Files.deleteIfExists(folder);
      } catch (IOException e) {
        // It is the system's folder for such.
      }
    }
  }

  /** Returns an argument as the java command wants it in a file. */
  private static String quoted(String argument) {
    return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private static List<String> options(Builder builder, long heap, long mostBytes) {
    List<String> options = new ArrayList<>();
    options.add("-Xmx" + heap);
    if (builder.jvmOptions.stream().noneMatch(option -> option.matches("-XX:\\+Use\\w+GC"))) {
      options.add("-XX:+UseSerialGC"); // one body at a time: the cores are the other processes'
    }
    options.add("-XX:+ExitOnOutOfMemoryError");
    options.add("-XX:-CreateCoredumpOnCrash");
    options.add(
        "-XX:ErrorFile="
            + (System.getProperty("os.name").startsWith("Windows") ? "NUL" : "/dev/null"));
    options.add("--enable-native-access=ALL-UNNAMED");
    if (builder.archive != null) {
      options.add("-XX:SharedArchiveFile=" + builder.archive);
      options.add("-XX:+AutoCreateSharedArchive");
      options.add("-Xlog:cds=off");
      options.add("-Xlog:cds+dynamic=off");
    }
    options.addAll(builder.jvmOptions);
    options.add("-cp");
    options.add(builder.classPath);
    options.add(Child.class.getName());
    options.add(String.valueOf(mostBytes));
    options.add(String.valueOf(builder.places.size()));
    builder.places.forEach(place -> options.add(place.toString()));
    options.addAll(builder.packages);
    return options;
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  static <X extends Throwable> RuntimeException sneaky(Throwable e) throws X {
    throw (X) e;
  }

  /** Builds a {@link ProcessLane}. Not safe for use by several threads at once. */
  public static final class Builder {
    private int size = Runtime.getRuntime().availableProcessors();
    private long heap;
    private int retries;
    private Duration grace = Duration.ofSeconds(1);
    Duration longestStart = Duration.ofMinutes(1); // another one in tests
    private @Nullable Path archive;
    private final List<String> jvmOptions = new ArrayList<>();
    private final List<String> packages = new ArrayList<>();
    private final Set<Path> places;
    private String classPath = ownClassPath();

    private Builder(@Nullable Path callers) {
      this.places =
          Arrays.stream(classPath.split(File.pathSeparator))
              .filter(entry -> !entry.isEmpty())
              .map(Path::of)
              .filter(Files::isDirectory)
              .map(Allowed::real)
              .collect(Collectors.toCollection(HashSet::new));
      if (callers != null) {
        places.add(callers);
      }
    }

    /** Returns the class path of this JVM, and what is on its module path. */
    private static String ownClassPath() {
      Stream<String> modules =
          entries("jdk.module.path")
              .flatMap(
                  entry ->
                      Files.isDirectory(Path.of(entry))
                              && Files.notExists(Path.of(entry, "module-info.class"))
                          ? modules(Path.of(entry))
                          : Stream.of(entry));
      return Stream.concat(entries("java.class.path"), modules)
          .collect(Collectors.joining(File.pathSeparator));
    }

    private static Stream<String> entries(String property) {
      return Arrays.stream(System.getProperty(property, "").split(File.pathSeparator))
          .filter(entry -> !entry.isEmpty());
    }

    /** Returns the modules in a folder: jars, or folders themselves. */
    private static Stream<String> modules(Path folder) {
      try (Stream<Path> files = Files.list(folder)) {
        return files
            .filter(file -> Files.isDirectory(file) || file.toString().endsWith(".jar"))
            .map(Path::toString)
            .toList()
            .stream();
      } catch (IOException e) {
        return Stream.of(folder.toString());
      }
    }

    /** Sets how many processes there may be; as many as there are processors if not set. */
    public Builder size(int processes) {
      if (processes < 1) {
        throw new IllegalArgumentException("processes: is " + processes + "; give one or more");
      }
      this.size = processes;
      return this;
    }

    /**
     * Sets the most bytes of the heap of each process; if not set, that of this one is divided
     * among them. No message of more bytes than that, or than half of this heap, can come from one.
     */
    public Builder heap(long bytes) {
      if (bytes < 2 << 20) {
        throw new IllegalArgumentException("bytes: is " + bytes + "; give two million or more");
      }
      this.heap = bytes;
      return this;
    }

    /** Adds options for the processes' JVMs, which have none of this JVM's. */
    public Builder jvmOptions(String... options) {
      for (String option : Objects.requireNonNull(options, "options")) {
        this.jvmOptions.add(Objects.requireNonNull(option, "an element of options"));
      }
      return this;
    }

    /** Sets the class path of the processes; that of this one, with its module path, if not set. */
    public Builder classPath(String classPath) {
      this.classPath = Objects.requireNonNull(classPath, "classPath");
      return this;
    }

    /**
     * Sets the file of an archive of the classes that processes load, by which they start sooner.
     * The first process that ends with this lane writes it if it is not there, or made from other
     * classes; it does not if that takes longer than the {@linkplain #grace grace}. All of the
     * class path must be jars.
     */
    public Builder archive(Path file) {
      this.archive = Objects.requireNonNull(file, "file").toAbsolutePath();
      return this;
    }

    /** Sets how long a body that is cancelled may take to end; one second if not set. */
    public Builder grace(Duration grace) {
      if (Objects.requireNonNull(grace, "grace").isNegative()) {
        throw new IllegalArgumentException("grace: is negative (" + grace + "); give zero or more");
      }
      this.grace = grace;
      return this;
    }

    /**
     * Sets how often a body is run once more, elsewhere, whose process has died; never if not set.
     * Such a body may have done all of its work before.
     */
    public Builder retries(int times) {
      if (times < 0) {
        throw new IllegalArgumentException("times: is " + times + "; give zero or more");
      }
      this.retries = times;
      return this;
    }

    /** Allows classes of these packages, and of packages in them, to travel, both ways. */
    public Builder allow(String... packages) {
      for (String name : Objects.requireNonNull(packages, "packages")) {
        if (!Objects.requireNonNull(name, "an element of packages")
            .matches("[\\w$]+(\\.[\\w$]+)*")) {
          throw new IllegalArgumentException(
              "packages: '" + name + "' is no name of a package, such as com.example");
        }
        this.packages.add(name);
      }
      return this;
    }

    /**
     * Returns the lane, which has no process before there is work for it.
     *
     * @throws IllegalArgumentException if there is to be an {@linkplain #archive archive}, and the
     *     class path has a folder
     */
    public ProcessLane build() {
      for (String entry : classPath.split(File.pathSeparator, -1)) {
        if (archive != null && Files.isDirectory(Path.of(entry))) {
          throw new IllegalArgumentException(
              "archive: of jars only, and the class path has the folder "
                  + entry
                  + ": set a classPath() of jars, or no archive");
        }
      }
      return new ProcessLane(this);
    }
  }
}
