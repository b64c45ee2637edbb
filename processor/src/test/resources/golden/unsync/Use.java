package golden;

import dev.anysync.EventLoop;
import dev.anysync.Lanes;
import dev.anysync.Unfuture;
import java.io.IOException;

public class Use {
  public static void main() throws Exception {
    try (Lanes db =
            Lanes.builder().thread(task -> Thread.ofPlatform().name("db").start(task)).build();
        EventLoop loop = EventLoop.create("other");
        Lanes other = Lanes.builder().loop(loop).build()) {
      JobsUnsync jobs = new JobsUnsync(new Jobs(), db, other);
      assert jobs.blocking("a").result().startsWith("a");
      try {
        jobs.blocking("").result();
        assert false;
      } catch (Exception e) {
        assert e instanceof IOException;
      }
      Unfuture<?> nothing = jobs.nothing(() -> {});
      assert nothing.result() == null;
      assert jobs.compute(3).get() == 3;
      assert jobs.onLane("x").get().equals("x");
      assert jobs.onCpuOfLane(1).result() == 1;
      assert jobs.asyncOnLane().result().equals("c");
      assert jobs.coroutine().result() != null;
      assert jobs.future().result() == null;
      assert jobs.forFriends().result().equals("p");
      assert JobsUnsync.constant().result() == 1;
    }
    AllUnsync<String> all =
        new AllUnsync<>(
            new All<>() {
              @Override
              public String one(String t) {
                return t;
              }

              @Override
              public String two() {
                return "2";
              }
            });
    assert all.one("1").result().equals("1") && all.two().result().equals("2");
  }
}
