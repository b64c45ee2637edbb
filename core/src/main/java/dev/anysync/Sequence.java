package dev.anysync;

import static java.util.Objects.requireNonNull;

import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** What all iterators are: a body that is run in one of two ways, and the consumer's side of it. */
abstract class Sequence<Y extends @Nullable Object> implements AnySyncIterator<Y> {
  /*
   * Overview. The first call that needs an element decides how the body runs: INLINE, on the
   * consumer's stack, or PULLED, from a source that the body fills on another thread. The body never
   * refers to this object, only to the source: so an iterator that is given up half-way becomes
   * unreachable, and the cleaner aborts its source.
   */

  // Transitions: NEW -> INLINE -> OVER, NEW -> PULLED -> OVER, NEW -> OVER. OVER: at the end,
  // failed
  // or closed.
  private static final int NEW = 0;
  private static final int INLINE = 1;
  private static final int PULLED = 2;
  private static final int OVER = 3;

  private static final int DEFAULT_PREFETCH = 1024;

  private final AtomicInteger state = new AtomicInteger(NEW);
  private final AtomicBoolean used = new AtomicBoolean();
  private int prefetch = DEFAULT_PREFETCH;
  private volatile @Nullable Source<Y> source;
  private volatile @Nullable Inline<Y> inline;
  private Cleaner.@Nullable Cleanable cleanable;

  /** The element that hasNext has found, or END; null if it is to be looked for. */
  private @Nullable Object ahead;

  /** Returns the body, for a run on the consumer's stack. */
  abstract Body<Y> body();

  /** Starts the body, or whatever makes the elements, on another thread. */
  abstract Source<Y> open(Strand strand, int prefetch);

  // One element at a time

  @Override
  public boolean hasNext() {
    return peek() != Source.END;
  }

  private Object peek() {
    Object item = ahead;
    if (item == null) {
      item = pull(false);
      ahead = item;
    }
    return item;
  }

  @Override
  public Y next() {
    return element(takeAhead(peek()));
  }

  @Override
  public Y next(Duration timeout) throws TimeoutException {
    long nanos = Durations.nanos(timeout, "timeout");
    Object item = ahead;
    if (item == null) {
      try {
        item = pull(false, nanos);
      } catch (TimeoutException e) {
        throw new TimeoutException(
            "no element within " + timeout + "; the iterator has been closed");
      }
    }
    return element(takeAhead(item));
  }

  @Override
  public AnySync<Optional<Y>> nextAsync() {
    return AnySync.coroutine(this::nextOptional);
  }

  private Optional<Y> nextOptional() {
    Object item = ahead;
    item = takeAhead(item != null ? item : pull(true));
    if (item == Source.END) {
      return Optional.empty();
    }
    if (item == Source.NULL) {
      throw new NullPointerException("a null element, which an Optional cannot hold: use next()");
    }
    return Optional.of(element(item));
  }

  /** Takes {@code item}, unless it is the end, which stays. */
  private Object takeAhead(Object item) {
    ahead = item == Source.END ? item : null;
    return item;
  }

  @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"}) // what was yielded
  static <Y extends @Nullable Object> Y element(Object item) {
    if (item == Source.END) {
      throw new NoSuchElementException("the iterator is at its end, or closed");
    }
    return item == Source.NULL ? null : (Y) item;
  }

  /** Returns whether there is nothing more to come. */
  boolean isOver() {
    return state.get() == OVER;
  }

  /** Returns whether hasNext has found an element that was not taken yet. */
  boolean isAhead() {
    return ahead != null && ahead != Source.END;
  }

  private Object pull(boolean async) {
    try {
      return pull(async, -1);
    } catch (TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  private Object pull(boolean async, long nanos) throws TimeoutException {
    Strand strand = Strand.current();
    Source<Y> source = source(strand);
    if (source == null) {
      return Source.END;
    }
    return guard(strand, () -> source.take(strand, async, nanos));
  }

  /** Returns the source, opened if need be, or null if the iterator is over. */
  @Nullable Source<Y> source(Strand strand) {
    int now = state.get();
    if (now == NEW && state.compareAndSet(NEW, PULLED)) {
      Source<Y> opened = open(strand, prefetch);
      source = opened;
      cleanable = Orphans.CLEANER.register(this, opened::abort);
      if (state.get() == OVER) {
        opened.abort(); // closed meanwhile
      }
      return opened;
    }
    if (now == INLINE) {
      throw new DeadlockException(
          "an element was asked for inside forEach of the same iterator, on thread '"
              + strand
              + "'");
    }
    return now == OVER ? null : source;
  }

  /** One step of a source. */
  interface Step {
    Object take() throws TimeoutException, InterruptedException;
  }

  /** Takes a step, and ends the iterator if that ends or fails. */
  Object guard(Strand strand, Step step) throws TimeoutException {
    boolean over = true;
    try {
      Object item = step.take();
      over = item == Source.END;
      return item;
    } catch (InterruptedException e) {
      throw strand.cancelled("next()");
    } catch (DeadlockException e) {
      over = false; // this one step is refused
      throw e;
    } finally {
      if (over) {
        finish();
      }
    }
  }

  private void finish() {
    state.set(OVER);
    Source<Y> source = this.source;
    if (source != null) {
      source.abort();
    }
    Cleaner.Cleanable cleanable = this.cleanable;
    if (cleanable != null) {
      this.cleanable = null;
      cleanable.clean();
    }
  }

  // All elements

  @Override
  public void forEach(Consumer<? super Y> action) {
    requireNonNull(action, "action");
    use("forEach");
    forEachRemaining(action);
  }

  @Override
  public void forEachRemaining(Consumer<? super Y> action) {
    requireNonNull(action, "action");
    Strand strand = Strand.current();
    if (strand.runsBodies() && state.compareAndSet(NEW, INLINE)) {
      Inline<Y> out = new Inline<>(strand, action);
      inline = out;
      try {
        out.run(body());
      } finally {
        state.set(OVER);
      }
    } else {
      try {
        while (hasNext()) {
          action.accept(next());
        }
      } catch (Throwable e) {
        throw closeAfter(e);
      }
    }
  }

  private RuntimeException closeAfter(Throwable error) {
    try {
      close();
    } catch (Throwable e) {
      if (e != error) {
        error.addSuppressed(e);
      }
    }
    throw Strand.sneaky(error);
  }

  @Override
  public Iterator<Y> iterator() {
    use("iterator()");
    return this;
  }

  @Override
  public Stream<Y> stream() {
    use("stream()");
    return StreamSupport.stream(new Elements<>(this), false).onClose(this::close);
  }

  @Override
  public Flow.Publisher<Y> publisher() {
    use("publisher()");
    if (!state.compareAndSet(NEW, PULLED)) {
      throw new IllegalStateException("publisher(): the iterator has been started already");
    }
    Publishing<Y> publishing = new Publishing<>(body());
    source = publishing;
    return publishing;
  }

  private void use(String operation) {
    if (!used.compareAndSet(false, true)) {
      throw new IllegalStateException(
          operation + ": the iterator is in use already; it is single use, so make a new one");
    }
  }

  @Override
  public AnySyncIterator<Y> prefetch(int elements) {
    if (elements < 0) {
      throw new IllegalArgumentException(
          "elements: is negative (" + elements + "); give zero or more");
    }
    if (state.get() != NEW) {
      throw new IllegalStateException("prefetch(): the iterator has been started already");
    }
    prefetch = elements;
    return this;
  }

  @Override
  public void close() {
    int before = state.getAndSet(OVER);
    if (before == INLINE) {
      Inline<Y> inline = this.inline;
      if (inline != null) {
        inline.over = true;
      }
      return;
    }
    Source<Y> source = this.source;
    if (before != PULLED || source == null) {
      return;
    }
    finish();
    Strand strand = Strand.current();
    Unfuture<?> task = source.task();
    if (task != null && task != strand.task) {
      try {
        var _ = strand.block(task.stopped(), -1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    Throwable failure = source.failure();
    if (failure != null) {
      throw Strand.sneaky(CallerFrames.attach(failure, CallerFrames.Observer.CLOSE));
    }
  }

  /** Kept apart so that its thread exists only when there is something to clean. */
  private static final class Orphans {
    static final Cleaner CLEANER =
        Cleaner.create(Thread.ofPlatform().daemon().name("anysync-cleaner").factory());
  }

  /** A run of the body on the consumer's stack. */
  private static final class Inline<Y extends @Nullable Object> implements Out<Y> {
    private final Strand strand;
    private final Consumer<? super Y> action;
    private final int outerMode;
    private @Nullable Throwable consumerError;

    /** The consumer has failed, or closed the iterator. */
    private volatile boolean over;

    Inline(Strand strand, Consumer<? super Y> action) {
      this.strand = strand;
      this.action = action;
      this.outerMode = strand.mode;
    }

    void run(Body<Y> body) {
      Throwable error = null;
      try {
        var _ =
            strand.<@Nullable Object>run(
                () -> {
                  body.run(this);
                  return null;
                });
      } catch (Throwable e) {
        error = e;
      }
      Throwable consumerError = this.consumerError;
      if (consumerError != null) {
        if (error != null && error != consumerError && !(error instanceof CancellationException)) {
          consumerError.addSuppressed(error);
        }
        throw Strand.sneaky(consumerError);
      }
      if (error != null && !(over && error instanceof CancellationException)) {
        throw Strand.sneaky(error);
      }
    }

    @Override
    public void yield(Y element) {
      if (Thread.currentThread() != strand.thread) {
        throw new IllegalStateException(
            "yield on thread '"
                + Thread.currentThread().getName()
                + "', which does not run this body: yield in the body itself");
      }
      if (over) {
        throw Yields.afterClose();
      }
      strand.checkCancelled();
      int inner = strand.mode;
      strand.mode = outerMode;
      try {
        action.accept(element);
      } catch (Throwable e) {
        consumerError = e;
        over = true;
      } finally {
        strand.mode = inner;
      }
      if (over) {
        throw new CancellationException("the consumer gave up");
      }
    }
  }

  /** The elements as a stream takes them: all at once, on this stack, if it can. */
  private static final class Elements<Y extends @Nullable Object>
      extends Spliterators.AbstractSpliterator<Y> {
    private final Sequence<Y> sequence;

    Elements(Sequence<Y> sequence) {
      super(Long.MAX_VALUE, Spliterator.ORDERED);
      this.sequence = sequence;
    }

    @Override
    public boolean tryAdvance(Consumer<? super Y> action) {
      if (!sequence.hasNext()) {
        return false;
      }
      action.accept(sequence.next());
      return true;
    }

    @Override
    public void forEachRemaining(Consumer<? super Y> action) {
      sequence.forEachRemaining(action);
    }
  }
}
