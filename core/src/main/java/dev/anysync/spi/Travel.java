package dev.anysync.spi;

import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says why an object cannot be serialized, in the words of whoever wrote its class. */
final class Travel {
  private static final int DEEPEST = 8;
  private static final int MOST = 10_000; // objects to look at

  private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  private Travel() {}

  /** Returns a sentence on {@code object}, named {@code what}, whose serialization threw. */
  static String why(@Nullable Object object, String what, Throwable thrown) {
    if (object == null || !(thrown instanceof NotSerializableException)) {
      return what + " could not be serialized: " + thrown;
    }
    SerializedLambda lambda = lambda(object);
    String found = lambda == null ? new Travel().find(object, 0) : ofLambda(lambda);
    return what
        + ", "
        + (lambda == null
            ? "of type " + object.getClass().getName()
            : "a lambda or method reference")
        + ", cannot travel: "
        + (found != null ? found : "it holds")
        + (found != null ? "" : " an object of type " + thrown.getMessage())
        + ", which is not Serializable";
  }

  private static @Nullable String ofLambda(SerializedLambda lambda) {
    for (int i = 0; i < lambda.getCapturedArgCount(); i++) {
      Object captured = lambda.getCapturedArg(i);
      if (captured == null || isSerializable(captured)) {
        continue;
      }
      String type = captured.getClass().getName();
      boolean isThis = i == 0 && type.equals(lambda.getCapturingClass().replace('/', '.'));
      String variable =
          isThis
              ? "it captures 'this', a " + type
              : "it captures a variable of type " + type + " (number " + (i + 1) + ")";
      String inside = captured instanceof Serializable ? new Travel().find(captured, 0) : null;
      return inside == null ? variable : variable + ", of which " + inside;
    }
    return null;
  }

  /** Returns what a lambda is written as; null if it is none. */
  private static @Nullable SerializedLambda lambda(Object object) {
    Object[] written = new Object[1];
    try (ObjectOutputStream stream = new Lambdas(written)) {
      stream.writeObject(object);
    } catch (IOException | RuntimeException | StackOverflowError e) {
      // As expected.
    }
    return written[0] instanceof SerializedLambda lambda ? lambda : null;
  }

  private static final class Lambdas extends ObjectOutputStream {
    private final Object[] first;

    Lambdas(Object[] first) throws IOException {
      super(OutputStream.nullOutputStream());
      this.first = first;
      enableReplaceObject(true);
    }

    @Override
    protected Object replaceObject(Object object) {
      if (first[0] == null) {
        first[0] = object;
      }
      return object;
    }
  }

  private static boolean isSerializable(Object object) {
    try (ObjectOutputStream stream = new ObjectOutputStream(OutputStream.nullOutputStream())) {
      stream.writeObject(object);
      return true;
    } catch (IOException | RuntimeException | StackOverflowError e) {
      return false;
    }
  }

  /** Returns the way to what is not serializable, or null if it cannot be seen. */
  private @Nullable String find(Object object, int depth) {
    if (depth == DEEPEST || seen.size() >= MOST || !seen.add(object)) {
      return null;
    }
    if (object instanceof Collection<?> all) {
      return among(all, "an element", depth);
    }
    if (object instanceof Map<?, ?> map) {
      String key = among(map.keySet(), "a key", depth);
      return key != null ? key : among(map.values(), "a value", depth);
    }
    if (object instanceof Object[] array) {
      return among(Arrays.asList(array), "an element", depth);
    }
    if (object.getClass().isArray()) {
      return null;
    }
    for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
      if (!Serializable.class.isAssignableFrom(type)) {
        break;
      }
      for (Field field : type.getDeclaredFields()) {
        String found = in(field, object, depth);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  private @Nullable String among(Collection<?> all, String name, int depth) {
    for (Object one : all) {
      String found = one == null ? null : step(one, name, depth);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private @Nullable String in(Field field, Object object, int depth) {
    int modifiers = field.getModifiers();
    if (Modifier.isStatic(modifiers)
        || Modifier.isTransient(modifiers)
        || field.getType().isPrimitive()) {
      return null;
    }
    Object value;
    try {
      field.setAccessible(true);
      value = field.get(object);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null; // of a module that does not open the package
    }
    return value == null ? null : step(value, "the field '" + field.getName() + "'", depth);
  }

  private @Nullable String step(Object value, String name, int depth) {
    if (!(value instanceof Serializable)) {
      return name + " is of type " + value.getClass().getName();
    }
    String inside = find(value, depth + 1);
    return inside == null ? null : name + " holds what cannot travel: " + inside;
  }
}
