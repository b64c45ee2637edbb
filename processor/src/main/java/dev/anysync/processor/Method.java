package dev.anysync.processor;

import static java.util.stream.Collectors.joining;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.ExecutableType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;

/**
 * A method as a member of a type.
 *
 * @param element its declaration, in that type or one that it inherits from
 * @param owner the type that declares it, as seen from that type
 * @param signature its name and erased parameters, as seen from that type
 */
record Method(ExecutableElement element, Typed owner, String signature) {
  private static final Set<String> ROOTS =
      Set.of("java.lang.Object", "java.lang.Enum", "java.lang.Record");
  private static final Set<String> OF_ENUMS = Set.of("values()", "valueOf(java.lang.String)");

  Typed result() {
    return in(element.getReturnType());
  }

  Typed in(TypeMirror part) {
    return new Typed(part, owner.inside());
  }

  boolean isStatic() {
    return element.getModifiers().contains(Modifier.STATIC);
  }

  List<? extends VariableElement> parameters() {
    return element.getParameters();
  }

  /** Returns a parameter's name, if Java does not reserve it, and no class called is named so. */
  static String name(VariableElement parameter) {
    String name = parameter.getSimpleName().toString();
    boolean free =
        SourceVersion.isName(name) && !name.startsWith("AnySync") && !name.equals("Unsync");
    return free ? name : name + "_";
  }

  /** Returns the methods of {@code type} that a twin in the same package can call. */
  static List<Method> of(TypeElement type, Language language) throws Rejection {
    String missing = Mentioned.missing(Mentioned.around(type));
    if (missing != null) {
      throw new Unresolved(type, missing);
    }
    Map<String, Method> found = new LinkedHashMap<>();
    collect(new Typed(type.asType(), Map.of()), type, language, found, new LinkedHashSet<>());
    return List.copyOf(found.values());
  }

  private static void collect(
      Typed owner,
      TypeElement top,
      Language language,
      Map<String, Method> found,
      Set<TypeElement> seen)
      throws Rejection {
    TypeElement type = Objects.requireNonNull(owner.element());
    if (ROOTS.contains(type.getQualifiedName().toString()) || !seen.add(type)) {
      return;
    }
    if (owner.isRaw()) {
      throw new Rejection(top, "is a raw %s: say of what".formatted(type.getSimpleName()));
    }
    for (ExecutableElement element : ElementFilter.methodsIn(type.getEnclosedElements())) {
      if (isMember(element, type == top, top, language)) {
        Method method = new Method(element, owner, signature(element, top, language));
        String missing = Mentioned.missing(Mentioned.in(method));
        if (missing != null && !language.isCompiled(element)) {
          throw new Unresolved(element, missing);
        } else if (missing != null && Mentioned.missing(element) == null) {
          throw new Unresolved(top, missing);
        }
        found.merge(method.signature, method, (a, b) -> moreSpecific(a, b, top, language));
      }
    }
    for (Typed parent : owner.parents()) {
      if (parent.mirror().getKind() == TypeKind.ERROR) {
        throw new Unresolved(type, parent.toString());
      }
      collect(parent, top, language, found, seen);
    }
  }

  private static boolean isMember(
      ExecutableElement method, boolean own, TypeElement top, Language language) {
    return !method.getModifiers().contains(Modifier.PRIVATE)
        && (own || !method.getModifiers().contains(Modifier.STATIC))
        && isAccessible(method, language)
        && !language.elements.isBridge(method)
        && !isOfObject(declared(method, language), language)
        && !isOfEnum(method, top, language);
  }

  private static boolean isAccessible(ExecutableElement method, Language language) {
    return method.getModifiers().contains(Modifier.PUBLIC)
        || language.elements.getPackageOf(method).equals(language.here());
  }

  /** What every object has needs no other form, also where an interface or a record declares it. */
  static boolean isOfObject(String signature, Language language) {
    return ElementFilter.methodsIn(language.type(Object.class).getEnclosedElements()).stream()
        .anyMatch(ofObject -> declared(ofObject, language).equals(signature));
  }

  static String declared(ExecutableElement method, Language language) {
    return method.getSimpleName()
        + erased(((ExecutableType) method.asType()).getParameterTypes(), language);
  }

  /** Nor do the values of an enum. */
  private static boolean isOfEnum(ExecutableElement method, TypeElement top, Language language) {
    return top.getKind() == ElementKind.ENUM && OF_ENUMS.contains(declared(method, language));
  }

  private static String signature(ExecutableElement method, TypeElement top, Language language) {
    TypeMirror type =
        method.getModifiers().contains(Modifier.STATIC)
            ? method.asType()
            : language.types.asMemberOf((DeclaredType) top.asType(), method);
    return method.getSimpleName() + erased(((ExecutableType) type).getParameterTypes(), language);
  }

  static String erased(List<? extends TypeMirror> types, Language language) {
    return types.stream()
        .map(type -> language.types.erasure(type).toString())
        .collect(joining(", ", "(", ")"));
  }

  /** Of two declarations of a method: the overriding one, or else that with the narrower result. */
  private static Method moreSpecific(Method a, Method b, TypeElement top, Language language) {
    if (language.elements.overrides(a.element, b.element, top)) {
      return a;
    }
    DeclaredType type = (DeclaredType) top.asType();
    TypeMirror ofA = ((ExecutableType) language.types.asMemberOf(type, a.element)).getReturnType();
    TypeMirror ofB = ((ExecutableType) language.types.asMemberOf(type, b.element)).getReturnType();
    return !language.types.isSameType(ofA, ofB) && language.types.isSubtype(ofB, ofA) ? b : a;
  }
}
