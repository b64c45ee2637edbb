package dev.anysync.micrometer;

import dev.anysync.spi.ContextCarrier;
import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ThreadLocalAccessor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Carries what the {@link ThreadLocalAccessor}s of the global {@link ContextRegistry} know to the
 * thread that a body runs on, and what the body set, changed or removed back to a caller that waits
 * for it.
 *
 * <p>Found as a service: nothing has to be called. Accessors may be registered and removed at any
 * time; what counts is which are registered when a body starts and ends. An accessor that throws
 * makes the call fail with what it threw.
 */
public final class MicrometerCarrier implements ContextCarrier {
  /*
   * Overview. Most accessors are of plain thread locals: a value is set, whatever was there before.
   * Those that open a scope with each value they set have a restore() of their own, to close it. For
   * these a value that is there already is not set again, and when a body's thread leaves what it was
   * given all scopes are closed that were opened since, by this or by the body.
   */

  private static final ClassValue<Boolean> OPENS_SCOPES =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          return Arrays.stream(type.getMethods())
              .filter(method -> method.getName().equals("restore"))
              .anyMatch(method -> method.getDeclaringClass() != ThreadLocalAccessor.class);
        }
      };

  private final List<ThreadLocalAccessor<?>> accessors; // as they come and go

  /** Creates the carrier; for the service loader. */
  public MicrometerCarrier() {
    this(ContextRegistry.getInstance());
  }

  MicrometerCarrier(ContextRegistry registry) {
    accessors = registry.getThreadLocalAccessors();
  }

  @Override
  public @Nullable Object capture() {
    if (accessors.isEmpty()) {
      return null;
    }
    Map<Object, Object> values = null;
    for (ThreadLocalAccessor<?> accessor : accessors) {
      Object value = accessor.getValue();
      if (value != null) {
        if (values == null) {
          values = new HashMap<>();
        }
        values.put(accessor.key(), value);
      }
    }
    return values;
  }

  @Override
  public void restore(@Nullable Object snapshot) {
    if (accessors.isEmpty()) {
      return;
    }
    for (ThreadLocalAccessor<?> accessor : accessors) {
      Object value = value(snapshot, accessor);
      if (!OPENS_SCOPES.get(accessor.getClass()) || accessor.getValue() != value) {
        set(accessor, value);
      }
    }
  }

  @Override
  public void leave(@Nullable Object before) {
    if (accessors.isEmpty()) {
      return;
    }
    ThreadLocalAccessor<?>[] all = accessors.toArray(new ThreadLocalAccessor<?>[0]);
    for (int i = all.length - 1; i >= 0; i--) { // what was entered last first
      Object value = value(before, all[i]);
      if (!OPENS_SCOPES.get(all[i].getClass()) || !closeUntil(all[i], value)) {
        set(all[i], value);
      }
    }
  }

  /** Closes scopes until {@code value} is there, and returns whether it is. */
  private static boolean closeUntil(ThreadLocalAccessor<?> accessor, @Nullable Object value) {
    Object last = null;
    Object now = accessor.getValue();
    while (now != value && now != null && !now.equals(last)) {
      last = now;
      accessor.restore();
      now = accessor.getValue();
    }
    return now == value;
  }

  private static @Nullable Object value(
      @Nullable Object snapshot, ThreadLocalAccessor<?> accessor) {
    return snapshot == null ? null : ((Map<?, ?>) snapshot).get(accessor.key());
  }

  @SuppressWarnings("unchecked") // what an accessor with this key returned
  private static <V> void set(ThreadLocalAccessor<V> accessor, @Nullable Object value) {
    if (value == null) {
      accessor.setValue();
    } else {
      accessor.setValue((V) value);
    }
  }
}
