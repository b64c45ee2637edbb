package dev.anysync.processor;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.annotation.processing.Processor;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** What the compiler makes, with the processor and all lints, of some sources. */
final class Compilation extends ClassLoader {
  static final List<String> PATH =
      Stream.of("jdk.module.path", "java.class.path")
          .flatMap(p -> Arrays.stream(System.getProperty(p, "").split(File.pathSeparator, -1)))
          .filter(entry -> !entry.isEmpty())
          .toList();

  /** What was generated: source by file name. */
  final Map<String, String> generated = new TreeMap<>();

  /** What the compiler said. */
  final List<Diagnostic<? extends JavaFileObject>> complaints;

  private final Map<String, ByteArrayOutputStream> classes = new HashMap<>();

  static Compilation of(Collection<Source> sources) {
    return of(sources, new AnySyncProcessor());
  }

  static Compilation of(Collection<Source> sources, Processor processor, String... options) {
    return new Compilation(sources, processor, List.of(options));
  }

  private Compilation(Collection<Source> sources, Processor processor, List<String> options) {
    super(Compilation.class.getClassLoader());
    setDefaultAssertionStatus(true);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    var said = new DiagnosticCollector<JavaFileObject>();
    List<String> all =
        new ArrayList<>(
            List.of(
                "--release",
                "25",
                "-parameters",
                "-classpath",
                String.join(File.pathSeparator, PATH),
                "-Werror",
                // nobody claims the annotations of others, and some libraries lack a part of theirs
                "-Xlint:all,-processing,-classfile,-path"));
    all.addAll(options);
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(said, Locale.ROOT, StandardCharsets.UTF_8)) {
      JavaCompiler.CompilationTask task =
          compiler.getTask(null, new Output(files), said, all, null, sources);
      task.setLocale(Locale.ROOT);
      task.setProcessors(List.of(processor));
      task.call();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    complaints = said.getDiagnostics();
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    ByteArrayOutputStream found = classes.get(name);
    if (found == null) {
      throw new ClassNotFoundException(name);
    }
    return defineClass(name, found.toByteArray(), 0, found.size());
  }

  /** A source in memory. */
  static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String name, String text) {
      super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public String getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }

  private final class Output extends ForwardingJavaFileManager<JavaFileManager> {
    Output(JavaFileManager files) {
      super(files);
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String name, JavaFileObject.Kind kind, @Nullable FileObject sibling) {
      boolean source = kind == JavaFileObject.Kind.SOURCE;
      return new SimpleJavaFileObject(
          URI.create("made:///" + name.replace('.', '/') + kind.extension), kind) {
        private final ByteArrayOutputStream bytes =
            new ByteArrayOutputStream() {
              @Override
              public void close() {
                if (source) {
                  generated.put(
                      name.substring(name.lastIndexOf('.') + 1), toString(StandardCharsets.UTF_8));
                }
              }
            };

        @Override
        public OutputStream openOutputStream() {
          if (!source) {
            classes.put(name, bytes);
          }
          return bytes;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
          return bytes.toString(StandardCharsets.UTF_8);
        }
      };
    }
  }
}
