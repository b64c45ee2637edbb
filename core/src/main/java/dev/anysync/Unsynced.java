package dev.anysync;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Asks the annotation processor, {@code anysync-processor}, for a class {@code XUnsync} in which
 * this method of {@code X} returns an {@link Unfuture} at once and goes on elsewhere: what blocks
 * on the thread lane, as {@link Unsync#call}, or the cpu lane; what is async as it does. On a type:
 * all its methods.
 *
 * <p>Without the processor this annotation does nothing.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface Unsynced {
  /** Returns whether the method goes to the cpu lane, as {@link Unsync#cpuBound}; not if async. */
  boolean cpuBound() default false;

  /**
   * Returns the name of the lanes to use: a parameter of type {@link Lanes} of the constructor of
   * {@code XUnsync}. The shared lanes, {@link Unsync#lanes}, if not given.
   */
  String lane() default "";
}
