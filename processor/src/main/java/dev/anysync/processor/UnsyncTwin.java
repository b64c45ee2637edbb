package dev.anysync.processor;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.NameAllocator;
import com.palantir.javapoet.ParameterSpec;
import com.palantir.javapoet.TypeName;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.Unsynced;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.TypeKind;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/** The twin of a type with methods that are annotated with {@link Unsynced}, or one that is. */
final class UnsyncTwin extends Twin {
  private final Set<String> lanes = new TreeSet<>();

  UnsyncTwin(TypeElement type, Language language) throws Rejection {
    super(
        type, type, "Unsync", language, new AsyncTypes(language, type), Method.of(type, language));
    for (ExecutableElement method : ElementFilter.methodsIn(type.getEnclosedElements())) {
      if (!language.has(method, Unsynced.class)) {
        continue;
      }
      if (Method.isOfObject(Method.declared(method, language), language)) {
        throw new Rejection(
            method, "every object has it, so that it stays as it is: take @Unsynced off");
      }
      if (method.getModifiers().contains(Modifier.PRIVATE)) {
        throw new Rejection(
            method,
            "private, so that a class beside it cannot call it: make it at least package-private");
      }
    }
  }

  static boolean isAsked(TypeElement type, Language language) {
    return language.has(type, Unsynced.class)
        || type.getEnclosedElements().stream().anyMatch(e -> language.has(e, Unsynced.class));
  }

  @Override
  CodeBlock summary() {
    return CodeBlock.of(
        "{@link $T} without waiting: its methods return unfutures at once, and go on elsewhere.",
        ClassName.get(type()));
  }

  @Override
  String nothing() {
    return "%s has no method that can go on elsewhere: take @Unsynced off".formatted(type());
  }

  @Override
  List<ParameterSpec> lanes() {
    return lanes.stream().map(lane -> ParameterSpec.builder(Lanes.class, lane).build()).toList();
  }

  @Override
  @Nullable Converted convert(Method method) throws Rejection {
    ExecutableElement element = method.element();
    AnnotationMirror own = language.find(element, Unsynced.class);
    AnnotationMirror asked = own != null ? own : language.find(type(), Unsynced.class);
    if (asked == null || (own == null && isLeftOut(method))) {
      return null;
    }
    if (handle(method) != null) {
      throw new Rejection(element, stream("it yields"));
    }
    boolean cpuBound = Boolean.TRUE.equals(Language.value(asked, "cpuBound"));
    AsyncTypes.Async async = asyncTypes.of(method.result(), element);
    if (async != null && !async.isSingle()) {
      throw new Rejection(element, stream("it returns " + method.result()));
    }
    if (async != null && cpuBound) {
      throw new Rejection(
          element,
          "async, as it returns %s, and cpuBound: take cpuBound off, or compute in a method that returns the result itself"
              .formatted(method.result()));
    }
    checkThrown(method);
    TypeName result = boxed(async == null ? method.result() : async.value(), naming(method));
    String alone = cpuBound && !method.isStatic() ? local(method) : null;
    CodeBlock work =
        alone != null
            ? call(method, CodeBlock.of("$N", alone))
            : async == null ? call(method) : await(method, async);
    boolean nothing =
        async == null
            ? method.result().mirror().getKind() == TypeKind.VOID
            : async.value().mirror().getKind() == TypeKind.VOID;
    CodeBlock started =
        returned(
            CodeBlock.of(
                "$L.$L($L)",
                lanes(method, asked),
                async != null ? "async" : cpuBound ? "cpuBound" : "call",
                nothing ? nothing(work) : CodeBlock.of("() ->$W$L", work)));
    return new Converted(
        generic(Unfuture.class, result),
        alone == null
            ? started
            : CodeBlock.of("var $N = this.$N; // this may leave, the twin not\n", alone, DELEGATE)
                .toBuilder()
                .add(started)
                .build(),
        null,
        List.of(),
        true);
  }

  /** Returns a name for the object alone: what names its field captures the twin. */
  private static String local(Method method) {
    NameAllocator names = new NameAllocator();
    method.parameters().forEach(p -> names.newName(Method.name(p)));
    return names.newName(DELEGATE);
  }

  private static CodeBlock nothing(CodeBlock work) {
    return CodeBlock.builder()
        .add("() -> {\n$>")
        .add("$L;\n", work)
        .add("return null;\n$<}")
        .build();
  }

  private boolean isLeftOut(Method method) {
    return method.element().getModifiers().contains(Modifier.PROTECTED)
        || type().getRecordComponents().stream()
            .anyMatch(component -> method.element().equals(component.getAccessor()));
  }

  private static String stream(String how) {
    return how
        + ", so that it has many results, and an unfuture has one: return a list of them, or use"
        + " @AnySynced";
  }

  private CodeBlock lanes(Method method, AnnotationMirror asked) throws Rejection {
    Object lane = Language.value(asked, "lane");
    if (lane == null || lane.equals("")) {
      return CodeBlock.of("$T", Unsync.class);
    }
    String name = lane.toString();
    Element place = method.element();
    if (!SourceVersion.isIdentifier(name)
        || SourceVersion.isKeyword(name)
        || name.equals(DELEGATE)) {
      throw new Rejection(
          place,
          "lane = \"%s\": it names a parameter of the constructor of %s, so use an identifier such as \"db\"%s"
              .formatted(
                  name,
                  name().simpleName(),
                  name.equals(DELEGATE) ? ", and not that of its first one" : ""));
    }
    if (method.isStatic()) {
      throw new Rejection(
          place,
          "lane = \"%s\", and static, so that no object has these lanes: take off one of the two"
              .formatted(name));
    }
    lanes.add(name);
    return field(method, name);
  }
}
