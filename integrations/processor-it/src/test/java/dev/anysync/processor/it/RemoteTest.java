package dev.anysync.processor.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anysync.Lanes;
import dev.anysync.process.ProcessLane;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A generated twin whose methods run in other processes. */
class RemoteTest {
  private static final Duration LONG = Duration.ofSeconds(50);

  @Test
  void theObjectAndTheArgumentsTravel() throws Exception {
    try (ProcessLane lane = ProcessLane.builder().size(1).build();
        Lanes lanes = Lanes.builder().cpu(lane).build()) {
      PrimesUnsync primes = new PrimesUnsync(new Primes(10), lanes);

      assertThat(primes.countBelow(100).result(LONG)).isEqualTo(21);
      assertThat(primes.process(1).result(LONG)).isNotEqualTo(ProcessHandle.current().pid());
    }
  }
}
