package golden;

import java.util.List;

@SuppressWarnings({"removal", "deprecation"})
public class Use {
  public static void main() {
    OldAnySync old = new OldAnySync(new Old());
    assert old.old().run().equals("old") && old.gone().run().equals("gone");
    assert old.better(List.of(), new Old.Passed(), new Old.Passing()).run().equals("better");
    assert new OldEndedAnySync(() -> 1).one().run() == 1;
  }
}
