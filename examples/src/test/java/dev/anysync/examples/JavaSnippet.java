package dev.anysync.examples;

import static java.util.stream.Collectors.joining;
import static javax.lang.model.element.Modifier.PUBLIC;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Java code of the documentation, compiled with all lints and run with assertions enabled.
 *
 * <p>A program (something with a {@code main}) is taken as it is. Anything else is put into a class
 * where the JDK's and the library's names are imported: first the methods, if it begins with such,
 * then the statements; types that it begins with, and has twins of, are put beside that class. If
 * it has comments {@code // prints: text}, then it prints these lines and no others.
 */
final class JavaSnippet {
  private static final String IMPORTS =
      """
      import module java.base;
      import module java.net.http;
      import dev.anysync.*;
      import static dev.anysync.AnySync.*;
      """;
  private static final Pattern IMPORT = Pattern.compile("\\s*(import\\s.*;.*|//.*)?");
  private static final Pattern TWIN = Pattern.compile("@(AnySynced|Unsynced)\\b");
  private static final Pattern PRINTS = Pattern.compile("// prints: (.*)$", Pattern.MULTILINE);

  private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();
  private static final String PATH =
      System.getProperty("jdk.module.path", "")
          + File.pathSeparator
          + System.getProperty("java.class.path");

  /** The library, apart from the one that the test itself sees. */
  private static final ClassLoader LIBRARY =
      new URLClassLoader(urls(), ClassLoader.getPlatformClassLoader());

  private final String given;
  private final String code;

  /**
   * Makes a snippet.
   *
   * @param given statements or members that the code takes for granted
   * @param code the code as it is shown
   */
  JavaSnippet(String given, String code) {
    this.given = given;
    this.code = code;
  }

  void run(Duration timeout) throws Exception {
    Method main = main(compiled());
    var output = new ByteArrayOutputStream();
    PrintStream console = System.out;
    System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
    try {
      call(main, timeout);
    } finally {
      System.setOut(console);
    }
    List<String> promised =
        PRINTS.matcher(code).results().map(result -> result.group(1).strip()).toList();
    if (!promised.isEmpty()) {
      assertThat(output.toString(StandardCharsets.UTF_8).lines()).isEqualTo(promised);
    }
  }

  /** The first reading of the code that compiles. */
  private Classes compiled() throws IOException {
    List<String> complaints = new ArrayList<>();
    for (Source reading : readings()) {
      var classes = new Classes();
      String complaint = compile(reading, classes);
      if (complaint.isEmpty()) {
        return classes;
      }
      complaints.add(complaint);
    }
    throw new AssertionError(hasTwins() ? complaints.getLast() : complaints.getFirst());
  }

  /** The compilation units that the code may stand for, the likeliest first. */
  private List<Source> readings() {
    CompilationUnitTree unit = parse(new Source("Snippet", code));
    if (unit != null && unit.getTypeDecls().stream().anyMatch(t -> hasMain((ClassTree) t))) {
      return List.of(new Source(name(unit), code));
    }

    List<String> lines = code.lines().toList();
    int start = 0;
    while (start < lines.size() && IMPORT.matcher(lines.get(start)).matches()) {
      start++;
    }
    String imports = IMPORTS + text(lines, 0, start);
    Source statements = wrap(imports, "", given + "\n" + text(lines, start, lines.size()));
    List<Source> readings = new ArrayList<>();
    if (parse(statements) != null) {
      readings.add(statements);
    }
    for (int end = start + 1; end <= lines.size(); end++) {
      String members = given + "\n" + text(lines, start, end);
      Source mixed = wrap(imports, members, text(lines, end, lines.size()));
      if (lines.get(end - 1).matches(".*[;}]") && parse(mixed) != null) {
        readings.add(mixed);
      }
    }
    for (int end = lines.size(); end > start && hasTwins(); end--) {
      String types = given + "\n" + text(lines, start, end);
      if (isTypes(parse(new Source("Snippet", types)))) {
        readings.add(wrap(imports + types, "", text(lines, end, lines.size())));
        break;
      }
    }
    return readings.isEmpty() ? List.of(statements) : readings;
  }

  private boolean hasTwins() {
    return TWIN.matcher(code).find();
  }

  private static boolean isTypes(@Nullable CompilationUnitTree unit) {
    return unit != null
        && !unit.getTypeDecls().isEmpty()
        && unit.getTypeDecls().stream()
            .noneMatch(t -> ((ClassTree) t).getSimpleName().contentEquals("Snippet"));
  }

  private static String text(List<String> lines, int start, int end) {
    return String.join("\n", lines.subList(start, end));
  }

  private static Source wrap(String imports, String members, String statements) {
    return new Source(
        "Snippet",
        """
        %s
        class Snippet {
        %s
        void main() throws Exception {
        %s
        }
        }
        """
            .formatted(imports, members, statements));
  }

  private static boolean hasMain(ClassTree type) {
    return type.getMembers().stream()
        .anyMatch(m -> m instanceof MethodTree method && method.getName().contentEquals("main"));
  }

  private static String name(CompilationUnitTree unit) {
    return unit.getTypeDecls().stream()
        .map(t -> (ClassTree) t)
        .filter(t -> t.getModifiers().getFlags().contains(PUBLIC))
        .map(t -> t.getSimpleName().toString())
        .findFirst()
        .orElse("Snippet");
  }

  private static @Nullable CompilationUnitTree parse(Source source) {
    var problems = new DiagnosticCollector<JavaFileObject>();
    var task =
        (JavacTask)
            COMPILER.getTask(
                null, null, problems, List.of("--release", "25"), null, List.of(source));
    try {
      CompilationUnitTree unit = task.parse().iterator().next();
      boolean broken =
          problems.getDiagnostics().stream().anyMatch(p -> p.getKind() == Diagnostic.Kind.ERROR);
      return broken ? null : unit;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Compiles it, and returns the complaints. */
  private static String compile(Source source, Classes classes) throws IOException {
    var problems = new DiagnosticCollector<JavaFileObject>();
    List<String> options =
        List.of(
            "--release",
            "25",
            "-Xlint:all,-auxiliaryclass,-path,-processing,-serial,-try",
            "-Werror",
            "-processor",
            "dev.anysync.processor.AnySyncProcessor",
            "-classpath",
            PATH);
    try (var files = COMPILER.getStandardFileManager(problems, null, null)) {
      boolean good =
          COMPILER
              .getTask(null, new Output(files, classes), problems, options, null, List.of(source))
              .call();
      return good
          ? ""
          : problems.getDiagnostics().stream().map(p -> p.toString()).collect(joining("\n"))
              + "\n\nin\n\n"
              + source.code;
    }
  }

  private static Method main(Classes classes) throws ClassNotFoundException {
    for (String name : classes.bytes.keySet()) {
      for (Method method : classes.loadClass(name).getDeclaredMethods()) {
        if (method.getName().equals("main") && !name.contains("$")) {
          method.setAccessible(true);
          return method;
        }
      }
    }
    throw new AssertionError("No main method");
  }

  private static void call(Method main, Duration timeout) throws Exception {
    var call =
        new FutureTask<@Nullable Throwable>(
            () -> {
              try {
                Object[] arguments =
                    main.getParameterCount() == 0 ? new Object[0] : new Object[] {new String[0]};
                main.invoke(receiver(main), arguments);
                return null;
              } catch (InvocationTargetException e) {
                return e.getCause();
              }
            });
    Thread thread = Thread.ofPlatform().daemon().name("snippet").unstarted(call);
    thread.setContextClassLoader(main.getDeclaringClass().getClassLoader());
    thread.start();
    try {
      Throwable failure = call.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (failure != null) {
        throw new AssertionError("It throws " + failure, failure);
      }
    } catch (TimeoutException e) {
      String threads = threads();
      call.cancel(true);
      throw new AssertionError("It still runs after " + timeout + "\n" + threads, e);
    }
  }

  private static @Nullable Object receiver(Method main) throws ReflectiveOperationException {
    if (Modifier.isStatic(main.getModifiers())) {
      return null;
    }
    Constructor<?> constructor = main.getDeclaringClass().getDeclaredConstructor();
    constructor.setAccessible(true);
    return constructor.newInstance();
  }

  /** All threads with their stacks, the virtual ones too. */
  private static String threads() throws IOException {
    Path directory = Files.createTempDirectory("threads");
    Path file = directory.resolve("threads.txt");
    try {
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
          .dumpThreads(file.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
      return Files.readString(file);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  private static URL[] urls() {
    List<URL> urls = new ArrayList<>();
    for (String entry : PATH.split(File.pathSeparator, -1)) {
      if (!entry.isEmpty()) {
        try {
          urls.add(Path.of(entry).toUri().toURL());
        } catch (MalformedURLException e) {
          throw new AssertionError(e);
        }
      }
    }
    return urls.toArray(URL[]::new);
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String code;

    Source(String name, String code) {
      super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
      this.code = code;
    }

    @Override
    public String getCharContent(boolean ignoreEncodingErrors) {
      return code;
    }
  }

  /** What was compiled, loaded with assertions enabled. */
  private static final class Classes extends ClassLoader {
    private final Map<String, ByteArrayOutputStream> bytes = new HashMap<>();

    Classes() {
      super(LIBRARY);
      setDefaultAssertionStatus(true);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      ByteArrayOutputStream found = bytes.get(name);
      if (found == null) {
        throw new ClassNotFoundException(name);
      }
      return defineClass(name, found.toByteArray(), 0, found.size());
    }
  }

  private static final class Output extends ForwardingJavaFileManager<JavaFileManager> {
    private final Classes classes;

    Output(JavaFileManager files, Classes classes) {
      super(files);
      this.classes = classes;
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String name, JavaFileObject.Kind kind, @Nullable FileObject sibling) {
      return new SimpleJavaFileObject(URI.create("bytes:///" + name + kind.extension), kind) {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public OutputStream openOutputStream() {
          if (kind == Kind.CLASS) {
            classes.bytes.put(name, bytes);
          }
          return bytes;
        }

        @Override
        public String getCharContent(boolean ignoreEncodingErrors) { // of what is generated
          return bytes.toString(StandardCharsets.UTF_8);
        }
      };
    }
  }
}
