package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/** Calls that run at the same time on behalf of one coroutine, which waits for them. */
final class Group {
  private Group() {}

  static <T extends @Nullable Object> List<AnySync<? extends T>> copy(
      Collection<? extends AnySync<? extends T>> calls) {
    List<AnySync<? extends T>> copy = new ArrayList<>(Objects.requireNonNull(calls, "calls"));
    copy.forEach(call -> Objects.requireNonNull(call, "an element of calls"));
    return copy;
  }

  static <T extends @Nullable Object> List<T> all(List<AnySync<? extends T>> calls) {
    List<Unfuture<? extends T>> members = start(calls);
    return await(Unfuture.all(members), members);
  }

  static <T extends @Nullable Object> T race(List<AnySync<? extends T>> calls) {
    List<Unfuture<? extends T>> members = start(calls);
    Unfuture<T> first = new Unfuture<>();
    first.setSource(new WaitGraph.OneOf(members));
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    AtomicInteger left = new AtomicInteger(members.size());
    for (Unfuture<? extends T> member : members) {
      var _ =
          member.whenComplete(
              (value, error) -> {
                if (error == null) {
                  first.complete(value);
                  return;
                }
                failures.add(error);
                if (left.decrementAndGet() == 0) {
                  Throwable failure = failures.remove();
                  failures.stream().filter(e -> e != failure).forEach(failure::addSuppressed);
                  first.completeExceptionally(failure);
                } else {
                  checkLeft(first);
                }
              });
    }
    return await(first, members);
  }

  /** Awaits {@code outcome}, with which the members end: at once, as one may hold the loop. */
  private static <T extends @Nullable Object> T await(
      Unfuture<T> outcome, List<? extends Unfuture<?>> members) {
    var _ = outcome.whenComplete((value, error) -> cancel(members));
    try {
      return AnySync.await(outcome);
    } finally {
      cancel(members);
    }
  }

  private static void cancel(List<? extends Unfuture<?>> members) {
    for (Unfuture<?> member : members) {
      if (!member.isDone()) {
        member.cancel(true);
      }
    }
  }

  /** Ends the race if those that are left in it wait for its end. */
  private static void checkLeft(Unfuture<?> first) {
    try {
      WaitGraph.check(first);
    } catch (DeadlockException e) {
      first.completeExceptionally(e);
    }
  }

  /** Starts the calls on the event loop that an await would give up, else on virtual threads. */
  private static <T extends @Nullable Object> List<Unfuture<? extends T>> start(
      List<AnySync<? extends T>> calls) {
    Strand strand = Strand.current();
    EventLoop loop = strand.suspends() ? strand.loop : null;
    List<Unfuture<? extends T>> members = new ArrayList<>(calls.size());
    try {
      for (AnySync<? extends T> call : calls) {
        members.add(loop == null ? call.start() : call.start(loop));
      }
    } catch (Throwable e) {
      cancel(members);
      throw e;
    }
    return members;
  }
}
