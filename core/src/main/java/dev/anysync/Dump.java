package dev.anysync;

import module java.base;

import org.jspecify.annotations.Nullable;

/**
 * All work in flight at one moment, as {@link AnySync#dump()} found it: the coroutines and
 * functions that have been started and whose bodies have not ended, those that are cancelled and
 * still running included, and the threads outside of them that wait for something. {@link
 * #toString()} is a tree for people to read, {@link #toJson()} has the same facts for programs.
 *
 * <p>Each entry says what it is, on which lane and thread, and its state: {@code queued}; {@code
 * running}; {@code waiting} for something that the library knows, with what, since when, and where
 * in the user's code; or {@code blocked} in something else, such as a lock or a sleep. Under each
 * entry is what it waits for. Where and since when work was started is known if the lanes record
 * it: {@link Lanes.Builder#recordStarts}. A body that {@code run()} runs on its caller's own thread
 * is seen while it waits only.
 *
 * <p>A dump is taken while the work goes on, so what changes meanwhile may be seen half-way. It has
 * 10,000 entries at most, what runs before what is queued, and says how many are left out; of what
 * one entry waits for, it shows a hundred at most. Immutable, and safe for all threads.
 */
public final class Dump {
  private static final int LIMIT = 10_000;
  private static final int MAX_INDENT = 40;
  private static final int MAX_NEEDS = 100; // of one entry

  /** A running body, or a thread that waits, and what is known of it. */
  private static final class Entry {
    final int id;
    final Map<String, Object> facts = new LinkedHashMap<>();
    final SequencedSet<Entry> needs = new LinkedHashSet<>();
    boolean isNeeded;

    Entry(int id) {
      this.id = id;
    }

    @Override
    public String toString() {
      StringJoiner text = new StringJoiner(", ", "#" + id + " " + facts.get("kind") + ", ", "");
      add(text, "lane", "%s");
      if (facts.get("thread") instanceof String thread) {
        text.add("thread '" + thread + "'#" + facts.get("threadId"));
      }
      add(text, "state", "%s");
      add(text, "waitsFor", "for %s");
      add(text, "sinceMillis", "since %d ms");
      add(text, "at", "at %s");
      add(text, "startedMillis", "started %d ms ago");
      add(text, "startedAt", "at %s");
      return text.toString();
    }

    private void add(StringJoiner text, String fact, String format) {
      Object value = facts.get(fact);
      if (value != null) {
        text.add(format.formatted(value));
      }
    }
  }

  private final Instant time = Instant.now();
  private final List<String> loops = new ArrayList<>();
  private final List<Entry> entries = new ArrayList<>();
  private final long total;

  Dump() {
    Map<Object, Entry> known = new HashMap<>(); // tasks, and the waits outside of them
    Map<Strand, Set<Object>> strands = new HashMap<>(); // what they run
    List<Task<?>> queued = new ArrayList<>();
    long total = 0;
    for (Wait wait : Wait.OUTSIDE) {
      total++;
      add(wait, wait.strand, LIMIT / 2, known, strands);
    }
    for (Registry registry : Registry.all()) {
      for (Task<?> task : (Iterable<Task<?>>) registry.tasks()::iterator) {
        boolean started = task.isStarted(); // first, or one that starts in between is missed
        Strand runner = task.runner();
        if (runner != null) {
          total++;
          add(task, runner, LIMIT, known, strands);
        } else if (!started) {
          total++;
          if (queued.size() < LIMIT) {
            queued.add(task);
          }
        }
      }
      EventLoop loop = registry.loop;
      Strand holder = loop == null ? null : loop.holder;
      if (loop != null && holder != null) {
        loops.add(
            "the event loop '%s': %s has the turn, %d queued"
                .formatted(loop, WaitGraph.label(holder), loop.queued()));
      }
    }
    queued.forEach(task -> add(task, null, LIMIT, known, strands)); // what runs tells more
    this.total = total;
    known.forEach((of, entry) -> describe(of, entry, known, strands));
  }

  private void add(
      Object of,
      @Nullable Strand strand,
      int limit,
      Map<Object, Entry> known,
      Map<Strand, Set<Object>> strands) {
    if (entries.size() < limit) {
      Entry entry = new Entry(entries.size() + 1);
      entries.add(entry);
      known.put(of, entry);
      if (strand != null) {
        strands.computeIfAbsent(strand, _ -> new HashSet<>()).add(of);
      }
    }
  }

  private static void describe(
      Object of, Entry entry, Map<Object, Entry> known, Map<Strand, Set<Object>> strands) {
    Map<String, Object> facts = entry.facts;
    if (of instanceof Wait wait) {
      facts.put("kind", "thread");
      describe(wait, wait.strand, entry, known, strands);
      return;
    }
    Task<?> task = (Task<?>) of;
    facts.put("kind", task.lane.mode() == Strand.NONE ? "function" : "coroutine");
    facts.put("lane", task.lane.toString());
    Recorded<?> recorded = task.recorded();
    if (recorded != null) {
      facts.put("startedMillis", recorded.millis());
      facts.put("startedAt", recorded.frame);
    }
    Strand runner = task.runner();
    if (runner == null) {
      facts.put("state", task.isStarted() ? "ended" : "queued");
      return;
    }
    Wait wait = runner.wait;
    Wait own = wait != null && wait.task == task && !wait.asleep ? wait : null;
    describe(own, runner, entry, known, strands);
    Task<?> claimed = wait == null ? runner.task : wait.task;
    while (claimed != null && claimed.outer() != task) {
      claimed = claimed.outer();
    }
    if (claimed != null) {
      facts.put("state", "waiting");
      facts.put("waitsFor", "what it runs itself");
      need(entry, known.get(claimed));
    }
    if (task.isStopped()) {
      facts.compute("state", (_, state) -> "cancelled and still " + state);
    }
  }

  private static void describe(
      @Nullable Wait wait,
      Strand strand,
      Entry entry,
      Map<Object, Entry> known,
      Map<Strand, Set<Object>> strands) {
    Map<String, Object> facts = entry.facts;
    facts.put("thread", strand.thread.getName());
    facts.put("threadId", strand.thread.threadId());
    if (wait != null) {
      facts.put("state", "waiting");
      // Its target may have come, so that its turn is all that it waits for.
      boolean isTurn = wait.turn != null && wait.target instanceof Future<?> f && f.isDone();
      Object target = isTurn && wait.turn != null ? wait.turn : wait.target;
      facts.put("waitsFor", WaitGraph.name(target));
      facts.put("sinceMillis", wait.millis());
      WaitGraph.bodies(target, MAX_NEEDS, of -> needs(entry, of, known, strands));
    } else {
      facts.put(
          "state",
          switch (strand.thread.getState()) {
            case BLOCKED, WAITING, TIMED_WAITING -> "blocked";
            default -> "running";
          });
    }
    String at = CallerFrames.ofUser(strand.thread, wait != null);
    if (at != null) {
      facts.put("at", at);
    }
  }

  private static void needs(
      Entry entry, Object of, Map<Object, Entry> known, Map<Strand, Set<Object>> strands) {
    if (of instanceof Strand strand) {
      strands.getOrDefault(strand, Set.of()).forEach(body -> need(entry, known.get(body)));
    } else {
      need(entry, known.get(of));
    }
  }

  private static void need(Entry entry, @Nullable Entry needed) {
    if (needed != null && needed != entry && entry.needs.size() < MAX_NEEDS) {
      entry.needs.add(needed);
      needed.isNeeded = true;
    }
  }

  /** Returns the tree: a line for each entry, and under it what that waits for. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(time).append(": ").append(total).append(" in flight");
    if (total > entries.size()) {
      text.append(", ").append(total - entries.size()).append(" of which are left out");
    }
    loops.forEach(loop -> text.append('\n').append(loop));
    Set<Entry> written = new HashSet<>();
    for (Entry entry : entries) {
      if (!entry.isNeeded) {
        write(entry, text, written);
      }
    }
    for (Entry entry : entries) { // those that need each other
      if (!written.contains(entry)) {
        write(entry, text, written);
      }
    }
    return text.toString();
  }

  private record Line(Entry entry, int depth) {}

  private static void write(Entry root, StringBuilder text, Set<Entry> written) {
    Deque<Line> open = new ArrayDeque<>(List.of(new Line(root, 0)));
    for (Line line = open.poll(); line != null; line = open.poll()) {
      text.append('\n').append("  ".repeat(Math.min(line.depth, MAX_INDENT)));
      if (!written.add(line.entry)) {
        text.append('#').append(line.entry.id).append(", see above");
        continue;
      }
      text.append(line.entry);
      int depth = line.depth + 1;
      line.entry.needs.reversed().forEach(need -> open.push(new Line(need, depth)));
    }
  }

  /**
   * Returns the same as one JSON object: {@code time}, {@code inFlight}, {@code leftOut}, {@code
   * loops} that are busy, and {@code entries}, a flat list of objects, each with its {@code id}
   * and, in {@code needs}, the ids of what it waits for.
   */
  public String toJson() {
    String loops = this.loops.stream().map(Dump::quote).collect(Collectors.joining(","));
    String entries =
        this.entries.stream().map(Dump::toJson).collect(Collectors.joining(",\n ", "\n ", "\n"));
    return "{\"time\":\"%s\",\"inFlight\":%d,\"leftOut\":%d,\"loops\":[%s],\"entries\":[%s]}"
        .formatted(time, total, total - this.entries.size(), loops, entries);
  }

  private static String toJson(Entry entry) {
    StringJoiner json = new StringJoiner(",", "{\"id\":" + entry.id + ",", "}");
    entry.facts.forEach(
        (name, value) ->
            json.add(quote(name) + ":" + (value instanceof Number ? value : quote(value))));
    json.add("\"needs\":" + entry.needs.stream().map(need -> need.id).toList().toString());
    return json.toString();
  }

  private static String quote(Object value) {
    StringBuilder quoted = new StringBuilder("\"");
    value
        .toString()
        .chars()
        .forEach(
            c -> {
              if (c < ' ' || c == '"' || c == '\\') {
                quoted.append("\\u%04x".formatted(c));
              } else {
                quoted.append((char) c);
              }
            });
    return quoted.append('"').toString();
  }
}
