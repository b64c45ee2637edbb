package dev.anysync.bench;

import java.text.NumberFormat;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
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

  /** Returns whether this goal, named with its group, is one that is asked for. */
  boolean isIn(Pattern asked, String group) {
    return asked.matcher(group + ": " + name).find();
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
    return demand("at most " + time(most), row -> row.ours.nanos() <= most);
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
        "at most " + time(most) + " over the limit",
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

  /** A number as short as it can be said; a dash for none. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
    NumberFormat format = NumberFormat.getInstance(Locale.ROOT);
    format.setMaximumFractionDigits(digits);
    return format.format(value);
  }

  /** Nanoseconds in the unit that makes a short number. */
  static String time(double nanos) {
    if (nanos >= 10_000_000) {
      return number(nanos / 1_000_000) + " ms";
    }
    return nanos >= 10_000 ? number(nanos / 1_000) + " us" : number(nanos) + " ns";
  }

  /** A measurement: the time, and the bytes allocated, that one operation takes; NaN: not known. */
  record Figure(double nanos, double bytes) {
    String time() {
      return Goal.time(nanos);
    }

    @Override
    public String toString() {
      String space = String.format(Locale.ROOT, "%,.0f B", bytes);
      if (Double.isNaN(bytes)) {
        return Double.isNaN(nanos) ? "-" : time();
      }
      return Double.isNaN(nanos) ? space : time() + " " + space;
    }
  }

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
          .min(Comparator.comparingDouble(peer -> peer.getValue().nanos()))
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
