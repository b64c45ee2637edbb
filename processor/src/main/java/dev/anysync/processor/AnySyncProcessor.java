package dev.anysync.processor;

import com.google.auto.service.AutoService;
import dev.anysync.AnySynced;
import dev.anysync.Unsynced;
import java.io.IOException;
import java.io.Writer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.FilerException;
import javax.annotation.processing.Processor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic;

/**
 * Generates the other form of types that are annotated with {@link AnySynced} or {@link Unsynced}.
 * The compiler finds it on the path of processors; there is nothing to call.
 *
 * <p>Option {@code anysync.integrations}: the names, with commas between them, of classes with
 * conversions of further asynchronous types, as {@code a.b.AnySyncOfMine}. Public static methods
 * {@code await(X)} say that {@code X} is waited for so in a coroutine, and {@code AnySyncIterator
 * from(X)} that it is a stream.
 */
@AutoService(Processor.class)
public final class AnySyncProcessor extends AbstractProcessor {
  static final String INTEGRATIONS = "anysync.integrations";

  private final Map<String, Unresolved> waiting = new LinkedHashMap<>(); // for what is yet to come

  /** For the compiler. */
  public AnySyncProcessor() {}

  @Override
  public Set<String> getSupportedAnnotationTypes() {
    return Set.of(
        AnySynced.class.getCanonicalName(),
        AnySynced.Throws.class.getCanonicalName(),
        AnySynced.ContextManager.class.getCanonicalName(),
        Unsynced.class.getCanonicalName());
  }

  @Override
  public Set<String> getSupportedOptions() {
    return Set.of(INTEGRATIONS);
  }

  @Override
  public SourceVersion getSupportedSourceVersion() {
    return SourceVersion.latestSupported();
  }

  @Override
  public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
    Set<TypeElement> types = new LinkedHashSet<>();
    for (String name : waiting.keySet()) {
      types.add(processingEnv.getElementUtils().getTypeElement(name));
    }
    if (round.processingOver()) {
      types.forEach(this::giveUp);
      return false;
    }
    waiting.clear();
    for (Element element : round.getElementsAnnotatedWith(AnySynced.Throws.class)) {
      if (element instanceof TypeElement type && type.getAnnotation(AnySynced.class) == null) {
        String text =
            "@AnySynced.Throws is for its twin, and it has none: add @AnySynced, or take it off";
        report(new Rejection.Problem(type, text), type);
      }
    }
    for (var annotation : List.of(AnySynced.class, Unsynced.class)) {
      for (Element element : round.getElementsAnnotatedWith(annotation)) {
        types.add(
            (TypeElement)
                (element instanceof TypeElement ? element : element.getEnclosingElement()));
      }
    }
    types.forEach(this::convert);
    return false;
  }

  /** Says what is missing, unless a source names it: then the compiler does. */
  private void giveUp(TypeElement type) {
    Unresolved missing = Objects.requireNonNull(waiting.get(type.getQualifiedName().toString()));
    if (new Language(processingEnv, type).isCompiled(missing.user())) {
      report(new Rejection.Problem(type, missing.text()), type);
    }
  }

  private void convert(TypeElement type) {
    Language language = new Language(processingEnv, type);
    try {
      Map<Twin, String> texts =
          new LinkedHashMap<>(); // all or nothing, as a type may be yet to come
      if (language.has(type, AnySynced.class)) {
        Twin twin = AnySyncedTwin.of(type, language);
        texts.put(twin, twin.text());
      }
      if (UnsyncTwin.isAsked(type, language)) {
        Twin twin = new UnsyncTwin(type, language);
        texts.put(twin, twin.text());
      }
      for (Map.Entry<Twin, String> twin : texts.entrySet()) {
        write(twin.getKey(), twin.getValue());
      }
    } catch (Rejection e) {
      e.problems().forEach(problem -> report(problem, type));
    } catch (Unresolved e) {
      waiting.put(type.getQualifiedName().toString(), e);
    }
  }

  private void write(Twin twin, String text) throws Rejection {
    String name = twin.name().canonicalName();
    try (Writer file = processingEnv.getFiler().createSourceFile(name, twin.place()).openWriter()) {
      file.write(text);
    } catch (FilerException e) {
      throw new Rejection(
          twin.place(),
          "%s is generated of it, and is there already: rename one of the two".formatted(name));
    } catch (IOException e) {
      throw new Rejection(twin.place(), "%s cannot be written: %s".formatted(name, e));
    }
  }

  private void report(Rejection.Problem problem, TypeElement type) {
    Element element = problem.element();
    boolean inherited = element.getEnclosingElement() != type && element != type;
    processingEnv
        .getMessager()
        .printMessage(
            Diagnostic.Kind.ERROR,
            inherited
                ? "%s of %s: %s".formatted(element, element.getEnclosingElement(), problem.text())
                : problem.text(),
            inherited ? type : element);
  }
}
