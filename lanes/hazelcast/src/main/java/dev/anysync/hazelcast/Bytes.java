package dev.anysync.hazelcast;

import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.core.HazelcastInstance;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/** Reads what has been serialized, as far as filters allow it. */
final class Bytes {
  private static final ClassFilter DEFAULTS =
      new ClassFilter().addPrefixes("java", "com.hazelcast.", "dev.anysync."); // and Hazelcast's

  private Bytes() {}

  /**
   * Reads the one object of some bytes.
   *
   * @param filter asked beside the JVM-wide one, if there is one
   * @param loaders asked for classes, in this order
   */
  static @Nullable Object read(
      byte[] bytes,
      int offset,
      @Nullable ObjectInputFilter filter,
      @Nullable ClassLoader... loaders)
      throws IOException, ClassNotFoundException {
    Asked asked = new Asked(filter);
    try (ObjectInputStream in =
        new Input(new ByteArrayInputStream(bytes, offset, bytes.length - offset), loaders)) {
      in.setObjectInputFilter(asked);
      return in.readObject();
    } catch (InvalidClassException e) {
      if (asked.refused == null) {
        throw e;
      }
      InvalidClassException refused =
          new InvalidClassException(
              asked.refused
                  + " is refused by a filter of deserialization: the JVM's, that of Hazelcast's"
                  + " configuration, or that of the lane");
      refused.initCause(e);
      throw refused;
    }
  }

  /** Returns the filter that the configuration of an instance has; null if it has none. */
  static @Nullable ObjectInputFilter filterOf(HazelcastInstance instance) {
    JavaSerializationFilterConfig config;
    try {
      config = instance.getConfig().getSerializationConfig().getJavaSerializationFilterConfig();
    } catch (UnsupportedOperationException e) {
      return null; // a client, which does not tell its configuration
    }
    return config == null ? null : info -> check(config, info.serialClass());
  }

  private static ObjectInputFilter.Status check(
      JavaSerializationFilterConfig config, @Nullable Class<?> type) {
    Class<?> element = type;
    while (element != null && element.isArray()) {
      element = element.getComponentType();
    }
    if (element == null || element.isPrimitive()) {
      return ObjectInputFilter.Status.UNDECIDED;
    }
    String name = element.getName();
    boolean hasDefaults = !config.isDefaultsDisabled();
    boolean isListed =
        (!hasDefaults && config.getWhitelist().isEmpty())
            || config.getWhitelist().isListed(name)
            || (hasDefaults && DEFAULTS.isListed(name));
    return isListed && !config.getBlacklist().isListed(name)
        ? ObjectInputFilter.Status.UNDECIDED
        : ObjectInputFilter.Status.REJECTED;
  }

  /** Remembers what was refused. */
  private static final class Asked implements ObjectInputFilter {
    private final @Nullable ObjectInputFilter[] filters;
    @Nullable String refused;

    Asked(@Nullable ObjectInputFilter filter) {
      this.filters = new ObjectInputFilter[] {Config.getSerialFilter(), filter};
    }

    @Override
    public Status checkInput(FilterInfo info) {
      Status all = Status.UNDECIDED;
      for (ObjectInputFilter filter : filters) {
        Status status = filter == null ? Status.UNDECIDED : filter.checkInput(info);
        if (status == Status.REJECTED) {
          Class<?> type = info.serialClass();
          refused = type == null ? "an object of that size or depth" : type.getTypeName();
          return status;
        }
        all = status == Status.ALLOWED ? status : all;
      }
      return all;
    }
  }

  /** Knows the classes of several class loaders. */
  private static final class Input extends ObjectInputStream {
    private final @Nullable ClassLoader[] loaders;

    Input(ByteArrayInputStream in, @Nullable ClassLoader[] loaders) throws IOException {
      super(in);
      this.loaders = loaders;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      for (ClassLoader loader : loaders) {
        if (loader != null) {
          try {
            return Class.forName(description.getName(), false, loader);
          } catch (ClassNotFoundException e) {
            // It is a primitive, or another's.
          }
        }
      }
      return super.resolveClass(description);
    }

    @Override
    @SuppressWarnings("deprecation") // it is what the method of the superclass does
    protected Class<?> resolveProxyClass(String[] interfaces)
        throws IOException, ClassNotFoundException {
      for (ClassLoader loader : loaders) {
        if (loader != null) {
          try {
            Class<?>[] types = new Class<?>[interfaces.length];
            for (int i = 0; i < types.length; i++) {
              types[i] = Class.forName(interfaces[i], false, loader);
            }
            return Proxy.getProxyClass(loader, types);
          } catch (ClassNotFoundException | IllegalArgumentException e) {
            // They are another's.
          }
        }
      }
      return super.resolveProxyClass(interfaces);
    }
  }
}
