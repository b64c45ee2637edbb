package dev.anysync.processor;

import static java.util.stream.Collectors.joining;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.TypeName;
import dev.anysync.AnySync;
import dev.anysync.AnySyncContextManager;
import dev.anysync.AnySyncGenerator;
import dev.anysync.AnySyncIterator;
import dev.anysync.AnySynced;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.WildcardType;
import org.jspecify.annotations.Nullable;

/** The twin of a type that is annotated with {@link AnySynced}. */
abstract sealed class AnySyncedTwin extends Twin {
  private AnySyncedTwin(
      TypeElement place,
      TypeElement type,
      String suffix,
      Language language,
      AsyncTypes asyncTypes,
      List<Method> all)
      throws Rejection {
    super(place, type, suffix, language, asyncTypes, all);
  }

  static AnySyncedTwin of(TypeElement place, Language language) throws Rejection {
    AnnotationMirror asked = Objects.requireNonNull(language.find(place, AnySynced.class));
    TypeElement type = type(place, asked);
    boolean streams = isStream(place, asked);
    AsyncTypes asyncTypes = new AsyncTypes(language, place);
    boolean async = false;
    List<Method> all = Method.of(type, language);
    for (Method method : all) {
      if (Mentioned.missing(method.element()) != null) {
        continue; // the twin says so
      }
      try {
        AsyncTypes.Async result = asyncTypes.of(method.result(), method.element());
        async |=
            result != null
                && (result.isSingle()
                    || result.kind() == AsyncTypes.Kind.STREAM
                    || (streams && result.kind() == AsyncTypes.Kind.ITERATOR));
      } catch (Rejection e) {
        async = true; // and said again by the twin
      }
    }
    return async
        ? new OfAsync(place, type, streams, language, asyncTypes, all)
        : new OfDirect(place, type, language, asyncTypes, all);
  }

  private static TypeElement type(TypeElement place, AnnotationMirror asked) throws Rejection {
    Object of = Language.value(asked, "of");
    return switch (of) {
      case null -> place;
      case TypeMirror type when type.getKind() == TypeKind.VOID -> place;
      case DeclaredType type when type.getKind() == TypeKind.DECLARED ->
          (TypeElement) type.asElement();
      case TypeMirror type when type.getKind() != TypeKind.ERROR ->
          throw new Rejection(
              place, "of = %s.class has no methods: name a class or an interface".formatted(type));
      default -> throw new Unresolved(place, of.toString());
    };
  }

  private static boolean isStream(TypeElement place, AnnotationMirror asked) throws Rejection {
    Object streams = Language.value(asked, "streams");
    String name = streams == null ? AnySyncIterator.class.getName() : streams.toString();
    if (name.equals(Stream.class.getName())) {
      return true;
    }
    if (name.equals(AnySyncIterator.class.getName())) {
      return false;
    }
    throw new Rejection(
        place, "streams = %s.class: use AnySyncIterator.class or Stream.class".formatted(name));
  }

  @Override
  String nothing() {
    return "%s has no method that has another form: take @AnySynced off".formatted(type());
  }

  final List<DeclaredType> named(Element element) {
    AnnotationMirror named = language.find(element, AnySynced.Throws.class);
    if (named == null) {
      return List.of();
    }
    if (!(Language.value(named, "value") instanceof List<?> values)) {
      throw new Unresolved(element, "exceptions");
    }
    List<DeclaredType> types = new ArrayList<>();
    for (Object value : values) {
      if (!(((AnnotationValue) value).getValue() instanceof DeclaredType type)
          || type.getKind() != TypeKind.DECLARED) {
        throw new Unresolved(element, value.toString());
      }
      types.add(type);
    }
    return types;
  }

  final void refuseThrows(Element element) throws Rejection {
    List<DeclaredType> named = named(element);
    if (!named.isEmpty()) {
      String exceptions = named.stream().map(TypeMirror::toString).collect(joining(", "));
      throw new Rejection(
          element,
          element instanceof TypeElement type
              ? "@AnySynced.Throws is for what async methods may fail with, and %s has none: put throws %s on its methods"
                  .formatted(type.getSimpleName(), exceptions)
              : "@AnySynced.Throws is for what an async method may fail with: put throws %s on this method"
                  .formatted(exceptions));
    }
  }

  /** Returns a method that yields as what it yields to. */
  final Converted yielding(Method method, VariableElement handle, boolean streams)
      throws Rejection {
    ExecutableElement element = method.element();
    if (element.getReturnType().getKind() != TypeKind.VOID) {
      boolean async = asyncTypes.of(method.result(), element) != null;
      throw new Rejection(
          element,
          async
              ? "yields to '%s', and returns what is async: return nothing, and await in the body"
                  .formatted(handle)
              : "yields to '%s', so that nobody gets what it returns: return nothing, or do not yield"
                  .formatted(handle));
    }
    refuseThrows(element);
    checkThrown(method);
    Typed type = method.in(handle.asType());
    Typed.Naming naming = naming(method);
    TypeName[] arguments =
        type.arguments().stream().map(a -> boxedArgument(a, type, naming)).toArray(TypeName[]::new);
    boolean generator = type.isA(language.type(AnySyncGenerator.Out.class));
    boolean context = language.has(element, AnySynced.ContextManager.class);
    if (generator && context) {
      throw new Rejection(
          element,
          "a context manager yields its resource, and gets nothing back: make '%s' an AnySyncIterator.Out<R>"
              .formatted(handle));
    }
    Class<?> form =
        context
            ? AnySyncContextManager.class
            : generator ? AnySyncGenerator.class : AnySyncIterator.class;
    String factory = context ? "contextManager" : generator ? "generator" : "iterator";
    boolean stream = streams && form == AnySyncIterator.class;
    CodeBlock made =
        CodeBlock.of(
            "$T.$L$L($N ->$W$L)",
            AnySync.class,
            stream ? CodeBlock.of("<$T>", arguments[0]) : "",
            factory,
            Method.name(handle),
            call(method));
    return new Converted(
        generic(stream ? Stream.class : form, arguments),
        returned(stream ? CodeBlock.of("$L.stream()", made) : made),
        handle,
        List.of(),
        true);
  }

  private static TypeName boxedArgument(Typed argument, Typed type, Typed.Naming naming) {
    // what is yielded to an Out<? super Y> is a Y
    return argument.mirror() instanceof WildcardType w && w.getSuperBound() != null
        ? new Typed(w.getSuperBound(), argument.bindings()).name(naming)
        : argument
            .values(Objects.requireNonNull(type.element()).getTypeParameters().getFirst())
            .name(naming);
  }

  /** Of a type in direct style: its methods return what can be run and awaited. */
  private static final class OfDirect extends AnySyncedTwin {
    OfDirect(
        TypeElement place,
        TypeElement type,
        Language language,
        AsyncTypes asyncTypes,
        List<Method> all)
        throws Rejection {
      super(place, type, "AnySync", language, asyncTypes, all);
      refuseThrows(place);
    }

    @Override
    CodeBlock summary() {
      return CodeBlock.of(
          "{@link $T} for callers of either style: its methods return coroutines, to run or to"
              + " await.",
          ClassName.get(type()));
    }

    @Override
    @Nullable Converted convert(Method method) throws Rejection {
      if (method.element().getModifiers().contains(Modifier.PROTECTED)) {
        return null;
      }
      VariableElement handle = handle(method);
      if (handle != null) {
        return yielding(method, handle, false);
      }
      refuseThrows(method.element());
      if (asyncTypes.of(method.result(), method.element()) != null || isAccessor(method)) {
        return same(method);
      }
      checkThrown(method);
      return new Converted(
          generic(AnySync.class, boxed(method.result(), naming(method))),
          returned(CodeBlock.of("$T.coroutine(() ->$W$L)", AnySync.class, call(method))),
          null,
          List.of(),
          true);
    }

    /** A record's components are there; nobody waits for them. */
    private boolean isAccessor(Method method) {
      return type().getRecordComponents().stream()
          .anyMatch(component -> method.element().equals(component.getAccessor()));
    }
  }

  /** Of a type with async methods: they wait. */
  private static final class OfAsync extends AnySyncedTwin {
    private final boolean streams;

    OfAsync(
        TypeElement place,
        TypeElement type,
        boolean streams,
        Language language,
        AsyncTypes asyncTypes,
        List<Method> all)
        throws Rejection {
      super(place, type, "Sync", language, asyncTypes, all);
      this.streams = streams;
    }

    @Override
    CodeBlock summary() {
      return CodeBlock.of(
          "{@link $T} for synchronous callers, on any thread: its async methods wait.",
          ClassName.get(type()));
    }

    @Override
    boolean isClosed(Method method) {
      return method.signature().equals("close()")
          && !method.isStatic()
          && language.types.isAssignable(
              type().asType(), language.type(AutoCloseable.class).asType())
          && method.element().getReturnType().getKind() == TypeKind.VOID;
    }

    @Override
    @Nullable Converted convert(Method method) throws Rejection {
      ExecutableElement element = method.element();
      if (element.getModifiers().contains(Modifier.PROTECTED)) {
        return null;
      }
      VariableElement handle = handle(method);
      if (handle != null) {
        return yielding(method, handle, streams);
      }
      AsyncTypes.Async async = asyncTypes.of(method.result(), element);
      if (async == null) {
        refuseThrows(element);
        return method.isStatic() ? null : same(method);
      }
      return switch (async.kind()) {
        case BOTH -> same(method);
        case ITERATOR -> streams ? stream(method, async, call(method)) : same(method);
        case STREAM ->
            stream(
                method,
                async,
                CodeBlock.of(
                    "$T.$Lfrom($L)",
                    async.via(),
                    streams ? witness(async, naming(method)) : "",
                    call(method)));
        case CALL -> waiting(method, async, CodeBlock.of("$L.run()", call(method)));
        case AWAITED -> waiting(method, async, awaiting(method, async));
      };
    }

    private Converted stream(Method method, AsyncTypes.Async async, CodeBlock iterator) {
      TypeName element = async.value().name(naming(method));
      return new Converted(
          generic(streams ? Stream.class : AnySyncIterator.class, element),
          returned(streams ? CodeBlock.of("$L.stream()", iterator) : iterator),
          null,
          allThrown(method),
          true);
    }

    /** A stream of an iterator's elements is not of a supertype. */
    private static CodeBlock witness(AsyncTypes.Async async, Typed.Naming naming) {
      return async.made().isEmpty()
          ? CodeBlock.of("")
          : CodeBlock.of(
              "<$L>",
              CodeBlock.join(
                  async.made().stream().map(t -> CodeBlock.of("$T", t.name(naming))).toList(),
                  ", "));
    }

    private CodeBlock awaiting(Method method, AsyncTypes.Async async) throws Rejection {
      checkThrown(method);
      TypeName value = async.value().name(naming(method));
      CodeBlock witness =
          value.equals(TypeName.VOID) ? CodeBlock.of("") : CodeBlock.of("<$T>", value);
      return CodeBlock.of(
          "$T.$Lcoroutine(() ->$W$L).run()", AnySync.class, witness, await(method, async));
    }

    private Converted waiting(Method method, AsyncTypes.Async async, CodeBlock value) {
      boolean nothing = isVoid(async.value());
      return new Converted(
          nothing ? TypeName.VOID : async.value().name(naming(method)),
          nothing ? CodeBlock.of("$L;\n", value) : returned(value),
          null,
          allThrown(method),
          true);
    }

    private List<TypeName> allThrown(Method method) {
      return Stream.concat(thrown(method).stream(), named(method).stream().map(TypeName::get))
          .distinct()
          .toList();
    }

    @Override
    List<DeclaredType> named(Method method) {
      return Stream.concat(named(method.element()).stream(), named(place()).stream()).toList();
    }
  }
}
