package dev.anysync.bench;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.bench.Probe.Timed;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.locks.LockSupport;

/** How soon an element reaches the for loop that waits for it, when the body then blocks. */
final class ElementProbe {
  private static final int PAUSE = 200_000; // for the consumer to wait

  private ElementProbe() {}

  public static void main(String[] args) throws Exception {
    Semaphore ours = new Semaphore(0);
    Semaphore theirs = new Semaphore(0);
    SynchronousQueue<Long> queue = new SynchronousQueue<>();
    LinkedTransferQueue<Semaphore> asked = new LinkedTransferQueue<>();
    Thread.ofPlatform().daemon().start(() -> releaseInAWhile(asked));
    Thread producer =
        Thread.startVirtualThread(
            () -> {
              try {
                while (true) {
                  theirs.acquire();
                  queue.put(System.nanoTime());
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    try (AnySyncIterator<Long> elements =
        AnySync.iterator(
            out -> {
              while (true) {
                ours.acquire(); // the library knows nothing of it
                out.yield(System.nanoTime());
              }
            })) {
      Map<String, Timed> all = new LinkedHashMap<>();
      all.put("first", ElementProbe::first);
      all.put("firstSynchronousQueue", ElementProbe::firstOfQueue);
      all.put(
          "later",
          () -> {
            asked.put(ours);
            long yielded = elements.next();
            return System.nanoTime() - yielded;
          });
      all.put(
          "laterSynchronousQueue",
          () -> {
            asked.put(theirs);
            long put = queue.take();
            return System.nanoTime() - put;
          });
      Probe.paced(all, 5_000, Probe.times(args, 1_000, 5_000));
    }
    producer.interrupt();
  }

  /** From the call that makes the iterator to its first element, after which the body blocks. */
  private static long first() {
    Semaphore never = new Semaphore(0);
    long start = System.nanoTime();
    try (AnySyncIterator<Integer> elements =
        AnySync.iterator(
            out -> {
              out.yield(1);
              never.acquire();
            })) {
      int _ = elements.next();
      return System.nanoTime() - start;
    }
  }

  private static long firstOfQueue() throws InterruptedException {
    Semaphore never = new Semaphore(0);
    long start = System.nanoTime();
    SynchronousQueue<Integer> queue = new SynchronousQueue<>();
    Thread producer =
        Thread.startVirtualThread(
            () -> {
              try {
                queue.put(1);
                never.acquire();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    int _ = queue.take();
    long nanos = System.nanoTime() - start;
    producer.interrupt();
    return nanos;
  }

  private static void releaseInAWhile(LinkedTransferQueue<Semaphore> asked) {
    try {
      while (true) {
        Semaphore semaphore = asked.take();
        LockSupport.parkNanos(PAUSE);
        semaphore.release();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
