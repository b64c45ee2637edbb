package dev.anysync.processor;

import java.lang.annotation.Annotation;
import java.util.Map;
import java.util.Objects;
import javax.annotation.processing.ProcessingEnvironment;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.ModuleElement;
import javax.lang.model.element.PackageElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;
import javax.tools.JavaFileObject;
import org.jspecify.annotations.Nullable;

/** What can be asked of the compiler, as seen from an annotated type. */
final class Language {
  static final String NULLABLE = "org.jspecify.annotations.Nullable";
  static final String NULL_MARKED = "org.jspecify.annotations.NullMarked";
  static final String NULL_UNMARKED = "org.jspecify.annotations.NullUnmarked";

  final Elements elements;
  final Types types;
  final Map<String, String> options;
  private final PackageElement here;
  private final ModuleElement module;

  Language(ProcessingEnvironment environment, TypeElement place) {
    elements = environment.getElementUtils();
    types = environment.getTypeUtils();
    options = environment.getOptions();
    here = elements.getPackageOf(place);
    module = elements.getModuleOf(place);
  }

  /** Returns a type that the annotated one may name, or null. */
  @Nullable TypeElement type(String name) {
    return elements.getTypeElement(module, name);
  }

  TypeElement type(Class<?> known) {
    return Objects.requireNonNull(type(Objects.requireNonNull(known.getCanonicalName())));
  }

  PackageElement here() {
    return here;
  }

  @Nullable AnnotationMirror find(Element element, Class<? extends Annotation> annotation) {
    return find(element, Objects.requireNonNull(annotation.getCanonicalName()));
  }

  @Nullable AnnotationMirror find(Element element, String annotation) {
    for (AnnotationMirror mirror : element.getAnnotationMirrors()) {
      if (isNamed(mirror, annotation)) {
        return mirror;
      }
    }
    return null;
  }

  boolean has(Element element, Class<? extends Annotation> annotation) {
    return find(element, annotation) != null;
  }

  static boolean isNamed(AnnotationMirror mirror, String annotation) {
    return ((TypeElement) mirror.getAnnotationType().asElement())
        .getQualifiedName()
        .contentEquals(annotation);
  }

  /** Returns the value of an annotation's element; null if it is not given. */
  static @Nullable Object value(AnnotationMirror mirror, String name) {
    for (Map.Entry<? extends ExecutableElement, ? extends AnnotationValue> value :
        mirror.getElementValues().entrySet()) {
      if (value.getKey().getSimpleName().contentEquals(name)) {
        return value.getValue().getValue();
      }
    }
    return null;
  }

  /** Returns whether nothing is null in {@code element} unless it says so. */
  boolean isNullMarked(Element element) {
    for (Element e = element; e != null; e = enclosing(e)) {
      if (find(e, NULL_MARKED) != null) {
        return true;
      }
      if (find(e, NULL_UNMARKED) != null) {
        return false;
      }
    }
    return false;
  }

  private @Nullable Element enclosing(Element element) {
    return element instanceof PackageElement p
        ? elements.getModuleOf(p)
        : element.getEnclosingElement();
  }

  /** Returns whether generated code may name {@code element}: a type, or the member of one. */
  boolean isAccessible(Element element) {
    Element e = element;
    while (e != null && !(e instanceof PackageElement)) {
      var modifiers = e.getModifiers();
      if (modifiers.contains(Modifier.PRIVATE)
          || (!modifiers.contains(Modifier.PUBLIC) && !elements.getPackageOf(e).equals(here))) {
        return false;
      }
      e = e.getEnclosingElement();
    }
    return true;
  }

  /** Returns whether {@code element} comes from a class file, so that nobody here can change it. */
  boolean isCompiled(Element element) {
    JavaFileObject file = elements.getFileObjectOf(element);
    return file != null && file.getKind() == JavaFileObject.Kind.CLASS;
  }

  static boolean isPublic(Element element) {
    Element e = element;
    while (e instanceof TypeElement && e.getModifiers().contains(Modifier.PUBLIC)) {
      e = e.getEnclosingElement();
    }
    return e instanceof PackageElement;
  }
}
