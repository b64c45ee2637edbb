package dev.anysync.twins;

import org.jspecify.annotations.Nullable;

/** The two forms that a view can have. */
enum Form {
  SYNC("sync"),
  ASYNC("async");

  private final String word;

  Form(String word) {
    this.word = word;
  }

  /** Returns how a result of the view comes of that of its target, or null if it cannot. */
  @Nullable Call call(Shape wished, Shape there) {
    return this == SYNC ? Call.sync(wished, there) : Call.async(wished, there);
  }

  @Override
  public String toString() {
    return word;
  }
}
