package dev.anysync.processor;

import static java.util.stream.Collectors.joining;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ArrayTypeName;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeVariableName;
import com.palantir.javapoet.WildcardTypeName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.TypeParameterElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.NoType;
import javax.lang.model.type.PrimitiveType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.type.WildcardType;
import org.jspecify.annotations.Nullable;

/**
 * A type as written somewhere, and what the type variables in it stand for in the twin. The
 * compiler's own substitution would lose the annotations on what is substituted.
 */
record Typed(TypeMirror mirror, Map<TypeParameterElement, Typed> bindings) {
  Typed in(TypeMirror part) {
    return new Typed(part, bindings);
  }

  /** Returns what a type variable stands for, if it is known. */
  Typed resolved() {
    Typed bound = mirror instanceof TypeVariable v ? bindings.get(v.asElement()) : null;
    return bound == null || bound == this ? this : bound.resolved();
  }

  /** Returns the type's element; null if it has none, as a primitive one. */
  @Nullable TypeElement element() {
    return resolved().mirror instanceof DeclaredType t ? (TypeElement) t.asElement() : null;
  }

  boolean isA(TypeElement type) {
    return type.equals(element());
  }

  List<Typed> arguments() {
    Typed type = resolved();
    return ((DeclaredType) type.mirror).getTypeArguments().stream().map(type::in).toList();
  }

  boolean isRaw() {
    TypeElement element = element();
    return element != null && arguments().isEmpty() && !element.getTypeParameters().isEmpty();
  }

  /**
   * Returns this as seen by one who knows its supertype {@code target} only; null if it is none.
   */
  @Nullable Typed asSuper(TypeElement target) {
    Typed type = resolved();
    if (type.isA(target)) {
      return type;
    }
    for (Typed parent : type.parents()) {
      Typed found = parent.asSuper(target);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** Returns the supertypes, or the bounds, as this type names them. */
  List<Typed> parents() {
    if (mirror instanceof TypeVariable v) {
      return bounds((TypeParameterElement) v.asElement());
    }
    TypeElement element = element();
    if (element == null) {
      return List.of();
    }
    List<TypeMirror> parents = new ArrayList<>(element.getInterfaces());
    parents.addFirst(element.getSuperclass());
    Map<TypeParameterElement, Typed> inside = inside();
    return parents.stream()
        .filter(parent -> parent.getKind() != TypeKind.NONE)
        .map(parent -> new Typed(parent, inside))
        .toList();
  }

  /** Returns what the type variables of this type's declaration stand for. */
  Map<TypeParameterElement, Typed> inside() {
    TypeElement element = Objects.requireNonNull(element());
    Map<TypeParameterElement, Typed> inside = new HashMap<>();
    List<Typed> arguments = arguments();
    for (int i = 0; i < arguments.size(); i++) {
      TypeParameterElement parameter = element.getTypeParameters().get(i);
      if (!arguments.get(i).isVariable(parameter)) {
        inside.put(parameter, arguments.get(i));
      }
    }
    return inside;
  }

  private boolean isVariable(TypeParameterElement parameter) {
    return mirror instanceof TypeVariable v && v.asElement().equals(parameter);
  }

  List<Typed> bounds(TypeParameterElement parameter) {
    return parameter.getBounds().stream().map(this::in).toList();
  }

  /** Returns the type of values of a type argument: of a wildcard, its bound. */
  Typed values(TypeParameterElement parameter) {
    Typed type = resolved();
    if (!(type.mirror instanceof WildcardType wildcard)) {
      return this;
    }
    TypeMirror bound = wildcard.getExtendsBound();
    return type.in(bound != null ? bound : parameter.getBounds().getFirst());
  }

  TypeName name(Naming naming) {
    return name(naming, List.of());
  }

  private TypeName name(Naming naming, List<AnnotationSpec> outer) {
    List<AnnotationSpec> own = naming.annotations(mirror);
    List<AnnotationSpec> all = outer.isEmpty() ? own : outer;
    return switch (mirror) {
      case PrimitiveType _, NoType _ -> TypeName.get(mirror);
      case ArrayType array ->
          ArrayTypeName.of(in(array.getComponentType()).name(naming)).annotated(all);
      case WildcardType wildcard -> {
        TypeMirror upper = wildcard.getExtendsBound();
        TypeMirror lower = wildcard.getSuperBound();
        yield lower != null
            ? WildcardTypeName.supertypeOf(in(lower).name(naming))
            : upper != null
                ? WildcardTypeName.subtypeOf(in(upper).name(naming))
                : WildcardTypeName.subtypeOf(Object.class);
      }
      case TypeVariable variable -> {
        Typed bound = bindings.get(variable.asElement());
        yield bound != null && bound != this
            ? bound.name(naming, all)
            : TypeVariableName.get(naming.variable(variable.asElement())).annotated(all);
      }
      case DeclaredType declared when mirror.getKind() == TypeKind.DECLARED ->
          declaredName(declared, naming, all);
      default -> throw new IllegalStateException("no type: " + mirror);
    };
  }

  private TypeName declaredName(
      DeclaredType declared, Naming naming, List<AnnotationSpec> annotations) {
    ClassName plain = ClassName.get((TypeElement) declared.asElement());
    ClassName own = annotations.isEmpty() ? plain : plain.annotated(annotations);
    TypeName[] arguments =
        declared.getTypeArguments().stream().map(a -> in(a).name(naming)).toArray(TypeName[]::new);
    if (declared.getEnclosingType() instanceof DeclaredType outer
        && in(outer).name(naming) instanceof ParameterizedTypeName generic) {
      TypeName nested = generic.nestedClass(plain.simpleName(), List.of(arguments));
      return annotations.isEmpty() ? nested : nested.annotated(annotations);
    }
    return arguments.length == 0 ? own : ParameterizedTypeName.get(own, arguments);
  }

  /** How types are written in one method of a twin. */
  record Naming(Language language, Map<Element, String> variables) {
    String variable(Element variable) {
      return variables.getOrDefault(variable, variable.getSimpleName().toString());
    }

    /** Returns what a type says of null. */
    List<AnnotationSpec> annotations(TypeMirror type) {
      return type.getAnnotationMirrors().stream()
          .filter(this::isCarried)
          .map(AnnotationSpec::get)
          .toList();
    }

    private boolean isCarried(AnnotationMirror mirror) {
      var type = (TypeElement) mirror.getAnnotationType().asElement();
      String name = type.getSimpleName().toString();
      return (name.equals("Nullable") || name.equals("NonNull"))
          && language.type(type.getQualifiedName().toString()) != null;
    }
  }

  @Override
  public String toString() {
    return mirror instanceof DeclaredType t && !t.getTypeArguments().isEmpty()
        ? t.asElement().getSimpleName()
            + arguments().stream().map(Typed::toString).collect(joining(", ", "<", ">"))
        : mirror.toString();
  }
}
