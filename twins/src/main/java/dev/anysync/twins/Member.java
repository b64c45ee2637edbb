package dev.anysync.twins;

import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A method as a certain type has it: the type variables of its class stand for what is known.
 *
 * @param isSpread whether the last parameters are elements of the array that the method takes
 */
record Member(Method method, Shape result, List<Shape> parameters, boolean isSpread) {
  /** Returns {@code method} as a subtype has it that has its declaring class in this shape. */
  static Member of(Method method, Shape declaring) {
    Map<TypeVariable<?>, Shape> known = declaring.known();
    Type[] parameters = method.getGenericParameterTypes();
    return new Member(
        method,
        Shape.of(method.getGenericReturnType(), known),
        Stream.of(parameters).map(p -> Shape.of(p, known)).toList(),
        false);
  }

  /** Returns the same with the last parameter, an array, as several, {@code count} in all. */
  Member spread(int count) {
    int fixed = parameters.size() - 1;
    Shape component = parameters.getLast().component();
    return new Member(
        method,
        result,
        Stream.concat(
                parameters.stream().limit(fixed),
                Stream.generate(() -> component).limit(count - fixed))
            .toList(),
        true);
  }

  List<Class<?>> erasure() {
    return parameters.stream().<Class<?>>map(Shape::raw).toList();
  }

  /** Returns why this cannot be called with the arguments of {@code caller}, or null if it can. */
  @Nullable String refusal(Member caller) {
    int count = parameters.size();
    if (caller.parameters.size() != count) {
      return "has %d parameter%s, not %d"
          .formatted(count, count == 1 ? "" : "s", caller.parameters.size());
    }
    for (int i = 0; i < count; i++) {
      if (!parameters.get(i).accepts(caller.parameters.get(i))) {
        return "takes %s as parameter %d, not %s"
            .formatted(parameters.get(i), i + 1, caller.parameters.get(i));
      }
    }
    return null;
  }

  @Override
  public String toString() {
    return result
        + " "
        + method.getName()
        + parameters.stream().map(Shape::toString).collect(Collectors.joining(", ", "(", ")"));
  }
}
