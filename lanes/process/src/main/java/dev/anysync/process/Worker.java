package dev.anysync.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.NotSerializableException;
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
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
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

  private static final long LAST_WORDS = TimeUnit.SECONDS.toMillis(1);
  private static final long LAST_WILL = TimeUnit.SECONDS.toNanos(5);

  /** What JVMs take options from, which are for this one, and may not do for two. */
  private static final List<String> OPTIONS =
      List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

  /** What came of a body: a result, or what it threw, or that its process is lost. */
  record Outcome(@Nullable Object value, @Nullable Throwable error, boolean isLost) {}

  /** How far a body is on its way to the process. */
  private static final class Exchange {
    private boolean cancelled;
    private boolean sent;

    /** Returns whether the body is still to be sent. */
    synchronized boolean begin() {
      return !cancelled;
    }

    synchronized void setSent() {
      sent = true;
    }

    /** Has the body not sent, if it is not yet; returns whether it has been. */
    synchronized boolean cancel() {
      cancelled = true;
      return sent;
    }
  }

  private final ProcessLane lane;
  private final ExecutorService thread;
  private final Future<?> started;
  private volatile @Nullable Process process;
  private volatile @Nullable SocketChannel channel;
  private Frames.@Nullable Writer out; // written by the thread before `started` is done
  private Frames.@Nullable Reader in;
  private @Nullable Output standard;
  private @Nullable Output errors;
  private final List<Thread> readers = new ArrayList<>();
  private volatile boolean usable;
  private volatile boolean discarded;
  private volatile boolean slow; // to start

  /** Begins to start a process. */
  Worker(ProcessLane lane, String name) {
    this.lane = lane;
    this.thread =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform()
                .daemon()
                .name(name)
                .inheritInheritableThreadLocals(false)
                .factory());
    this.started = thread.submit(this::launch);
  }

  /** Waits until the process is ready; if interrupted, that goes on. */
  void awaitStart() throws InterruptedException {
    try {
      started.get();
    } catch (ExecutionException e) {
      discard();
      throw ProcessLane.sneaky(Objects.requireNonNull(e.getCause()));
    }
  }

  private @Nullable Void launch() throws IOException {
    Path socket = lane.newSocket();
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket), 1);
      if (discarded) {
        throw new ClosedChannelException();
      }
      ProcessBuilder command = new ProcessBuilder(lane.command(socket));
      OPTIONS.forEach(command.environment()::remove);
      Process process = command.start();
      this.process = process;
      if (discarded) {
        process.destroyForcibly();
      }
      var _ = process.onExit().thenRun(() -> close(server)); // so that nobody waits for it in vain
      process.getOutputStream().close();
      String name = "worker " + process.pid();
      standard = read(process.getInputStream(), name, System.Logger.Level.INFO);
      errors = read(process.getErrorStream(), name, System.Logger.Level.WARNING);
      CompletableFuture<Void> limit =
          CompletableFuture.runAsync(
              () -> {
                slow = true;
                process.destroyForcibly();
              },
              CompletableFuture.delayedExecutor(
                  lane.longestStart().toNanos(), TimeUnit.NANOSECONDS));
      try {
        SocketChannel channel = server.accept();
        this.channel = channel;
        in = new Frames.Reader(channel);
        out = new Frames.Writer(channel);
        if (in.next() != Frames.READY) {
          throw new IOException("a worker process said something else than that it is ready");
        }
      } finally {
        limit.cancel(false);
      }
      usable = true;
      return null;
    } catch (ClosedChannelException | Frames.BrokenException e) {
      throw lost(
          slow
              ? "as it was not ready within " + lane.longestStart().toMillis() + " ms"
              : "before it was ready: do its JVM options and class path do?");
    } finally {
      Files.deleteIfExists(socket);
    }
  }

  private Output read(InputStream stream, String name, System.Logger.Level level) {
    Output output = new Output(stream, lane.charset(), name, LOG, level);
    readers.add(Thread.ofPlatform().daemon().name("anysync-output").start(output));
    return output;
  }

  /** Returns whether it can run another body. */
  boolean isUsable() {
    Process process = this.process;
    return usable && process != null && process.isAlive();
  }

  /** Runs a body, and returns what came of it; if interrupted, stops the body first. */
  Outcome run(Packed body) throws InterruptedException {
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    Exchange exchange = new Exchange();
    Future<Outcome> running = thread.submit(() -> exchange(body, exchange, loader));
    try {
      return running.get();
    } catch (ExecutionException e) {
      kill();
      return new Outcome(null, e.getCause(), false);
    } catch (InterruptedException e) {
      stop(exchange, running);
      throw e;
    }
  }

  /**
   * Tells the body to stop; kills the process if it does not, in time. What has come of it may be
   * being read all the same, in code of the application: that is waited for no longer than a while.
   */
  private void stop(Exchange exchange, Future<Outcome> running) {
    long end = System.nanoTime() + lane.grace().toNanos();
    boolean interrupted = false;
    boolean told = false;
    boolean killed = false;
    while (!running.isDone()) {
      try {
        told = told || (exchange.cancel() && Objects.requireNonNull(out).signal(Frames.CANCEL));
      } catch (IOException e) {
        end = System.nanoTime(); // it is gone
        told = true;
      }
      long left = end - System.nanoTime();
      if (left <= 0 && killed) {
        LOG.log(
            System.Logger.Level.WARNING,
            "{0} has been killed, and what it had sent is still being read",
            name());
        break;
      }
      if (left <= 0) {
        kill();
        killed = true;
        end = System.nanoTime() + LAST_WILL;
        left = LAST_WILL;
      }
      try {
        var _ =
            running.get(told || killed ? left : Math.min(left, 1_000_000), TimeUnit.NANOSECONDS);
      } catch (TimeoutException | ExecutionException e) {
        // Once more, or it is done.
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Outcome exchange(Packed body, Exchange exchange, @Nullable ClassLoader loader) {
    Objects.requireNonNull(standard).refill();
    Objects.requireNonNull(errors).refill();
    if (!exchange.begin()) {
      return new Outcome(null, new CancellationException(), false);
    }
    try {
      return exchange(
          body,
          Objects.requireNonNull(out),
          Objects.requireNonNull(in),
          lane.allowed(),
          loader,
          exchange::setSent,
          this::retire);
    } catch (Frames.BrokenException e) {
      return new Outcome(null, lost("while it ran this body"), true);
    } catch (StreamCorruptedException e) {
      kill();
      WorkerLostException lost = lost("as it had sent what is no message");
      lost.initCause(e);
      return new Outcome(null, lost, true);
    } catch (Throwable e) {
      kill(); // whatever else it has sent is not to be trusted
      return new Outcome(null, e, false);
    }
  }

  /** Sends a body and reads what comes of it; throws if what comes makes no sense. */
  static Outcome exchange(
      Packed body,
      Frames.Writer out,
      Frames.Reader in,
      Allowed allowed,
      @Nullable ClassLoader loader,
      Runnable sent,
      Consumer<String> retires)
      throws IOException, ClassNotFoundException {
    try {
      body.writeTo(out.message());
    } catch (Frames.BrokenException e) {
      throw e;
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      out.abort("");
      return new Outcome(
          null,
          new IllegalStateException(
              "the body could not be written: it has changed since the call: " + e, e),
          false);
    }
    out.end(Frames.END, "");
    sent.run();
    try {
      Frames.Message message = in.message(in.next());
      Object value = allowed.read(message, loader);
      String why = message.finish();
      if (!why.isEmpty()) {
        retires.accept(why);
      }
      return message.isFailure()
          ? new Outcome(null, (Throwable) Objects.requireNonNull(value), false)
          : new Outcome(value, null, false);
    } catch (Frames.AbortedException e) {
      return new Outcome(null, new NotSerializableException(e.getMessage()), false);
    }
  }

  private void retire(String why) {
    usable = false;
    LOG.log(System.Logger.Level.WARNING, "{0} is replaced: {1}", name(), why);
  }

  private WorkerLostException lost(String when) {
    usable = false;
    Process process = this.process;
    if (process == null) {
      return new WorkerLostException("a worker was not started: its lane has been closed", -1);
    }
    String how;
    int code = -1;
    try {
      boolean killed = !process.waitFor(LAST_WORDS, TimeUnit.MILLISECONDS);
      if (killed) {
        kill();
      }
      code = process.waitFor();
      for (Thread reader : readers) {
        boolean _ = discarded || reader.join(Duration.ofMillis(LAST_WORDS));
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
        name()
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
    Process process = this.process;
    return process == null ? "a worker" : "worker " + process.pid();
  }

  /** Kills the process, and before it those that it has started. */
  private void kill() {
    usable = false;
    Process process = this.process;
    if (process != null && process.isAlive()) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** Asks the process to end as soon as it waits for a body. */
  void askToEnd() {
    usable = false;
    Frames.Writer out = this.out;
    try {
      boolean _ = out != null && out.signal(Frames.EXIT);
    } catch (IOException e) {
      // It has died.
    }
  }

  /** Waits until the process has ended, for {@code nanos} at most. */
  void awaitEnd(long nanos) {
    Process process = this.process;
    if (process != null) {
      try {
        boolean _ = process.waitFor(nanos, TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits until the thread of a process that has been discarded has ended, or for a while. */
  void awaitThread() {
    try {
      boolean _ = thread.awaitTermination(LAST_WORDS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Kills the process, and waits until it has ended. */
  void discard() {
    usable = false;
    discarded = true; // before it looks whether there is a process
    lane.forget(this);
    thread.shutdown(); // the process's own thread ends after what it does
    kill();
    Process process = this.process;
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
