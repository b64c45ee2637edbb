package dev.anysync;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Asks the annotation processor, {@code anysync-processor}, for the other form of a type, with the
 * same methods and fully typed.
 *
 * <ul>
 *   <li>Of a type {@code X} in direct style: {@code XAnySync}, whose methods return {@link
 *       AnySync}, and iterators, generators and context managers for those that take a yield
 *       handle.
 *   <li>Of a type {@code X} whose methods return {@link java.util.concurrent.CompletionStage},
 *       {@link java.util.concurrent.Future}, {@link java.util.concurrent.Flow.Publisher}, {@link
 *       AnySync}, or the like of a library whose integration is there: {@code XSync}, whose methods
 *       wait.
 * </ul>
 *
 * <p>The generated class is in the same package, wraps an object of the annotated type and calls it
 * directly; it uses no reflection. Without the processor this annotation does nothing.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
public @interface AnySynced {
  /**
   * Returns the type whose other form is generated, named after the annotated one: for types that
   * cannot be annotated, such as a library's. The annotated type itself if not given.
   */
  Class<?> of() default void.class;

  /**
   * Returns what methods that give a stream of elements return in the sync form: {@link
   * AnySyncIterator} or {@link java.util.stream.Stream}.
   */
  Class<?> streams() default AnySyncIterator.class;

  /**
   * The checked exceptions with which an async method, or all of a type, may fail: the sync form
   * declares them.
   */
  @Documented
  @Retention(RetentionPolicy.CLASS)
  @Target({ElementType.METHOD, ElementType.TYPE})
  @interface Throws {
    /** Returns the checked exceptions. */
    Class<? extends Exception>[] value();
  }

  /**
   * Of a method with a parameter of type {@link AnySyncIterator.Out}: it yields once, so its other
   * form is an {@link AnySyncContextManager} and not an iterator.
   */
  @Documented
  @Retention(RetentionPolicy.CLASS)
  @Target(ElementType.METHOD)
  @interface ContextManager {}
}
