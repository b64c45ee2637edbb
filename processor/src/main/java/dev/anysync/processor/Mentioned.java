package dev.anysync.processor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.type.WildcardType;
import org.jspecify.annotations.Nullable;

/** The types that a signature mentions, and what is to be minded about them. */
final class Mentioned {
  private Mentioned() {}

  /** Returns what a method mentions, with what stands for the type variables of its type. */
  static List<DeclaredType> in(Method method) {
    List<DeclaredType> found = new ArrayList<>();
    parts(method.element()).forEach(part -> add(method.in(part), found));
    return found;
  }

  /** Returns what is mentioned with the name of a type and its type variables. */
  static List<DeclaredType> around(TypeElement type) {
    List<DeclaredType> found = new ArrayList<>();
    Typed context = new Typed(type.asType(), Map.of());
    type.getTypeParameters().forEach(p -> context.bounds(p).forEach(b -> add(b, found)));
    if (type.getEnclosingElement() instanceof TypeElement outer) {
      found.add((DeclaredType) outer.asType());
    }
    return found;
  }

  /** Returns the warnings that repeating types gives, as their author got them already. */
  static Set<String> lints(List<DeclaredType> types, Language language) {
    Set<String> lints = new TreeSet<>();
    for (DeclaredType type : types) {
      var element = (TypeElement) type.asElement();
      if (type.getTypeArguments().isEmpty() && !element.getTypeParameters().isEmpty()) {
        lints.add("rawtypes");
      }
      for (Element e = element; e instanceof TypeElement; e = e.getEnclosingElement()) {
        if (language.elements.isDeprecated(e)) {
          AnnotationMirror mirror = language.find(e, Deprecated.class);
          boolean removal =
              mirror != null && Boolean.TRUE.equals(Language.value(mirror, "forRemoval"));
          lints.add(removal ? "removal" : "deprecation");
        }
      }
    }
    return lints;
  }

  /** Throws a {@link Rejection} if the twin cannot name one of the types. */
  static void checkAccessible(Element element, List<DeclaredType> types, Language language)
      throws Rejection {
    for (DeclaredType type : types) {
      if (!language.isAccessible(type.asElement())) {
        throw new Rejection(
            element,
            "%s, which it names, is not accessible to a class beside it: make it at least package-private"
                .formatted(type.asElement()));
      }
    }
  }

  /** Returns whether {@code variable} is somewhere in {@code type}. */
  static boolean mentions(TypeMirror type, Element variable) {
    return switch (type) {
      case TypeVariable v -> v.asElement().equals(variable);
      case ArrayType a -> mentions(a.getComponentType(), variable);
      case DeclaredType d ->
          d.getTypeArguments().stream().anyMatch(argument -> mentions(argument, variable));
      case WildcardType w ->
          (w.getExtendsBound() != null && mentions(w.getExtendsBound(), variable))
              || (w.getSuperBound() != null && mentions(w.getSuperBound(), variable));
      default -> false;
    };
  }

  /** Returns whether two methods of a name differ in an interface that may be a lambda's. */
  static boolean areAlike(Method a, Method b) {
    List<? extends VariableElement> ofA = a.parameters();
    List<? extends VariableElement> ofB = b.parameters();
    if (!a.element().getSimpleName().equals(b.element().getSimpleName())
        || ofA.size() != ofB.size()) {
      return false;
    }
    for (int i = 0; i < ofA.size(); i++) {
      TypeElement inA = a.in(ofA.get(i).asType()).element();
      TypeElement inB = b.in(ofB.get(i).asType()).element();
      if (inA != null
          && inB != null
          && inA != inB
          && inA.getKind().isInterface()
          && inB.getKind().isInterface()) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether an array of the type knows at run time what it is of. */
  static boolean isReifiable(TypeMirror type) {
    return switch (type) {
      case TypeVariable _ -> false;
      case ArrayType a -> isReifiable(a.getComponentType());
      case DeclaredType d ->
          d.getTypeArguments().stream()
              .allMatch(
                  argument ->
                      argument instanceof WildcardType w
                          && w.getExtendsBound() == null
                          && w.getSuperBound() == null);
      default -> true;
    };
  }

  /** Returns a type that does not exist; null if all do. */
  static @Nullable String missing(ExecutableElement element) {
    List<DeclaredType> found = new ArrayList<>();
    parts(element).forEach(part -> add(new Typed(part, Map.of()), found));
    return missing(found);
  }

  static @Nullable String missing(List<DeclaredType> types) {
    return types.stream()
        .filter(type -> type.getKind() == TypeKind.ERROR)
        .map(DeclaredType::toString)
        .findFirst()
        .orElse(null);
  }

  private static List<TypeMirror> parts(ExecutableElement element) {
    List<TypeMirror> parts = new ArrayList<>(List.of(element.getReturnType()));
    element.getParameters().forEach(p -> parts.add(p.asType()));
    parts.addAll(element.getThrownTypes());
    element.getTypeParameters().forEach(p -> parts.addAll(p.getBounds()));
    return parts;
  }

  private static void add(Typed written, List<DeclaredType> found) {
    Typed type = written.resolved();
    switch (type.mirror()) {
      case DeclaredType d -> {
        found.add(d);
        d.getTypeArguments().forEach(argument -> add(type.in(argument), found));
      }
      case ArrayType a -> add(type.in(a.getComponentType()), found);
      case WildcardType w ->
          Stream.of(
                  Optional.ofNullable(w.getExtendsBound()), Optional.ofNullable(w.getSuperBound()))
              .flatMap(Optional::stream)
              .forEach(bound -> add(type.in(bound), found));
      default -> {}
    }
  }
}
