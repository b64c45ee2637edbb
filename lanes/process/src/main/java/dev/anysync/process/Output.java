package dev.anysync.process;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * One output stream of a child: goes to the log, up to a limit for each body. What was not read yet
 * when a body had ended counts as the next one's, as nothing in the stream tells them apart.
 */
final class Output implements Runnable {
  private static final long MOST = 64 * 1024; // bytes that are logged of what one body prints
  private static final int LOOKED_AT = 8 * 1024; // of what is read at a time, beyond that
  private static final int LONGEST_LINE = 4 * 1024;
  private static final Pattern CONTROL = // what could make a record of its own, or move a cursor
      Pattern.compile("[\\p{Cntrl}&&[^\t]]");
  private static final int KEPT_LINES = 20;

  private final InputStream stream;
  private final Charset charset;
  private final String name;
  private final System.Logger log;
  private final System.Logger.Level level;
  private final AtomicLong logged = new AtomicLong();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final String[] kept = new String[KEPT_LINES]; // guarded by itself
  private int lines; // guarded by kept
  private volatile boolean told;

  Output(
      InputStream stream,
      Charset charset,
      String name,
      System.Logger log,
      System.Logger.Level level) {
    this.stream = stream;
    this.charset = charset;
    this.name = name;
    this.log = log;
    this.level = level;
  }

  /** To be called before a body: it may print as much as any other. */
  void refill() {
    logged.set(0);
    told = false;
  }

  /** Returns the last lines. */
  List<String> last() {
    synchronized (kept) {
      int count = Math.min(lines, KEPT_LINES);
      return IntStream.range(lines - count, lines).mapToObj(i -> kept[i % KEPT_LINES]).toList();
    }
  }

  @Override
  public void run() {
    byte[] bytes = new byte[64 * 1024];
    try (stream) {
      for (int read = stream.read(bytes); read >= 0; read = stream.read(bytes)) {
        int from = 0;
        if (logged.get() > MOST) { // all but its end is for nobody
          int skipped = Math.max(0, read - LOOKED_AT);
          while (skipped > 0 && skipped < read && bytes[skipped - 1] != '\n') {
            skipped++;
          }
          from = skipped;
        }
        for (int i = from; i < read; i++) {
          if (bytes[i] == '\n' || line.size() == LONGEST_LINE) {
            endLine();
          }
          if (bytes[i] != '\n' && bytes[i] != '\r') {
            line.write(bytes[i]);
          }
        }
      }
    } catch (IOException e) {
      // The process is gone.
    }
    if (line.size() > 0) {
      endLine();
    }
  }

  private void endLine() {
    String text = CONTROL.matcher(line.toString(charset)).replaceAll("?");
    long size = line.size() + 1L;
    line.reset();
    synchronized (kept) {
      kept[lines++ % KEPT_LINES] = text;
    }
    if (logged.addAndGet(size) <= MOST) {
      log.log(level, "{0}: {1}", name, text);
    } else if (!told) {
      told = true;
      log.log(level, "{0}: what else this body prints is not logged", name);
    }
  }
}
