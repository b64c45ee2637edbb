package dev.anysync.processor;

import javax.lang.model.element.Element;

/** A declaration names a type that is not there, or not yet: another processor may generate it. */
final class Unresolved extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient Element user;

  Unresolved(Element user, String type) {
    super(type);
    this.user = user;
  }

  /** Returns what names the type. */
  Element user() {
    return user;
  }

  String text() {
    return "%s names %s, which is not on the path: add what has it".formatted(user, getMessage());
  }
}
