package golden;

import dev.anysync.AnySynced;
import java.util.concurrent.Callable;

@AnySynced
@SuppressWarnings("overloads")
interface Listens {
  int on(Runnable event);

  int on(Callable<String> event);
}
