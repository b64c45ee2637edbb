package dev.anysync.process;

import dev.anysync.RemoteBody;
import dev.anysync.spi.RemoteLane;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A body that can travel: its bytes if they are few, else itself, to be written once more when it
 * leaves, so that what is large is not in memory twice.
 */
final class Packed {
  private static final int FEW = 64 * 1024;

  private final RemoteBody<?> body;
  private final byte @Nullable [] bytes;

  private Packed(RemoteBody<?> body, byte @Nullable [] bytes) {
    this.body = body;
    this.bytes = bytes;
  }

  RemoteBody<?> body() {
    return body;
  }

  /**
   * Packs a body.
   *
   * @throws IllegalArgumentException if it cannot travel
   */
  static Packed of(RemoteBody<?> body) {
    Few few = new Few();
    try (ObjectOutputStream stream = new ObjectOutputStream(few)) {
      stream.writeObject(body);
    } catch (IOException | RuntimeException | StackOverflowError e) {
      throw new IllegalArgumentException(
          RemoteLane.whyNot(body, "the body", e)
              + ": capture only what it needs, in local variables, make that type Serializable, or"
              + " its field transient",
          e);
    }
    return new Packed(body, few.bytes == null ? null : few.bytes.toByteArray());
  }

  /** Writes the body, as it is now if it is large. */
  void writeTo(OutputStream out) throws IOException {
    if (bytes != null) {
      out.write(bytes);
      return;
    }
    ObjectOutputStream stream = new ObjectOutputStream(out);
    stream.writeObject(body);
    stream.flush();
  }

  /** Keeps what is written until it is too much. */
  private static final class Few extends OutputStream {
    @Nullable ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);

    @Override
    public void write(int b) {
      if (bytes != null) {
        bytes.write(b);
        check();
      }
    }

    @Override
    public void write(byte[] b, int offset, int length) {
      if (bytes != null) {
        if (length > FEW) {
          bytes = null;
          return;
        }
        bytes.write(b, offset, length);
        check();
      }
    }

    private void check() {
      if (bytes != null && bytes.size() > FEW) {
        bytes = null;
      }
    }
  }
}
