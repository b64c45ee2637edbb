package golden;

import dev.anysync.AnySynced;
import dev.anysync.Unsynced;

@AnySynced
interface Asks {
  @Unsynced
  Promise<Integer> one();

  AnySyncMine.Many<String> many();
}
