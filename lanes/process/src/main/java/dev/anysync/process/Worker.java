package dev.anysync.process;

import dev.anysync.spi.RemoteLane;
import java.io.IOException;
import java.io.InputStream;
import java.io.NotSerializableException;
import java.io.ObjectStreamException;
import java.io.StreamCorruptedException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One child process, as its parent sees it. Runs one body at a time. */
final class Worker {
  /*
   * Overview. A thread of its own starts the process and does all that blocks: an interrupt of whoever
   * waits for a body must not close the socket, since the body is to be told first. It lives as long
   * as the process, which Linux ends with the thread that has started it.
   */

  private static final System.Logger LOG = System.getLogger("dev.anysync.process");

  private static final long LAST_WORDS = TimeUnit.SECONDS.toMillis(2);

  /** What came of a body: a result, or what it threw. */
  record Outcome(@Nullable Object value, @Nullable Throwable error) {}

  private final ProcessLane lane;
  private final ExecutorService thread;
  private @Nullable Process process; // written by the thread, before `started` is done
  private volatile @Nullable SocketChannel channel;
  private Frames.@Nullable Writer out;
  private Frames.@Nullable Reader in;
  private @Nullable Output standard;
  private @Nullable Output errors;
  private final List<Thread> readers = new ArrayList<>();
  private volatile boolean usable;
  private volatile @Nullable Process known; // to be killed by others
  private volatile boolean discarded;

  Worker(ProcessLane lane, String name) {
    this.lane = lane;
    this.thread =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform()
                .daemon()
                .name(name)
                .inheritInheritableThreadLocals(false)
                .factory());
  }

  /** Starts the process and waits until it is ready. */
  void start() throws InterruptedException {
    Future<?> started = thread.submit(this::launch);
    try {
      started.get();
    } catch (ExecutionException e) {
      discard();
      throw ProcessLane.sneaky(Objects.requireNonNull(e.getCause()));
    } catch (InterruptedException e) {
      discard();
      throw e;
    }
  }

  private @Nullable Void launch() throws IOException {
    Path socket = lane.newSocket();
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket), 1);
      Process process = new ProcessBuilder(lane.command(socket)).start();
      this.process = process;
      known = process;
      if (discarded) {
        process.destroyForcibly();
      }
      var _ = process.onExit().thenRun(() -> close(server)); // so that nobody waits for it in vain
      process.getOutputStream().close();
      String name = "worker " + process.pid();
      standard = read(process.getInputStream(), name, System.Logger.Level.INFO);
      errors = read(process.getErrorStream(), name, System.Logger.Level.WARNING);
      SocketChannel channel = server.accept();
      this.channel = channel;
      in = new Frames.Reader(channel);
      out = new Frames.Writer(channel);
      if (in.next() != Frames.READY) {
        throw new IOException("a worker process said something else than that it is ready");
      }
      usable = true;
      return null;
    } catch (ClosedChannelException | Frames.BrokenException e) {
      throw lost("before it was ready: are its JVM options right?");
    } finally {
      Files.deleteIfExists(socket);
    }
  }

  private Output read(InputStream stream, String name, System.Logger.Level level) {
    Output output = new Output(stream, lane.charset(), name, level);
    readers.add(Thread.ofPlatform().daemon().name("anysync-output").start(output));
    return output;
  }

  /** Returns whether it can run another body. */
  boolean isUsable() {
    Process process = known;
    return usable && process != null && process.isAlive();
  }

  /** Runs a body, and returns what came of it; if interrupted, stops the body first. */
  Outcome run(Packed body) throws InterruptedException {
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    Future<Outcome> running = thread.submit(() -> exchange(body, loader));
    try {
      return outcome(running);
    } catch (InterruptedException e) {
      stop(running);
      throw e;
    }
  }

  private static Outcome outcome(Future<Outcome> running) throws InterruptedException {
    try {
      return running.get();
    } catch (ExecutionException e) {
      return new Outcome(null, e.getCause());
    }
  }

  /** Tells the body to stop; kills the process if it does not, in time. */
  private void stop(Future<Outcome> running) {
    long end = System.nanoTime() + lane.grace().toNanos();
    boolean interrupted = false;
    boolean told = false;
    while (!running.isDone()) {
      try {
        told = told || Objects.requireNonNull(out).signal(Frames.CANCEL);
      } catch (IOException e) {
        kill();
        told = true;
      }
      long left = end - System.nanoTime();
      if (left <= 0) {
        kill();
        left = Long.MAX_VALUE;
      }
      try {
        var _ = running.get(told ? left : Math.min(left, 1_000_000), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        // Once more.
      } catch (ExecutionException e) {
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Outcome exchange(Packed body, @Nullable ClassLoader loader) {
    Objects.requireNonNull(standard).refill();
    Objects.requireNonNull(errors).refill();
    try {
      return exchange(
          body,
          Objects.requireNonNull(out),
          Objects.requireNonNull(in),
          lane.allowed(),
          loader,
          this::retire);
    } catch (Frames.BrokenException e) {
      return new Outcome(null, lost("while it ran this body"));
    } catch (StreamCorruptedException e) {
      kill();
      WorkerLostException lost = lost("as it had sent what is no message");
      lost.initCause(e);
      return new Outcome(null, lost);
    } catch (Throwable e) {
      kill(); // whatever else it has sent is not to be trusted
      return new Outcome(null, e);
    }
  }

  /** Sends a body and reads what comes of it; throws if what comes makes no sense. */
  static Outcome exchange(
      Packed body,
      Frames.Writer out,
      Frames.Reader in,
      Allowed allowed,
      @Nullable ClassLoader loader,
      Consumer<String> retires)
      throws IOException, ClassNotFoundException {
    try {
      body.writeTo(out.message());
    } catch (ObjectStreamException | RuntimeException | StackOverflowError e) {
      out.abort("");
      return new Outcome(
          null, new IllegalStateException(RemoteLane.whyNot(body.body(), "the body", e), e));
    }
    out.end(Frames.END, "");
    try {
      Frames.Message message = in.message(in.next());
      Object value = allowed.read(message, loader);
      String why = message.finish();
      if (!why.isEmpty()) {
        retires.accept(why);
      }
      return message.isFailure()
          ? new Outcome(null, (Throwable) Objects.requireNonNull(value))
          : new Outcome(value, null);
    } catch (Frames.AbortedException e) {
      return new Outcome(null, new NotSerializableException(e.getMessage()));
    }
  }

  private void retire(String why) {
    usable = false;
    LOG.log(System.Logger.Level.WARNING, "worker {0} is replaced: {1}", name(), why);
  }

  private WorkerLostException lost(String when) {
    usable = false;
    Process process = Objects.requireNonNull(this.process);
    String how;
    int code = -1;
    try {
      boolean killed = !process.waitFor(LAST_WORDS, TimeUnit.MILLISECONDS);
      if (killed) {
        process.destroyForcibly();
      }
      code = process.waitFor();
      for (Thread reader : readers) {
        boolean _ = reader.join(Duration.ofMillis(LAST_WORDS));
      }
      how =
          killed
              ? "closed its socket, and was killed"
              : code > 128 && code < 128 + 65
                  ? "was ended by signal " + (code - 128)
                  : "exited with code " + code;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      how = "died";
    }
    return new WorkerLostException(
        "worker "
            + name()
            + " "
            + how
            + ", "
            + when
            + lines(errors, "error stream")
            + lines(standard, "output"),
        code);
  }

  private static String lines(@Nullable Output output, String name) {
    List<String> last = output == null ? List.of() : output.last();
    return last.isEmpty()
        ? ""
        : "; the last lines of its " + name + ":\n  " + String.join("\n  ", last);
  }

  private String name() {
    Process process = known;
    return process == null ? "" : String.valueOf(process.pid());
  }

  private void kill() {
    usable = false;
    Process process = known;
    if (process != null) {
      process.destroyForcibly();
    }
  }

  /** Ends the process, politely if it waits for a body, and waits until it has ended. */
  void close() {
    usable = false;
    Frames.Writer out = this.out;
    Process process = known;
    if (out != null && process != null) {
      try {
        boolean _ = out.signal(Frames.EXIT);
        boolean _ = process.waitFor(lane.grace().toNanos(), TimeUnit.NANOSECONDS);
      } catch (IOException e) {
        // It has died.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    discard();
  }

  /** Kills the process, and waits until it has ended. */
  void discard() {
    usable = false;
    discarded = true; // before it looks whether there is a process
    lane.forget(this);
    thread.shutdown(); // the process's own thread ends after what it does
    kill();
    Process process = known;
    if (process != null) {
      process.onExit().join();
    }
    close(channel);
  }

  private static void close(@Nullable AutoCloseable closeable) {
    if (closeable != null) {
      try {
        closeable.close();
      } catch (Exception e) {
        // Nothing is left to be done with it.
      }
    }
  }
}
