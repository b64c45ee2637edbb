package dev.anysync;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * What the library logs until this is closed, in place of the log. The module does not read
 * java.logging, where the messages go, hence the reflection.
 */
public final class Warnings implements AutoCloseable {
  private volatile boolean fails;
  private final List<String> messages = new CopyOnWriteArrayList<>();
  private final Class<?> filters;
  private final Object logger;

  public Warnings() throws ReflectiveOperationException {
    filters = Class.forName("java.util.logging.Filter");
    Class<?> loggers = Class.forName("java.util.logging.Logger");
    logger = loggers.getMethod("getLogger", String.class).invoke(null, "dev.anysync");
    setFilter(
        Proxy.newProxyInstance(
            Warnings.class.getClassLoader(),
            new Class<?>[] {filters},
            (_, method, arguments) -> {
              if (!method.getName().equals("isLoggable")) {
                throw new UnsupportedOperationException(method.getName());
              }
              Class<?> records = Class.forName("java.util.logging.LogRecord");
              Object message = records.getMethod("getMessage").invoke(arguments[0]);
              Object thrown = records.getMethod("getThrown").invoke(arguments[0]);
              messages.add(message + stack(thrown));
              if (fails) {
                throw new IllegalStateException("the log fails");
              }
              return false;
            }));
  }

  private void setFilter(@Nullable Object filter) throws ReflectiveOperationException {
    logger.getClass().getMethod("setFilter", filters).invoke(logger, filter);
  }

  private static String stack(@Nullable Object thrown) {
    var text = new StringBuilder();
    if (thrown instanceof Throwable throwable) {
      for (StackTraceElement frame : throwable.getStackTrace()) {
        text.append("\n  at ").append(frame);
      }
    }
    return text.toString();
  }

  /** Returns the messages so far, each with the stack of what was logged. */
  public List<String> messages() {
    return List.copyOf(messages);
  }

  /** Lets whoever logs see that fail, from now on. */
  public void fail() {
    fails = true;
  }

  @Override
  public void close() throws ReflectiveOperationException {
    setFilter(null);
  }
}
