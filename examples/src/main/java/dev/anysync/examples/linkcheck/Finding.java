package dev.anysync.examples.linkcheck;

import dev.anysync.examples.linkcheck.Source.Answer;
import dev.anysync.examples.linkcheck.Source.Verdict;

/**
 * One link, checked.
 *
 * @param status the HTTP status, or zero if there is none
 * @param why in words; empty if all is well
 */
record Finding(Link link, Verdict verdict, int status, String why) {

  static Finding of(Link link, Answer answer) {
    return new Finding(link, answer.verdict(), answer.status(), answer.why());
  }

  static Finding malformed(Link link) {
    return new Finding(link, Verdict.MALFORMED, 0, "not a URL");
  }

  static Finding noAnchor(Link link) {
    return new Finding(link, Verdict.ANCHOR, 0, "the page has no anchor '" + link.anchor() + "'");
  }
}
