package dev.anysync.reactor;

import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * Tells BlockHound which waits block nobody: those of threads that are replaced while they wait.
 * One that holds up an event loop stays what it is, a blocking call, and is reported. That the
 * library looks for its services when it is first used is allowed anywhere.
 */
public final class BlockHoundRules implements BlockHoundIntegration {
  /** Creates the rules; for the service loader. */
  public BlockHoundRules() {}

  @Override
  public void applyTo(BlockHound.Builder builder) {
    var _ =
        builder
            .allowBlockingCallsInside("dev.anysync.reactor.ReactorThreads$Replaced", "block")
            // A replaced thread looks for work for a moment before it goes, and may meet another
            // that resizes the pool: refused, it would take a task, or its signal, along.
            .allowBlockingCallsInside("java.util.concurrent.ThreadPoolExecutor", "getTask")
            .allowBlockingCallsInside("java.util.concurrent.ThreadPoolExecutor$Worker", "lock")
            .allowBlockingCallsInside("dev.anysync.WaitStrategies", "<clinit>")
            .allowBlockingCallsInside("dev.anysync.Lanes", "<clinit>");
  }
}
