package dev.anysync.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import javax.tools.Diagnostic;
import javax.tools.JavaFileObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be done is an error of the compiler, at the element, with the remedy. */
class RefusalTest {
  private static final String HEAD =
      """
      import dev.anysync.*;
      import java.util.List;
      import java.util.concurrent.*;
      """;

  /**
   * Compiles {@code source}, and expects these messages, each at the next line that ends with a
   * marker.
   */
  private static void refused(String source, String... messages) {
    Compilation compilation =
        Compilation.of(List.of(new Compilation.Source("Refused", HEAD + source)));
    List<Diagnostic<? extends JavaFileObject>> errors =
        compilation.complaints.stream().filter(c -> c.getKind() == Diagnostic.Kind.ERROR).toList();
    assertThat(errors.stream().map(e -> e.getMessage(Locale.ROOT)).toList())
        .containsExactly(messages);
    List<String> lines = (HEAD + source).lines().toList();
    assertThat(errors.stream().map(Diagnostic::getLineNumber))
        .containsExactlyElementsOf(
            LongStream.rangeClosed(1, lines.size())
                .filter(line -> lines.get((int) line - 1).endsWith("// here"))
                .boxed()
                .toList());
    assertThat(compilation.generated).isEmpty();
  }

  @Test
  void aPrivateType() {
    refused(
        """
        class Outer {
          @AnySynced
          private static class Hidden { // here
            int one() { return 1; }
          }
        }
        """,
        "private Hidden cannot be called by a class beside it: make it at least package-private");
  }

  @Test
  void aTypeInAPrivateOne() {
    refused(
        """
        class Outer {
          private interface Hidden {
            @AnySynced
            interface Within { // here
              int one();
            }
          }
        }
        """,
        "private Hidden cannot be called by a class beside it: make it at least package-private");
  }

  @Test
  void anInnerClassOfAGenericOne() {
    refused(
        """
        class Outer<T> {
          @AnySynced
          class Inner { // here
            int one() { return 1; }
          }
        }
        """,
        "Inner is an inner class of the generic Outer, whose type variables a class beside it does"
            + " not have: make it static");
  }

  @Test
  void anAnnotation() {
    refused(
        """
        @AnySynced
        @interface Marks { // here
          int value();
        }
        """,
        "Marks is an annotation, whose methods have no other form");
  }

  @Test
  void aTypeWithNothingToConvert() {
    refused(
        """
        @AnySynced
        record Pair(int a, int b) {} // here
        """,
        "Pair has no method that has another form: take @AnySynced off");
    refused(
        """
        @Unsynced
        interface Empty {} // here
        """,
        "Empty has no method that can go on elsewhere: take @Unsynced off");
  }

  @Test
  void aPrivateMethod() {
    refused(
        """
        class Jobs {
          @Unsynced
          private int one() { return 1; } // here
        }
        """,
        "private, so that a class beside it cannot call it: make it at least package-private");
  }

  @Test
  void cpuBoundAndAsync() {
    refused(
        """
        class Jobs {
          @Unsynced(cpuBound = true)
          CompletableFuture<Integer> one() { return null; } // here
        }
        """,
        "async, as it returns CompletableFuture<java.lang.Integer>, and cpuBound: take cpuBound"
            + " off, or compute in a method that returns the result itself");
  }

  @Test
  void aLaneThatIsNoIdentifier() {
    refused(
        """
        class Jobs {
          @Unsynced(lane = "my db")
          int one() { return 1; } // here

          @Unsynced(lane = "class")
          int two() { return 1; } // here

          @Unsynced(lane = "delegate")
          int three() { return 1; } // here
        }
        """,
        "lane = \"my db\": it names a parameter of the constructor of JobsUnsync, so use an"
            + " identifier such as \"db\"",
        "lane = \"class\": it names a parameter of the constructor of JobsUnsync, so use an"
            + " identifier such as \"db\"",
        "lane = \"delegate\": it names a parameter of the constructor of JobsUnsync, so use an"
            + " identifier such as \"db\", and not that of its first one");
  }

  @Test
  void aLaneOfAStaticMethod() {
    refused(
        """
        class Jobs {
          @Unsynced(lane = "db")
          static int one() { return 1; } // here
        }
        """,
        "lane = \"db\", and static, so that no object has these lanes: take off one of the two");
  }

  @Test
  void streamsOfUnfutures() {
    refused(
        """
        @Unsynced
        interface Jobs {
          void many(AnySyncIterator.Out<String> out); // here

          Flow.Publisher<String> more(); // here
        }
        """,
        "it yields, so that it has many results, and an unfuture has one: return a list of them, or"
            + " use @AnySynced",
        "it returns Publisher<java.lang.String>, so that it has many results, and an unfuture has"
            + " one: return a list of them, or use @AnySynced");
  }

  @Test
  void rawAsyncTypes() {
    refused(
        """
        @AnySynced
        @SuppressWarnings("rawtypes")
        interface Client {
          CompletableFuture one(); // here

          class Mine extends CompletableFuture {}

          Mine two(); // here

          CompletableFuture<String> good();
        }
        """,
        "returns a raw CompletableFuture, so that its result has no type: say of what, as in"
            + " CompletableFuture<String>",
        "returns a raw CompletableFuture, so that its result has no type: say of what, as in"
            + " CompletableFuture<String>");
  }

  @Test
  void rawHandles() {
    refused(
        """
        @AnySynced
        @SuppressWarnings("rawtypes")
        interface Yields {
          void one(AnySyncIterator.Out out); // here
        }
        """,
        "yields to a raw dev.anysync.AnySyncIterator.Out: say of what");
  }

  @Test
  void aRawParent() {
    refused(
        """
        interface Parent<T> {
          T one();
        }

        @AnySynced
        @SuppressWarnings("rawtypes")
        interface Child extends Parent {} // here
        """,
        "is a raw Parent: say of what");
  }

  @Test
  void yieldingAndReturning() {
    refused(
        """
        @AnySynced
        interface Yields {
          CompletableFuture<String> one(AnySyncIterator.Out<String> out); // here

          int two(AnySyncIterator.Out<String> out); // here

          void three(AnySyncIterator.Out<String> a, AnySyncGenerator.Out<String, String> b); // here
        }
        """,
        "yields to 'out', and returns what is async: return nothing, and await in the body",
        "yields to 'out', so that nobody gets what it returns: return nothing, or do not yield",
        "yields to both 'a' and 'b': have one of them");
  }

  @Test
  void contextManagersThatCannotBe() {
    refused(
        """
        @AnySynced
        interface Contexts {
          @AnySynced.ContextManager
          void one(); // here

          @AnySynced.ContextManager
          void two(AnySyncGenerator.Out<String, String> out); // here
        }
        """,
        "a context manager yields its resource: add a parameter AnySyncIterator.Out<R>",
        "a context manager yields its resource, and gets nothing back: make 'out' an"
            + " AnySyncIterator.Out<R>");
  }

  @Test
  void twoTwinsThatWouldBeOne() {
    refused(
        """
        @AnySynced
        interface Same {
          List<String> list(List<String> of);

          void list(List<Integer> of, AnySyncIterator.Out<String> out); // here
        }
        """,
        "without its 'out' it is list(java.util.List) in SameAnySync, and so is"
            + " list(java.util.List<java.lang.String>): rename one of the two");
  }

  @Test
  void throwsWhereItIsNotNeeded() {
    refused(
        """
        @AnySynced
        interface Direct {
          @AnySynced.Throws(java.io.IOException.class)
          int one(); // here
        }
        """,
        "@AnySynced.Throws is for what an async method may fail with: put throws"
            + " java.io.IOException on this method");
    refused(
        """
        @AnySynced
        interface Async {
          Future<String> one();

          @AnySynced.Throws({java.io.IOException.class, TimeoutException.class})
          int two(); // here
        }
        """,
        "@AnySynced.Throws is for what an async method may fail with: put throws"
            + " java.io.IOException, java.util.concurrent.TimeoutException on this method");
    refused(
        """
        @AnySynced
        @AnySynced.Throws(java.io.IOException.class)
        interface Direct { // here
          int one();
        }
        """,
        "@AnySynced.Throws is for what async methods may fail with, and Direct has none: put throws"
            + " java.io.IOException on its methods");
  }

  @Test
  void streamsOfAnotherType() {
    refused(
        """
        @AnySynced(streams = List.class)
        interface Async { // here
          Flow.Publisher<String> one();
        }
        """,
        "streams = java.util.List.class: use AnySyncIterator.class or Stream.class");
  }

  @Test
  void formsOfWhatHasNoMethods() {
    refused(
        """
        @AnySynced(of = int.class)
        interface A {} // here

        @AnySynced(of = String[].class)
        interface B {} // here
        """,
        "of = int.class has no methods: name a class or an interface",
        "of = java.lang.String[].class has no methods: name a class or an interface");
  }

  @Test
  void aClassOfThatNameIsThere() {
    refused(
        """
        @AnySynced
        interface Store { // here
          int one();
        }

        class StoreAnySync {}
        """,
        "StoreAnySync is generated of it, and is there already: rename one of the two");
  }

  @Test
  void aTypeThatNobodyElseSees() {
    refused(
        """
        @AnySynced
        class Store {
          private static class Secret {}

          Secret one() { return new Secret(); } // here

          void two(List<? extends Secret[]> secrets) {} // here
        }
        """,
        "Store.Secret, which it names, is not accessible to a class beside it: make it at least"
            + " package-private",
        "Store.Secret, which it names, is not accessible to a class beside it: make it at least"
            + " package-private");
  }

  @Test
  void aLibraryWithoutItsIntegration() {
    refused(
        """
        @AnySynced
        interface Client {
          reactor.core.publisher.Mono<String> one(); // here
        }
        """,
        "returns Mono<java.lang.String>, which dev.anysync.reactor.AnySyncReactor waits for: add"
            + " the artifact dev.anysync:anysync-reactor, and require its module if this is in"
            + " one");
  }

  @Test
  void anIntegrationThatIsNotThere() {
    Compilation compilation =
        Compilation.of(
            List.of(new Compilation.Source("A", "@dev.anysync.AnySynced interface A { int a(); }")),
            new AnySyncProcessor(),
            "-Aanysync.integrations=a.b.C");
    assertThat(compilation.complaints)
        .singleElement()
        .satisfies(
            c ->
                assertThat(c.getMessage(Locale.ROOT))
                    .isEqualTo(
                        "-Aanysync.integrations: there is no class a.b.C: put it on the path, or"
                            + " take it off the option"));
  }

  @Test
  void whatACoroutineCannotThrow() {
    String text =
        "throws %s, and its other form may fail with exceptions and errors alone: declare"
            + " Exception, or a subclass";
    refused(
        """
        @AnySynced
        class Direct {
          void one() throws Throwable {} // here

          void two(AnySyncIterator.Out<String> out) throws Throwable {} // here

          <X extends Throwable> void three(X x) throws X {} // here

          <X extends Exception> void good(X x) throws X, Error {}
        }
        """,
        text.formatted("java.lang.Throwable"),
        text.formatted("java.lang.Throwable"),
        text.formatted("X"));
    refused(
        """
        @AnySynced
        interface Async {
          Future<String> one() throws Throwable; // here

          AnySync<String> good() throws Throwable;
        }
        """,
        text.formatted("java.lang.Throwable"));
    refused(
        """
        @Unsynced
        interface Jobs {
          int one() throws Throwable; // here
        }
        """,
        text.formatted("java.lang.Throwable"));
  }

  @Test
  void whatEveryObjectHas() {
    refused(
        """
        @AnySynced
        interface Yields {
          void wait(AnySyncIterator.Out<String> out); // here

          void toString(AnySyncIterator.Out<String> out); // here
        }
        """,
        "without its 'out' it is wait(), which every object has: rename it",
        "without its 'out' it is toString(), which every object has: rename it");
    refused(
        """
        class Jobs {
          @Unsynced
          @Override
          public String toString() { return ""; } // here
        }
        """,
        "every object has it, so that it stays as it is: take @Unsynced off");
  }

  @Test
  void throwsWithoutATwin() {
    refused(
        """
        @AnySynced.Throws(java.io.IOException.class)
        interface Client { // here
          Future<String> one();
        }
        """,
        "@AnySynced.Throws is for its twin, and it has none: add @AnySynced, or take it off");
  }

  @Test
  void typesThatNobodyElseSeesInOtherPlaces() {
    String text =
        "Outer.%s, which it names, is not accessible to a class beside it: make it at least"
            + " package-private";
    refused(
        """
        class Outer {
          private static class Secret {}

          interface Base<T> {
            Future<T> one();
          }

          @AnySynced
          interface Sub extends Base<Secret> {} // here
        }
        """,
        "one() of Outer.Base: " + text.formatted("Secret"));
    refused(
        """
        class Outer {
          private static class Oops extends Exception {
            private static final long serialVersionUID = 1;
          }

          @AnySynced
          interface Client {
            @AnySynced.Throws(Oops.class)
            Future<String> one(); // here
          }
        }
        """,
        text.formatted("Oops"));
    refused(
        """
        class Outer {
          private interface Secret {}

          @AnySynced
          interface Bound<T extends Secret> { // here
            int one();
          }
        }
        """,
        text.formatted("Secret"));
  }

  private static void refusedWithMine(String mine, String message) {
    Compilation compilation =
        Compilation.of(
            List.of(
                new Compilation.Source(
                    "A",
                    """
                    @dev.anysync.AnySynced interface A { Mine<? extends String> a(); }
                    class Mine<T> {}
                    class AnySyncMine {
                    """
                        + mine
                        + "}")),
            new AnySyncProcessor(),
            "-Aanysync.integrations=AnySyncMine");
    assertThat(
            compilation.complaints.stream()
                .filter(c -> c.getKind() == Diagnostic.Kind.ERROR)
                .map(c -> c.getMessage(Locale.ROOT)))
        .containsExactly(message);
  }

  @Test
  void anIntegrationThatConvertsNothing() {
    refusedWithMine(
        "@SuppressWarnings(\"rawtypes\") public static Object await(Mine mine) { return mine; }",
        "-Aanysync.integrations: AnySyncMine has no public static method await(X<T>) or"
            + " AnySyncIterator<T> from(X<? extends T>): write one, or take it off the option");
  }

  @Test
  void anIntegrationThatTakesNoWildcard() {
    refusedWithMine(
        """
        public static <Y> dev.anysync.AnySyncIterator<Y> from(Mine<Y> mine) {
          throw new AssertionError();
        }
        """,
        "returns Mine<? extends java.lang.String>, and AnySyncMine.from takes no wildcard: make its"
            + " parameter Mine<? extends Y>");
  }

  @Test
  void aMistakeInWhatIsInherited() {
    refused(
        """
        interface Parent<T> {
          void yields(AnySyncIterator.Out<T> out);
          T yields();
        }

        @AnySynced
        interface Child extends Parent<String> {} // here
        """,
        "yields() of Parent: without its 'out' it is yields() in ChildAnySync, and so is"
            + " yields(dev.anysync.AnySyncIterator.Out<T>): rename one of the two");
  }

  /** The compiler says what does not exist, and the processor says nothing on top of it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{ Missing a(); }",
        "extends java.util.function.Supplier<Missing> {}",
        "extends Base<Missing> {} interface Base<T> { T a(); }",
        "extends Missing { int a(); }",
        "<T extends Missing> { int a(); }"
      })
  void aTypeThatDoesNotExist(String rest) {
    Compilation compilation =
        Compilation.of(
            List.of(new Compilation.Source("A", "@dev.anysync.AnySynced interface A " + rest)));
    assertThat(compilation.complaints.stream().filter(c -> c.getKind() == Diagnostic.Kind.ERROR))
        .singleElement()
        .satisfies(c -> assertThat(c.getMessage(Locale.ROOT)).contains("cannot find symbol"));
  }

  @Test
  void anExceptionThatDoesNotExist() {
    Compilation compilation =
        Compilation.of(
            List.of(
                new Compilation.Source(
                    "A",
                    "import dev.anysync.*; @AnySynced interface A {"
                        + " @AnySynced.Throws(Missing.class) AnySync<String> a(); }")));
    assertThat(compilation.complaints.stream().filter(c -> c.getKind() == Diagnostic.Kind.ERROR))
        .singleElement()
        .satisfies(c -> assertThat(c.getMessage(Locale.ROOT)).contains("cannot find symbol"));
  }
}
