package dev.anysync.processor;

/** A signature names a type that is not there, or not yet: another processor may generate it. */
final class Unresolved extends RuntimeException {
  private static final long serialVersionUID = 1;

  Unresolved(String type) {
    super(type);
  }
}
