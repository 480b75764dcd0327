// SPDX-License-Identifier: EUPL-1.2

import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A proxy that ends TLS with a certificate of its own, reads along, and passes everything on to the
/// hub and back.
final class Interceptor: Sendable {
  private let channel: any Channel
  private let log = Mutex<[UInt8]>([])

  /// Everything that clients sent through it, after decryption.
  var read: String { String(decoding: log.withLock { $0 }, as: UTF8.self) }
  /// The first lines of the requests in it.
  var requests: [String] {
    read.split(separator: "\r\n").filter { $0.hasSuffix(" HTTP/1.1") }.map(String.init)
  }

  init(port: Int, hub: Int, certificate: String, key: String) throws {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
    configuration.minimumTLSVersion = .tlsv13
    let server = try NIOSSLContext(configuration: configuration)
    var trusting = TLSConfiguration.makeClientConfiguration()
    trusting.certificateVerification = .none
    let client = try NIOSSLContext(configuration: trusting)
    let relay = Mutex<(@Sendable (ByteBuffer) -> Void)?>(nil)
    channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.autoRead, value: false)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: server))
        }.flatMap {
          ClientBootstrap(group: channel.eventLoop)
            .channelInitializer { upstream in
              upstream.eventLoop.makeCompletedFuture {
                try upstream.pipeline.syncOperations.addHandler(
                  NIOSSLClientHandler(context: client, serverHostname: nil))
              }
            }.connect(host: "127.0.0.1", port: hub)
        }.flatMap { upstream in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              Pipe(to: upstream) { bytes in relay.withLock { $0 }?(bytes) })
            try upstream.pipeline.syncOperations.addHandler(Pipe(to: channel) { _ in })
          }
        }.flatMap { channel.setOption(.autoRead, value: true) }
      }.bind(host: "127.0.0.1", port: port).wait()
    relay.withLock { note in
      note = { [weak self] bytes in
        self?.log.withLock { $0.append(contentsOf: bytes.readableBytesView) }
      }
    }
  }

  func stop() { try? channel.close().wait() }

  private final class Pipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let note: @Sendable (ByteBuffer) -> Void

    init(to other: any Channel, note: @escaping @Sendable (ByteBuffer) -> Void) {
      self.other = other
      self.note = note
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data)
      note(bytes)
      other.writeAndFlush(bytes, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
