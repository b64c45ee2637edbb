package golden;

import dev.anysync.Unsynced;

@Unsynced(cpuBound = true)
public interface All<T> {
  T one(T t);

  @Unsynced
  String two();
}
