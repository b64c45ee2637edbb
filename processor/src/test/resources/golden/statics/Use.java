package golden;

public class Use {
  public static void main() {
    assert ToolsAnySync.twice(2).run() == 4 && ToolsAnySync.count("a", "b").run() == 2;
    assert ToolsUnsync.twice(2).result() == 4;
  }
}
