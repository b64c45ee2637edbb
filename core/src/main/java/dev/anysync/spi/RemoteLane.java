package dev.anysync.spi;

import dev.anysync.RemoteBody;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Where functions that compute run outside of this JVM: the cpu lane of lanes that are built with
 * {@link dev.anysync.Lanes.Builder#cpu(RemoteLane)}. Methods are called by any thread, by many at
 * once.
 */
public interface RemoteLane {
  /** Returns what messages and dumps call it, such as {@code process lane of 4}. */
  String name();

  /**
   * Makes {@code body} ready to leave, on the caller's thread, which is not to be blocked.
   *
   * <p>The function that is returned is called once at most, on a virtual thread or on that of
   * somebody who waits for the result. It waits until there is room, has the body run, and returns
   * its result, or throws the exception that it ended with. If it is interrupted it stops the body,
   * and throws {@link InterruptedException} or whatever it has by then once that has ended. It is
   * not called if the body is cancelled before, so until then it holds nothing but memory.
   *
   * @throws IllegalArgumentException if the body cannot travel: says which of what it captures, of
   *     what type, and the remedy
   * @throws java.util.concurrent.RejectedExecutionException if this lane is closed
   */
  <T extends @Nullable Object> Callable<T> prepare(RemoteBody<? extends T> body);

  /**
   * Returns a sentence on why {@code object} cannot be serialized: which of its fields, of the
   * elements of a collection, or of the variables that a lambda captures is of what type. For the
   * messages of lanes about bodies and results that cannot travel.
   *
   * @param what what the sentence calls it, such as {@code the body}
   * @param thrown what its serialization threw
   */
  static String whyNot(@Nullable Object object, String what, Throwable thrown) {
    return Travel.why(object, what, thrown);
  }
}
