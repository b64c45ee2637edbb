package dev.anysync.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.testng.ITestResult;
import org.testng.TestListenerAdapter;
import org.testng.TestNG;

/** Runs a verification of the Reactive Streams TCK, which is for TestNG, in a test of JUnit. */
public final class ReactiveStreams {
  private ReactiveStreams() {}

  /**
   * Asserts that all tests of {@code verification} pass. Those that it skips as they cannot be
   * verified, or are left open by the specification, are named for that; no other may be skipped.
   */
  public static void assertThatItPasses(Class<?> verification) {
    var results = new TestListenerAdapter();
    var testNg = new TestNG(false);
    testNg.setUseDefaultListeners(false);
    testNg.setVerbose(0);
    testNg.setTestClasses(new Class<?>[] {verification});
    testNg.addListener(results);
    testNg.run();
    assertThat(results.getFailedTests())
        .allSatisfy(
            failed -> {
              throw new AssertionError(failed.getName(), failed.getThrowable());
            });
    assertThat(results.getPassedTests()).isNotEmpty();
    assertThat(results.getSkippedTests())
        .extracting(ITestResult::getName)
        .allMatch(name -> name.matches("(untested|optional)_.*"));
  }
}
