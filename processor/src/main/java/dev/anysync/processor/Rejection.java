package dev.anysync.processor;

import java.util.List;
import javax.lang.model.element.Element;

/** Why there is no twin: what is wrong with which elements, and the remedy. */
final class Rejection extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<Problem> problems;

  /** What is wrong with an element, as its author is told. */
  record Problem(Element element, String text) {}

  Rejection(Element element, String text) {
    this(List.of(new Problem(element, text)));
  }

  Rejection(List<Problem> problems) {
    super(problems.toString());
    this.problems = List.copyOf(problems);
  }

  List<Problem> problems() {
    return problems;
  }
}
