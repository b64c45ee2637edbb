package dev.anysync.process;

import dev.anysync.RemoteBody;
import dev.anysync.spi.RemoteLane;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The program of a child process: runs the bodies that its parent sends, one after another. */
final class Child {
  /*
   * Overview. One thread reads: bodies, of which it hands each to the thread that runs them; whether
   * the parent has cancelled it; and the end of the stream, which is that of the parent, however
   * that came. So a body can be stopped, and the process ends, whatever the body does.
   */

  static final int PARENT_IS_GONE = 0;
  static final int GARBAGE = 76; // EX_PROTOCOL

  private static final RemoteBody<Integer> LAST = () -> 0;
  private static final int LEFT_THREADS = 64; // more than a library keeps for later

  private final SocketChannel channel;
  private final Frames.Reader in;
  private final Frames.Writer out;
  private final Allowed allowed;
  private final ThreadGroup group = new ThreadGroup("anysync");
  private final Thread runner = new Thread(group, this::runAll, "anysync-worker");
  private final LinkedBlockingQueue<RemoteBody<?>> queue = new LinkedBlockingQueue<>();
  private final Object running = new Object(); // guards `current`
  private @Nullable RemoteBody<?> current;

  Child(SocketChannel channel, Allowed allowed) {
    this.channel = channel;
    this.in = new Frames.Reader(channel);
    this.out = new Frames.Writer(channel);
    this.allowed = allowed;
  }

  /** Takes the longest array, a number of allowed places, them, packages, and the socket's path. */
  @SuppressWarnings("CatchAndPrintStackTrace") // it is what the parent quotes
  public static void main(String[] args) throws IOException {
    int places = Integer.parseInt(args[1]);
    List<String> rest = List.of(args).subList(2, args.length - 1);
    Allowed allowed =
        new Allowed(
            Long.parseLong(args[0]),
            rest.stream().limit(places).map(Path::of).collect(Collectors.toSet()),
            rest.subList(places, rest.size()));
    SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(args[args.length - 1]));
    int status = GARBAGE;
    try {
      Child child = new Child(channel, allowed);
      child.start();
      Thread.ofPlatform().daemon().name("anysync-parent").start(ParentDeath::follow);
      child.readAll();
      child.finish();
      System.exit(0);
    } catch (Frames.BrokenException e) {
      status = PARENT_IS_GONE;
    } catch (Throwable e) {
      e.printStackTrace();
    } finally {
      Runtime.getRuntime().halt(status);
    }
  }

  void start() throws IOException {
    runner.setDaemon(true);
    runner.start();
    boolean _ = out.signal(Frames.READY);
  }

  /** Reads what the parent sends, until it wants the child to end. */
  void readAll() throws IOException {
    while (true) {
      byte type = in.next();
      switch (type) {
        case Frames.CANCEL -> cancel();
        case Frames.EXIT -> {
          return;
        }
        default -> read(in.message(type));
      }
    }
  }

  /** Waits until what runs has ended and been answered, and closes the channel. */
  void finish() throws InterruptedException, IOException {
    queue.add(LAST);
    runner.join();
    channel.close();
  }

  private void read(Frames.Message message) throws IOException {
    RemoteBody<?> work;
    try {
      work =
          (RemoteBody<?>)
              Objects.requireNonNull(allowed.read(message, Child.class.getClassLoader()));
      String _ = message.finish();
    } catch (Frames.AbortedException e) {
      return; // the parent knows
    } catch (Throwable e) {
      String _ = message.finish();
      fail(new IllegalArgumentException("the body could not be read in the worker: " + e, e), "");
      return;
    }
    synchronized (running) {
      current = work;
    }
    queue.add(work);
  }

  private void cancel() {
    synchronized (running) {
      if (current != null) {
        runner.interrupt();
      }
    }
  }

  private void runAll() {
    boolean cancelled = false;
    while (true) {
      RemoteBody<?> work;
      try {
        work = queue.take();
      } catch (InterruptedException e) {
        cancelled = true; // before it was taken
        continue;
      }
      if (work == LAST) {
        return;
      }
      if (cancelled) {
        cancelled = false;
        Thread.currentThread().interrupt();
      }
      try {
        run(work);
      } catch (Throwable e) {
        close(e);
        return;
      }
    }
  }

  /** Ends the child, whose reading thread finds its channel closed. */
  private void close(Throwable why) {
    if (!(why instanceof Frames.BrokenException)) {
      why.printStackTrace();
    }
    try {
      channel.close();
    } catch (IOException e) {
      // It is closed.
    }
  }

  private void run(RemoteBody<?> body) throws IOException {
    Object result = null;
    Throwable error = null;
    try {
      result = body.call();
    } catch (Throwable e) {
      error = e;
    }
    synchronized (running) {
      current = null;
      boolean _ = Thread.interrupted();
    }
    int left = group.activeCount() - 1;
    String retires =
        left > LEFT_THREADS
            ? "a body has left " + left + " threads behind, such as " + names()
            : "";
    if (error != null) {
      fail(error, retires);
    } else {
      answer(result, retires);
    }
  }

  private String names() {
    Thread[] threads = new Thread[8];
    int count = group.enumerate(threads);
    return Arrays.stream(threads, 0, count)
        .filter(thread -> thread != runner)
        .map(Thread::getName)
        .limit(4)
        .collect(Collectors.joining("', '", "'", "'"));
  }

  private void answer(@Nullable Object result, String retires) throws IOException {
    try {
      ObjectOutputStream stream = new ObjectOutputStream(out.message());
      stream.writeObject(result);
      stream.flush();
    } catch (IOException | RuntimeException | StackOverflowError e) {
      if (e instanceof Frames.BrokenException) {
        throw e;
      }
      out.abort(RemoteLane.whyNot(result, "the result", e));
      return;
    }
    out.end(Frames.END, retires);
  }

  private void fail(Throwable error, String retires) throws IOException {
    byte[] bytes;
    try {
      bytes = failure(error);
    } catch (IOException | RuntimeException | StackOverflowError e) {
      bytes = failure(standIn(error, e));
    }
    out.message().write(bytes);
    out.end(Frames.FAILURE, retires);
  }

  private static byte[] failure(Throwable error) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream stream = new ObjectOutputStream(bytes)) {
      stream.writeObject(error);
    }
    return bytes.toByteArray();
  }

  /** Returns an error that says all that a serializable one can of another. */
  private static Throwable standIn(Throwable error, Throwable why) {
    NotSerializableException standIn =
        new NotSerializableException(
            RemoteLane.whyNot(error, "the exception", why) + "; it was: " + describe(error));
    Throwable cause = copy(error);
    standIn.initCause(cause);
    return standIn;
  }

  private static Throwable copy(Throwable error) {
    RuntimeException copy = new RuntimeException(describe(error));
    copy.setStackTrace(error.getStackTrace());
    return copy;
  }

  private static String describe(Throwable error) {
    try {
      return error.toString();
    } catch (Throwable e) {
      return error.getClass().getName();
    }
  }
}
