package dev.anysync.processor;

import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.TypeName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.Elements;
import org.jspecify.annotations.Nullable;

/**
 * Documentation as it is true of the other form. The text stays; tags of what the other form does
 * not have go, and so do links that cannot be followed from there.
 */
final class Javadoc {
  /** Begins what is to be a comment in Markdown. */
  static final String MARKDOWN = "@markdown";

  private static final Pattern BLOCK_TAG = Pattern.compile("\\n\\s*(?=@[a-z]+\\b)");
  private static final Pattern WORDS = Pattern.compile("@(\\w+)\\s*(\\S*)\\s*(.*)", Pattern.DOTALL);
  private static final Pattern LINK =
      Pattern.compile("\\{@(?:link|linkplain)\\s+([\\w.]*)(#\\w+(?:\\([^)]*\\))?)?\\s*([^}]*)}");

  private final Element element;
  private final Twin.@Nullable Converted converted; // null of a type
  private final Twin twin;
  private final Map<String, String> names = new TreeMap<>(); // simple name -> canonical name

  private Javadoc(Element element, Twin.@Nullable Converted converted, Twin twin) {
    this.element = element;
    this.converted = converted;
    this.twin = twin;
    if (element instanceof ExecutableElement method) {
      know(method.getReturnType());
      method.getParameters().forEach(p -> know(p.asType()));
      method.getThrownTypes().forEach(this::know);
    }
  }

  /** Returns what a comment in the twin says; empty if there is none in the type. */
  static CodeBlock of(Element element, Twin.@Nullable Converted converted, Twin twin) {
    Elements elements = twin.language.elements;
    String text = elements.getDocComment(element);
    if (text == null) {
      return CodeBlock.of("");
    }
    boolean markdown = elements.getDocCommentKind(element) == Elements.DocCommentKind.END_OF_LINE;
    String adapted = new Javadoc(element, converted, twin).adapted(text.replaceAll("(?m)^ ", ""));
    return CodeBlock.of("$L", markdown ? MARKDOWN + "\n" + adapted : adapted);
  }

  private String adapted(String text) {
    List<String> parts = new ArrayList<>(List.of(BLOCK_TAG.split("\n" + text, -1)));
    StringBuilder body = new StringBuilder(withoutReturn(linked(parts.removeFirst().strip())));
    StringBuilder tags = new StringBuilder();
    for (String part : parts) {
      String tag = linked(part.strip());
      Matcher words = WORDS.matcher(tag);
      if (!words.matches() || isTrue(words.group(1), words.group(2))) {
        tags.append("\n").append(tag);
      } else if (element instanceof ExecutableElement && isThrows(words.group(1))) {
        body.append("\n\n<p>Fails with {@code %s} %s".formatted(words.group(2), words.group(3)));
      }
    }
    return (body + (tags.isEmpty() ? "" : "\n") + tags).strip();
  }

  private String withoutReturn(String text) {
    String told = text.replace("{@inheritDoc}", "");
    return isVoid() ? told.replaceFirst("\\{@return ([^{}]*)}", "Returns $1.") : told;
  }

  private boolean isVoid() {
    return converted != null && converted.result().equals(TypeName.VOID);
  }

  /** Returns whether a tag is about something that the other form has. */
  private boolean isTrue(String tag, String subject) {
    return switch (tag) {
      case "return" -> !isVoid();
      case "param" ->
          subject.startsWith("<")
              ? !isRenamed(subject.replaceAll("[<>]", ""))
              : converted != null
                  && (converted.without() == null
                      || !converted.without().getSimpleName().contentEquals(subject));
      case "throws", "exception" -> isThrown(subject);
      case "see" -> false;
      default -> true;
    };
  }

  private static boolean isThrows(String tag) {
    return tag.equals("throws") || tag.equals("exception");
  }

  /** A method's own type variables get other names than those of the class. */
  private boolean isRenamed(String variable) {
    return element instanceof ExecutableElement
        && twin.type().getTypeParameters().stream()
            .anyMatch(p -> p.getSimpleName().contentEquals(variable));
  }

  /** A coroutine fails with what its body throws, but no method of it is declared to. */
  private boolean isThrown(String name) {
    TypeElement type = type(name);
    return (converted != null
            && converted.thrown().stream()
                .map(TypeName::toString)
                .anyMatch(thrown -> thrown.equals(name) || thrown.endsWith("." + name)))
        || (type != null && isUnchecked(type));
  }

  private boolean isUnchecked(TypeElement type) {
    var types = twin.language.types;
    return types.isSubtype(type.asType(), twin.language.type(RuntimeException.class).asType())
        || types.isSubtype(type.asType(), twin.language.type(Error.class).asType());
  }

  private String linked(String text) {
    return LINK.matcher(text).replaceAll(link -> Matcher.quoteReplacement(link(link)));
  }

  private String link(MatchResult link) {
    String name = link.group(1);
    String member = link.group(2) == null ? "" : link.group(2);
    String label = link.group(3).strip();
    TypeElement type = name.isEmpty() ? owner() : type(name);
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
    Element scope = owner();
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
    String packageName = twin.language.elements.getPackageOf(element).getQualifiedName().toString();
    for (String candidate :
        List.of(names.getOrDefault(name, name), packageName + "." + name, "java.lang." + name)) {
      TypeElement type = twin.language.type(candidate);
      if (type != null) {
        return accessible(type);
      }
    }
    return null;
  }

  private TypeElement owner() {
    return (TypeElement)
        (element instanceof TypeElement
            ? element
            : Objects.requireNonNull(element.getEnclosingElement()));
  }

  private @Nullable TypeElement accessible(TypeElement type) {
    return twin.language.isAccessible(type) ? type : null;
  }

  private void know(TypeMirror type) {
    if (type instanceof DeclaredType declared) {
      var named = (TypeElement) declared.asElement();
      names.put(named.getSimpleName().toString(), named.getQualifiedName().toString());
      declared.getTypeArguments().forEach(this::know);
    }
  }
}
