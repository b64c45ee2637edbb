package dev.anysync.process;

import dev.anysync.RemoteBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.lang.invoke.SerializedLambda;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which classes may cross from one end to the other. */
final class Allowed {
  /*
   * Overview. A class may cross if it is one of the JDK's for values and errors, this library's, or
   * the application's: from a folder of the class path, from the jar of whoever built the lane, or
   * from a package that it has named. Jars of others are where the gadgets are. Whoever writes looks
   * as well, so that what is refused is a mistake that can be told, and whatever the reader still
   * has to refuse is not to be trusted.
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
          "java.util.regex",
          "sun.util.calendar"); // the zone of a Calendar

  private static final Set<Path> OURS =
      Stream.of(RemoteBody.class, Allowed.class)
          .map(Allowed::place)
          .filter(Objects::nonNull)
          .collect(Collectors.toSet());

  private final long mostBytes;
  private final Set<Path> places;
  private final List<String> packages;
  private final ClassValue<Boolean> known =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          return isAllowed(type);
        }
      };

  /**
   * Creates a filter.
   *
   * @param mostBytes how many bytes a message may have, and the arrays in it
   * @param places folders and jars all of whose classes are allowed
   * @param packages names, of which all classes are allowed, and those of packages in them
   */
  Allowed(long mostBytes, Set<Path> places, List<String> packages) {
    this.mostBytes = mostBytes;
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
      return "file".equals(location.getScheme()) ? real(Path.of(location)) : null;
    } catch (URISyntaxException | IllegalArgumentException e) {
      return null;
    }
  }

  /** Returns the one name of a file that may have several. */
  static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path.toAbsolutePath().normalize();
    }
  }

  /** Returns whether a class may cross. */
  boolean allows(Class<?> type) {
    Class<?> element = type;
    while (element.isArray()) {
      element = element.getComponentType();
    }
    return known.get(element);
  }

  private boolean isAllowed(Class<?> type) {
    String name = type.getPackageName();
    if (type.isPrimitive()
        || type == URI.class
        || type == SerializedLambda.class
        || packages.stream().anyMatch(p -> name.equals(p) || name.startsWith(p + "."))) {
      return true;
    }
    String module = type.getModule().getName();
    if (module != null && module.startsWith("java.")) {
      return Throwable.class.isAssignableFrom(type)
          || (module.equals("java.base") && JDK.contains(name));
    }
    Path place = place(type);
    return place != null && (places.contains(place) || OURS.contains(place));
  }

  private static String refusal(String what) {
    return what + " is not allowed to cross: name its package to allow()";
  }

  /**
   * Returns a stream for one object, which refuses what the other end would refuse, by an {@link
   * InvalidClassException}.
   */
  ObjectOutputStream writer(OutputStream out) throws IOException {
    return new ObjectOutputStream(out) {
      @Override
      protected void annotateClass(Class<?> type) throws IOException {
        if (!allows(type)) {
          throw new InvalidClassException(refusal(type.getName()));
        }
      }
    };
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
      InvalidClassException refused = new InvalidClassException(filter.refused);
      refused.initCause(e);
      throw refused;
    }
  }

  private final class Filter implements ObjectInputFilter {
    private final @Nullable ObjectInputFilter general = ObjectInputFilter.Config.getSerialFilter();
    @Nullable String refused;
    private long arrays; // bytes

    @Override
    public Status checkInput(FilterInfo info) {
      if (general != null && general.checkInput(info) == Status.REJECTED) {
        return Status.REJECTED;
      }
      Class<?> type = info.serialClass();
      if (type != null && info.arrayLength() > 0) {
        arrays += info.arrayLength() * size(type.getComponentType());
      }
      if (Math.max(arrays, info.streamBytes()) > mostBytes) {
        refused = "more than " + mostBytes + " bytes: see heap()";
        return Status.REJECTED;
      }
      if (type == null) {
        return Status.UNDECIDED;
      }
      if (allows(type)) {
        return Status.ALLOWED;
      }
      refused = refusal(type.getName());
      return Status.REJECTED;
    }
  }

  private static long size(@Nullable Class<?> element) {
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
