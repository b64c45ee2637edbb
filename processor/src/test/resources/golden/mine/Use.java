package golden;

import java.util.List;

public class Use {
  public static void main() {
    Asks asks =
        new Asks() {
          @Override
          public Promise<Integer> one() {
            return new Promise<>(1);
          }

          @Override
          public AnySyncMine.Many<String> many() {
            return new AnySyncMine.Many<>(List.of("m"));
          }
        };
    assert new AsksSync(asks).one() == 1;
    assert new AsksSync(asks).many().stream().toList().equals(List.of("m"));
    assert new AsksUnsync(asks).one().result() == 1;
  }
}
