// SPDX-License-Identifier: EUPL-1.2

import NIOCore
import NIOPosix
import NIOSSL

/// Answers every request alike, over TLS with the hub's own key: with an HTML page unless told else.
final class LoginPage {
  private let channel: any Channel

  /// A login page.
  static let page = answer(
    "text/html; charset=utf-8",
    "<html><title>Anmeldung im Kreisnetz-Proxy</title><form></form></html>")

  static func answer(_ type: String, _ body: String, fields: [String] = []) -> String {
    (["HTTP/1.1 200 OK", "Content-Type: \(type)", "Content-Length: \(body.utf8.count)"] + fields
      + ["Connection: close", "", body]).joined(separator: "\r\n")
  }

  init(port: Int, certificate: String, key: String, answer: String = page) throws {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
    configuration.minimumTLSVersion = .tlsv13
    let context = try NIOSSLContext(configuration: configuration)
    channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers([
            NIOSSLServerHandler(context: context), Page(answer: answer),
          ])
        }
      }.bind(host: "127.0.0.1", port: port).wait()
  }

  func stop() { try? channel.close().wait() }

  private final class Page: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: String
    private var hasAnswered = false

    init(answer: String) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard !hasAnswered else { return }
      hasAnswered = true
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    }
  }
}
