package dev.anysync.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/** The Python on the path, if there is one. */
final class Python {
  private Python() {}

  /** Returns whether there is one that does not fail at {@code statements}. */
  static boolean has(String... statements) {
    try {
      return new ProcessBuilder("python3", "-c", String.join("\n", statements))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false; // there is none
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Runs the script beside this class, which prints its figures among ours. */
  static void run(String script, int argument) throws IOException, InterruptedException {
    Path file = Files.createTempFile("bench", ".py"); // a pool wants a file
    try (InputStream source = Python.class.getResourceAsStream(script)) {
      Files.copy(Objects.requireNonNull(source), file, StandardCopyOption.REPLACE_EXISTING);
      System.out.flush();
      int status =
          new ProcessBuilder("python3", file.toString(), argument + "")
              .inheritIO()
              .start()
              .waitFor();
      if (status != 0) {
        throw new IllegalStateException(script + " failed, with exit code " + status);
      }
    } finally {
      Files.delete(file);
    }
  }
}
