package dev.anysync.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.util.CharsetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/** Servers and clients that exchange lines of text, over sockets of the loopback interface. */
final class Lines {
  private Lines() {}

  /** Returns a group of one event loop, whose thread has this name. */
  static EventLoopGroup loop(String name) {
    return new MultiThreadIoEventLoopGroup(
        1, Thread.ofPlatform().daemon().name(name).factory(), NioIoHandler.newFactory());
  }

  /** Stops the threads of {@code group}, and waits until they have. */
  static void stop(EventLoopGroup group) throws InterruptedException {
    var _ = group.shutdownGracefully(0, 10, TimeUnit.SECONDS).await();
  }

  /** What a server does with a line, on its event loop. */
  @FunctionalInterface
  interface Handler {
    String answer(ChannelHandlerContext context, String line) throws Exception;
  }

  /**
   * Starts a server that answers with what {@code handler} returns, or throws, and an exclamation
   * mark.
   */
  static Channel serve(EventLoopGroup loop, Handler handler) throws InterruptedException {
    return new ServerBootstrap()
        .group(loop)
        .channel(NioServerSocketChannel.class)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                var _ =
                    channel
                        .pipeline()
                        .addLast(new LineBasedFrameDecoder(10_000), answering(handler));
              }
            })
        .bind(InetAddress.getLoopbackAddress(), 0)
        .sync()
        .channel();
  }

  private static SimpleChannelInboundHandler<ByteBuf> answering(Handler handler) {
    return new SimpleChannelInboundHandler<>() {
      @Override
      protected void channelRead0(ChannelHandlerContext context, ByteBuf line) {
        String answer;
        try {
          answer = handler.answer(context, line.toString(CharsetUtil.UTF_8));
        } catch (Exception e) {
          answer = e.toString().replace('\n', '|');
        }
        var _ = write(context.channel(), answer);
      }

      @Override
      public void exceptionCaught(ChannelHandlerContext context, Throwable e) {
        var _ = context.close(); // so that nobody waits for an answer
      }
    };
  }

  static ChannelFuture write(Channel channel, String line) {
    return channel.writeAndFlush(
        Unpooled.wrappedBuffer(ByteBufUtil.writeUtf8(channel.alloc(), line + "\n")));
  }

  /** A client of one connection. */
  static final class Client {
    final Channel channel;
    private final Queue<Promise<String>> asked; // the loop's

    private Client(Channel channel, Queue<Promise<String>> asked) {
      this.channel = channel;
      this.asked = asked;
    }

    static Client connect(EventLoopGroup loop, Channel server) throws InterruptedException {
      var asked = new ArrayDeque<Promise<String>>();
      Channel channel =
          new Bootstrap()
              .group(loop)
              .channel(NioSocketChannel.class)
              .handler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      var _ =
                          channel
                              .pipeline()
                              .addLast(new LineBasedFrameDecoder(10_000), completing(asked));
                    }
                  })
              .connect((InetSocketAddress) server.localAddress())
              .sync()
              .channel();
      return new Client(channel, asked);
    }

    private static SimpleChannelInboundHandler<ByteBuf> completing(Queue<Promise<String>> asked) {
      return new SimpleChannelInboundHandler<>() {
        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf line) {
          Promise<String> answer = asked.poll();
          if (answer != null) {
            boolean _ = answer.trySuccess(line.toString(CharsetUtil.UTF_8));
          }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
          asked.forEach(answer -> answer.tryFailure(new ClosedChannelException()));
        }
      };
    }

    /**
     * Sends a line, and returns the promise of its answer, which is one of the loop. It fails if
     * the line cannot be sent: Netty only logs what is thrown there.
     */
    Future<String> ask(String line) {
      Promise<String> answer = channel.eventLoop().newPromise();
      var _ =
          channel
              .eventLoop()
              .submit(
                  () -> {
                    asked.add(answer);
                    var _ = write(channel, line).addListener(sent -> failAs(sent, answer));
                  })
              .addListener(called -> failAs(called, answer));
      return answer;
    }

    private static void failAs(Future<?> done, Promise<?> answer) {
      if (!done.isSuccess()) {
        boolean _ = answer.tryFailure(done.cause());
      }
    }
  }
}
