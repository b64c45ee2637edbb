package dev.anysync;

/** A body without a result: a {@link java.util.concurrent.Callable} that returns nothing. */
@FunctionalInterface
public interface VoidBody {
  /** Runs the body; what it throws, the caller gets: the same object. */
  void run() throws Exception;
}
