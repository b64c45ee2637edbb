package dev.anysync.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.ResourceBundle;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What of a child's output is logged, where each read finds one piece of it. */
class OutputTest {
  private static final String KIB = "x".repeat(1_023) + "\n";
  private static final String CUT = "child: what else this body prints is not logged";

  /** Keeps what is logged. */
  private record Log(List<String> lines) implements System.Logger {
    @Override
    public String getName() {
      return "log";
    }

    @Override
    public boolean isLoggable(Level level) {
      return true;
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable thrown) {
      throw new UnsupportedOperationException(message);
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        @Nullable Object @Nullable ... parameters) {
      lines.add(MessageFormat.format(Objects.requireNonNull(format), parameters));
    }
  }

  private final List<String> logged = new ArrayList<>();
  private final List<Runnable> pieces = new ArrayList<>(); // each sets what is read
  private byte[] read = {};
  private final Output output =
      new Output(
          new InputStream() {
            @Override
            public int read() {
              throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] bytes, int from, int most) {
              if (pieces.isEmpty()) {
                return -1;
              }
              pieces.removeFirst().run();
              System.arraycopy(read, 0, bytes, from, read.length);
              return read.length;
            }
          },
          StandardCharsets.UTF_8,
          "child",
          new Log(logged),
          System.Logger.Level.INFO);

  private void prints(String text) {
    pieces.add(() -> read = text.getBytes(StandardCharsets.UTF_8));
  }

  private void anotherBodyPrints(String text) {
    pieces.add(
        () -> {
          output.refill();
          read = text.getBytes(StandardCharsets.UTF_8);
        });
  }

  @Test
  void aBodysFirst64KiBAreLogged() {
    for (int i = 0; i < 100; i++) {
      prints(KIB.repeat(10));
    }
    output.run();
    assertThat(logged).hasSize(65).endsWith(CUT);
    assertThat(logged.subList(0, 64)).containsOnly("child: " + KIB.strip());
  }

  @Test
  void theNextBodyHasAsMuch() {
    prints(KIB.repeat(64));
    prints("too much\n");
    anotherBodyPrints(KIB.repeat(64));
    anotherBodyPrints(KIB.repeat(63) + "the last\n");
    output.run();
    assertThat(Collections.frequency(logged, CUT)).isEqualTo(1);
    assertThat(logged).hasSize(64 + 1 + 64 + 64).endsWith("child: the last");
  }

  @Test
  void theLastLinesAreKeptWhetherLoggedOrNot() {
    for (int i = 0; i < 10; i++) {
      prints(KIB.repeat(60));
    }
    prints(String.join("\n", IntStream.range(0, 30).mapToObj(i -> "line " + i).toList()));
    output.run();
    assertThat(output.last())
        .isEqualTo(IntStream.range(10, 30).mapToObj(i -> "line " + i).toList());
    assertThat(logged).hasSize(65);
  }
}
