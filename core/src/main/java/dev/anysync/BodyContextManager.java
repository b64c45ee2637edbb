package dev.anysync;

import org.jspecify.annotations.Nullable;

/** A context manager over a body. */
final class BodyContextManager<R extends @Nullable Object> extends AnySyncContextManager<R> {
  private final Body<R> body;

  BodyContextManager(Body<R> body) {
    this.body = body;
  }

  @Override
  Body<R> body() {
    return body;
  }

  @Override
  protected R enter() {
    throw new AssertionError("a body enters");
  }

  @Override
  protected boolean exit(@Nullable Throwable error) {
    throw new AssertionError("a body exits");
  }
}
