import org.jspecify.annotations.NullMarked;

/**
 * Programs that use the library as an application would: from the module path.
 *
 * <p>Open, for the libraries that set fields by reflection.
 */
@NullMarked
open module dev.anysync.examples {
  requires static com.google.errorprone.annotations;
  requires com.google.gson;
  requires dev.anysync;
  requires static org.jspecify;
  requires info.picocli;
  requires java.logging;
  requires java.net.http;
  requires jdk.httpserver;
  requires me.tongfei.progressbar;
  requires org.commonmark;
  requires org.jsoup;
}
