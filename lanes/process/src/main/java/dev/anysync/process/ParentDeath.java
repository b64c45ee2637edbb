package dev.anysync.process;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.locks.LockSupport;

/** Has the kernel end this process with its parent, where it can. */
final class ParentDeath {
  private static final int PR_SET_PDEATHSIG = 1; // prctl(2)
  private static final long SIGKILL = 9;

  private ParentDeath() {}

  /**
   * A process that sees the end of its parent's stream ends by itself; but not if it has been
   * stopped, or collects garbage all the time. So Linux is asked to kill it, which it does as long
   * as the thread that has asked is there: this does not return.
   */
  @SuppressWarnings("restricted") // for which the lane gives its children leave
  static void follow() {
    long parent = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(-1L);
    if (!System.getProperty("os.name").equals("Linux")) {
      return;
    }
    try (Arena _ = Arena.ofConfined()) {
      Linker linker = Linker.nativeLinker();
      MethodHandle prctl =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("prctl"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG),
              Linker.Option.firstVariadicArg(1));
      int _ = (int) prctl.invokeExact(PR_SET_PDEATHSIG, SIGKILL, 0L, 0L, 0L);
    } catch (Throwable e) {
      System.err.println("cannot ask to be ended with the parent: " + e);
    }
    if (ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(-1L) != parent) {
      Runtime.getRuntime().halt(Child.PARENT_IS_GONE);
    }
    while (true) {
      LockSupport.park();
    }
  }
}
