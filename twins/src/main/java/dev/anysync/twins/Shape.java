package dev.anysync.twins;

import java.lang.invoke.MethodType;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A type with what is known of its arguments.
 *
 * @param arguments none if the type has none, or is raw
 * @param open whether it is a type variable of which no more is known than that it extends this
 */
record Shape(Class<?> raw, List<Shape> arguments, boolean open) {
  static final Shape ANY = new Shape(Object.class, List.of(), true);

  static Shape of(Class<?> type) {
    return new Shape(type, List.of(), false);
  }

  /** Returns the shape of {@code type}, in which {@code known} variables stand for their shapes. */
  static Shape of(Type type, Map<TypeVariable<?>, Shape> known) {
    return switch (type) {
      case Class<?> plain -> of(plain);
      case ParameterizedType applied ->
          new Shape(
              (Class<?>) applied.getRawType(),
              Stream.of(applied.getActualTypeArguments()).map(a -> of(a, known)).toList(),
              false);
      case GenericArrayType array -> {
        Shape component = of(array.getGenericComponentType(), known);
        yield new Shape(component.raw.arrayType(), component.arguments, component.open);
      }
      case TypeVariable<?> variable ->
          known.containsKey(variable)
              ? known.get(variable)
              : new Shape(erased(variable.getBounds()[0]), List.of(), true);
      case WildcardType wildcard -> {
        Shape bound = of(wildcard.getUpperBounds()[0], known);
        yield bound.raw == Object.class ? ANY : bound;
      }
      default -> throw new AssertionError("a kind of type that is not known: " + type);
    };
  }

  private static Class<?> erased(Type bound) {
    return switch (bound) {
      case Class<?> plain -> plain;
      case ParameterizedType applied -> (Class<?>) applied.getRawType();
      case TypeVariable<?> variable -> erased(variable.getBounds()[0]);
      default -> throw new AssertionError("a kind of bound that is not known: " + bound);
    };
  }

  /** Returns what the class's type variables stand for. */
  Map<TypeVariable<?>, Shape> known() {
    Map<TypeVariable<?>, Shape> known = new HashMap<>();
    TypeVariable<?>[] parameters = raw.getTypeParameters(); // none of an array
    for (int i = 0; i < Math.min(parameters.length, arguments.size()); i++) {
      known.put(parameters[i], arguments.get(i));
    }
    return known;
  }

  /** Returns the supertypes, this first, superclasses before interfaces; each may come again. */
  List<Shape> supertypes() {
    List<Shape> all = new ArrayList<>(List.of(this));
    Type superclass = raw.getGenericSuperclass();
    if (superclass != null) {
      all.addAll(of(superclass, known()).supertypes());
    }
    for (Type implemented : raw.getGenericInterfaces()) {
      all.addAll(of(implemented, known()).supertypes());
    }
    return all;
  }

  /** Returns this as the given supertype of it, or null if it is none. */
  @Nullable Shape as(Class<?> type) {
    return type.isAssignableFrom(raw)
        ? supertypes().stream().filter(s -> s.raw == type).findFirst().orElse(null)
        : null;
  }

  /** Returns the type of the results of an async type: its first argument. */
  Shape result() {
    if (raw.getTypeParameters().length == 0) {
      return of(Void.class);
    }
    return arguments.isEmpty() ? ANY : arguments.getFirst();
  }

  Shape component() {
    return new Shape(raw.getComponentType(), arguments, open);
  }

  /** Returns whether what has the shape {@code given} may be used as this, as far as is known. */
  boolean accepts(Shape given) {
    Class<?> wished = boxed(raw);
    Class<?> there = boxed(given.raw);
    if (open || given.open) {
      return wished.isAssignableFrom(there) || there.isAssignableFrom(wished);
    }
    Shape common = wished == there ? given : given.as(wished);
    if (common == null) {
      return wished.isAssignableFrom(there); // arrays
    }
    for (int i = 0; i < Math.min(arguments.size(), common.arguments.size()); i++) {
      if (!arguments.get(i).accepts(common.arguments.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static Class<?> boxed(Class<?> type) {
    return MethodType.methodType(type).wrap().returnType();
  }

  @Override
  public String toString() {
    if (open && raw == Object.class) {
      return "?";
    }
    String name = raw.isArray() ? component() + "[]" : raw.getSimpleName();
    return raw.isArray() || arguments.isEmpty()
        ? name
        : name
            + arguments.stream().map(Shape::toString).collect(Collectors.joining(", ", "<", ">"));
  }
}
