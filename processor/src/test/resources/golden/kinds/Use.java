package golden;

import java.util.List;

public class Use {
  public static void main() {
    Kinds.Point<Integer> point = new Kinds.Point<>(3, 4);
    KindsPointAnySync<Integer> async = new KindsPointAnySync<>(point);
    assert async.x() == 3 && async.y() == 4 && async.length().run() == 5;
    assert new KindsPointUnsync<>(point).length().result() == 5;
    assert new KindsShadeAnySync(Kinds.Shade.LIGHT).css().run().equals("#fff");
    assert new KindsShapeAnySync(new Kinds.Square(2)).area().run() == 4;
    Kinds.Outer outer = new Kinds.Outer("o");
    assert new KindsOuterInnerAnySync(outer.new Inner()).names().run().equals(List.of("o"));
  }
}
