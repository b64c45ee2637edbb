package dev.anysync;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameStartingWith;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;

/** What the core may use, and what it may show. */
class ArchitectureTest {
  private static final JavaClasses CORE =
      new ClassFileImporter().importPath(Path.of("target/classes"));
  private static final JavaClasses TESTS =
      new ClassFileImporter().importPath(Path.of("target/test-classes"));

  /** A new public type is a decision: it is taken here, and its members in the API listing. */
  private static final Set<String> PUBLIC =
      Set.of(
          "AnySync",
          "AnySyncContextManager",
          "AnySyncGenerator",
          "AnySyncIterator",
          "AnySynced",
          "DeadlockException",
          "Dump",
          "EventLoop",
          "Lanes",
          "RemoteBody",
          "Unfuture",
          "Unsync",
          "Unsynced",
          "VoidBody",
          "spi.AsyncType",
          "spi.ContextCarrier",
          "spi.RemoteLane",
          "spi.WaitStrategy");

  @Test
  void coreNeedsTheJdkAlone() {
    classes()
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                "java..",
                "javax.swing..",
                "dev.anysync..",
                "org.jspecify.annotations",
                "com.google.errorprone.annotations"))
        .because("an application gets no other library with it, and nothing like sun.misc")
        .check(CORE);
  }

  @Test
  void desktopIsOptional() {
    noClasses()
        .that(are(not(simpleNameStartingWith("Swing"))))
        .should()
        .dependOnClassesThat(resideInAnyPackage("java.awt..", "javax.swing.."))
        .because("java.desktop may be absent: one class knows it, and is loaded if it is there")
        .check(CORE);
  }

  @Test
  void onlyTheIntendedTypesArePublic() {
    Set<String> shown =
        CORE.stream()
            .filter(c -> c.isTopLevelClass() && c.getModifiers().contains(JavaModifier.PUBLIC))
            .map(c -> c.getName().substring("dev.anysync.".length()))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(shown).isNotEmpty().isSubsetOf(PUBLIC);
  }

  @Test
  void namesSayWhatThingsAre() {
    noClasses()
        .should()
        .haveNameMatching(".*(Util|Utils|Helper|(?<!Context)Manager|Impl)")
        .check(CORE);
  }

  /** Surefire runs the classes that are named so, and passes over the others in silence. */
  @Test
  void everyTestIsFound() {
    Set<String> missed =
        TESTS.stream()
            .filter(
                c -> c.getMethods().stream().anyMatch(m -> m.isMetaAnnotatedWith(Testable.class)))
            .map(c -> c.getName().replaceFirst("\\$.*", ""))
            .filter(name -> !name.endsWith("Test"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(missed).as("test classes whose name does not end in Test").isEmpty();
  }

  private static <T> DescribedPredicate<T> not(DescribedPredicate<T> predicate) {
    return DescribedPredicate.not(predicate);
  }
}
