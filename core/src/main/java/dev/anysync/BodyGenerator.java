package dev.anysync;

import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A generator over a body. */
final class BodyGenerator<Y extends @Nullable Object, S extends @Nullable Object>
    extends Sequence<Y> implements AnySyncGenerator<Y, S> {
  private final Steps<Y, S> steps;

  BodyGenerator(AnySyncGenerator.Body<Y, S> body) {
    Steps<Y, S> steps = new Steps<>(body);
    super(
        out ->
            body.run(
                element -> {
                  out.yield(element);
                  return null;
                }),
        (strand, prefetch) -> steps);
    this.steps = steps;
  }

  @Override
  public Y send(@Nullable S value) {
    return step(false, value, null);
  }

  @Override
  public Y raise(Throwable error) {
    return step(false, null, Objects.requireNonNull(error, "error"));
  }

  @Override
  public AnySync<Y> sendAsync(@Nullable S value) {
    return AnySync.coroutine(() -> step(true, value, null));
  }

  @Override
  public AnySync<Y> raiseAsync(Throwable error) {
    Objects.requireNonNull(error, "error");
    return AnySync.coroutine(() -> step(true, null, error));
  }

  private Y step(boolean async, @Nullable S value, @Nullable Throwable error) {
    if (isAhead()) {
      throw new IllegalStateException(
          "hasNext() has taken the next element from the body already: call next() first");
    }
    if (steps.task == null && !isOver()) {
      if (error != null) {
        close();
        throw Strand.sneaky(error);
      }
      if (value != null) {
        throw new IllegalStateException(
            "the body has not been started, so no yield can receive what is sent: call next() or"
                + " send(null) first");
      }
    }
    Object item = advance(async, value, error);
    if (item == Source.END && error != null) {
      throw new NoSuchElementException("the generator is at its end", error);
    }
    return element(item);
  }

  /** Takes one step; returns what the body yields, or END. */
  @Nullable Object advance(boolean async, @Nullable S value, @Nullable Throwable error) {
    Strand strand = Strand.current();
    return source(strand) == null
        ? Source.END
        : guard(steps, strand, () -> steps.step(strand, async, -1, value, error));
  }

  @Override
  public AnySyncIterator<Y> prefetch(int elements) {
    if (elements > 0) {
      throw new IllegalArgumentException(
          "elements: is " + elements + ", but a generator never runs ahead; only zero is allowed");
    }
    return super.prefetch(elements);
  }
}
