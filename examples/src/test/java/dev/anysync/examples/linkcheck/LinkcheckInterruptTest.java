package dev.anysync.examples.linkcheck;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs the program in a JVM of its own, and presses Ctrl-C. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "it cannot send SIGINT to another process")
class LinkcheckInterruptTest {

  private static final String MAIN = Linkcheck.class.getName();

  @TempDir Path folder;

  @Test
  void ctrlCInMidCrawlEndsItWithWhatItHas() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch left = new CountDownLatch(1);
    Path json = folder.resolve("report.json");
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    try (StubSite site = new StubSite()) {
      // One at a time and in this order, so that the dead link is known when the last one hangs.
      site.page("/", "<a href=/gone><a href=/1>")
          .page("/1", "<a href=/2>")
          .page("/2", "<a href=/3>")
          .page("/3", "<a href=/endless>")
          .endless("/endless", asked, left);
      List<String> command = new ArrayList<>(java());
      command.add(1, "-Djava.io.tmpdir=" + temporary);
      command.addAll(
          List.of(site.uri().toString(), "-c", "1", "-t", "60", "--json", json.toString()));
      Process process =
          new ProcessBuilder(withSigint(command))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      try {
        assertThat(asked.await(30, TimeUnit.SECONDS)).as(() -> read(err)).isTrue();

        int sent = new ProcessBuilder("sh", "-c", "kill -INT " + process.pid()).start().waitFor();

        assertThat(sent).isEqualTo(0);
        assertThat(process.waitFor(5, TimeUnit.SECONDS)).as("it ends promptly").isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(left.await(10, TimeUnit.SECONDS)).as("the client hung up").isTrue();
      } finally {
        process.destroyForcibly();
      }
    }
    assertThat(read(out))
        .contains("404", "/gone")
        .contains("Interrupted after 5 links to 5 targets")
        .contains("1 dead");
    assertThat(read(err)).isEmpty();
    JsonObject report = Run.json(json);
    assertThat(report.get("interrupted").getAsBoolean()).isTrue();
    assertThat(report.getAsJsonArray("troubles")).hasSize(1);
    assertThat(temporary).isEmptyDirectory();
    assertThat(folder).isDirectoryNotContaining("glob:**.part");
  }

  /** Returns the command that starts the program as this test was started. */
  private static List<String> java() {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String modulePath = System.getProperty("jdk.module.path");
    String module = Linkcheck.class.getModule().getName();
    return modulePath == null || module == null
        ? List.of(java, "-cp", System.getProperty("java.class.path"), MAIN)
        : List.of(java, "--module-path", modulePath, "--module", module + "/" + MAIN);
  }

  /** A shell's background jobs ignore SIGINT, and so do their children; this one must not. */
  private static List<String> withSigint(List<String> command) {
    if (!System.getProperty("os.name").equals("Linux")) {
      return command;
    }
    List<String> all = new ArrayList<>(List.of("env", "--default-signal=INT"));
    all.addAll(command);
    return all;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
