package golden;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

@NullMarked
interface Base<A extends @Nullable Object, B> {
  /** Of the base. */
  CompletionStage<A> a(B b);

  <T> CompletionStage<List<T>> same(T t, A a);

  default Future<B> b() {
    return CompletableFuture.failedFuture(new IllegalStateException());
  }

  CompletionStage<@Nullable B> maybe();

  boolean equals(Object other);
}
