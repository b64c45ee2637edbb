package golden;

import java.util.ArrayList;
import java.util.List;

public class Use {
  public static void main() {
    List<String> log = new ArrayList<>();
    SourceAnySync source = new SourceAnySync(new Source(log));

    assert source.count(3).stream().toList().equals(List.of(0, 1, 2));
    try (var sum = source.sum()) {
      assert sum.next() == 0 && sum.send(40L) == 40 && sum.send(2L) == 42;
    }
    assert source.open("a", "b").use(name -> name + log).equals("a+b[enter]");
    assert log.equals(List.of("enter", "exit"));
    assert source.first("a", "b").run().equals("a");
  }
}
