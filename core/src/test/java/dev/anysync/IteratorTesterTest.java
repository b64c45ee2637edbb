package dev.anysync;

import com.google.common.collect.testing.IteratorFeature;
import com.google.common.collect.testing.IteratorTester;
import com.google.common.collect.testing.SpliteratorTester;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Guava's testers, which know how an iterator and a spliterator are to behave: each way to make an
 * iterator, asked in every order that so many calls of hasNext, next and remove can have.
 */
class IteratorTesterTest {
  private static final int STRESS = Integer.getInteger("stress", 1);

  /** How many calls are made of an iterator; there are three to the power of that many orders. */
  private static final int CALLS = STRESS == 1 ? 5 : 7;

  private static final List<Integer> NONE = List.of();
  private static final List<Integer> ONE = List.of(1);
  private static final List<Integer> SOME = List.of(1, 2, 3);

  @SuppressWarnings(
      "NullAway") // an iterator may have null elements; a type that says so is in the way
  private static final List<Integer> NULLS =
      Collections.unmodifiableList(Arrays.asList(1, null, 3));

  private static final List<Integer> MANY = Stream.iterate(1, i -> i + 1).limit(100).toList();

  /** The ways to make an iterator. */
  enum Mode {
    DEFAULT(elements -> body(elements)),
    PREFETCH_NONE(elements -> body(elements).prefetch(0)),
    PREFETCH_ONE(elements -> body(elements).prefetch(1)),
    GENERATOR(
        elements ->
            AnySync.<Integer, @Nullable Void>generator(out -> elements.forEach(out::yield))),
    FROM_PUBLISHER(elements -> AnySyncIterator.from(body(elements).publisher())),
    FROM_PUBLISHER_PREFETCH_NONE(
        elements -> AnySyncIterator.from(body(elements).publisher()).prefetch(0)),
    FROM_PUBLISHER_PREFETCH_ONE(
        elements -> AnySyncIterator.from(body(elements).publisher()).prefetch(1));

    @SuppressWarnings("ImmutableEnumChecker") // a lambda that captures nothing
    private final Function<List<Integer>, AnySyncIterator<Integer>> maker;

    Mode(Function<List<Integer>, AnySyncIterator<Integer>> maker) {
      this.maker = maker;
    }

    private static AnySyncIterator<Integer> body(List<Integer> elements) {
      return AnySync.iterator(out -> elements.forEach(out::yield));
    }

    /** Returns the elements that an iterator made so can have. */
    List<List<Integer>> samples() {
      return name().startsWith("FROM") ? List.of(NONE, ONE, SOME) : List.of(NONE, ONE, SOME, NULLS);
    }
  }

  /** The iterators of one test, which closes those that were not read to the end. */
  private static final class Opened implements AutoCloseable {
    private final List<AnySyncIterator<?>> iterators = new CopyOnWriteArrayList<>();

    AnySyncIterator<Integer> open(Mode mode, List<Integer> elements) {
      AnySyncIterator<Integer> iterator = mode.maker.apply(elements);
      iterators.add(iterator);
      return iterator;
    }

    void closeAll() {
      iterators.forEach(AnySyncIterator::close);
      iterators.clear();
    }

    @Override
    public void close() {
      closeAll();
    }
  }

  /** Tests what {@code view} makes of an iterator. */
  private static void check(Mode mode, Function<AnySyncIterator<Integer>, Iterator<Integer>> view) {
    for (List<Integer> elements : mode.samples()) {
      try (var opened = new Opened()) {
        var tester =
            new IteratorTester<Integer>(
                CALLS,
                IteratorFeature.UNMODIFIABLE,
                new ArrayList<>(elements),
                IteratorTester.KnownOrder.KNOWN_ORDER) {
              @Override
              protected Iterator<Integer> newTargetIterator() {
                opened.closeAll();
                return view.apply(opened.open(mode, elements));
              }
            };
        tester.test();
        tester.testForEachRemaining();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void iterator(Mode mode) {
    check(mode, AnySyncIterator::iterator);
  }

  @ParameterizedTest
  @EnumSource
  void iteratorOnALoop(Mode mode) {
    try (EventLoop loop = EventLoop.create("anysync-test")) {
      loop.run(AnySync.coroutine(() -> check(mode, AnySyncIterator::iterator)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void iteratorOfAStream(Mode mode) {
    check(mode, iterator -> iterator.stream().iterator());
  }

  @ParameterizedTest
  @EnumSource
  void spliterator(Mode mode) {
    List<List<Integer>> samples = new ArrayList<>(mode.samples());
    samples.add(MANY);
    for (List<Integer> elements : samples) {
      try (var opened = new Opened()) {
        SpliteratorTester.of(() -> opened.open(mode, elements).stream().spliterator())
            .expect(elements)
            .inOrder();
      }
    }
  }
}
