// SPDX-License-Identifier: EUPL-1.2

import NIOCore
import NIOPosix
import Synchronization

/// Answers as a reverse proxy does whose daemon is away.
final class BadGateway: Sendable {
  private let channel: any Channel
  private let log: Log

  /// The first lines of the requests that came.
  var requests: [String] { log.lines.withLock { $0 } }

  init(port: Int) throws {
    let log = Log()
    self.log = log
    channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Answer(log))
        }
      }.bind(host: "127.0.0.1", port: port).wait()
  }

  func stop() throws { try channel.close().wait() }

  private final class Log: Sendable {
    let lines = Mutex<[String]>([])
  }

  private final class Answer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: Log

    init(_ log: Log) { self.log = log }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let text = String(buffer: unwrapInboundIn(data))
      log.lines.withLock { $0.append(String(text.prefix { $0 != "\r\n" })) }
      let answer = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
      context.close(promise: nil)
    }
  }
}
