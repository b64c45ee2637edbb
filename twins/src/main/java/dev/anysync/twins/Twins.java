package dev.anysync.twins;

import java.util.Objects;

/** Views. */
public final class Twins {
  private Twins() {}

  public static <V> V sync(Class<V> view, Object async) {
    return twin(Form.SYNC, view, Objects.requireNonNull(async, "async"));
  }

  public static <V> V async(Class<V> view, Object blocking) {
    return twin(Form.ASYNC, view, Objects.requireNonNull(blocking, "blocking"));
  }

  private static <V> V twin(Form form, Class<V> view, Object target) {
    return view.cast(ViewClass.of(Objects.requireNonNull(view, "view")).twin(form, target));
  }
}
