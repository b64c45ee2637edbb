package dev.anysync.kotlin

/**
 * A suspend function without parameters. To Java it has one: the continuation, for its lambda to
 * pass on, as in `continuation -> client.greet("Ann", continuation)`.
 */
public fun interface SuspendBody<T> {
  /** Runs the body; what it throws, its caller gets: the same object. */
  @Throws(Exception::class)
  public suspend fun run(): T
}
