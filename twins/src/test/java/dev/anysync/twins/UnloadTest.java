package dev.anysync.twins;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What is kept for a view and a class of targets keeps neither of them. */
class UnloadTest {
  /** The view. */
  public interface View {
    /** Waits. */
    String get(String key);
  }

  /** The target. */
  public static class Target {
    /** Is there at once. */
    public CompletableFuture<String> get(String key) {
      return completedFuture(key);
    }
  }

  /** Defines one class anew; the rest are those of everybody. */
  private static final class Anew extends ClassLoader {
    private final String name;

    Anew(Class<?> type) {
      super(type.getClassLoader());
      this.name = type.getName();
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.equals(this.name)) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      try (InputStream file =
          Objects.requireNonNull(getParent())
              .getResourceAsStream(name.replace('.', '/') + ".class")) {
        byte[] bytes = Objects.requireNonNull(file).readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  private static Class<?> anew(Class<?> type) throws ClassNotFoundException {
    return Class.forName(type.getName(), true, new Anew(type));
  }

  private static WeakReference<Class<?>> use(Class<?> view, Class<?> target, Class<?> dropped)
      throws Exception {
    Object twin = Twins.sync(view, target.getConstructor().newInstance());
    Method get = view.getMethod("get", String.class);
    for (int i = 0; i < 1_000; i++) {
      assertThat(get.invoke(twin, "a")).isEqualTo("a");
    }
    return new WeakReference<>(dropped);
  }

  private static void assertThatItIsUnloaded(WeakReference<Class<?>> dropped) {
    await()
        .until(
            () -> {
              System.gc();
              return dropped.get() == null;
            });
  }

  @Test
  void aTargetIsNotKeptByTheView() throws Exception {
    Class<?> target = anew(Target.class);
    assertThat(target).isNotSameAs(Target.class);
    WeakReference<Class<?>> dropped = use(View.class, target, target);
    target = null;
    assertThatItIsUnloaded(dropped);
  }

  @Test
  void aViewIsNotKeptByTheTarget() throws Exception {
    Class<?> view = anew(View.class);
    WeakReference<Class<?>> dropped = use(view, Target.class, view);
    view = null;
    assertThatItIsUnloaded(dropped);
  }

  @Test
  void bothAreNotKept() throws Exception {
    Class<?> view = anew(View.class);
    Class<?> target = anew(Target.class);
    WeakReference<Class<?>> dropped = use(view, target, view);
    WeakReference<Class<?>> droppedTarget = new WeakReference<>(target);
    view = null;
    target = null;
    assertThatItIsUnloaded(dropped);
    assertThatItIsUnloaded(droppedTarget);
  }
}
