package dev.anysync.examples.linkcheck;

import dev.anysync.AnySync;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** Where targets are got from: the {@link Web} or a {@link Folder}. */
interface Source {

  /**
   * Gets one target. A dead one is an answer, not an exception.
   *
   * @param uri without a fragment
   * @param read whether the content is wanted, or only whether it is there
   */
  AnySync<Answer> fetch(URI uri, boolean read);

  /** What came of a link. */
  enum Verdict {
    OK,
    /** Redirected to where it is. */
    MOVED,
    /** The server answered that it is not there or that it cannot be had. */
    BROKEN,
    /** The page is there, the place on it is not. */
    ANCHOR,
    TIMEOUT,
    /** Redirected for ever. */
    LOOP,
    /** No connection, or one that broke. */
    UNREACHABLE,
    /** Not a URL. */
    MALFORMED;

    boolean isDead() {
      return this != OK && this != MOVED;
    }
  }

  /**
   * What came of fetching a target.
   *
   * @param status the HTTP status, or zero
   * @param why in words; empty if all is well
   * @param passing whether the reason may pass, so that a repetition makes sense
   * @param location where the server redirects to
   * @param content if it was wanted and can be read
   */
  record Answer(
      Verdict verdict,
      int status,
      String why,
      boolean passing,
      @Nullable URI location,
      @Nullable Content content) {

    static Answer ok(int status, @Nullable Content content) {
      return new Answer(Verdict.OK, status, "", false, null, content);
    }

    static Answer moved(int status, URI location) {
      return new Answer(Verdict.MOVED, status, "moved to " + location, false, location, null);
    }

    static Answer failed(Verdict verdict, int status, String why) {
      return new Answer(verdict, status, why, false, null, null);
    }

    /** As {@link #failed}, for a reason that may pass. */
    static Answer failing(Verdict verdict, int status, String why) {
      return new Answer(verdict, status, why, true, null, null);
    }

    Answer withoutContent() {
      return new Answer(verdict, status, why, passing, location, null);
    }
  }
}
