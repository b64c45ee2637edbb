package dev.anysync;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.testng.IAnnotationTransformer;
import org.testng.ITestListener;
import org.testng.ITestResult;
import org.testng.TestNG;
import org.testng.annotations.ITestAnnotation;

/**
 * Runs a TestNG class, such as a verification of the Reactive Streams TCK, as JUnit tests:
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicTest> publisher() {
 *   return TestNg.tests(PublisherVerification.class);
 * }
 * }</pre>
 *
 * <p>The TCK skips what it cannot verify and what it leaves open; those have names that begin with
 * {@code untested_} or {@code optional_} and are left out. Any other skipped test is a failure
 * here.
 */
final class TestNg {
  private TestNg() {}

  static Stream<DynamicTest> tests(Class<?> type) {
    return tests(type, 1);
  }

  /** Returns each test {@code rounds} times. */
  static Stream<DynamicTest> tests(Class<?> type, int rounds) {
    var results = new Results();
    var testNg = new TestNG(false);
    testNg.setUseDefaultListeners(false);
    testNg.setVerbose(0);
    testNg.setTestClasses(new Class<?>[] {type});
    testNg.addListener(results);
    testNg.addListener(new Repeat(rounds));
    testNg.run();

    if (results.tests.isEmpty()) {
      throw new AssertionError("TestNG ran no test of " + type.getName());
    }
    return results.tests.stream();
  }

  private record Repeat(int rounds) implements IAnnotationTransformer {
    @Override
    @SuppressWarnings("rawtypes") // as declared
    public void transform(
        ITestAnnotation annotation,
        @Nullable Class type,
        @Nullable Constructor constructor,
        @Nullable Method method) {
      annotation.setInvocationCount(rounds);
    }
  }

  private static final class Results implements ITestListener {
    final List<DynamicTest> tests = new ArrayList<>();

    @Override
    public void onTestSuccess(ITestResult result) {
      tests.add(DynamicTest.dynamicTest(result.getName(), () -> {}));
    }

    @Override
    public void onTestFailure(ITestResult result) {
      Throwable failure = Objects.requireNonNull(result.getThrowable());
      tests.add(
          DynamicTest.dynamicTest(
              result.getName(),
              () -> {
                throw failure;
              }));
    }

    @Override
    public void onTestSkipped(ITestResult result) {
      if (!result.getName().matches("(untested|optional)_.*")) {
        var failure = new AssertionError("skipped: " + result.getName(), result.getThrowable());
        tests.add(
            DynamicTest.dynamicTest(
                result.getName(),
                () -> {
                  throw failure;
                }));
      }
    }

    @Override
    public void onTestFailedButWithinSuccessPercentage(ITestResult result) {
      onTestFailure(result);
    }
  }
}
