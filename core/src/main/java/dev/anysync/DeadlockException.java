package dev.anysync;

/**
 * A wait that can never end, because what is waited for is itself waiting for the waiter. Thrown by
 * the wait that would have closed the cycle, instead of blocking. The message has one line for each
 * wait of the cycle: which thread waits, for what, and where.
 */
public final class DeadlockException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  DeadlockException(String message) {
    super(message);
  }
}
