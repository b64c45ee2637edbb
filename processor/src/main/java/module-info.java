import dev.anysync.processor.AnySyncProcessor;
import javax.annotation.processing.Processor;
import org.jspecify.annotations.NullMarked;

/** The annotation processor of AnySync: needed by the compiler only. */
@NullMarked
module dev.anysync.processor {
  requires static org.jspecify;
  requires static com.google.auto.service;
  requires com.palantir.javapoet;
  requires dev.anysync;
  requires transitive java.compiler;

  exports dev.anysync.processor;

  provides Processor with
      AnySyncProcessor;
}
