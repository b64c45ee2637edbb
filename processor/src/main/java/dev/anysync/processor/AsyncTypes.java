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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.TypeParameterElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/** The types that are asynchronous: the JDK's, the library's, and those of integrations. */
final class AsyncTypes {
  /** Types of libraries, the artifact of their integration, and its class. */
  private static final Map<String, List<String>> OF_LIBRARIES = new LinkedHashMap<>();

  static {
    ofLibrary(
        "dev.anysync.reactor.AnySyncReactor",
        "anysync-reactor",
        "reactor.core.publisher",
        "Mono",
        "Flux");
    ofLibrary(
        "dev.anysync.rxjava3.AnySyncRxJava",
        "anysync-rxjava3",
        "io.reactivex.rxjava3.core",
        "Single",
        "Maybe",
        "Completable",
        "Flowable");
    ofLibrary(
        "dev.anysync.mutiny.AnySyncMutiny", "anysync-mutiny", "io.smallrye.mutiny", "Uni", "Multi");
    ofLibrary("dev.anysync.vertx.AnySyncVertx", "anysync-vertx", "io.vertx.core", "Future");
    ofLibrary(
        "dev.anysync.netty.AnySyncNetty", "anysync-netty", "io.netty.util.concurrent", "Future");
    ofLibrary(
        "dev.anysync.guava.AnySyncGuava",
        "anysync-guava",
        "com.google.common.util.concurrent",
        "ListenableFuture");
  }

  private final Language language;
  private final TypeElement call;
  private final TypeElement iterator;
  private final TypeElement contextManager;
  private final TypeElement completableFuture;
  private final TypeElement stage;
  private final TypeElement future;
  private final TypeElement publisher;
  private final Map<TypeElement, ExecutableElement> awaits = new LinkedHashMap<>();
  private final Map<TypeElement, ExecutableElement> streams = new LinkedHashMap<>();

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
   * @param of the asynchronous type itself, as the integration knows it
   * @param value the type of what it results in, or of its elements
   * @param cast whether it is of so many asynchronous types that it has to be said which is meant
   */
  record Async(Kind kind, Typed of, Typed value, ClassName via, boolean cast) {
    boolean isSingle() {
      return kind == Kind.CALL || kind == Kind.AWAITED;
    }
  }

  AsyncTypes(Language language, TypeElement place) throws Rejection {
    this.language = language;
    call = language.type(AnySync.class);
    iterator = language.type(AnySyncIterator.class);
    contextManager = language.type(AnySyncContextManager.class);
    completableFuture = language.type(CompletableFuture.class);
    stage = language.type(CompletionStage.class);
    future = language.type(Future.class);
    publisher = language.type(Flow.Publisher.class);
    for (String library : OF_LIBRARIES.values().stream().map(List::getFirst).distinct().toList()) {
      TypeElement integration = language.type(library);
      if (integration != null) {
        add(integration);
      }
    }
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
        add(integration);
      }
    }
  }

  private static void ofLibrary(String integration, String artifact, String name, String... types) {
    for (String type : types) {
      OF_LIBRARIES.put(name + "." + type, List.of(integration, artifact));
    }
  }

  private void add(TypeElement integration) {
    for (ExecutableElement method : ElementFilter.methodsIn(integration.getEnclosedElements())) {
      if (method.getModifiers().containsAll(List.of(Modifier.PUBLIC, Modifier.STATIC))
          && method.getParameters().size() == 1
          && method.getParameters().getFirst().asType() instanceof DeclaredType type
          && type.getKind() == TypeKind.DECLARED) {
        TypeElement converted = (TypeElement) type.asElement();
        if (method.getSimpleName().contentEquals("await")) {
          awaits.putIfAbsent(converted, method);
        } else if (method.getSimpleName().contentEquals("from")
            && new Typed(method.getReturnType(), Map.of()).isA(iterator)) {
          streams.putIfAbsent(converted, method);
        }
      }
    }
  }

  /**
   * Returns how {@code result} is asynchronous; null if it is not.
   *
   * @throws Rejection if it is, and its value's type or its integration is missing
   */
  @Nullable Async of(Typed result, ExecutableElement method) throws Rejection {
    ClassName core = ClassName.get(call);
    Typed found = result.asSuper(call);
    if (found != null) {
      return new Async(Kind.CALL, found, value(found, method), core, false);
    }
    found = result.asSuper(iterator);
    if (found != null) {
      return new Async(Kind.ITERATOR, found, value(found, method), core, false);
    }
    found = result.asSuper(contextManager);
    if (found != null) {
      return new Async(Kind.BOTH, found, found, core, false);
    }
    if (result.isA(publisher)) {
      return new Async(Kind.STREAM, result, value(result, method), ClassName.get(iterator), false);
    }
    found = result.asSuper(stage);
    if (found != null) {
      boolean both = result.asSuper(completableFuture) == null && result.asSuper(future) != null;
      return new Async(Kind.AWAITED, found, value(found, method), core, both);
    }
    Async converted = byIntegration(result, method);
    if (converted != null) {
      return converted;
    }
    found = result.asSuper(future);
    return found == null ? null : new Async(Kind.AWAITED, found, value(found, method), core, false);
  }

  private @Nullable Async byIntegration(Typed result, ExecutableElement method) throws Rejection {
    for (Map.Entry<TypeElement, ExecutableElement> stream : streams.entrySet()) {
      if (result.isA(stream.getKey())) { // a subtype can do more, which would be lost
        return converted(Kind.STREAM, result, stream.getValue(), method);
      }
    }
    for (Map.Entry<TypeElement, ExecutableElement> await : awaits.entrySet()) {
      Typed found = result.asSuper(await.getKey());
      if (found != null) {
        return converted(Kind.AWAITED, found, await.getValue(), method);
      }
    }
    for (Map.Entry<String, List<String>> known : OF_LIBRARIES.entrySet()) {
      TypeElement type = language.type(known.getKey());
      if (type != null
          && result.asSuper(type) != null
          && language.type(known.getValue().getFirst()) == null) {
        throw new Rejection(
            method,
            "returns %s, which %s waits for: add the artifact dev.anysync:%s, and require its module if this is in one"
                .formatted(result, known.getValue().getFirst(), known.getValue().getLast()));
      }
    }
    return null;
  }

  /** Returns what {@code conversion} makes of a result. */
  private Async converted(
      Kind kind, Typed found, ExecutableElement conversion, ExecutableElement method)
      throws Rejection {
    checkNotRaw(found, method);
    var wanted = (DeclaredType) conversion.getParameters().getFirst().asType();
    Map<TypeParameterElement, Typed> bindings = new HashMap<>();
    for (int i = 0; i < found.arguments().size(); i++) {
      if (wanted.getTypeArguments().get(i) instanceof TypeVariable variable) {
        bindings.put((TypeParameterElement) variable.asElement(), valueOf(found, i));
      }
    }
    Typed made = new Typed(conversion.getReturnType(), bindings);
    Typed value = kind == Kind.STREAM ? made.arguments().getFirst() : made;
    return new Async(
        kind, found, value, ClassName.get((TypeElement) conversion.getEnclosingElement()), false);
  }

  private static Typed value(Typed found, ExecutableElement method) throws Rejection {
    checkNotRaw(found, method);
    return valueOf(found, 0);
  }

  private static Typed valueOf(Typed found, int argument) {
    TypeElement element = Objects.requireNonNull(found.element());
    return found.arguments().get(argument).values(element.getTypeParameters().get(argument));
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
