package dev.anysync.twins;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.AnySync;
import java.io.BufferedReader;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An application that is a module, and the same one on the class path, in JVMs of their own. */
class ModulesTest {
  private static final Map<String, String> SOURCES =
      Map.of(
          "module-info.java",
          """
          module app {
            requires dev.anysync.twins;
            exports app.exported;
            opens app.open to dev.anysync.twins;
          }
          """,
          "app/exported/Client.java",
          """
          package app.exported;

          import java.util.concurrent.*;

          public class Client extends Inherited {
            public CompletableFuture<String> get(Integer key) {
              return CompletableFuture.supplyAsync(() -> "number " + key);
            }
          }

          class Inherited { // what others call is a bridge to its method
            public CompletableFuture<String> get(String key) {
              return CompletableFuture.supplyAsync(() -> key);
            }
          }
          """,
          "app/exported/View.java",
          """
          package app.exported;

          public interface View {
            String get(String key);

            default String twice(String key) {
              return get(key) + get(key);
            }
          }
          """,
          "app/closed/View.java",
          """
          package app.closed;

          public interface View {
            String get(String key);
          }
          """,
          "app/open/Main.java",
          """
          package app.open;

          import dev.anysync.twins.Twins;
          import java.util.concurrent.*;

          class Main {
            private interface View {
              String get(String key);
            }

            private static class Client {
              public CompletableFuture<String> get(String key) {
                return CompletableFuture.supplyAsync(() -> key);
              }
            }

            public static void main(String[] args) throws Exception {
              IO.println(Twins.class.getModule());
              IO.println(Twins.sync(View.class, new Client()).get("open"));
              var client = new app.exported.Client();
              IO.println(Twins.sync(View.class, client).get("inherited"));
              IO.println(Twins.sync(app.exported.View.class, client).twice("exported "));
              try {
                IO.println(Twins.sync(app.closed.View.class, client).get("closed"));
              } catch (IllegalArgumentException e) {
                IO.println(e.getMessage());
              }
            }
          }
          """);

  private static final String LIBRARY = location(AnySync.class);
  private static final String TWINS = location(Twins.class);

  @TempDir private Path folder;

  private static String location(Class<?> type) {
    URI uri = URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString());
    return Path.of(uri).toString();
  }

  @Test
  void onTheModulePath() throws Exception {
    String path = String.join(File.pathSeparator, LIBRARY, TWINS);
    compile("--module-path", path);
    assertThat(run("-p", path + File.pathSeparator + folder, "-m", "app/app.open.Main"))
        .containsExactly(
            "module dev.anysync.twins",
            "open",
            "inherited",
            "exported exported ",
            "view: app.closed.View cannot be implemented, as module app neither exports it to all"
                + " nor opens it to us: let it say 'opens app.closed to dev.anysync.twins;'");
  }

  @Test
  void onTheClassPath() throws Exception {
    String path = String.join(File.pathSeparator, LIBRARY, TWINS);
    compile("--module-path", path);
    List<String> lines = run("-cp", path + File.pathSeparator + folder, "app.open.Main");
    assertThat(lines.getFirst()).startsWith("unnamed module");
    assertThat(lines.subList(1, lines.size()))
        .containsExactly("open", "inherited", "exported exported ", "closed");
  }

  private void compile(String... options) throws Exception {
    List<String> arguments = new ArrayList<>(Arrays.asList(options));
    arguments.addAll(List.of("-d", folder.toString()));
    for (Map.Entry<String, String> source : SOURCES.entrySet()) {
      Path file = folder.resolve(source.getKey());
      Files.createDirectories(file.getParent());
      arguments.add(Files.writeString(file, source.getValue()).toString());
    }
    var output = new StringWriter();
    var writer = new PrintWriter(output);
    int result =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(writer, writer, arguments.toArray(String[]::new));
    assertThat(result).as("%s", output).isEqualTo(0);
  }

  /** Runs the JVM, and returns the lines that it prints. */
  private static List<String> run(String... arguments) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Arrays.asList(arguments));
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
