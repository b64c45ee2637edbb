package golden;

import dev.anysync.AnySynced;
import org.jspecify.annotations.NullMarked;

/** Nothing is null here, of which the other package knows nothing. */
@NullMarked
final class Place {
  private Place() {}

  @AnySynced(of = java.util.function.IntSupplier.class)
  interface Number {}
}
