package dev.anysync.examples.linkcheck;

import static dev.anysync.AnySync.await;
import static java.util.Objects.requireNonNull;

import dev.anysync.AnySync;
import dev.anysync.AnySyncIterator;
import dev.anysync.Unfuture;
import dev.anysync.Unsync;
import dev.anysync.examples.linkcheck.Source.Answer;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A crawl: an iterator whose body starts visits, takes them back as they end, and yields what they
 * found.
 *
 * <p>All that the crawl knows belongs to that one body, so that there is nothing to lock; visits
 * share nothing. Closing the iterator runs the body's {@code finally}, which cancels the visits
 * that are under way, which cancels their requests.
 */
final class Crawler {

  /** What to visit; a target that was only looked at may be visited again to be read. */
  private record Target(URI uri, boolean read) {}

  private record Visit(Target target, Answer answer, @Nullable Page page) {}

  /** What is kept of a visit. */
  private record Outcome(Answer answer, @Nullable Set<String> anchors) {}

  private final Settings settings;
  private final Map<String, Source> sources;
  private final List<URI> starts;

  // From here to the counters: touched by the body only.
  private final Queue<Target> waiting = new ArrayDeque<>();
  private final List<Unfuture<Visit>> running = new ArrayList<>();

  /** Of targets that were seen: the links that wait for the visit to end, and then its outcome. */
  private final Map<Target, List<Link>> undecided = new HashMap<>();

  private final Map<Target, Outcome> outcomes = new HashMap<>();
  private final Set<URI> pages = new HashSet<>();

  private final AtomicInteger links = new AtomicInteger();
  private final AtomicInteger skipped = new AtomicInteger();

  /**
   * Prepares a crawl.
   *
   * @param sources by the schemes of the URIs that they fetch; other links are not checked
   * @param starts not empty; what has the scheme, host and port of the first is the start site, and
   *     is crawled
   */
  Crawler(Settings settings, Map<String, Source> sources, List<URI> starts) {
    this.settings = settings;
    this.sources = Map.copyOf(sources);
    this.starts = List.copyOf(starts);
  }

  /** Returns how many links were found so far; each becomes a finding. Any thread may ask. */
  int links() {
    return links.get();
  }

  /** Returns how many links were found so far that are not to be checked. */
  int skipped() {
    return skipped.get();
  }

  /** Returns the findings of the crawl, in the order in which they are made; to be called once. */
  AnySyncIterator<Finding> findings() {
    return AnySync.iterator(this::crawl);
  }

  private void crawl(AnySyncIterator.Out<Finding> out) {
    try {
      for (URI start : starts) {
        note(Link.start(start)).forEach(out::yield);
      }
      while (!waiting.isEmpty() || !running.isEmpty()) {
        while (!waiting.isEmpty() && running.size() < settings.concurrency()) {
          Target target = waiting.remove();
          running.add(AnySync.coroutine(() -> visit(target)).start());
        }
        for (Visit visit : awaitSome()) {
          settle(visit).forEach(out::yield);
        }
      }
    } finally {
      running.forEach(visit -> visit.cancel(true));
    }
  }

  /** Waits until at least one of the visits has ended, and takes back those that have. */
  private List<Visit> awaitSome() {
    await(CompletableFuture.anyOf(running.toArray(CompletableFuture<?>[]::new)));
    List<Unfuture<Visit>> ended = running.stream().filter(Unfuture::isDone).toList();
    running.removeAll(ended);
    return ended.stream().map(Unfuture::result).toList();
  }

  /** Gets a target, waiting for the network, and parses it, waiting for a core. */
  private Visit visit(Target target) {
    Source source = requireNonNull(sources.get(target.uri().getScheme()));
    Answer answer = await(source.fetch(target.uri(), target.read()));
    Content content = answer.content();
    if (!target.read() || content == null || content.kind() == Content.Kind.OTHER) {
      return new Visit(target, answer.withoutContent(), null);
    }
    Page page = await(Unsync.cpuBound(() -> Page.parse(content)));
    return new Visit(target, answer.withoutContent(), page);
  }

  /** Takes a visit in: decides the links that waited for it, and notes those that it brought. */
  private List<Finding> settle(Visit visit) {
    Page page = visit.page();
    Outcome outcome = new Outcome(visit.answer(), page == null ? null : page.anchors());
    outcomes.put(visit.target(), outcome);
    List<Finding> findings = new ArrayList<>();
    for (Link link : requireNonNull(undecided.remove(visit.target()))) {
      findings.add(judge(link, outcome));
    }
    // Several targets may lead to one page, by redirects.
    if (page != null && isInside(page.uri()) && pages.add(page.uri())) {
      for (Link link : page.links()) {
        findings.addAll(note(link));
      }
    }
    return findings;
  }

  /** Takes a link in, and returns what is known of it: one finding, or none yet. */
  private List<Finding> note(Link link) {
    URI uri = link.uri();
    if (uri == null) {
      links.incrementAndGet();
      return List.of(Finding.malformed(link));
    }
    boolean inside = isInside(uri);
    if (!sources.containsKey(uri.getScheme()) || (!inside && !settings.external())) {
      skipped.incrementAndGet();
      return List.of();
    }
    links.incrementAndGet();
    Target target = new Target(Link.withoutFragment(uri), inside || link.anchor() != null);
    Outcome outcome = outcomes.get(target);
    if (outcome != null) {
      return List.of(judge(link, outcome));
    }
    undecided
        .computeIfAbsent(
            target,
            unknown -> {
              waiting.add(unknown);
              return new ArrayList<>();
            })
        .add(link);
    return List.of();
  }

  private static Finding judge(Link link, Outcome outcome) {
    Set<String> anchors = outcome.anchors();
    return anchors == null || link.isOn(anchors)
        ? Finding.of(link, outcome.answer())
        : Finding.noAnchor(link);
  }

  private boolean isInside(URI uri) {
    URI start = starts.getFirst();
    return Objects.equals(uri.getScheme(), start.getScheme())
        && Objects.equals(uri.getAuthority(), start.getAuthority());
  }
}
