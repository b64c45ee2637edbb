package dev.anysync.processor;

import com.palantir.javapoet.ClassName;
import dev.anysync.AnySync;
import dev.anysync.AnySyncContextManager;
import dev.anysync.AnySyncIterator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.TypeParameterElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.type.WildcardType;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/**
 * The types that are asynchronous. Which those are, public static methods say: {@code await(X)}
 * that an {@code X} can be awaited, {@code AnySyncIterator from(X)} that it is a stream; those of
 * the library itself, of the integrations that are there, and of the classes that an option names.
 */
final class AsyncTypes {
  /** An integration's class and artifact, and the types that it is for. */
  private record Library(
      String integration, String artifact, String packageName, List<String> types) {}

  private static final List<Library> LIBRARIES =
      List.of(
          new Library(
              "dev.anysync.reactor.AnySyncReactor",
              "anysync-reactor",
              "reactor.core.publisher",
              List.of("Mono", "Flux")),
          new Library(
              "dev.anysync.rxjava3.AnySyncRxJava",
              "anysync-rxjava3",
              "io.reactivex.rxjava3.core",
              List.of("Single", "Maybe", "Completable", "Flowable")),
          new Library(
              "dev.anysync.mutiny.AnySyncMutiny",
              "anysync-mutiny",
              "io.smallrye.mutiny",
              List.of("Uni", "Multi")),
          new Library(
              "dev.anysync.vertx.AnySyncVertx",
              "anysync-vertx",
              "io.vertx.core",
              List.of("Future")),
          new Library(
              "dev.anysync.netty.AnySyncNetty",
              "anysync-netty",
              "io.netty.util.concurrent",
              List.of("Future")),
          new Library(
              "dev.anysync.guava.AnySyncGuava",
              "anysync-guava",
              "com.google.common.util.concurrent",
              List.of("ListenableFuture")));

  private final Language language;
  private final TypeElement call;
  private final TypeElement iterator;
  private final TypeElement contextManager;
  private final Map<TypeElement, ExecutableElement> awaits = new LinkedHashMap<>();
  private final Map<TypeElement, ExecutableElement> streams = new LinkedHashMap<>();
  private final Map<TypeElement, Library> missing = new LinkedHashMap<>();

  /** How a method's result is asynchronous. */
  enum Kind {
    /** It can be run. */
    CALL,
    /** It can be awaited, by a method of {@link Async#via}. */
    AWAITED,
    /** An iterator can be made from it, by a method of {@link Async#via}. */
    STREAM,
    /** It is such an iterator. */
    ITERATOR,
    /** It serves both styles as it is. */
    BOTH
  }

  /**
   * The result of an asynchronous method.
   *
   * @param of the asynchronous type itself
   * @param value the type of what it results in, or of its elements
   * @param made what the type variables of that method stand for, if that is known of all
   * @param cast whether it is of so many asynchronous types that it has to be said which is meant
   */
  record Async(Kind kind, Typed of, Typed value, ClassName via, List<Typed> made, boolean cast) {
    boolean isSingle() {
      return kind == Kind.CALL || kind == Kind.AWAITED;
    }
  }

  AsyncTypes(Language language, TypeElement place) throws Rejection {
    this.language = language;
    call = language.type(AnySync.class);
    iterator = language.type(AnySyncIterator.class);
    contextManager = language.type(AnySyncContextManager.class);
    add(call);
    add(iterator);
    for (String name :
        language.options.getOrDefault(AnySyncProcessor.INTEGRATIONS, "").split(",", -1)) {
      if (!name.isBlank()) {
        TypeElement integration = language.type(name.strip());
        if (integration == null) {
          throw new Rejection(
              place,
              "-A%s: there is no class %s: put it on the path, or take it off the option"
                  .formatted(AnySyncProcessor.INTEGRATIONS, name.strip()));
        }
        if (!add(integration)) {
          throw new Rejection(
              place,
              "-A%s: %s has no public static method await(X<T>) or AnySyncIterator<T> from(X<? extends T>): write one, or take it off the option"
                  .formatted(AnySyncProcessor.INTEGRATIONS, integration));
        }
      }
    }
    LIBRARIES.forEach(this::add);
  }

  private void add(Library library) {
    TypeElement integration = language.type(library.integration);
    if (integration != null) {
      add(integration);
      return;
    }
    for (String name : library.types) {
      TypeElement type = language.type(library.packageName + "." + name);
      if (type != null) {
        missing.put(type, library);
      }
    }
  }

  /** Returns whether it has a conversion. */
  private boolean add(TypeElement integration) {
    boolean any = false;
    for (ExecutableElement method : ElementFilter.methodsIn(integration.getEnclosedElements())) {
      if (method.getModifiers().containsAll(List.of(Modifier.PUBLIC, Modifier.STATIC))
          && method.getParameters().size() == 1
          && method.getParameters().getFirst().asType() instanceof DeclaredType type
          && type.getKind() == TypeKind.DECLARED
          && !new Typed(type, Map.of()).isRaw()) {
        Typed made = new Typed(method.getReturnType(), Map.of());
        TypeElement converted = (TypeElement) type.asElement();
        if (method.getSimpleName().contentEquals("await")) {
          awaits.putIfAbsent(converted, method);
          any = true;
        } else if (method.getSimpleName().contentEquals("from")
            && made.isA(iterator)
            && !made.isRaw()) {
          streams.putIfAbsent(converted, method);
          any = true;
        }
      }
    }
    return any;
  }

  /**
   * Returns how {@code result} is asynchronous; null if it is not.
   *
   * @throws Rejection if it is, and its value's type or its integration is missing
   */
  @Nullable Async of(Typed result, ExecutableElement method) throws Rejection {
    Typed found = result.asSuper(contextManager);
    if (found != null) {
      return new Async(Kind.BOTH, found, found, ClassName.get(contextManager), List.of(), false);
    }
    found = result.asSuper(iterator);
    if (found != null) {
      checkNotRaw(found, method);
      return new Async(
          Kind.ITERATOR,
          found,
          found.arguments().getFirst(),
          ClassName.get(iterator),
          List.of(),
          false);
    }
    for (Map.Entry<TypeElement, ExecutableElement> stream : streams.entrySet()) {
      if (result.isA(stream.getKey())) { // a subtype can do more, which would be lost
        return converted(Kind.STREAM, result, stream.getValue(), method, false);
      }
    }
    return awaited(result, method);
  }

  private @Nullable Async awaited(Typed result, ExecutableElement method) throws Rejection {
    List<TypeElement> types =
        Stream.concat(awaits.keySet().stream(), missing.keySet().stream())
            .filter(type -> result.asSuper(type) != null)
            .toList();
    List<TypeElement> narrowest =
        types.stream()
            .filter(type -> types.stream().noneMatch(t -> t != type && isA(t, type)))
            .toList();
    if (narrowest.isEmpty()) {
      return null;
    }
    TypeElement type = narrowest.getFirst();
    Library library = missing.get(type);
    if (library != null) {
      throw new Rejection(
          method,
          "returns %s, which %s waits for: add the artifact dev.anysync:%s, and require its module if this is in one"
              .formatted(result, library.integration, library.artifact));
    }
    return converted(
        type.equals(call) ? Kind.CALL : Kind.AWAITED,
        Objects.requireNonNull(result.asSuper(type)),
        Objects.requireNonNull(awaits.get(type)),
        method,
        narrowest.size() > 1);
  }

  private static boolean isA(TypeElement type, TypeElement other) {
    return new Typed(type.asType(), Map.of()).asSuper(other) != null;
  }

  /** Returns what {@code conversion} makes of a result. */
  private static Async converted(
      Kind kind, Typed found, ExecutableElement conversion, ExecutableElement method, boolean cast)
      throws Rejection {
    checkNotRaw(found, method);
    ClassName via = ClassName.get((TypeElement) conversion.getEnclosingElement());
    var wanted = (DeclaredType) conversion.getParameters().getFirst().asType();
    Map<TypeParameterElement, Typed> bindings = new HashMap<>();
    for (int i = 0; i < found.arguments().size(); i++) {
      TypeMirror argument = wanted.getTypeArguments().get(i);
      if (argument instanceof WildcardType wildcard && wildcard.getExtendsBound() != null) {
        argument = wildcard.getExtendsBound();
      }
      if (kind == Kind.STREAM
          && wanted.getTypeArguments().get(i) instanceof TypeVariable
          && found.arguments().get(i).resolved().mirror() instanceof WildcardType) {
        throw new Rejection(
            method,
            "returns %s, and %s.from takes no wildcard: make its parameter %s<? extends %s>"
                .formatted(found, via.simpleName(), wanted.asElement().getSimpleName(), argument));
      }
      if (argument instanceof TypeVariable variable) {
        TypeParameterElement parameter = (TypeParameterElement) variable.asElement();
        bindings.put(parameter, found.arguments().get(i).values(parameter));
      }
    }
    Typed made = new Typed(conversion.getReturnType(), bindings);
    Typed value = kind == Kind.STREAM ? made.arguments().getFirst() : made;
    List<Typed> stand =
        conversion.getTypeParameters().stream()
            .flatMap(p -> Stream.ofNullable(bindings.get(p)))
            .toList();
    boolean all = stand.size() == conversion.getTypeParameters().size();
    return new Async(kind, found, value, via, all ? stand : List.of(), cast);
  }

  private static void checkNotRaw(Typed found, ExecutableElement method) throws Rejection {
    if (found.isRaw()) {
      String name = Objects.requireNonNull(found.element()).getSimpleName().toString();
      throw new Rejection(
          method,
          "returns a raw %s, so that its result has no type: say of what, as in %s<String>"
              .formatted(name, name));
    }
  }
}
