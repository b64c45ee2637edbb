package dev.anysync.kotlin;

import static dev.anysync.AnySync.coroutine;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullMarked;

/** Coroutines and iterators as a library in Java has them, for Kotlin to call. */
@NullMarked
final class JavaBodies {
  /** How far an endless iterator has come. */
  final AtomicInteger yielded = new AtomicInteger();

  /** A body that never ends by itself has begun; it was told to; it may; it has. */
  final CountDownLatch begun = new CountDownLatch(1);

  final CountDownLatch told = new CountDownLatch(1);
  final CountDownLatch mayEnd = new CountDownLatch(1);
  final CountDownLatch ended = new CountDownLatch(1);

  static AnySync<String> greeting(String name) {
    return coroutine(
        () -> {
          AnySync.sleep(Duration.ofMillis(1));
          return "Hello " + name;
        });
  }

  static AnySync<String> failing(Throwable failure) {
    return coroutine(
        () -> {
          AnySync.sleep(Duration.ofMillis(1));
          switch (failure) {
            case Exception e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError(failure);
          }
        });
  }

  /** Waits for ever; once it is cancelled it waits for {@code mayEnd}. */
  AnySync<String> endless() {
    return coroutine(
        () -> {
          begun.countDown();
          try {
            return AnySync.await(new Unfuture<>());
          } finally {
            told.countDown();
            mayEnd.await();
            ended.countDown();
          }
        });
  }

  AnySyncIterator<Integer> numbers() {
    return AnySync.iterator(
        out -> {
          begun.countDown();
          try {
            for (int i = 0; ; i++) {
              out.yield(i);
              yielded.incrementAndGet();
            }
          } finally {
            ended.countDown();
          }
        });
  }

  static AnySyncIterator<Integer> threeThen(Throwable failure) {
    return AnySync.iterator(
        out -> {
          for (int i = 0; i < 3; i++) {
            out.yield(i);
          }
          AnySync.await(failing(failure));
        });
  }
}
