package dev.anysync.context;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.integration.Slf4jThreadLocalAccessor;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** A kind of context that belongs to a thread, as those see it that use it. */
@SuppressWarnings("MustBeClosedChecker") // what a body leaves open is what comes back
enum Kind {
  MDC_OF_LOGBACK {
    @Override
    @Nullable String get() {
      return MDC.get("user");
    }

    @Override
    void set(@Nullable String name) {
      if (name == null) {
        MDC.remove("user");
      } else {
        MDC.put("user", name);
      }
    }
  },
  SPAN_OF_OPENTELEMETRY {
    @Override
    @Nullable String get() {
      return Span.current() instanceof ReadableSpan span ? span.getName() : null;
    }

    @Override
    void set(@Nullable String name) {
      if (name == null) {
        var _ = Context.root().makeCurrent();
      } else {
        var _ = TRACERS.get("test").spanBuilder(name).setNoParent().startSpan().makeCurrent();
      }
    }
  },
  THREAD_LOCAL_WITH_AN_ACCESSOR {
    @Override
    @Nullable String get() {
      return OWN.get();
    }

    @Override
    void set(@Nullable String name) {
      if (name == null) {
        OWN.remove();
      } else {
        OWN.set(name);
      }
    }
  };

  /** Its key in the registry, and so in Reactor's context. */
  static final String OWN_KEY = "own";

  private static final ThreadLocal<String> OWN = new ThreadLocal<>();
  private static final SdkTracerProvider TRACERS = SdkTracerProvider.builder().build();
  private static final String SPAN_KEY = "opentelemetry";

  abstract @Nullable String get();

  /** Sets it on the current thread; null clears it. */
  abstract void set(@Nullable String name);

  static void register() {
    ContextRegistry.getInstance()
        .registerThreadLocalAccessor(OWN_KEY, OWN)
        .registerThreadLocalAccessor(new Slf4jThreadLocalAccessor())
        .registerThreadLocalAccessor(
            SPAN_KEY, Context::current, Context::makeCurrent, () -> Context.root().makeCurrent());
  }

  static void remove() {
    for (String key : List.of(OWN_KEY, Slf4jThreadLocalAccessor.KEY, SPAN_KEY)) {
      boolean _ = ContextRegistry.getInstance().removeThreadLocalAccessor(key);
    }
    TRACERS.close();
  }
}
