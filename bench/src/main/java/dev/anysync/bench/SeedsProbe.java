package dev.anysync.bench;

import java.io.IOException;

/** What the two Python libraries take that this one follows. */
final class SeedsProbe {
  private SeedsProbe() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    Python.run("seeds.py", Probe.times(args, 10, 50));
  }
}
