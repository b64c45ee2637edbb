package dev.anysync.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What one operation is to cost at most, beside what it costs in other libraries. */
final class Goal {
  final String name;
  final String ours;
  final Map<String, String> peers = new LinkedHashMap<>(); // name -> benchmark
  @Nullable String limitName;
  @Nullable String limit;
  private final List<Demand> demands = new ArrayList<>();

  private record Demand(String text, Test test) {}

  private interface Test {
    boolean isMet(Row row);
  }

  private Goal(String name, String ours) {
    this.name = name;
    this.ours = ours;
  }

  static Goal of(String name, String ours) {
    return new Goal(name, ours);
  }

  /** Names a peer that does the same work. */
  Goal beside(String peer, String benchmark) {
    peers.put(peer, benchmark);
    return this;
  }

  /** Names what the machine, or the JDK, takes for the like. */
  Goal limit(String limit, String benchmark) {
    this.limitName = limit;
    this.limit = benchmark;
    return this;
  }

  Goal nanos(double most) {
    return demand("at most %s ns".formatted(number(most)), row -> row.ours.nanos() <= most);
  }

  Goal bytes(double most) {
    // The profiler counts what the harness allocates as well, over all operations of a run.
    return demand("%s B".formatted(number(most)), row -> row.ours.bytes() < most + 0.5);
  }

  Goal ofBest(double most) {
    return demand(number(most) + " of the best", row -> row.ratioToBest() <= most);
  }

  Goal of(String peer, double most) {
    return demand(
        number(most) + " of " + peer,
        row ->
            row.ours.nanos() <= most * row.figure(Objects.requireNonNull(peers.get(peer))).nanos());
  }

  Goal bytesOf(String peer, double most) {
    return demand(
        number(most) + " of the bytes of " + peer,
        row ->
            row.ours.bytes() <= most * row.figure(Objects.requireNonNull(peers.get(peer))).bytes());
  }

  Goal ofLimit(double most) {
    return demand(number(most) + " of the limit", row -> row.ratioToLimit() <= most);
  }

  Goal overLimit(double most) {
    return demand(
        "%s ns over the limit".formatted(number(most)),
        row -> row.ours.nanos() - Objects.requireNonNull(row.limit()).nanos() <= most);
  }

  private Goal demand(String text, Test test) {
    demands.add(new Demand(text, test));
    return this;
  }

  Stream<String> benchmarks() {
    return Stream.concat(
        Stream.of(ours), Stream.concat(peers.values().stream(), Stream.ofNullable(limit)));
  }

  String text() {
    return String.join(", ", demands.stream().map(Demand::text).toList());
  }

  /** A number as short as it can be said. */
  static String number(double value) {
    if (value == Math.rint(value) && value < 1e15) {
      return String.format(Locale.ROOT, "%,.0f", value);
    }
    int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
    return String.format(Locale.ROOT, "%,." + digits + "f", value);
  }

  /** A measurement: the time, and the bytes allocated, that one operation takes. */
  record Figure(double nanos, double bytes) {}

  /** A goal, and what was measured for it. */
  final class Row {
    final Figure ours;
    private final Map<String, Figure> figures;

    Row(Map<String, Figure> figures) {
      this.figures = figures;
      this.ours = figure(Goal.this.ours);
    }

    Goal goal() {
      return Goal.this;
    }

    Figure figure(String benchmark) {
      return Objects.requireNonNull(figures.get(benchmark), benchmark);
    }

    Map.@Nullable Entry<String, Figure> best() {
      return peers.entrySet().stream()
          .map(peer -> Map.entry(peer.getKey(), figure(peer.getValue())))
          .min(java.util.Comparator.comparingDouble(peer -> peer.getValue().nanos()))
          .orElse(null);
    }

    @Nullable Figure limit() {
      return limit == null ? null : figure(limit);
    }

    double ratioToBest() {
      return ours.nanos() / Objects.requireNonNull(best()).getValue().nanos();
    }

    double ratioToLimit() {
      return ours.nanos() / Objects.requireNonNull(limit()).nanos();
    }

    boolean isMet() {
      return demands.stream().allMatch(demand -> demand.test.isMet(this));
    }
  }
}
