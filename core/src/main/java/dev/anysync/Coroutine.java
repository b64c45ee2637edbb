package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** The one implementation of {@link AnySync}: a body, and nothing else. */
final class Coroutine<T extends @Nullable Object> implements AnySync<T> {
  final Callable<? extends T> body;

  Coroutine(Callable<? extends T> body) {
    this.body = body;
  }

  @Override
  public T run() {
    return Strand.current().run(body);
  }

  @Override
  public T run(Duration timeout) throws TimeoutException {
    return Strand.current().run(body, Strand.nanos(timeout, "timeout"));
  }

  @Override
  public <X extends Exception> T run(Class<X> declared) throws X {
    Objects.requireNonNull(declared, "declared");
    return run();
  }

  @Override
  public Unfuture<T> start() {
    return Strand.current().lanes().start(body);
  }

  @Override
  public Unfuture<T> start(EventLoop loop) {
    Objects.requireNonNull(loop, "loop");
    return loop.start(body, Strand.current().lanes());
  }
}
