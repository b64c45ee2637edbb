package dev.anysync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.testng.SkipException;

/** That a TestNG test which fails or is skipped does not pass for a JUnit test that succeeds. */
class TestNgTest {
  @Test
  void failuresAndSkipsAreFailures() {
    Map<String, DynamicTest> tests =
        TestNg.tests(Sample.class)
            .collect(Collectors.toMap(DynamicTest::getDisplayName, test -> test));

    assertThat(tests)
        .containsOnlyKeys("required_passes", "required_fails", "optional_fails", "required_skips");
    assertThat(failure(tests.get("required_passes"))).isNull();
    assertThat(failure(tests.get("required_fails"))).hasMessage("broken");
    assertThat(failure(tests.get("optional_fails"))).hasMessage("broken too");
    assertThat(failure(tests.get("required_skips"))).hasMessage("skipped: required_skips");
  }

  @Test
  void eachRoundIsATest() {
    assertThat(TestNg.tests(Sample.class, 3).map(DynamicTest::getDisplayName))
        .hasSize(3 * 4)
        .filteredOn("required_fails"::equals)
        .hasSize(3);
  }

  @Test
  void noTestIsAFailure() {
    assertThatThrownBy(() -> TestNg.tests(Object.class)).hasMessageContaining("ran no test");
  }

  private static @Nullable Throwable failure(@Nullable DynamicTest test) {
    try {
      Objects.requireNonNull(test).getExecutable().execute();
      return null;
    } catch (Throwable e) {
      return e;
    }
  }

  static class Sample {
    @org.testng.annotations.Test
    public void required_passes() {}

    @org.testng.annotations.Test
    public void required_fails() {
      throw new AssertionError("broken");
    }

    @org.testng.annotations.Test
    public void optional_fails() {
      throw new AssertionError("broken too");
    }

    @org.testng.annotations.Test
    public void required_skips() {
      throw new SkipException("cannot");
    }

    @org.testng.annotations.Test
    public void untested_skips() {
      throw new SkipException("cannot");
    }
  }
}
