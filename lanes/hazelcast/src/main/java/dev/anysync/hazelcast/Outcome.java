package dev.anysync.hazelcast;

import dev.anysync.spi.RemoteLane;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputFilter;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What came of a body, as bytes: whose it is, of which kind, and the object. */
final class Outcome {
  private static final byte RESULT = 0;
  private static final byte FAILURE = 1;
  private static final byte NONE = 2; // it did not begin, or its member was shut down
  private static final int HEADER = 2 * Long.BYTES + 1;

  private Outcome() {}

  static byte[] ofResult(UUID id, @Nullable Object result) {
    try {
      return bytes(id, RESULT, result);
    } catch (Throwable e) {
      return ofFailure(
          id, new NotSerializableException(RemoteLane.whyNot(result, "the result", e)));
    }
  }

  static byte[] ofFailure(UUID id, Throwable error) {
    try {
      return bytes(id, FAILURE, error);
    } catch (Throwable e) {
      return ofStandIn(id, error, e);
    }
  }

  /** Says all that can be said of an error that cannot travel. */
  private static byte[] ofStandIn(UUID id, Throwable error, Throwable why) {
    String text;
    try {
      text = error.toString();
    } catch (Throwable e) {
      text = error.getClass().getName();
    }
    RuntimeException cause = new RuntimeException(text);
    try {
      cause.setStackTrace(error.getStackTrace());
    } catch (RuntimeException e) {
      cause.addSuppressed(e); // it has none that makes sense
    }
    NotSerializableException standIn =
        new NotSerializableException(
            RemoteLane.whyNot(error, "the exception", why) + "; it was: " + text);
    standIn.initCause(cause);
    try {
      return bytes(id, FAILURE, standIn);
    } catch (IOException e) {
      throw new IllegalStateException(e); // nothing of it is unknown
    }
  }

  static byte[] ofNone(UUID id) {
    return header(id, NONE);
  }

  private static byte[] header(UUID id, byte kind) {
    return ByteBuffer.allocate(HEADER)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .put(kind)
        .array();
  }

  private static byte[] bytes(UUID id, byte kind, @Nullable Object object) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    bytes.writeBytes(header(id, kind));
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    return bytes.toByteArray();
  }

  /** Returns whether these bytes, if there are any, are what came of that body. */
  static boolean isOf(UUID id, byte @Nullable [] bytes) {
    if (bytes == null || bytes.length < HEADER) {
      return false;
    }
    ByteBuffer header = ByteBuffer.wrap(bytes);
    return header.getLong() == id.getMostSignificantBits()
        && header.getLong() == id.getLeastSignificantBits()
        && header.get() != NONE;
  }

  /** Returns the result, or throws what the body threw. */
  static @Nullable Object open(
      byte[] bytes, @Nullable ObjectInputFilter filter, @Nullable ClassLoader... loaders)
      throws IOException, ClassNotFoundException {
    Object object = Bytes.read(bytes, HEADER, filter, loaders);
    if (bytes[HEADER - 1] == RESULT) {
      return object;
    }
    throw sneaky((Throwable) Objects.requireNonNull(object));
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <X extends Throwable> RuntimeException sneaky(Throwable e) throws X {
    throw (X) e;
  }
}
