package dev.anysync.hazelcast;

import java.io.Serializable;
import java.util.UUID;
import java.util.concurrent.Callable;

/** Tells a member to stop a body; returns whether the body runs there. */
record Stop(UUID id) implements Callable<Boolean>, Serializable {
  @Override
  public Boolean call() {
    return Runs.stop(id);
  }
}
