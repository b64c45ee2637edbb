package dev.anysync.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import javax.annotation.processing.Completion;
import javax.annotation.processing.Filer;
import javax.annotation.processing.Messager;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.Processor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;
import javax.tools.FileObject;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What build tools and native images rely on. */
class GeneratedTest {
  private static final List<Compilation.Source> SOURCES =
      List.of(
          source("One", "@AnySynced @Unsynced interface One { int a(); }"),
          source("Two", "@AnySynced interface Two { java.util.concurrent.Future<One> a(); }"),
          source("Three", "class Three { @AnySynced interface In { TwoSync a(); } }"));

  private static Compilation.Source source(String name, String text) {
    return new Compilation.Source(name, "import dev.anysync.*; " + text);
  }

  /** A tool that compiles again only what has changed knows what to generate again. */
  @Test
  void eachFileIsOfOneType() {
    var processor = new Spied();
    Compilation compilation = Compilation.of(SOURCES, processor);
    assertThat(compilation.complaints).isEmpty();
    assertThat(processor.origins)
        .isEqualTo(
            Map.of(
                "OneAnySync", List.of("One"),
                "OneUnsync", List.of("One"),
                "TwoSync", List.of("Two"),
                "ThreeInAnySync", List.of("Three.In")));
    assertThat(compilation.generated.keySet()).isEqualTo(processor.origins.keySet());
  }

  @Test
  void aTypeIsConvertedTheSameAloneAndAmongOthers() {
    String among = Compilation.of(SOURCES).generated.get("OneAnySync");
    assertThat(Compilation.of(SOURCES.subList(0, 1)).generated.get("OneAnySync")).isEqualTo(among);
  }

  @Test
  void gradleIsTold() throws IOException {
    try (var file =
        AnySyncProcessor.class.getResourceAsStream(
            "/META-INF/gradle/incremental.annotation.processors")) {
      assertThat(file)
          .asString(StandardCharsets.UTF_8)
          .isEqualTo(AnySyncProcessor.class.getName() + ",isolating\n");
    }
  }

  /** On a class path; how it is found on a module path, {@link #itWorksOnTheModulePath} shows. */
  @Test
  void theCompilerFindsTheProcessor() throws IOException {
    try (var file =
        AnySyncProcessor.class.getResourceAsStream(
            "/META-INF/services/javax.annotation.processing.Processor")) {
      assertThat(file)
          .asString(StandardCharsets.UTF_8)
          .isEqualToIgnoringNewLines(AnySyncProcessor.class.getName());
    }
  }

  @Test
  void nothingIsDoneByReflection() throws IOException {
    List<Path> golden;
    try (Stream<Path> files = Files.walk(Path.of("src/test/resources/golden"))) {
      golden = files.filter(file -> file.toString().endsWith(".golden")).toList();
    }
    assertThat(golden).hasSizeGreaterThan(15);
    for (Path file : golden) {
      assertThat(Files.readString(file))
          .as("%s", file)
          .doesNotContain("java.lang.reflect")
          .doesNotContain("java.lang.invoke")
          .doesNotContain("Class.forName")
          .doesNotContain("getMethod")
          .doesNotContain("getDeclared")
          .doesNotContain("newProxyInstance")
          .doesNotContain("ServiceLoader");
    }
  }

  /** Compiles a twin of {@code lib}, whose {@code gone} is not there any more. */
  private static Compilation without(Path folder, String lib, String gone) throws IOException {
    Path[] files = {folder.resolve("Lib.java"), folder.resolve("Gone.java")};
    Files.writeString(files[0], "package lib; import java.util.concurrent.Future; public " + lib);
    Files.writeString(files[1], "package lib; public " + gone);
    String path = String.join(File.pathSeparator, Compilation.PATH);
    var said = new StringWriter();
    int status =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(
                new PrintWriter(said),
                new PrintWriter(said),
                "-d",
                folder.toString(),
                files[0].toString(),
                files[1].toString());
    assertThat(status).as("%s", said).isZero();
    Files.delete(folder.resolve("lib/Gone.class"));
    return Compilation.of(
        List.of(source("Mine", "@AnySynced(of = lib.Lib.class) interface Mine {}")),
        new AnySyncProcessor(),
        "-classpath",
        path + File.pathSeparator + folder);
  }

  @Test
  void ofAnotherTypeWhatIsNotThereIsLeftOut(@TempDir Path folder) throws IOException {
    Compilation compilation =
        without(
            folder,
            "interface Lib { Future<String> a(); void opt(Gone gone); Future<String> b() throws"
                + " Throwable; }",
            "class Gone {}");
    assertThat(compilation.complaints).isEmpty();
    assertThat(compilation.generated.get("MineSync"))
        .contains("public String a()")
        .contains("Without {@code opt(lib.Gone): lib.Gone is not on the path: add what has it}")
        .contains("Without {@code b(): throws java.lang.Throwable")
        .doesNotContain("void opt");
  }

  @Test
  void aParentThatIsNotThereIsAnError(@TempDir Path folder) throws IOException {
    Compilation compilation =
        without(folder, "interface Lib extends Gone { Future<String> a(); }", "interface Gone {}");
    assertThat(compilation.complaints.stream().map(c -> c.getMessage(Locale.ROOT)))
        .contains("lib.Lib names lib.Gone, which is not on the path: add what has it");
  }

  @Test
  void longDocumentation() {
    String text = "/// a line\n".repeat(5_000);
    Compilation compilation =
        Compilation.of(
            List.of(
                source("A", "\n" + text + "@AnySynced interface A {\n" + text + " int a(); }")));
    assertThat(compilation.complaints).isEmpty();
    assertThat(compilation.generated)
        .hasEntrySatisfying(
            "AAnySync",
            twin ->
                assertThat(twin.lines().filter(line -> line.contains("/// a line")))
                    .hasSize(10_000));
  }

  @Test
  void streamsWithWildcards() {
    Compilation compilation =
        Compilation.of(
            List.of(
                source(
                    "A",
                    "import java.util.concurrent.Flow; @AnySynced(streams ="
                        + " java.util.stream.Stream.class) interface A { Flow.Publisher<? extends"
                        + " String> a(); AnySyncIterator<? extends String> b(); AnySyncIterator<?>"
                        + " c(); }")));
    assertThat(compilation.complaints).isEmpty();
    assertThat(compilation.generated.get("ASync"))
        .contains("Stream<String> a()")
        .contains("Stream<? extends String> b()")
        .contains("Stream<?> c()");
  }

  @Test
  void whatIsMentionedGivesNoWarnings() {
    Compilation compilation =
        Compilation.of(
            List.of(
                source(
                    "A",
                    """
                    import java.util.List;
                    @Deprecated class Old { static class In {} }
                    interface Base<T> { T a(); }
                    @SuppressWarnings("deprecation") @AnySynced interface A extends Base<Old> {}
                    @SuppressWarnings("deprecation") @AnySynced interface B extends Base<Old.In> {}
                    @SuppressWarnings("rawtypes") @AnySynced interface C extends Base<List> {}
                    @SuppressWarnings("rawtypes") @AnySynced interface D<T extends List> { T a(); }
                    @Deprecated class Outer { @AnySynced interface In { String a(); } }
                    @AnySynced interface E { String a(String AnySync); }
                    """)),
            new AnySyncProcessor(),
            "-Xlint:-auxiliaryclass");
    assertThat(compilation.complaints).isEmpty();
    assertThat(compilation.generated)
        .containsOnlyKeys(
            "AAnySync", "BAnySync", "CAnySync", "DAnySync", "EAnySync", "OuterInAnySync");
  }

  @Test
  void tagsThatAreNotTrueOfTheTwin() {
    Compilation compilation =
        Compilation.of(
            List.of(
                source(
                    "A",
                    """

                    /** A pair.
                     * @param <T> of what
                     * @param a the first
                     */
                    @AnySynced record A<T>(T a) {
                      /** Makes another.
                       * @param <T> of what else
                       * @param other the other
                       * @return it
                       * @exception java.io.IOException if not
                       */
                      <T> T other(T other) throws java.io.IOException { return other; }
                    }
                    """)),
            new AnySyncProcessor(),
            "-Xdoclint:all,-missing");
    assertThat(compilation.complaints).isEmpty();
    assertThat(compilation.generated.get("AAnySync"))
        .contains("@param <T> of what\n")
        .doesNotContain("@param a")
        .contains("@param other")
        .doesNotContain("of what else")
        .contains("Fails with {@code java.io.IOException} if not")
        .doesNotContain("@exception");
  }

  /** Who moves a method changes no call of the constructor. */
  @Test
  void lanesAreInTheOrderOfTheirNames() {
    assertThat(
            Compilation.of(
                    List.of(
                        source(
                            "A",
                            "interface A { @Unsynced(lane = \"z\") int a(); @Unsynced(lane ="
                                + " \"b\") int c(); }")))
                .generated
                .get("AUnsync"))
        .contains("AUnsync(A delegate, Lanes b, Lanes z)");
  }

  @Test
  void theSourceVersionIsTheNewest() {
    assertThat(new AnySyncProcessor().getSupportedSourceVersion())
        .isEqualTo(SourceVersion.latestSupported());
  }

  /** The compiler itself, with everything on module paths. */
  @Test
  void itWorksOnTheModulePath(@TempDir Path folder) throws IOException {
    Path sources = Files.createDirectories(folder.resolve("sources/some/pack"));
    Files.writeString(
        folder.resolve("sources/module-info.java"),
        """
        @org.jspecify.annotations.NullMarked
        module some.pack {
          requires static org.jspecify;
          requires transitive dev.anysync;
          exports some.pack;
        }
        """);
    Files.writeString(
        sources.resolve("Store.java"),
        """
        package some.pack;

        /** Stores. */
        @dev.anysync.AnySynced
        public interface Store {
          /** Does nothing. */
          void nothing();
        }
        """);
    String path = String.join(File.pathSeparator, Compilation.PATH);
    Path generated = folder.resolve("generated");
    var said = new StringWriter();
    int result =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(
                new PrintWriter(said),
                new PrintWriter(said),
                "--release",
                "25",
                "-Xlint:all,-processing,-path,-exports",
                "-Werror",
                "--module-path",
                path,
                "--processor-module-path",
                path,
                "-d",
                folder.resolve("classes").toString(),
                "-s",
                Files.createDirectories(generated).toString(),
                folder.resolve("sources/module-info.java").toString(),
                sources.resolve("Store.java").toString());
    assertThat(said.toString()).isEmpty();
    assertThat(result).isZero();
    assertThat(generated.resolve("some/pack/StoreAnySync.java"))
        .content()
        .contains("@NullMarked", "AnySync<@Nullable Void> nothing()");
    assertThat(folder.resolve("classes/some/pack/StoreAnySync.class")).exists();
  }

  /** The processor, with an eye on what it hands to the compiler. */
  private static final class Spied implements Processor {
    final Map<String, List<String>> origins = new LinkedHashMap<>();
    private final AnySyncProcessor processor = new AnySyncProcessor();

    @Override
    public void init(ProcessingEnvironment environment) {
      processor.init(
          new ProcessingEnvironment() {
            @Override
            public Filer getFiler() {
              return new SpiedFiler(environment.getFiler());
            }

            @Override
            public Map<String, String> getOptions() {
              return environment.getOptions();
            }

            @Override
            public Messager getMessager() {
              return environment.getMessager();
            }

            @Override
            public Elements getElementUtils() {
              return environment.getElementUtils();
            }

            @Override
            public Types getTypeUtils() {
              return environment.getTypeUtils();
            }

            @Override
            public SourceVersion getSourceVersion() {
              return environment.getSourceVersion();
            }

            @Override
            public Locale getLocale() {
              return environment.getLocale();
            }
          });
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
      assertThat(processor.process(annotations, round)).isFalse();
      return false;
    }

    @Override
    public Set<String> getSupportedOptions() {
      return processor.getSupportedOptions();
    }

    @Override
    public Set<String> getSupportedAnnotationTypes() {
      return processor.getSupportedAnnotationTypes();
    }

    @Override
    public SourceVersion getSupportedSourceVersion() {
      return processor.getSupportedSourceVersion();
    }

    @Override
    public Iterable<? extends Completion> getCompletions(
        Element element, AnnotationMirror annotation, ExecutableElement member, String userText) {
      return List.of();
    }

    private final class SpiedFiler implements Filer {
      private final Filer filer;

      SpiedFiler(Filer filer) {
        this.filer = filer;
      }

      @Override
      public JavaFileObject createSourceFile(CharSequence name, Element... originating)
          throws IOException {
        origins.put(name.toString(), Stream.of(originating).map(Element::toString).toList());
        return filer.createSourceFile(name, originating);
      }

      @Override
      public JavaFileObject createClassFile(CharSequence name, Element... originating) {
        throw new AssertionError("makes sources only");
      }

      @Override
      public FileObject createResource(
          JavaFileManager.Location location,
          CharSequence pack,
          CharSequence name,
          Element... originating) {
        throw new AssertionError("makes sources only");
      }

      @Override
      public FileObject getResource(
          JavaFileManager.Location location, CharSequence pack, CharSequence name) {
        throw new AssertionError("reads nothing but the type");
      }
    }
  }
}
