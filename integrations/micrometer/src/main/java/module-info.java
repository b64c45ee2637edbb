import org.jspecify.annotations.NullMarked;

/** AnySync for Micrometer Context Propagation: its registry's contexts travel with each body. */
@NullMarked
module dev.anysync.micrometer {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;
  requires transitive dev.anysync;
  requires context.propagation;

  exports dev.anysync.micrometer;

  provides dev.anysync.spi.ContextCarrier with
      dev.anysync.micrometer.MicrometerCarrier;
}
