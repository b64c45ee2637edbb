package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** What all iterators are: a body that is run in one of two ways, and the consumer's side of it. */
class Sequence<Y extends @Nullable Object> implements AnySyncIterator<Y> {
  /*
   * Overview. The first call that needs an element decides how the body runs: INLINE, on the
   * consumer's stack, or PULLED, from a source that the body fills on another thread. The body never
   * refers to this object, only to the source: so an iterator that is given up half-way becomes
   * unreachable, and the cleaner aborts its source.
   *
   * A thread that has taken from a body's channel before, and nobody else, takes what is there
   * without any more ado than a look at the state: `consumer` is that thread only if it has written
   * it there itself, after `feed`; and a close that comes before an element is asked for is seen.
   */

  // NEW -> INLINE -> OVER, NEW -> PULLED -> OVER, NEW -> OVER: at the end, failed or closed.
  private static final int NEW = 0;
  private static final int INLINE = 1;
  private static final int PULLED = 2;
  private static final int OVER = 3;
  private static final int DEFAULT_PREFETCH = 1024;

  /** Makes the source, which is not open yet. */
  interface Opener {
    Source open(Strand strand, int prefetch);
  }

  private final @Nullable Body<Y> body;
  private final Opener opener;
  private final AtomicInteger state = new AtomicInteger(NEW);
  private final AtomicBoolean used = new AtomicBoolean();
  private int prefetch = DEFAULT_PREFETCH;
  private volatile @Nullable Source source;
  private volatile @Nullable Inline<Y> inline;
  volatile @Nullable Task<?> publishing; // delivers the elements to a subscriber
  private Cleaner.@Nullable Cleanable cleanable;
  private @Nullable Object ahead; // what hasNext has found, or END; null if to be looked for
  private boolean isFound; // by hasNext, in the feed
  private Channel.@Nullable Feed<?> feed; // the source, if it is one, ...
  private @Nullable Thread consumer; // ... and who has taken from it

  /** Creates an iterator that runs {@code body} inline, if it is set, or opens a source. */
  Sequence(@Nullable Body<Y> body, Opener opener) {
    this.body = body;
    this.opener = opener;
  }

  static <Y extends @Nullable Object> Sequence<Y> ofBody(Body<Y> body) {
    return new Sequence<>(
        body,
        (strand, prefetch) ->
            prefetch == 0 || strand.loop != null
                ? new Steps<Y, @Nullable Object>(out -> body.run(out::yield))
                : new Channel.Feed<>(body, prefetch));
  }

  @Override
  public boolean hasNext() {
    Channel feed = feed();
    isFound = feed != null && feed.hasElement();
    if (!isFound && (ahead == null || isOver())) {
      ahead = pull(false, -1);
    }
    return ahead != Source.END;
  }

  @Override
  public Y next() {
    return element(takeAhead(false, -1));
  }

  /** Returns the feed if that is all there is to look at for the next element. */
  private @Nullable Channel feed() {
    return consumer == Thread.currentThread() && ahead == null && state.get() == PULLED
        ? feed
        : null;
  }

  @Override
  public Y next(Duration timeout) throws TimeoutException {
    Object item = takeAhead(false, Strand.nanos(timeout, "timeout"));
    if (item == null) {
      throw new TimeoutException("no element within " + timeout + "; the iterator has been closed");
    }
    return element(item);
  }

  @Override
  public AnySync<Optional<Y>> nextAsync() {
    return AnySync.coroutine(
        () -> {
          Object item = takeAhead(true, -1);
          if (item == Source.END) {
            return Optional.empty();
          }
          if (item == Source.NULL) {
            throw new NullPointerException("a null element, which no Optional holds: use next()");
          }
          return Optional.of(element(item));
        });
  }

  /** Takes the next element; the end stays. */
  private @Nullable Object takeAhead(boolean async, long nanos) {
    Channel feed = isFound ? this.feed : feed();
    isFound = false;
    Object item = feed == null ? null : feed.poll();
    if (item != null) {
      return item;
    }
    item = ahead != null ? ahead : pull(async, nanos);
    ahead = item == Source.END ? item : null;
    if (source instanceof Channel.Feed<?> opened) {
      this.feed = opened;
      consumer = Thread.currentThread();
    }
    return item;
  }

  @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"}) // what was yielded
  static <Y extends @Nullable Object> Y element(@Nullable Object item) {
    if (item == Source.END) {
      throw new NoSuchElementException("the iterator is at its end, or closed");
    }
    return item == Source.NULL ? null : (Y) item;
  }

  /** Returns whether hasNext has found an element that was not taken yet. */
  boolean isAhead() {
    return isFound || (ahead != null && ahead != Source.END);
  }

  boolean isOver() {
    return state.get() == OVER;
  }

  private @Nullable Object pull(boolean async, long nanos) {
    Strand strand = Strand.current();
    Source source = source(strand);
    return source == null
        ? Source.END
        : guard(source, strand, () -> source.take(strand, async, nanos));
  }

  /** Returns the source, opened if need be, or null if the iterator is over. */
  @Nullable Source source(Strand strand) {
    int now = state.get();
    if (now == NEW) {
      strand.checkForeignLoop();
    }
    if (now == NEW && state.compareAndSet(NEW, PULLED)) {
      Source opened = opener.open(strand, prefetch);
      source = opened; // before the body, which may ask for it
      cleanable = Orphans.CLEANER.register(this, opened::abort);
      open(opened, strand);
      return opened;
    }
    if (now == INLINE) {
      throw new DeadlockException(
          "an element was asked for inside forEach of the same iterator, on thread '"
              + strand.thread.getName()
              + "', which would wait for itself");
    }
    Source source = now == OVER ? null : this.source;
    if (source == null && !isOver()) { // another thread is about to open it
      throw Source.refusedConsumer(strand);
    }
    if (source != null && strand.task != null && strand.task == source.task) {
      throw source.refusal(strand); // or the body would wait for itself
    }
    return source;
  }

  private void open(Source source, Strand strand) {
    boolean opened = false;
    try {
      if (!isOver()) { // not closed meanwhile
        source.open(strand);
        opened = true;
      }
    } finally {
      if (!opened || isOver()) {
        finish();
      }
    }
  }

  /** Takes a step, and ends the iterator if that ends it, fails or times out. */
  @Nullable Object guard(Source source, Strand strand, Supplier<@Nullable Object> step) {
    Object item = null;
    try {
      item = step.get();
    } finally {
      if (item == null || item == Source.END) {
        finish();
      }
    }
    if (item == Source.REFUSED) {
      throw source.refusal(strand);
    }
    return item;
  }

  private void finish() {
    state.set(OVER);
    Source source = this.source;
    if (source != null) {
      source.abort();
    }
    Cleaner.Cleanable cleanable = this.cleanable;
    if (cleanable != null) {
      cleanable.clean();
    }
  }

  @Override
  public void forEach(Consumer<? super Y> action) {
    Objects.requireNonNull(action, "action");
    use("forEach");
    forEachRemaining(action);
  }

  @Override
  public void forEachRemaining(Consumer<? super Y> action) {
    Inline<Y> run = startInline(action);
    if (run != null) {
      run.run();
    } else {
      pullAll(action);
    }
  }

  /** Returns a run of the body on this stack, or null if it has to run, or runs, elsewhere. */
  private @Nullable Inline<Y> startInline(Consumer<? super Y> action) {
    Objects.requireNonNull(action, "action");
    Strand strand = Strand.current();
    if (body == null || !strand.runsBodies() || !state.compareAndSet(NEW, INLINE)) {
      return null;
    }
    Inline<Y> run = new Inline<>(body, strand, action, state);
    inline = run;
    if (isOver()) { // closed meanwhile; not an assignment: close() may be about to make one
      run.over = true;
    }
    return run;
  }

  private void pullAll(Consumer<? super Y> action) {
    try (Sequence<Y> elements = this) {
      while (elements.hasNext()) {
        action.accept(elements.next());
      }
    }
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
    if (state.get() != NEW) {
      throw new IllegalStateException("publisher(): the iterator has been started already");
    }
    AtomicBoolean subscribed = new AtomicBoolean();
    return subscriber -> Delivery.to(subscriber, this, subscribed);
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
    Inline<Y> inline = this.inline;
    if (inline != null) {
      inline.over = true;
    }
    Task<?> publishing = this.publishing;
    Strand strand = Strand.current();
    if (publishing != null && publishing != strand.task) {
      var _ = publishing.cancel(true);
      strand.waitOrGiveUp(publishing.ended(), false);
    }
    Source source = this.source;
    if (source == null) {
      return;
    }
    if (before == PULLED) {
      finish();
    } // else a step has: it failed, timed out or was given up, and the body may run on
    Task<?> task = source.task;
    if (task != null && task != strand.task) {
      boolean isWorking = source instanceof Steps<?, ?> steps && steps.isWorking();
      strand.waitOrGiveUp(task.ended(), isWorking); // for a step the body may need the loop
    }
    Throwable failure = source.failure;
    source.failure = null; // thrown once
    if (failure != null) {
      throw Strand.sneaky(CallerFrames.attach(failure, "close()"));
    }
  }

  /**
   * What a stream takes its elements from. A run of the body is started here, rather than by what
   * forEach calls, as the JIT does not inline more than 15 calls within one another (its
   * MaxInlineLevel), and a stream and its stages are a dozen.
   */
  private static final class Elements<Y extends @Nullable Object>
      extends Spliterators.AbstractSpliterator<Y> {
    private final Sequence<Y> sequence;

    Elements(Sequence<Y> sequence) {
      super(Long.MAX_VALUE, Spliterator.ORDERED);
      this.sequence = sequence;
    }

    @Override
    public boolean tryAdvance(Consumer<? super Y> action) {
      Objects.requireNonNull(action, "action");
      boolean hasNext = sequence.hasNext();
      if (hasNext) {
        action.accept(sequence.next());
      }
      return hasNext;
    }

    @Override
    public void forEachRemaining(Consumer<? super Y> action) {
      Inline<Y> run = sequence.startInline(action);
      if (run != null) {
        run.run();
      } else {
        sequence.pullAll(action);
      }
    }
  }

  /** Kept apart so that its thread exists only when there is something to clean. */
  private static final class Orphans {
    static final Cleaner CLEANER =
        Cleaner.create(
            Thread.ofPlatform()
                .daemon()
                .name("anysync-cleaner")
                .inheritInheritableThreadLocals(false)
                .factory());
  }

  /** A run of the body on the consumer's stack. */
  private static final class Inline<Y extends @Nullable Object> implements Out<Y> {
    private final Body<Y> body;
    private final Strand strand;
    private final Consumer<? super Y> action;
    private final AtomicInteger state;
    private final @Nullable Task<?> task;
    private final int outerMode;
    private @Nullable Throwable consumerError;
    private volatile boolean over; // the consumer failed or closed the iterator
    private @Nullable CancellationException told; // how the body was, that it is over
    private boolean ended;

    Inline(Body<Y> body, Strand strand, Consumer<? super Y> action, AtomicInteger state) {
      this.body = body;
      this.strand = strand;
      this.action = action;
      this.state = state;
      this.task = strand.task;
      this.outerMode = strand.mode;
    }

    void run() {
      Throwable error = null;
      boolean owed = strand.enterBody();
      try {
        body.run(this);
      } catch (Throwable e) {
        error = e;
      }
      strand.leaveBody(outerMode, owed);
      state.set(OVER);
      boolean cancelled = error != null && error == told; // another one is of the consumer's task
      ended = true;
      if (consumerError != null) {
        if (error != null && error != consumerError && !cancelled) {
          consumerError.addSuppressed(error);
        }
        throw Strand.sneaky(consumerError);
      }
      if (error != null && !cancelled) {
        throw Strand.sneaky(error);
      }
    }

    @Override
    public void yield(Y element) {
      if (Thread.currentThread() != strand.thread || strand.task != task) {
        throw Source.wrongThread();
      }
      if (told != null || ended) {
        throw Source.afterClose();
      }
      strand.checkCancelled(null);
      checkOver();
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
      checkOver();
    }

    private void checkOver() {
      if (over) {
        CancellationException e = new CancellationException("the consumer gave up");
        told = e;
        throw e;
      }
    }
  }
}
