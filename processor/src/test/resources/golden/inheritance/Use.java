package golden;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

public class Use {
  private static final class Sample extends Sub<Integer> {
    @Override
    public CompletionStage<String> a(Map<String, Integer> b) {
      return CompletableFuture.completedStage(b.toString());
    }

    @Override
    public <T> CompletionStage<List<T>> same(T t, String a) {
      return CompletableFuture.completedStage(List.of(t));
    }

    @Override
    public CompletionStage<Map<String, Integer>> maybe() {
      return CompletableFuture.completedStage(null);
    }

    @Override
    public CompletableFuture<String> wide() {
      return CompletableFuture.completedFuture("w");
    }

    @Override
    CompletableFuture<Integer> own() {
      return CompletableFuture.completedFuture(3);
    }
  }

  public static void main() {
    SubSync<Integer> sync = new SubSync<>(new Sample());
    assert sync.a(Map.of("k", 1)).equals("{k=1}");
    assert sync.same(1.5, "").equals(List.of(1.5));
    Map<String, Integer> b = sync.b();
    assert b.isEmpty() && sync.maybe() == null;
    assert sync.wide().equals("w") && sync.own() == 3 && sync.ended() == 1;
    Integer of = sync.of(4);
    assert of == 4;
  }
}
