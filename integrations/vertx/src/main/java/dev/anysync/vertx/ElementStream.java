package dev.anysync.vertx;

import dev.anysync.AnySyncIterator;
import io.vertx.core.Handler;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The stream of an iterator's elements. */
final class ElementStream<T> implements ReadStream<T> {
  /*
   * Overview. It subscribes to the iterator when it gets its handler, and asks for as many elements
   * as there is room for in its queue. Whatever comes, is fetched or ends schedules emit(), on the
   * context if there is one; as long as one runs no other does.
   */

  static final int ROOM = 16;

  private final AnySyncIterator<T> elements;
  private final @Nullable ContextInternal context = ContextInternal.current();

  // Guarded by this
  private final Queue<T> queue = new ArrayDeque<>();
  private @Nullable Handler<T> handler;
  private @Nullable Handler<Void> endHandler;
  private @Nullable Handler<Throwable> exceptionHandler;
  private Flow.@Nullable Subscription subscription;
  private @Nullable Throwable failure;
  private long demand = Long.MAX_VALUE;
  private boolean started;
  private boolean emitting;
  private boolean ended; // no more will come from the iterator
  private boolean over; // and the handlers know, or do not want to

  ElementStream(AnySyncIterator<T> elements) {
    this.elements = elements;
  }

  @Override
  public ReadStream<T> handler(@Nullable Handler<T> handler) {
    Flow.Subscription unwanted = null;
    boolean starts = false;
    synchronized (this) {
      this.handler = handler;
      if (handler == null) {
        over = true;
        queue.clear();
        unwanted = subscription;
      } else if (!started) {
        started = true;
        starts = true;
      }
    }
    if (unwanted != null) {
      unwanted.cancel();
    }
    if (starts) {
      elements.publisher().subscribe(new Elements());
    }
    schedule();
    return this;
  }

  @Override
  public synchronized ReadStream<T> endHandler(@Nullable Handler<Void> handler) {
    endHandler = handler;
    return this;
  }

  @Override
  public synchronized ReadStream<T> exceptionHandler(@Nullable Handler<Throwable> handler) {
    exceptionHandler = handler;
    return this;
  }

  @Override
  public synchronized ReadStream<T> pause() {
    demand = 0;
    return this;
  }

  @Override
  public ReadStream<T> resume() {
    return fetch(Long.MAX_VALUE);
  }

  @Override
  public ReadStream<T> fetch(long amount) {
    if (amount < 0) {
      throw new IllegalArgumentException("amount: is negative (" + amount + ")");
    }
    synchronized (this) {
      demand = demand + amount < 0 ? Long.MAX_VALUE : demand + amount;
    }
    schedule();
    return this;
  }

  private boolean isDue() {
    return !over && (queue.isEmpty() ? ended : demand > 0 && handler != null);
  }

  private void schedule() {
    synchronized (this) {
      if (emitting || !isDue()) {
        return;
      }
      emitting = true;
    }
    if (context != null) {
      context.runOnContext(_ -> emit());
    } else {
      emit();
    }
  }

  private void emit() {
    for (int emitted = 0; ; emitted++) {
      if (emitted == ROOM && context != null) {
        context.runOnContext(_ -> emit()); // others have a turn, however fast the body is
        return;
      }
      Runnable next;
      synchronized (this) {
        if (!isDue()) {
          emitting = false;
          return;
        }
        next = next();
      }
      try {
        next.run();
      } catch (Throwable e) {
        if (context == null) {
          synchronized (this) {
            emitting = false;
          }
          throw e;
        }
        context.reportException(e);
      }
    }
  }

  private Runnable next() {
    T element = queue.poll();
    Handler<T> handler = this.handler;
    if (element != null && handler != null) {
      demand = demand == Long.MAX_VALUE ? demand : demand - 1;
      Flow.Subscription source = Objects.requireNonNull(subscription);
      return () -> {
        try {
          handler.handle(element);
        } finally {
          source.request(1); // the next one comes whatever becomes of this
        }
      };
    }
    over = true;
    Handler<Void> endHandler = this.endHandler;
    Handler<Throwable> exceptionHandler = this.exceptionHandler;
    Throwable failure = this.failure;
    return () -> {
      if (failure == null && endHandler != null) {
        endHandler.handle(null);
      } else if (failure != null && exceptionHandler != null) {
        exceptionHandler.handle(failure);
      }
    };
  }

  /** What the iterator tells. */
  private final class Elements implements Flow.Subscriber<T> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      boolean unwanted;
      synchronized (ElementStream.this) {
        ElementStream.this.subscription = subscription;
        unwanted = over;
      }
      if (unwanted) {
        subscription.cancel();
      } else {
        subscription.request(ROOM);
      }
    }

    @Override
    public void onNext(T element) {
      synchronized (ElementStream.this) {
        if (!over) {
          queue.add(element);
        }
      }
      schedule();
    }

    @Override
    public void onError(Throwable error) {
      end(error);
    }

    @Override
    public void onComplete() {
      end(null);
    }

    private void end(@Nullable Throwable error) {
      synchronized (ElementStream.this) {
        ended = true;
        failure = error;
      }
      schedule();
    }
  }
}
