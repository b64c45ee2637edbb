package dev.anysync.processor;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.FieldSpec;
import com.palantir.javapoet.JavaFile;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.NameAllocator;
import com.palantir.javapoet.ParameterSpec;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeSpec;
import com.palantir.javapoet.TypeVariableName;
import dev.anysync.AnySyncGenerator;
import dev.anysync.AnySyncIterator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.TypeParameterElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import org.jspecify.annotations.Nullable;

/**
 * A class to generate: it holds an object of a type, and has that type's methods in another form.
 */
abstract class Twin {
  /*
   * Overview. A subclass says what becomes of each method, by convert(); what all forms have in
   * common is here: which methods there are, the class around them, and of a method all but its
   * result and body. Problems are collected, so that the author of a type sees all of them at once.
   */

  static final String DELEGATE = "delegate";

  private static final Pattern COMMENT =
      Pattern.compile(
          " *\\/\\*\\*\n *\\* " + Javadoc.MARKDOWN + "\n((?: *\\*(?!\\/).*\n)*+) *\\*\\/\n");

  final Language language;
  final AsyncTypes asyncTypes;
  private final List<Method> all;
  private final TypeElement place;
  private final TypeElement type;
  private final ClassName name;
  private final boolean nullMarked;
  private final List<Rejection.Problem> problems = new ArrayList<>();
  private final List<Rejection.Problem> leftOut = new ArrayList<>();

  /**
   * For subclasses.
   *
   * @param place what is annotated
   * @param type what is converted: the same, or what the annotation names
   */
  Twin(
      TypeElement place,
      TypeElement type,
      String suffix,
      Language language,
      AsyncTypes asyncTypes,
      List<Method> all)
      throws Rejection {
    this.place = place;
    this.type = type;
    this.language = language;
    this.asyncTypes = asyncTypes;
    this.all = all;
    check();
    ClassName annotated = ClassName.get(place);
    name =
        ClassName.get(annotated.packageName(), String.join("", annotated.simpleNames()) + suffix);
    nullMarked = language.isNullMarked(type);
  }

  private void check() throws Rejection {
    if (type.getKind() == ElementKind.ANNOTATION_TYPE) {
      throw new Rejection(place, type + " is an annotation, whose methods have no other form");
    }
    for (Element e = type; e instanceof TypeElement t; e = e.getEnclosingElement()) {
      if (t.getModifiers().contains(Modifier.PRIVATE)) {
        throw new Rejection(
            place,
            "private %s cannot be called by a class beside it: make it at least package-private"
                .formatted(t.getSimpleName()));
      }
      if (t.getEnclosingElement() instanceof TypeElement outer
          && !outer.getTypeParameters().isEmpty()
          && !t.getModifiers().contains(Modifier.STATIC)) {
        throw new Rejection(
            place,
            "%s is an inner class of the generic %s, whose type variables a class beside it does not have: make it static"
                .formatted(t.getSimpleName(), outer.getSimpleName()));
      }
    }
    if (!language.isAccessible(type)) {
      throw new Rejection(
          place, "%s is not public, so that a class here cannot call it".formatted(type));
    }
    Mentioned.checkAccessible(place, Mentioned.around(type), language);
  }

  TypeElement place() {
    return place;
  }

  TypeElement type() {
    return type;
  }

  ClassName name() {
    return name;
  }

  private CodeBlock documentation() {
    CodeBlock own = Javadoc.of(type, null, this);
    String text = own.toString();
    if (text.startsWith(Javadoc.MARKDOWN)) {
      return CodeBlock.of(
          "$L\n$L\n\n$L",
          Javadoc.MARKDOWN,
          introduction(),
          text.substring(Javadoc.MARKDOWN.length() + 1));
    }
    return text.isEmpty() ? introduction() : CodeBlock.of("$L\n\n<p>$L", introduction(), own);
  }

  private CodeBlock introduction() {
    CodeBlock.Builder text = CodeBlock.builder().add(summary());
    for (Rejection.Problem problem : leftOut) {
      text.add("\n\n<p>Without {@code $L: $L}", problem.element(), problem.text());
    }
    return text.build();
  }

  /** Returns what the class is, in a sentence. */
  abstract CodeBlock summary();

  /** Returns what becomes of a method; null if nothing. */
  abstract @Nullable Converted convert(Method method) throws Rejection;

  /** Returns the constructor's further parameters. */
  List<ParameterSpec> lanes() {
    return List.of();
  }

  /** Returns whether the twin is closed as the type is. */
  boolean isClosed(Method method) {
    return false;
  }

  /** A method's result in another form, how it comes to be, and what is left out and added. */
  record Converted(
      TypeName result,
      CodeBlock body,
      @Nullable VariableElement without,
      List<TypeName> thrown,
      boolean isOther) {}

  /** Returns the exceptions that its annotations name. */
  List<DeclaredType> named(Method method) {
    return List.of();
  }

  /** Returns the source. */
  String text() throws Rejection {
    return COMMENT.matcher(file().toString()).replaceAll(Twin::inMarkdown);
  }

  private static String inMarkdown(MatchResult comment) {
    return Matcher.quoteReplacement(
        comment.group(1).replaceAll("(?m)^( *) \\*", "$1///").replaceAll("(?m)^( *///) $", "$1"));
  }

  private JavaFile file() throws Rejection {
    TypeSpec.Builder builder = TypeSpec.classBuilder(name).addModifiers(Modifier.FINAL);
    if (Language.isPublic(place) && Language.isPublic(type)) {
      builder.addModifiers(Modifier.PUBLIC);
    }
    annotate(builder);
    Typed.Naming naming = naming(Map.of());
    type.getTypeParameters()
        .forEach(
            p -> builder.addTypeVariable(variable(p, new Typed(type.asType(), Map.of()), naming)));

    Map<String, Method> made = new LinkedHashMap<>();
    List<MethodSpec> methods = new ArrayList<>();
    boolean any = false;
    boolean instance = false;
    for (Method method : all) {
      try {
        checkExists(method);
        Converted converted = convert(method);
        if (converted == null) {
          continue;
        }
        MethodSpec spec = method(method, converted);
        String signature = signature(method, converted.without);
        if (Method.isOfObject(signature, language)) {
          throw new Rejection(
              method.element(),
              "without its '%s' it is %s, which every object has: rename it"
                  .formatted(converted.without, signature));
        }
        Method other = made.putIfAbsent(signature, method);
        if (other != null) {
          throw new Rejection(
              method.element(),
              "without its '%s' it is %s in %s, and so is %s: rename one of the two"
                  .formatted(
                      converted.without == null
                          ? Objects.requireNonNull(lastHandle(other.element()))
                          : converted.without,
                      signature,
                      name.simpleName(),
                      other.element()));
        }
        methods.add(spec);
        any |= converted.isOther;
        instance |= !method.isStatic();
      } catch (Rejection e) {
        (type.equals(place) ? problems : leftOut).addAll(e.problems());
      }
    }
    if (!any) {
      problems.addAll(leftOut);
    }
    if (problems.isEmpty() && !any) {
      problem(place, nothing());
    }
    if (!problems.isEmpty()) {
      throw new Rejection(problems);
    }
    if (all.stream().anyMatch(this::isClosed)) {
      builder.addSuperinterface(AutoCloseable.class);
    }
    builder.addJavadoc(documentation());
    construct(builder, instance);
    methods.forEach(builder::addMethod);
    return JavaFile.builder(name.packageName(), builder.build())
        .skipJavaLangImports(true)
        .indent("  ")
        .build();
  }

  /** Returns what to say if there is no method to convert. */
  abstract String nothing();

  private void problem(Element element, String text) {
    problems.add(new Rejection.Problem(element, text));
  }

  private void annotate(TypeSpec.Builder builder) {
    String generated = "javax.annotation.processing.Generated";
    if (language.type(generated) != null) {
      builder.addAnnotation(
          AnnotationSpec.builder(ClassName.bestGuess(generated))
              .addMember("value", "$S", AnySyncProcessor.class.getName())
              .build());
    }
    if (nullMarked && language.type(Language.NULL_MARKED) != null) {
      builder.addAnnotation(ClassName.bestGuess(Language.NULL_MARKED));
    } else if (!nullMarked && language.isNullMarked(place)) {
      builder.addAnnotation(ClassName.bestGuess(Language.NULL_UNMARKED));
    }
    Set<String> lints = Mentioned.lints(Mentioned.around(type), language);
    if (language.elements.isDeprecated(type)) {
      deprecate(type, lints).forEach(builder::addAnnotation);
    }
    if (hasLikeOverloads()) {
      lints.add("overloads");
    }
    if (all.stream().anyMatch(m -> isClosed(m) && !m.element().getThrownTypes().isEmpty())) {
      lints.add("try");
    }
    suppress(lints).forEach(builder::addAnnotation);
  }

  /** Returns whether a lambda may be meant for several methods, of which the compiler warns. */
  private boolean hasLikeOverloads() {
    return all.stream()
        .anyMatch(a -> all.stream().anyMatch(b -> a != b && Mentioned.areAlike(a, b)));
  }

  private static List<AnnotationSpec> suppress(Set<String> lints) {
    if (lints.isEmpty()) {
      return List.of();
    }
    AnnotationSpec.Builder suppress = AnnotationSpec.builder(SuppressWarnings.class);
    lints.forEach(lint -> suppress.addMember("value", "$S", lint));
    return List.of(suppress.build());
  }

  private List<AnnotationSpec> deprecate(Element element, Set<String> lints) {
    AnnotationMirror mirror = language.find(element, Deprecated.class);
    if (mirror == null) {
      return List.of(AnnotationSpec.builder(Deprecated.class).build());
    }
    if (Boolean.TRUE.equals(Language.value(mirror, "forRemoval"))) {
      lints.add("removal");
    }
    return List.of(AnnotationSpec.get(mirror));
  }

  private void construct(TypeSpec.Builder builder, boolean instance) {
    if (!instance) {
      builder.addMethod(MethodSpec.constructorBuilder().addModifiers(Modifier.PRIVATE).build());
      return;
    }
    TypeName wrapped = new Typed(type.asType(), Map.of()).name(naming(Map.of()));
    builder.addField(
        FieldSpec.builder(wrapped, DELEGATE, Modifier.PRIVATE, Modifier.FINAL).build());
    MethodSpec.Builder constructor =
        MethodSpec.constructorBuilder()
            .addJavadoc("Makes the twin of {@code delegate}, which it calls.\n")
            .addParameter(wrapped, DELEGATE)
            .addStatement(
                "this.$N = $T.requireNonNull($N, $S)", DELEGATE, Objects.class, DELEGATE, DELEGATE);
    if (Language.isPublic(place) && Language.isPublic(type)) {
      constructor.addModifiers(Modifier.PUBLIC);
    }
    for (ParameterSpec lane : lanes()) {
      builder.addField(lane.type(), lane.name(), Modifier.PRIVATE, Modifier.FINAL);
      constructor
          .addParameter(lane)
          .addStatement(
              "this.$N = $T.requireNonNull($N, $S)",
              lane.name(),
              Objects.class,
              lane.name(),
              lane.name());
    }
    builder.addMethod(constructor.build());
  }

  private MethodSpec method(Method method, Converted converted) throws Rejection {
    ExecutableElement element = method.element();
    List<DeclaredType> mentioned = Mentioned.in(method);
    if (converted.isOther) {
      mentioned.addAll(named(method));
    }
    Mentioned.checkAccessible(element, mentioned, language);
    Typed.Naming naming = naming(method);
    MethodSpec.Builder builder =
        MethodSpec.methodBuilder(element.getSimpleName().toString()).returns(converted.result);
    builder.addJavadoc(Javadoc.of(element, converted, this));
    if (isClosed(method)) {
      builder.addAnnotation(Override.class);
    }
    Set<String> lints = new LinkedHashSet<>();
    if (language.elements.isDeprecated(element)) {
      deprecate(element, lints).forEach(builder::addAnnotation);
    }
    if (element.getModifiers().contains(Modifier.PUBLIC)) {
      builder.addModifiers(Modifier.PUBLIC);
    }
    if (method.isStatic()) {
      builder.addModifiers(Modifier.STATIC);
    }
    element
        .getTypeParameters()
        .forEach(p -> builder.addTypeVariable(variable(p, method.in(p.asType()), naming)));
    for (VariableElement parameter : method.parameters()) {
      if (parameter != converted.without) {
        builder.addParameter(method.in(parameter.asType()).name(naming), Method.name(parameter));
      }
    }
    boolean varargs = element.isVarArgs() && element.getParameters().getLast() != converted.without;
    builder.varargs(varargs);
    lints.addAll(Mentioned.lints(mentioned, language));
    if (varargs && language.has(element, SafeVarargs.class)) {
      builder.addAnnotation(SafeVarargs.class);
      lints.add("varargs");
      if (!method.isStatic()) {
        builder.addModifiers(Modifier.FINAL);
      }
    } else if (varargs && !Mentioned.isReifiable(element.getParameters().getLast().asType())) {
      lints.add("unchecked");
    }
    suppress(lints).forEach(builder::addAnnotation);
    builder.addExceptions(converted.thrown);
    return builder.addCode(converted.body).build();
  }

  private static void checkExists(Method method) throws Rejection {
    String missing = Mentioned.missing(method.element());
    if (missing != null) {
      throw new Rejection(
          method.element(), "%s is not on the path: add what has it".formatted(missing));
    }
  }

  /** Refuses what a lambda of this library cannot throw. */
  final void checkThrown(Method method) throws Rejection {
    for (TypeMirror thrown : method.element().getThrownTypes()) {
      TypeMirror type = language.types.erasure(method.in(thrown).resolved().mirror());
      if (!language.types.isSubtype(type, language.type(Exception.class).asType())
          && !language.types.isSubtype(type, language.type(Error.class).asType())) {
        throw new Rejection(
            method.element(),
            "throws %s, and its other form may fail with exceptions and errors alone: declare Exception, or a subclass"
                .formatted(thrown));
      }
    }
  }

  private TypeVariableName variable(
      TypeParameterElement parameter, Typed context, Typed.Naming naming) {
    return TypeVariableName.get(
        naming.variable(parameter),
        context.bounds(parameter).stream().map(b -> b.name(naming)).toArray(TypeName[]::new));
  }

  private String signature(Method method, @Nullable VariableElement without) {
    if (without == null) {
      return method.signature();
    }
    List<TypeMirror> left =
        method.parameters().stream().filter(p -> p != without).map(p -> p.asType()).toList();
    return method.element().getSimpleName() + Method.erased(left, language);
  }

  /** Names a method's own type variables apart from those of the class. */
  Typed.Naming naming(Method method) {
    NameAllocator names = new NameAllocator();
    type.getTypeParameters().forEach(p -> names.newName(p.getSimpleName().toString()));
    Map<Element, String> variables = new HashMap<>();
    for (TypeParameterElement p : method.element().getTypeParameters()) {
      variables.put(p, names.newName(p.getSimpleName().toString()));
    }
    return naming(variables);
  }

  private Typed.Naming naming(Map<Element, String> variables) {
    return new Typed.Naming(language, variables);
  }

  /** Returns the call of a method of the delegate, or of a static one of the type. */
  CodeBlock call(Method method) {
    return call(
        method,
        method.isStatic() ? CodeBlock.of("$T", ClassName.get(type)) : field(method, DELEGATE));
  }

  /** Returns the call of a method of {@code receiver}. */
  CodeBlock call(Method method, CodeBlock receiver) {
    List<CodeBlock> arguments =
        method.parameters().stream().map(p -> CodeBlock.of("$N", Method.name(p))).toList();
    return CodeBlock.of(
        "$L.$L$N($L)",
        receiver,
        witness(method),
        method.element().getSimpleName().toString(),
        CodeBlock.join(arguments, ",$W"));
  }

  /** Returns a field, for code in a method. */
  static CodeBlock field(Method method, String name) {
    boolean shadowed = method.parameters().stream().anyMatch(p -> Method.name(p).equals(name));
    return CodeBlock.of(shadowed ? "this.$N" : "$N", name);
  }

  /** Says what type variables stand for if no argument does. */
  private CodeBlock witness(Method method) {
    ExecutableElement element = method.element();
    boolean inferred =
        element.getTypeParameters().stream()
            .allMatch(
                t ->
                    element.getParameters().stream()
                        .anyMatch(p -> Mentioned.mentions(p.asType(), t)));
    if (inferred) {
      return CodeBlock.of("");
    }
    Typed.Naming naming = naming(method);
    return CodeBlock.of(
        "<$L>",
        CodeBlock.join(
            element.getTypeParameters().stream()
                .map(t -> CodeBlock.of("$L", naming.variable(t)))
                .toList(),
            ", "));
  }

  /** Returns a type that may be null, where it can be said. */
  TypeName nullable(TypeName type) {
    return nullMarked && language.type(Language.NULLABLE) != null
        ? type.annotated(AnnotationSpec.builder(ClassName.bestGuess(Language.NULLABLE)).build())
        : type;
  }

  TypeName generic(Class<?> type, TypeName... arguments) {
    return ParameterizedTypeName.get(ClassName.get(type), arguments);
  }

  /** Returns a result as a type argument. */
  TypeName boxed(Typed result, Typed.Naming naming) {
    TypeName plain = result.name(naming);
    return plain.equals(TypeName.VOID)
        ? nullable(TypeName.VOID.box())
        : plain.isPrimitive() ? plain.box() : plain;
  }

  /** Returns what a method passes on as it is. */
  Converted same(Method method) {
    TypeName result = method.result().name(naming(method));
    return new Converted(
        result,
        result.equals(TypeName.VOID) ? CodeBlock.of("$L;\n", call(method)) : returned(call(method)),
        null,
        thrown(method),
        false);
  }

  static CodeBlock returned(CodeBlock value) {
    return CodeBlock.of("return $L;\n", value);
  }

  List<TypeName> thrown(Method method) {
    Typed.Naming naming = naming(method);
    return method.element().getThrownTypes().stream().map(t -> method.in(t).name(naming)).toList();
  }

  /** Returns the parameter that a method yields to; null if it has none. */
  @Nullable VariableElement handle(Method method) throws Rejection {
    List<? extends VariableElement> handles =
        method.parameters().stream().filter(p -> isHandle(p.asType())).toList();
    if (handles.isEmpty()) {
      if (language.has(method.element(), dev.anysync.AnySynced.ContextManager.class)) {
        throw new Rejection(
            method.element(),
            "a context manager yields its resource: add a parameter AnySyncIterator.Out<R>");
      }
      return null;
    }
    if (handles.size() > 1) {
      throw new Rejection(
          method.element(),
          "yields to both '%s' and '%s': have one of them"
              .formatted(handles.get(0), handles.get(1)));
    }
    if (method.in(handles.getFirst().asType()).isRaw()) {
      throw new Rejection(
          method.element(),
          "yields to a raw %s: say of what".formatted(handles.getFirst().asType()));
    }
    return handles.getFirst();
  }

  private @Nullable VariableElement lastHandle(ExecutableElement method) {
    return method.getParameters().stream()
        .filter(p -> isHandle(p.asType()))
        .reduce((_, b) -> b)
        .orElse(null);
  }

  private boolean isHandle(TypeMirror type) {
    Typed typed = new Typed(type, Map.of());
    return typed.isA(language.type(AnySyncIterator.Out.class))
        || typed.isA(language.type(AnySyncGenerator.Out.class));
  }

  /** Returns what awaits a method's result, in a coroutine. */
  CodeBlock await(Method method, AsyncTypes.Async async) {
    CodeBlock call = call(method);
    return CodeBlock.of(
        "$T.await($L)",
        async.via(),
        async.cast() ? CodeBlock.of("($T) $L", async.of().name(naming(method)), call) : call);
  }

  /** Returns whether it is nothing that is waited for. */
  static boolean isVoid(Typed value) {
    TypeElement element = value.element();
    return value.mirror().getKind() == TypeKind.VOID
        || (element != null && element.getQualifiedName().contentEquals("java.lang.Void"));
  }
}
