package dev.anysync.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What passes between a parent and a child: messages, cut into frames. */
final class Frames {
  /*
   * Overview. A frame is a type, a length and so many bytes. A message, which is the stream of a
   * serialized object, is any number of DATA frames and an END or, if it is an error, a FAILURE; or
   * an ABORT with the reason why it ends before its time. So it needs no buffer of its own size, and
   * its reader knows where the next one begins. The other types stand alone.
   */

  static final byte READY = 'R'; // from a child that has started
  static final byte DATA = 'D';
  static final byte END = 'E';
  static final byte FAILURE = 'F';
  static final byte ABORT = 'A';
  static final byte CANCEL = 'C'; // the body, if it is still running
  static final byte EXIT = 'X'; // when it is convenient

  private static final int HEADER = 1 + Integer.BYTES;
  private static final int LONGEST = 64 * 1024;

  private Frames() {}

  /** Writes frames. Messages are for one thread at a time; whole frames may come from any. */
  static final class Writer {
    private final SocketChannel channel;
    private final ReentrantLock writing = new ReentrantLock();
    private final ByteBuffer data = ByteBuffer.allocateDirect(HEADER + LONGEST).position(HEADER);

    Writer(SocketChannel channel) {
      this.channel = channel;
    }

    /** Returns the stream of a new message, which {@link #end} or {@link #abort} ends. */
    OutputStream message() {
      data.clear().position(HEADER);
      return new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          if (!data.hasRemaining()) {
            send(DATA);
          }
          data.put((byte) b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          int done = 0;
          while (done < length) {
            if (!data.hasRemaining()) {
              send(DATA);
            }
            int part = Math.min(length - done, data.remaining());
            data.put(bytes, offset + done, part);
            done += part;
          }
        }
      };
    }

    /** Ends a message by END or FAILURE; the text, which may be empty, is for its reader. */
    void end(byte type, String text) throws IOException {
      if (!text.isEmpty() || data.remaining() < HEADER) {
        send(DATA);
        put(text);
        send(type);
        return;
      }
      data.put(0, DATA).putInt(1, data.position() - HEADER).put(type).putInt(0); // both at once
      flush();
    }

    void abort(String reason) throws IOException {
      data.clear().position(HEADER);
      put(reason);
      send(ABORT);
    }

    private void put(String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      data.put(bytes, 0, Math.min(bytes.length, LONGEST));
    }

    private void send(byte type) throws IOException {
      data.put(0, type).putInt(1, data.position() - HEADER);
      flush();
    }

    private void flush() throws IOException {
      writing.lock();
      try {
        writeAll(data.flip());
      } finally {
        writing.unlock();
        data.clear().position(HEADER);
      }
    }

    /** Sends a frame that has nothing but its type; returns false if another holds the line. */
    boolean signal(byte type) throws IOException {
      if (!writing.tryLock()) {
        return false;
      }
      try {
        writeAll(ByteBuffer.allocate(HEADER).put(type).putInt(0).flip());
      } finally {
        writing.unlock();
      }
      return true;
    }

    private void writeAll(ByteBuffer bytes) throws IOException {
      try {
        while (bytes.hasRemaining()) {
          int _ = channel.write(bytes);
        }
      } catch (IOException e) {
        throw new BrokenException(e);
      }
    }
  }

  /** Reads frames; for one thread. */
  static final class Reader {
    private final SocketChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(HEADER + LONGEST).limit(0);
    private int left; // of the current frame

    Reader(SocketChannel channel) {
      this.channel = channel;
    }

    /** Reads the header of the next frame, and returns its type. */
    byte next() throws IOException {
      fill(HEADER);
      byte type = buffer.get();
      left = buffer.getInt();
      if (left < 0 || left > LONGEST) {
        throw new StreamCorruptedException("a frame of " + left + " bytes");
      }
      return type;
    }

    /** Returns the rest of the current frame as a text. */
    String text() throws IOException {
      byte[] bytes = new byte[left];
      for (int done = 0; done < bytes.length; ) {
        fill(1);
        int part = Math.min(bytes.length - done, buffer.remaining());
        buffer.get(bytes, done, part);
        done += part;
      }
      left = 0;
      return new String(bytes, StandardCharsets.UTF_8);
    }

    private void fill(int bytes) throws IOException {
      if (buffer.remaining() >= bytes) {
        return;
      }
      buffer.compact();
      try {
        while (buffer.position() < bytes) {
          if (channel.read(buffer) < 0) {
            throw new BrokenException(null);
          }
        }
      } catch (BrokenException e) {
        throw e;
      } catch (IOException e) {
        throw new BrokenException(e);
      } finally {
        buffer.flip();
      }
    }

    /** A message of which the first frame's type, {@code first}, has been read. */
    Message message(byte first) {
      return new Message(this, first);
    }
  }

  /** The stream of one message; at its end it says how that ended. */
  static final class Message extends InputStream {
    private final Reader reader;
    private final byte first;
    private boolean begun;
    private boolean ended;
    private boolean failure;
    private String text = "";
    private @Nullable AbortedException aborted;

    private Message(Reader reader, byte first) {
      this.reader = reader;
      this.first = first;
    }

    private void begin(byte type) throws IOException {
      switch (type) {
        case DATA -> {}
        case END, FAILURE -> {
          ended = true;
          failure = type == FAILURE;
          text = reader.text();
        }
        case ABORT -> {
          ended = true;
          aborted = new AbortedException(reader.text());
          throw aborted;
        }
        default -> throw new StreamCorruptedException("a frame of type " + type);
      }
    }

    private boolean hasMore() throws IOException {
      if (!begun) {
        begun = true;
        begin(first);
      }
      while (!ended && reader.left == 0) {
        begin(reader.next());
      }
      return !ended;
    }

    @Override
    public int read() throws IOException {
      if (!hasMore()) {
        return -1;
      }
      reader.fill(1);
      reader.left--;
      return reader.buffer.get() & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!hasMore()) {
        return -1;
      }
      reader.fill(1);
      int part = Math.min(Math.min(length, reader.left), reader.buffer.remaining());
      reader.buffer.get(bytes, offset, part);
      reader.left -= part;
      return part;
    }

    /** Returns, after its end, whether it is an error. */
    boolean isFailure() {
      return failure;
    }

    /**
     * Reads up to the message's end, and returns the text there.
     *
     * @throws AbortedException if it was aborted, even if whoever has read it has seen that
     */
    String finish() throws IOException {
      while (hasMore()) {
        reader.fill(1);
        int part = Math.min(reader.left, reader.buffer.remaining());
        reader.buffer.position(reader.buffer.position() + part);
        reader.left -= part;
      }
      if (aborted != null) {
        throw aborted;
      }
      return text;
    }
  }

  /** The other end is gone, or this one closed. */
  static final class BrokenException extends IOException {
    private static final long serialVersionUID = 1;

    BrokenException(@Nullable IOException cause) {
      super("the other end is gone", cause);
    }
  }

  /** The other end could not write the whole message. */
  static final class AbortedException extends IOException {
    private static final long serialVersionUID = 1;

    AbortedException(String reason) {
      super(reason);
    }
  }
}
