package dev.anysync.processor;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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

  /** Returns the warnings that repeating a signature gives, as its author got them already. */
  static Set<String> lints(Method method, Language language) {
    Set<String> lints = new TreeSet<>();
    for (DeclaredType type : all(method.element())) {
      var element = (TypeElement) type.asElement();
      if (type.getTypeArguments().isEmpty() && !element.getTypeParameters().isEmpty()) {
        lints.add("rawtypes");
      }
      if (language.elements.isDeprecated(element)) {
        AnnotationMirror mirror = language.find(element, Deprecated.class);
        boolean removal =
            mirror != null && Boolean.TRUE.equals(Language.value(mirror, "forRemoval"));
        lints.add(removal ? "removal" : "deprecation");
      }
    }
    return lints;
  }

  /** Returns a type that the twin cannot name; null if there is none. */
  static @Nullable TypeElement hidden(Method method, Language language) {
    return all(method.element()).stream()
        .map(type -> (TypeElement) type.asElement())
        .filter(type -> !language.isAccessible(type))
        .findFirst()
        .orElse(null);
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

  /** Throws {@link Unresolved} if a type does not exist. */
  static void check(ExecutableElement element) {
    var _ = all(element);
  }

  private static List<DeclaredType> all(ExecutableElement element) {
    List<DeclaredType> found = new ArrayList<>();
    add(element.getReturnType(), found);
    element.getParameters().forEach(p -> add(p.asType(), found));
    element.getThrownTypes().forEach(t -> add(t, found));
    element.getTypeParameters().forEach(p -> p.getBounds().forEach(b -> add(b, found)));
    return found;
  }

  private static void add(@Nullable TypeMirror type, List<DeclaredType> found) {
    switch (type) {
      case DeclaredType d -> {
        if (d.getKind() == TypeKind.ERROR) {
          throw new Unresolved(d.toString());
        }
        found.add(d);
        d.getTypeArguments().forEach(argument -> add(argument, found));
      }
      case ArrayType a -> add(a.getComponentType(), found);
      case WildcardType w -> {
        add(w.getExtendsBound(), found);
        add(w.getSuperBound(), found);
      }
      case null, default -> {}
    }
  }
}
