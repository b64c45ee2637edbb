package dev.anysync.process;

import dev.anysync.RemoteBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.lang.invoke.SerializedLambda;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which classes may come in from the other end. */
final class Allowed {
  /*
   * Overview. A class may come in if it is one of the JDK's for values and errors, this library's, or
   * the application's: from a folder of the class path, from the jar of whoever built the lane, or
   * from a package that it has named. Jars of others are where the gadgets are.
   */

  private static final Set<String> JDK =
      Set.of(
          "java.io",
          "java.lang",
          "java.math",
          "java.nio.charset",
          "java.nio.file",
          "java.text",
          "java.time",
          "java.time.chrono",
          "java.time.format",
          "java.time.temporal",
          "java.time.zone",
          "java.util",
          "java.util.concurrent",
          "java.util.concurrent.atomic",
          "java.util.concurrent.locks",
          "java.util.regex");

  private final long longestArray;
  private final Set<Path> places;
  private final List<String> packages;

  /**
   * Creates a filter.
   *
   * @param longestArray how many bytes an array may have
   * @param places folders and jars all of whose classes are allowed
   * @param packages names, of which all classes are allowed, and those of packages in them
   */
  Allowed(long longestArray, Set<Path> places, List<String> packages) {
    this.longestArray = longestArray;
    this.places = Set.copyOf(places);
    this.packages = List.copyOf(packages);
  }

  /** Returns the folder or jar of a class, or null if it has none. */
  static @Nullable Path place(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return null;
    }
    try {
      URI location = source.getLocation().toURI();
      return "file".equals(location.getScheme()) ? Path.of(location).toAbsolutePath() : null;
    } catch (URISyntaxException | IllegalArgumentException e) {
      return null;
    }
  }

  /** Returns whether a class, which is not that of an array, may come in. */
  boolean allows(Class<?> type) {
    if (type.isPrimitive() || type == URI.class || type == SerializedLambda.class) {
      return true;
    }
    String name = type.getPackageName();
    if (type.getModule() == Object.class.getModule()) {
      return JDK.contains(name);
    }
    if (packages.stream().anyMatch(p -> name.equals(p) || name.startsWith(p + "."))) {
      return true;
    }
    Path place = place(type);
    return place != null
        && (places.contains(place)
            || place.equals(place(RemoteBody.class))
            || place.equals(place(Allowed.class)));
  }

  /** Reads the one object of a stream. */
  @Nullable Object read(InputStream stream, @Nullable ClassLoader loader)
      throws IOException, ClassNotFoundException {
    Filter filter = new Filter();
    try (ObjectInputStream in = new Input(stream, loader)) {
      in.setObjectInputFilter(filter);
      return in.readObject();
    } catch (InvalidClassException e) {
      if (filter.refused == null) {
        throw e;
      }
      InvalidClassException refused =
          new InvalidClassException(
              filter.refused + " is not allowed to cross: name its package to allow()");
      refused.initCause(e);
      throw refused;
    }
  }

  private final class Filter implements ObjectInputFilter {
    private final @Nullable ObjectInputFilter general = ObjectInputFilter.Config.getSerialFilter();
    @Nullable String refused;

    @Override
    public Status checkInput(FilterInfo info) {
      if (general != null && general.checkInput(info) == Status.REJECTED) {
        return Status.REJECTED;
      }
      Class<?> type = info.serialClass();
      if (type == null) {
        return Status.UNDECIDED;
      }
      if (info.arrayLength() > longestArray / size(type.getComponentType())) {
        refused = "an array of " + info.arrayLength() + " elements";
        return Status.REJECTED;
      }
      while (type.isArray()) {
        type = type.getComponentType();
      }
      if (allows(type)) {
        return Status.ALLOWED;
      }
      refused = type.getName();
      return Status.REJECTED;
    }
  }

  private static int size(@Nullable Class<?> element) {
    return element == long.class || element == double.class
        ? Long.BYTES
        : element == null || element == byte.class || element == boolean.class
            ? 1
            : element == short.class || element == char.class ? Short.BYTES : Integer.BYTES;
  }

  /** Knows the classes that a thread's context class loader knows. */
  private static final class Input extends ObjectInputStream {
    private final @Nullable ClassLoader loader;

    Input(InputStream in, @Nullable ClassLoader loader) throws IOException {
      super(in);
      this.loader = loader;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      if (loader != null) {
        try {
          return Class.forName(description.getName(), false, loader);
        } catch (ClassNotFoundException e) {
          // It is a primitive, or known to this class's loader only.
        }
      }
      return super.resolveClass(description);
    }
  }
}
