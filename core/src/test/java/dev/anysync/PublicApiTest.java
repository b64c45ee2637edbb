package dev.anysync;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.TypeVariable;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Compares everything that a caller of the library can see with the reviewed listing in {@code
 * src/test/api/core.txt}, so that no change of the surface goes unnoticed. After a change that is
 * meant: {@code mvn -q test -pl core -Dtest=PublicApiTest -Dapi.update=true}
 */
class PublicApiTest {
  private static final Path LISTING = Path.of("src/test/api/core.txt");
  private static final String UPDATE =
      "mvn -q test -pl core -Dtest=PublicApiTest -Dapi.update=true";

  @Test
  void surfaceIsTheReviewedOne() throws Exception {
    String actual = surface();
    if (Boolean.getBoolean("api.update")) {
      Files.createDirectories(Objects.requireNonNull(LISTING.getParent()));
      Files.writeString(LISTING, actual);
    }
    assertThat(LISTING).as("no listing of the public API yet; to write it: %s", UPDATE).exists();
    assertThat(actual)
        .as("the public API differs from %s; if that is meant: %s", LISTING, UPDATE)
        .isEqualTo(Files.readString(LISTING));
  }

  private static String surface() throws Exception {
    ModuleDescriptor module = AnySync.class.getModule().getDescriptor();
    List<String> lines = new ArrayList<>();
    lines.add("module " + module.name());
    module.requires().stream()
        .filter(r -> !r.modifiers().contains(ModuleDescriptor.Requires.Modifier.MANDATED))
        .map(r -> "  requires " + lowerCase(r.modifiers()) + r.name())
        .sorted()
        .forEach(lines::add);
    module.uses().stream().sorted().map(u -> "  uses " + u).forEach(lines::add);
    for (String exported : exportedPackages(module)) {
      lines.add("");
      List<Class<?>> types = visibleTypes(exported);
      lines.add(
          annotations(types.getFirst().getPackage().getAnnotations()) + "package " + exported);
      for (Class<?> type : types) {
        lines.add("");
        lines.add(declaration(type));
        members(type).map(m -> "  " + m).sorted().forEach(lines::add);
      }
    }
    return String.join("\n", lines) + "\n";
  }

  private static List<String> exportedPackages(ModuleDescriptor module) {
    return module.exports().stream()
        .filter(e -> !e.isQualified())
        .map(ModuleDescriptor.Exports::source)
        .sorted()
        .toList();
  }

  private static List<Class<?>> visibleTypes(String packageName)
      throws IOException, URISyntaxException, ClassNotFoundException {
    Path classes =
        Path.of(AnySync.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path directory = classes.resolve(packageName.replace('.', '/'));
    List<Class<?>> types = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        String name = Objects.requireNonNull(file.getFileName()).toString();
        if (name.endsWith(".class") && !name.equals("package-info.class")) {
          String simple = name.substring(0, name.length() - ".class".length());
          Class<?> type =
              Class.forName(packageName + "." + simple, false, AnySync.class.getClassLoader());
          if (isVisible(type)) {
            types.add(type);
          }
        }
      }
    }
    types.sort(Comparator.comparing(Class::getName));
    return types;
  }

  private static boolean isVisible(Class<?> type) {
    if (type.isAnonymousClass() || type.isLocalClass() || type.isSynthetic()) {
      return false;
    }
    Class<?> outer = type.getDeclaringClass();
    return isVisible(type.getModifiers()) && (outer == null || isVisible(outer));
  }

  private static boolean isVisible(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private static boolean isVisible(Member member) {
    return isVisible(member.getModifiers()) && !member.isSynthetic();
  }

  private static String declaration(Class<?> type) {
    StringBuilder text = new StringBuilder(annotations(type.getAnnotations()));
    int modifiers = type.getModifiers() & ~Modifier.INTERFACE;
    if (type.isInterface() || type.isEnum() || type.isRecord()) {
      modifiers &= ~(Modifier.ABSTRACT | Modifier.FINAL | Modifier.STATIC);
    }
    text.append(Modifier.toString(modifiers)).append(type.isSealed() ? " sealed " : " ");
    text.append(kind(type)).append(' ').append(simple(type.getName()));
    text.append(typeParameters(type.getTypeParameters()));

    AnnotatedType parent = type.getAnnotatedSuperclass();
    if (parent != null && parent.getType() != Object.class && !type.isEnum() && !type.isRecord()) {
      text.append(" extends ").append(simple(parent));
    }
    text.append(
        list(type.isInterface() ? " extends " : " implements ", "", type.getAnnotatedInterfaces()));
    if (type.isSealed()) {
      text.append(" permits ");
      text.append(
          Arrays.stream(type.getPermittedSubclasses())
              .map(c -> simple(c.getName()))
              .sorted()
              .collect(joining(", ")));
    }
    return text.toString();
  }

  private static String kind(Class<?> type) {
    if (type.isAnnotation()) {
      return "@interface";
    }
    if (type.isInterface()) {
      return "interface";
    }
    if (type.isEnum()) {
      return "enum";
    }
    return type.isRecord() ? "record" : "class";
  }

  private static Stream<String> members(Class<?> type) {
    Stream<String> fields =
        Arrays.stream(type.getDeclaredFields()).filter(PublicApiTest::isVisible).map(f -> field(f));
    Stream<String> constructors =
        Arrays.stream(type.getDeclaredConstructors())
            .filter(PublicApiTest::isVisible)
            .map(c -> constructor(c));
    Stream<String> methods =
        Arrays.stream(type.getDeclaredMethods())
            .filter(PublicApiTest::isVisible)
            .map(m -> method(m));
    return Stream.of(fields, constructors, methods).flatMap(s -> s);
  }

  private static String field(Field field) {
    return annotations(field.getAnnotations())
        + modifiers(field.getModifiers())
        + simple(field.getAnnotatedType())
        + " "
        + field.getName();
  }

  private static String constructor(Constructor<?> constructor) {
    return annotations(constructor.getAnnotations())
        + modifiers(constructor.getModifiers())
        + typeParameters(constructor.getTypeParameters())
        + simple(constructor.getDeclaringClass().getName())
        + list("(", ")", constructor.getAnnotatedParameterTypes(), constructor.isVarArgs())
        + list(" throws ", "", constructor.getAnnotatedExceptionTypes());
  }

  private static String method(Method method) {
    int modifiers = method.getModifiers() & Modifier.methodModifiers() & ~Modifier.SYNCHRONIZED;
    String parameters = typeParameters(method.getTypeParameters());
    return annotations(method.getAnnotations())
        + modifiers(modifiers)
        + (method.isDefault() ? "default " : "")
        + (parameters.isEmpty() ? "" : parameters + " ")
        + simple(method.getAnnotatedReturnType())
        + " "
        + method.getName()
        + list("(", ")", method.getAnnotatedParameterTypes(), method.isVarArgs())
        + list(" throws ", "", method.getAnnotatedExceptionTypes());
  }

  private static String modifiers(int modifiers) {
    return modifiers == 0 ? "" : Modifier.toString(modifiers) + " ";
  }

  private static String typeParameters(TypeVariable<?>[] variables) {
    if (variables.length == 0) {
      return "";
    }
    return Arrays.stream(variables)
        .map(
            v -> {
              String bounds =
                  Arrays.stream(v.getAnnotatedBounds()).map(b -> simple(b)).collect(joining(" & "));
              return bounds.equals("Object") ? v.getName() : v.getName() + " extends " + bounds;
            })
        .collect(joining(", ", "<", ">"));
  }

  /** The declaration annotations; those of the types are part of the types. */
  private static String annotations(Annotation[] annotations) {
    return Arrays.stream(annotations)
        .map(a -> simple(a.toString()).replace("()", "") + " ")
        .sorted()
        .collect(joining());
  }

  private static String list(String before, String after, AnnotatedType[] types) {
    return types.length == 0 && after.isEmpty() ? "" : list(before, after, types, false);
  }

  private static String list(String before, String after, AnnotatedType[] types, boolean varArgs) {
    String text = Arrays.stream(types).map(t -> simple(t)).collect(joining(", "));
    if (varArgs) {
      text = text.substring(0, text.length() - "[]".length()) + "...";
    }
    return before + text + after;
  }

  private static String simple(AnnotatedType type) {
    return simple(type.toString());
  }

  /**
   * Drops the packages: {@code java.util.@org.jspecify.Nullable() List} is {@code @Nullable List}.
   */
  private static String simple(String name) {
    return name.replaceAll("\\b(?:[a-z][a-z0-9_]*\\.)+(?=[A-Z@])", "")
        .replaceAll("@(\\w+)\\(\\)", "@$1")
        .replace('$', '.');
  }

  private static String lowerCase(Set<ModuleDescriptor.Requires.Modifier> modifiers) {
    return modifiers.stream()
        .map(m -> m.name().toLowerCase(Locale.ROOT) + " ")
        .sorted()
        .collect(joining());
  }
}
