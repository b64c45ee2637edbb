package dev.anysync.hazelcast;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.OperationTimeoutException;
import com.hazelcast.durableexecutor.DurableExecutorService;
import com.hazelcast.durableexecutor.DurableExecutorServiceFuture;
import com.hazelcast.durableexecutor.StaleTaskIdException;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One call of a body, by one thread: hands it to the cluster and waits for what comes of it. */
final class Call {
  /*
   * Overview. The durable executor keeps the body and then its outcome in a place of a partition, the
   * ticket, with as many backups as are configured. What is there can be gone all the same: with more
   * members than there are backups, or because the place was given to other work before the outcome
   * was read. An outcome says whose it is, so that is found out, and the body is handed over once
   * more. It is also when nobody knows whether it has arrived. All of its runs have the same id, by
   * which members are told to stop them.
   *
   * The place is emptied when the outcome is here, and before members are told to stop: what is there
   * still is begun again by every member that gets the partition. RetrieveAndDispose is not used: it
   * steps back the counter of places, so that a later body gets the place of one whose outcome nobody
   * has read.
   */

  private static final long SHORTEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(250);
  private static final int MOST_TIMEOUTS = 3;
  private static final long NO_TICKET = -1;

  private final HazelcastLane lane;
  private final HazelcastInstance instance;
  private final UUID id = UUID.randomUUID();
  private final byte[] body;
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile long ticket = NO_TICKET;
  private volatile @Nullable Future<?> waiting; // for close() to end it
  private long failingSince; // if `isFailing`
  private boolean isFailing;
  private int timeouts; // in a row
  private long pause = SHORTEST_PAUSE;

  Call(HazelcastLane lane, HazelcastInstance instance, byte[] body) {
    this.lane = lane;
    this.instance = instance;
    this.body = body;
  }

  boolean isHandedOver() {
    return ticket != NO_TICKET;
  }

  private DurableExecutorService executor() {
    return instance.getDurableExecutorService(lane.executor());
  }

  /** Returns the outcome; if interrupted, when the body has ended. */
  byte[] run() throws InterruptedException {
    try {
      while (true) {
        byte[] outcome = retrieve(submit());
        if (outcome != null && Outcome.isOf(id, outcome)) {
          return outcome;
        }
      }
    } catch (InterruptedException e) {
      stop();
      throw e;
    } catch (ClosedException e) {
      var _ = Thread.startVirtualThread(() -> tell(false)); // the call ends at once
      throw new CancellationException("the " + lane.name() + " has been closed");
    }
  }

  /** Hands the body over, as soon as there is a place for it. */
  private Future<byte[]> submit() throws InterruptedException {
    while (true) {
      checkOpen();
      long began = System.nanoTime();
      Throwable failure;
      try {
        DurableExecutorServiceFuture<byte[]> future = executor().submit(new Job(id, body));
        long ticket = ticket(future);
        if (ticket != NO_TICKET) {
          this.ticket = ticket;
          pause = SHORTEST_PAUSE;
          isFailing = false;
          timeouts = 0;
          return future;
        }
        byte[] _ = future.get();
        continue;
      } catch (ExecutionException e) {
        failure = e.getCause() == null ? e : e.getCause();
      } catch (RuntimeException e) {
        failure = e;
      }
      if (isFull(failure) && instance.getLifecycleService().isRunning()) {
        if (lane.awaitPlace(nextPause())) {
          pause = SHORTEST_PAUSE; // it may be in another partition: again, soon
        }
      } else {
        if (has(failure, InterruptedException.class)) { // a member's submit says it so
          throw new InterruptedException();
        }
        bear(failure, began);
      }
    }
  }

  private static long ticket(DurableExecutorServiceFuture<?> future) {
    try {
      return future.getTaskId();
    } catch (IllegalStateException e) {
      return NO_TICKET; // a client's that was not accepted
    }
  }

  /** Returns whether all places of a partition have work, in one of Hazelcast's two ways. */
  private static boolean isFull(Throwable failure) {
    return failure instanceof RejectedExecutionException
        || (failure instanceof IllegalStateException && failure.getMessage() == null);
  }

  /** Waits for the outcome; returns null, or another's, if there is none any more. */
  private byte @Nullable [] retrieve(Future<byte[]> first) throws InterruptedException {
    Future<byte[]> future = first;
    while (true) {
      long began = System.nanoTime();
      Throwable failure;
      try {
        if (future == null) {
          future = executor().retrieveResult(ticket);
        }
        CompletableFuture<byte @Nullable []> arrival = arrival(future);
        waiting = arrival;
        checkOpen();
        return arrival.get();
      } catch (ExecutionException e) {
        failure = e.getCause() == null ? e : e.getCause();
      } catch (ClosedException e) {
        throw e;
      } catch (RuntimeException e) {
        failure = e;
      }
      checkOpen();
      if (failure instanceof StaleTaskIdException) {
        return null;
      }
      bear(failure, began);
      future = null;
    }
  }

  /** Returns a future to wait for: get() of a member's own cannot be interrupted. */
  static CompletableFuture<byte @Nullable []> arrival(Future<?> future) {
    CompletableFuture<byte @Nullable []> arrival = new CompletableFuture<>();
    @SuppressWarnings("unchecked") // as are all of Hazelcast's; what there is may be another's
    CompletionStage<@Nullable Object> stage = (CompletionStage<@Nullable Object>) future;
    var _ =
        stage
            .whenCompleteAsync(
                (outcome, failure) -> {
                  if (failure == null) {
                    arrival.complete(outcome instanceof byte[] bytes ? bytes : null);
                  } else {
                    arrival.completeExceptionally(
                        failure instanceof CompletionException && failure.getCause() != null
                            ? failure.getCause()
                            : failure);
                  }
                },
                Runnable::run)
            .exceptionally(
                failure -> { // it could not even be read, or has arrived so
                  boolean _ = arrival.completeExceptionally(failure);
                  return null;
                });
    return arrival;
  }

  /** Waits a while after a failure, if it may have gone by then; throws if not. */
  private void bear(Throwable failure, long began) throws InterruptedException {
    checkOpen();
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (!instance.getLifecycleService().isRunning()) {
      throw new HazelcastException(
          "the Hazelcast instance of the "
              + lane.name()
              + " has been shut down: the body may have run, or not",
          failure);
    }
    if (has(failure, HazelcastSerializationException.class)
        || has(failure, SecurityException.class)) {
      throw new HazelcastException(
          "a member could not read what the "
              + lane.name()
              + " sends: anysync and anysync-hazelcast are to be on its class path, and"
              + " dev.anysync. is to be allowed by its filter: "
              + failure,
          failure);
    }
    long now = System.nanoTime();
    boolean wentWell = now - began > lane.patience();
    if (wentWell && has(failure, OperationTimeoutException.class)) {
      // So fails a client's wait that has been long, when a member is lost; and any, if all are.
      wentWell = ++timeouts <= MOST_TIMEOUTS;
    }
    if (!isFailing || wentWell) {
      isFailing = true;
      failingSince = now;
    } else if (now - failingSince > lane.patience()) {
      throw new HazelcastException(
          "the cluster of the "
              + lane.name()
              + " has failed to answer for too long: the body may have run, or not",
          failure);
    }
    sleep();
  }

  private static boolean has(Throwable failure, Class<? extends Throwable> type) {
    Throwable one = failure;
    for (int depth = 0; one != null && depth < 16; depth++) {
      if (type.isInstance(one)) {
        return true;
      }
      one = one.getCause();
    }
    return false;
  }

  private void sleep() throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(nextPause());
  }

  private long nextPause() {
    long pause = this.pause;
    this.pause = Math.min(2 * pause, LONGEST_PAUSE);
    return pause;
  }

  private static final class ClosedException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private void checkOpen() {
    if (lane.isClosed()) {
      throw new ClosedException();
    }
  }

  /** Ends the wait for the outcome, since the lane has been closed. */
  void abandon() {
    Future<?> waiting = this.waiting;
    if (waiting != null) {
      boolean _ = waiting.cancel(true);
    }
  }

  /** Stops the body wherever it is, and waits until it has ended. */
  private void stop() {
    Thread stopper = Thread.startVirtualThread(() -> tell(true)); // which nobody interrupts
    boolean interrupted = false;
    while (stopper.isAlive()) {
      try {
        stopper.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(boolean waits) {
    pause = SHORTEST_PAUSE;
    long began = System.nanoTime();
    try {
      while (true) {
        dispose();
        Boolean runs = tellOnce();
        if (runs == null && System.nanoTime() - began > lane.patience()) {
          return;
        }
        if (!instance.getLifecycleService().isRunning()
            || (runs != null && (!runs || !waits))
            || lane.isClosed()) {
          return;
        }
        sleep();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e); // nobody has the thread
    }
  }

  /** Returns whether the body runs on any member; null if that is not known. */
  private @Nullable Boolean tellOnce() throws InterruptedException {
    boolean runs = false;
    try {
      for (Future<Boolean> answer :
          instance.getExecutorService(lane.stops()).submitToAllMembers(new Stop(id)).values()) {
        try {
          runs |= answer.get(Math.max(lane.patience(), LONGEST_PAUSE), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
          return null;
        } catch (ExecutionException e) {
          if (!isGone(e)) {
            return null;
          }
        }
      }
      return runs;
    } catch (RuntimeException e) {
      return null;
    }
  }

  private static boolean isGone(ExecutionException e) {
    return has(e, com.hazelcast.core.MemberLeftException.class)
        || has(e, com.hazelcast.spi.exception.TargetNotMemberException.class);
  }

  /** Empties the place that the body or its outcome has in the cluster, and lets others in. */
  void end() {
    try {
      dispose();
    } finally {
      over.countDown();
    }
  }

  private void dispose() {
    if (isHandedOver()) {
      try {
        executor().disposeResult(ticket);
      } catch (RuntimeException e) {
        // It has other work, or is lost; at worst it is taken by other work later.
      }
    }
  }

  /** Waits until it is over, until {@code end} at most. */
  void awaitEnd(long end) throws InterruptedException {
    boolean _ = over.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
  }
}
