package golden;

import static dev.anysync.AnySync.await;

import dev.anysync.AnySync;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

public class Use {
  private static final IOException FAILURE = new FileNotFoundException("gone");

  private static final class Memory implements Store<String, Integer> {
    final List<String> calls = new ArrayList<>();

    @Override
    public Integer get(String key) throws IOException {
      calls.add("get");
      if (key.isEmpty()) {
        throw FAILURE;
      }
      return key.length();
    }

    @Override
    public String name(Integer id) {
      return id == null ? null : "name " + id;
    }

    @Override
    public int size() {
      return calls.size();
    }

    @Override
    public void clear() {
      calls.clear();
    }

    @Override
    public <T extends Number & Comparable<T>> T largest(Class<T> type, List<? extends T> numbers) {
      return Collections.max(numbers);
    }

    @Override
    public <T> T any(String name) {
      return null;
    }

    @Override
    public void all(String... keys) {
      calls.addAll(List.of(keys));
    }

    @Override
    public String[][] find(int... ids) {
      return new String[ids.length][];
    }

    @Override
    public String find(String name) {
      return name;
    }

    @Override
    public long find(long id) {
      return id;
    }
  }

  public static void main() throws Exception {
    Memory memory = new Memory();
    StoreAnySync<String, Integer> store = new StoreAnySync<>(memory);

    AnySync<Integer> five = store.get("seven");
    assert memory.calls.isEmpty() : "it is cold";
    assert five.run() == 5 && five.run() == 5;
    assert five.start().result() == 5;
    assert AnySync.coroutine(() -> await(store.get("seven")) + await(store.size())).run() == 9;

    try {
      store.get("").run();
      assert false;
    } catch (Exception e) {
      assert e == FAILURE;
    }
    store.clear().run();
    store.all("a", "b").run();
    assert memory.calls.equals(List.of("a", "b"));
    assert store.name(null).run() == null && store.name(1).run().equals("name 1");
    assert store.largest(Integer.class, List.of(1, 3, 2)).run() == 3;
    assert store.<String>any("x").run() == null;
    assert store.entry("k", 1).run().equals(Map.entry("k", 1));
    assert store.find(1, 2).run().length == 2;
    assert store.find("n").run().equals("n") && store.find(7L).run() == 7;
    assert StoreAnySync.of("one").run().equals(List.of("one"));
  }
}
