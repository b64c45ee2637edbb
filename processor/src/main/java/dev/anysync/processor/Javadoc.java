package dev.anysync.processor;

import static java.util.stream.Collectors.joining;

import com.palantir.javapoet.CodeBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeMirror;
import org.jspecify.annotations.Nullable;

/**
 * The documentation of a method, as it is true of its other form. The text stays; tags of what the
 * other form does not have go, and so do links that cannot be followed from there.
 */
final class Javadoc {
  private static final Pattern BLOCK_TAG = Pattern.compile("(?m)^\\s*(?=@[a-z]+\\b)");
  private static final Pattern WORDS = Pattern.compile("@(\\w+)\\s*(\\S*)\\s*(.*)", Pattern.DOTALL);
  private static final Pattern LINK =
      Pattern.compile("\\{@(?:link|linkplain)\\s+([\\w.]*)(#\\w+(?:\\([^)]*\\))?)?\\s*([^}]*)}");

  private final Method method;
  private final Twin twin;
  private final Map<String, String> names = new TreeMap<>(); // simple name -> canonical name

  private Javadoc(Method method, Twin twin) {
    this.method = method;
    this.twin = twin;
    ExecutableElement element = method.element();
    know(element.getReturnType());
    element.getParameters().forEach(p -> know(p.asType()));
    element.getThrownTypes().forEach(this::know);
  }

  static Optional<CodeBlock> of(Method method, Twin.Converted converted, Twin twin) {
    String text = twin.language.elements.getDocComment(method.element());
    return text == null
        ? Optional.empty()
        : Optional.of(CodeBlock.of("$L", new Javadoc(method, twin).adapted(text, converted)));
  }

  private String adapted(String text, Twin.Converted converted) {
    List<String> parts = new ArrayList<>(List.of(BLOCK_TAG.split(text.replaceAll("(?m)^ ", ""), -1)));
    String body = linked(parts.removeFirst().strip());
    String tags =
        parts.stream()
            .map(String::strip)
            .filter(tag -> isTrue(tag, converted))
            .map(this::linked)
            .collect(joining("\n"));
    return tags.isEmpty() ? body : (body + "\n\n" + tags).strip();
  }

  /** Returns whether a tag is about something that the other form has. */
  private boolean isTrue(String tag, Twin.Converted converted) {
    var words = WORDS.matcher(tag);
    if (!words.matches()) {
      return true;
    }
    String subject = words.group(2);
    return switch (words.group(1)) {
      case "return" -> !converted.result().toString().equals("void");
      case "param" ->
          converted.without() == null
              || !converted.without().getSimpleName().contentEquals(subject);
      case "throws", "exception" -> isThrown(subject, converted);
      case "see" -> false;
      default -> true;
    };
  }

  /** A coroutine fails with what its body throws, but no method of it is declared to. */
  private boolean isThrown(String name, Twin.Converted converted) {
    TypeElement type = type(name);
    return converted.thrown().stream()
            .anyMatch(t -> t.toString().equals(name) || t.toString().endsWith("." + name))
        || (type != null && isUnchecked(type));
  }

  private boolean isUnchecked(TypeElement type) {
    var types = twin.language.types;
    return types.isSubtype(type.asType(), twin.language.type(RuntimeException.class).asType())
        || types.isSubtype(type.asType(), twin.language.type(Error.class).asType());
  }

  private String linked(String text) {
    return LINK.matcher(text)
        .replaceAll(link -> Matcher.quoteReplacement(link(link)));
  }

  private String link(MatchResult link) {
    String name = link.group(1);
    String member = link.group(2) == null ? "" : link.group(2);
    String label = link.group(3).strip();
    TypeElement type =
        name.isEmpty() ? (TypeElement) method.element().getEnclosingElement() : type(name);
    String plain = label.isEmpty() ? (name + member).replaceFirst("^#", "") : label;
    if (type == null || !isKnown(member)) {
      return "{@code " + plain.replace('#', '.') + "}";
    }
    return "{@link %s%s %s}".formatted(type.getQualifiedName(), member, plain.replace('#', '.'));
  }

  /** Returns whether the parameters in a link can be named without an import. */
  private boolean isKnown(String member) {
    return Pattern.compile("[\\w.]+(?=[,\\[ )]|\\.\\.\\.)")
        .matcher(member.substring(member.indexOf('(') + 1))
        .results()
        .map(MatchResult::group)
        .allMatch(
            name ->
                Character.isLowerCase(name.charAt(0))
                    || twin.language.type("java.lang." + name) != null);
  }

  /** Returns what a name in the documentation means, as far as that can be known. */
  private @Nullable TypeElement type(String name) {
    Element scope = method.element().getEnclosingElement();
    while (scope instanceof TypeElement type) {
      if (type.getSimpleName().contentEquals(name)) {
        return type;
      }
      for (Element member : type.getEnclosedElements()) {
        if ((member.getKind().isClass() || member.getKind().isInterface())
            && member.getSimpleName().contentEquals(name)) {
          return accessible((TypeElement) member);
        }
      }
      scope = scope.getEnclosingElement();
    }
    String packageName =
        twin.language.elements.getPackageOf(method.element()).getQualifiedName().toString();
    for (String candidate :
        List.of(names.getOrDefault(name, name), packageName + "." + name, "java.lang." + name)) {
      TypeElement type = twin.language.type(candidate);
      if (type != null) {
        return accessible(type);
      }
    }
    return null;
  }

  private @Nullable TypeElement accessible(TypeElement type) {
    return twin.language.isAccessible(type) ? type : null;
  }

  private void know(TypeMirror type) {
    if (type instanceof DeclaredType declared) {
      var element = (TypeElement) declared.asElement();
      names.put(element.getSimpleName().toString(), element.getQualifiedName().toString());
      declared.getTypeArguments().forEach(this::know);
    }
  }
}
