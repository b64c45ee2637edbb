package dev.anysync.application;

import dev.anysync.Lanes;
import dev.anysync.RemoteBody;
import dev.anysync.process.ProcessLane;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A program on the class path, with this library on the module path. */
public final class Main {
  private Main() {}

  private record Answer() implements RemoteBody<Integer> {
    @Override
    public Integer call() {
      return 42;
    }
  }

  /** Says what a child has of the parent's options. */
  private record Property(String name) implements RemoteBody<String> {
    @Override
    public String call() {
      return String.valueOf(System.getProperty(name));
    }
  }

  /** Prints a line, an error with a control character, or a megabyte; or leaves threads behind. */
  private record Speaker(String what) implements RemoteBody<Integer> {
    @Override
    public Integer call() {
      switch (what) {
        case "a megabyte" -> {
          for (int i = 0; i < 1_000; i++) {
            System.out.println("x".repeat(1_023));
          }
        }
        case "threads" -> {
          for (int i = 0; i < 100; i++) {
            Thread.ofPlatform().daemon().name("left-" + i).start(LockSupport::park);
          }
        }
        case "an error" -> System.err.println(what + "\u001b[1m");
        default -> System.out.println(what);
      }
      return 0;
    }
  }

  /** The error stream, where the log goes, and what has been printed there. */
  private static final class Log extends FilterOutputStream {
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    Log(OutputStream errors) {
      super(errors);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      printed.write(bytes, from, count);
      out.write(bytes, from, count);
    }

    boolean contains(String text) {
      return printed.toString(Charset.defaultCharset()).contains(text);
    }
  }

  /** Prints whether the library is a module here, the answer, and what else a child does. */
  public static void main(String[] args) throws Exception {
    Log log = new Log(System.err);
    System.setErr(new PrintStream(log, true));
    try (ProcessLane one = ProcessLane.builder().size(1).build();
        Lanes lanes = Lanes.builder().cpu(one).build()) {
      System.out.println(ProcessLane.class.getModule().isNamed());
      Duration limit = Duration.ofSeconds(50);
      System.out.println(lanes.cpuBound(new Answer()).result(limit));
      String there = lanes.cpuBound(new Property("parent")).result(limit);
      System.out.println("here " + System.getProperty("parent") + ", there " + there);
      for (String what : List.of("printed", "an error", "a megabyte")) {
        int _ = lanes.cpuBound(new Speaker(what)).result(limit);
      }
      long start = System.nanoTime();
      do { // what is left of the megabyte counts as the next body's
        int _ = lanes.cpuBound(new Speaker("after that")).result(limit);
      } while (!log.contains("after that") && System.nanoTime() - start < limit.toNanos());
      int _ = lanes.cpuBound(new Speaker("threads")).result(limit);
    }
  }
}
