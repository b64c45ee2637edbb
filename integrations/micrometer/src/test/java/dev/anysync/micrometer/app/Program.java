package dev.anysync.micrometer.app;

import static dev.anysync.AnySync.coroutine;

import dev.anysync.AnySync;
import io.micrometer.context.ContextRegistry;
import java.time.Duration;

/** A program that does nothing to have its contexts carried, but have the module where it runs. */
public final class Program {
  private static final ThreadLocal<String> USER = new ThreadLocal<>();

  private Program() {}

  /** Prints what the body saw, what came back, and the library's module. */
  public static void main(String[] arguments) throws Exception {
    ContextRegistry.getInstance().registerThreadLocalAccessor("user", USER);
    USER.set("caller");
    String seen =
        coroutine(
                () -> {
                  String in = String.valueOf(USER.get());
                  USER.set("body");
                  return in;
                })
            .run(Duration.ofSeconds(30));
    IO.println(seen + ", " + USER.get() + ", " + AnySync.class.getModule());
  }
}
