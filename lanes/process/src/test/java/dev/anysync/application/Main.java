package dev.anysync.application;

import dev.anysync.Lanes;
import dev.anysync.RemoteBody;
import dev.anysync.process.ProcessLane;
import java.time.Duration;

/** A program on the class path, with this library on the module path. */
public final class Main {
  private Main() {}

  private record Answer() implements RemoteBody<Integer> {
    @Override
    public Integer call() {
      return 42;
    }
  }

  /** Prints whether the library is a module here, and the answer. */
  public static void main(String[] args) throws Exception {
    try (ProcessLane one = ProcessLane.builder().size(1).build();
        Lanes lanes = Lanes.builder().cpu(one).build()) {
      System.out.println(ProcessLane.class.getModule().isNamed());
      System.out.println(lanes.cpuBound(new Answer()).result(Duration.ofSeconds(50)));
    }
  }
}
