package dev.anysync.examples;

import dev.anysync.AnySync;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the tests cannot see, because they patch the modules: the packaged library on the module
 * path, as an application has it. The build runs this against the jar.
 */
final class Smoke {
  private Smoke() {}

  public static void main(String[] args) {
    Module core = AnySync.class.getModule();
    String location =
        core.getLayer()
            .configuration()
            .findModule(core.getName())
            .orElseThrow()
            .reference()
            .location()
            .orElseThrow()
            .toString();

    expect(Smoke.class.getModule().isNamed(), "the examples are a named module");
    expect(core.getName().equals("dev.anysync"), "the library is the module dev.anysync");
    expect(location.endsWith(".jar"), "the library comes from its jar, not from " + location);
    expect(
        exports(core).equals(Set.of("dev.anysync", "dev.anysync.spi")),
        "the library exports its two packages, not " + exports(core));
    expect(
        ModuleLayer.boot().findModule("org.jspecify").isEmpty(),
        "annotations are not needed at run time");
    expect(AnySync.coroutine(() -> 42).run() == 42, "a coroutine runs");
    IO.println("Smoke test passed on the module path");
  }

  private static Set<String> exports(Module module) {
    Set<String> packages = new TreeSet<>();
    for (String name : module.getPackages()) {
      if (module.isExported(name)) {
        packages.add(name);
      }
    }
    return packages;
  }

  private static void expect(boolean truth, String what) {
    if (!truth) {
      throw new AssertionError("Expected that " + what);
    }
  }
}
