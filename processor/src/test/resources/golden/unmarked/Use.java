package golden;

public class Use {
  public static void main() {
    assert new PlaceNumberAnySync(() -> 1).getAsInt().run() == 1;
  }
}
