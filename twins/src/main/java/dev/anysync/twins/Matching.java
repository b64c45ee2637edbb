package dev.anysync.twins;

import static java.util.stream.Collectors.joining;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds what the methods of a view call in the targets of one class. */
final class Matching {
  private final Form form;
  private final Class<?> target;
  private final Lookup lookup;
  private final List<Member> offered;

  /** Looks at the public methods of {@code target} that {@code lookup}, or everybody, may call. */
  Matching(Form form, Class<?> target, Lookup lookup) {
    this.form = form;
    this.target = target;
    this.lookup = lookup;
    this.offered = offered();
  }

  private List<Member> offered() {
    Map<List<Object>, Member> members = new LinkedHashMap<>();
    for (Shape type : Shape.of(target).supertypes()) {
      if (type.raw() != Object.class && !isErased(type.raw()) && seesWith(type.raw()) != null) {
        Method[] methods = type.raw().getDeclaredMethods();
        for (Method method : methods) {
          if ((method.getModifiers() & (Modifier.PUBLIC | Modifier.STATIC)) == Modifier.PUBLIC
              && !(method.isBridge() && Stream.of(methods).anyMatch(m -> replaces(m, method)))) {
            Member member = Member.of(method, type);
            members.merge(
                List.of(method.getName(), member.erasure()), member, Matching::moreSpecific);
          }
        }
      }
    }
    return members.values().stream().sorted(Comparator.comparing(Member::toString)).toList();
  }

  /** Whether a class, such as that of a lambda, has its interfaces' methods without their types. */
  private static boolean isErased(Class<?> type) {
    return type.isHidden() || type.isSynthetic() || Proxy.isProxyClass(type);
  }

  /** A bridge that replaces none is there for a method of a superclass that is not public. */
  private static boolean replaces(Method method, Method bridge) {
    return !method.isBridge()
        && method.getName().equals(bridge.getName())
        && areSubtypes(method.getParameterTypes(), bridge.getParameterTypes());
  }

  private static boolean areSubtypes(Class<?>[] types, Class<?>[] supertypes) {
    return types.length == supertypes.length
        && IntStream.range(0, types.length).allMatch(i -> supertypes[i].isAssignableFrom(types[i]));
  }

  private static Member moreSpecific(Member first, Member second) {
    return second.result().raw().isAssignableFrom(first.result().raw()) ? first : second;
  }

  /** Returns the lookup by which the class can be used, or null if it cannot. */
  private @Nullable Lookup seesWith(Class<?> type) {
    for (Lookup each : List.of(lookup, MethodHandles.publicLookup())) {
      try {
        each.accessClass(type);
        return each;
      } catch (IllegalAccessException e) {
        // Perhaps by the other one.
      }
    }
    return null;
  }

  /**
   * Returns what each method of {@code view} does; null where a default method has no counterpart.
   *
   * @throws IllegalArgumentException if another one has none, with a line for each
   */
  BiFunction<?, ?, ?>[] calls(Class<?> view, List<Member> wished) {
    BiFunction<?, ?, ?>[] calls = new BiFunction<?, ?, ?>[wished.size()];
    List<String> mismatches = new ArrayList<>();
    for (int i = 0; i < calls.length; i++) {
      Member method = wished.get(i);
      List<Member> found = find(method);
      Call call = found.size() == 1 ? form.call(method.result(), found.getFirst().result()) : null;
      if (call != null) {
        calls[i] = bound(found.getFirst(), call);
      } else if (!method.method().isDefault()) {
        mismatches.add("\n  " + method + ": " + reason(method, found));
      }
    }
    if (!mismatches.isEmpty()) {
      throw new IllegalArgumentException(
          "view: %s is not the %s form of %s%s:%s"
              .formatted(
                  view.getName(),
                  form,
                  target.getName(),
                  offered.isEmpty() ? ", which has no public method in a type that is public" : "",
                  String.join("", mismatches)));
    }
    return calls;
  }

  /** Returns the one method to call, or, if none takes the arguments best, all that take them. */
  private List<Member> find(Member wished) {
    int count = wished.parameters().size();
    List<Member> named = named(wished.method().getName()::equals);
    List<Member> fixed = named.stream().filter(m -> m.refusal(wished) == null).toList();
    List<Member> all =
        !fixed.isEmpty()
            ? fixed
            : named.stream()
                .filter(m -> m.method().isVarArgs() && m.parameters().size() <= count + 1)
                .map(m -> m.spread(count))
                .filter(m -> m.refusal(wished) == null)
                .toList();
    return Stream.concat(
            all.stream().filter(m -> m.erasure().equals(wished.erasure())),
            all.stream().filter(m -> all.stream().allMatch(other -> other.refusal(m) == null)))
        .findFirst()
        .map(List::of)
        .orElse(all);
  }

  private List<Member> named(Predicate<String> name) {
    return offered.stream().filter(m -> name.test(m.method().getName())).toList();
  }

  private String reason(Member wished, List<Member> found) {
    String name = wished.method().getName();
    if (found.size() == 1) {
      return found.getFirst() + " does not give " + wished.result();
    }
    if (!found.isEmpty()) {
      return found.stream().map(Member::toString).collect(joining(" and "))
          + " fit equally well; give it the parameters of one of them";
    }
    List<Member> named = named(name::equals);
    if (!named.isEmpty()) {
      return named.stream().map(m -> m + " " + m.refusal(wished)).collect(joining("; "));
    }
    String similar =
        named(n -> n.startsWith(name) || name.startsWith(n)).stream()
            .map(Member::toString)
            .collect(joining(", "));
    return "there is no method of this name" + (similar.isEmpty() ? "" : ", but " + similar);
  }

  /** Returns a function of the target and the arguments. */
  private BiFunction<Object, Object[], @Nullable Object> bound(Member member, Call call) {
    Method method = member.method();
    int count = member.parameters().size();
    try {
      MethodHandle handle =
          Objects.requireNonNull(seesWith(method.getDeclaringClass()))
              .unreflect(method)
              .asFixedArity();
      if (member.isSpread()) {
        int fixed = method.getParameterCount() - 1;
        handle = handle.asCollector(method.getParameterTypes()[fixed], count - fixed);
      }
      MethodHandle spread =
          handle.asType(MethodType.genericMethodType(1 + count)).asSpreader(Object[].class, count);
      return (target, arguments) -> call.call(spread, target, arguments);
    } catch (IllegalAccessException e) {
      throw new AssertionError("a public method of a class that can be used: " + method, e);
    }
  }
}
