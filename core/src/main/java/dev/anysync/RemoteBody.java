package dev.anysync;

import java.io.Serializable;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A function that can leave this JVM, for {@link Lanes#cpuBound(RemoteBody)}. A lambda or a method
 * reference that is written as the argument is one; what it captures, {@code this} among it, must
 * be {@linkplain Serializable serializable}, and so must what it returns, if the lanes are remote.
 *
 * @param <T> the type of its result
 */
@FunctionalInterface
public interface RemoteBody<T extends @Nullable Object> extends Callable<T>, Serializable {}
