package golden;

import dev.anysync.AnySynced;
import dev.anysync.Unsynced;
import java.util.List;

public final class Kinds {
  private Kinds() {}

  /** A record: its components are there already. */
  @AnySynced
  @Unsynced
  public record Point<N extends Number>(N x, N y) {
    public double length() {
      return Math.hypot(x.doubleValue(), y.doubleValue());
    }
  }

  @AnySynced
  public enum Shade {
    DARK,
    LIGHT {
      @Override
      public String css() {
        return "#fff";
      }
    };

    public String css() {
      return "#000";
    }
  }

  @AnySynced
  public sealed interface Shape permits Square, Circle {
    double area();
  }

  public record Square(double side) implements Shape {
    @Override
    public double area() {
      return side * side;
    }
  }

  public record Circle(double radius) implements Shape {
    @Override
    public double area() {
      return Math.PI * radius * radius;
    }
  }

  static class Outer {
    final String name;

    Outer(String name) {
      this.name = name;
    }

    /** An inner class, with an object of the outer one. */
    @AnySynced
    final class Inner {
      List<String> names() {
        return List.of(name);
      }
    }
  }
}
