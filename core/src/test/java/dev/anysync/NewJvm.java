package dev.anysync;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM of its own, for what happens only once in each. */
public final class NewJvm {
  /** Where the library's classes are. */
  public static final String LIBRARY = location(AnySync.class);

  /** Where the classes of the tests are. */
  public static final String TESTS = location(NewJvm.class);

  private NewJvm() {}

  private static String location(Class<?> type) {
    URI uri = URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString());
    return Path.of(uri).toString();
  }

  /** Runs {@code main} with {@code argument}, and returns the lines that it prints. */
  public static List<String> run(Class<?> main, String argument, String... furtherClasses)
      throws Exception {
    var path = new ArrayList<String>(List.of(LIBRARY, TESTS));
    path.addAll(List.of(furtherClasses));
    return run(List.of("-cp", String.join(File.pathSeparator, path), main.getName(), argument));
  }

  /** Runs the JVM with any arguments, and returns the lines that it prints. */
  public static List<String> run(List<String> arguments) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader output = process.inputReader()) {
      List<String> lines = output.lines().toList();
      assertThat(process.waitFor()).as("%s", lines).isEqualTo(0);
      return lines;
    } finally {
      process.destroyForcibly();
    }
  }
}
