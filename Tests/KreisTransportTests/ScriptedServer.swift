// SPDX-License-Identifier: EUPL-1.2

import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// One connection of a scripted server: the script decides every byte.
final class ScriptedConnection {
  struct Request {
    var line: String
    var fields: [String: String]
    var body: [UInt8]
  }

  private var incoming: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outgoing: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private var pending = ByteBuffer()

  init(
    _ incoming: NIOAsyncChannelInboundStream<ByteBuffer>,
    _ outgoing: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) {
    self.incoming = incoming.makeAsyncIterator()
    self.outgoing = outgoing
  }

  /// The next bytes as they come; nil when the client has closed.
  func read() async throws -> ByteBuffer? {
    if pending.readableBytes > 0 {
      defer { pending = ByteBuffer() }
      return pending
    }
    return try await incoming.next()
  }

  /// The next request in HTTP/1.1; nil when the client has closed.
  func readRequest() async throws -> Request? {
    let end = Array("\r\n\r\n".utf8)
    while true {
      let bytes = Array(pending.readableBytesView)
      if let header = bytes.firstRange(of: end) {
        let lines = String(decoding: bytes[..<header.lowerBound], as: UTF8.self)
          .split(separator: "\r\n")
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1)
          fields[parts[0].lowercased()] =
            parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        let length = Int(fields["content-length"] ?? "0") ?? 0
        if bytes.count >= header.upperBound + length {
          pending.moveReaderIndex(forwardBy: header.upperBound + length)
          return Request(
            line: String(lines[0]), fields: fields,
            body: Array(bytes[header.upperBound..<(header.upperBound + length)]))
        }
      }
      guard var more = try await incoming.next() else { return nil }
      pending.writeBuffer(&more)
    }
  }

  /// Waits until the bytes are on their way, which takes as long as the client does not read.
  func write(_ text: String) async throws {
    try await outgoing.write(ByteBuffer(string: text))
  }

  func write(_ bytes: [UInt8]) async throws {
    try await outgoing.write(ByteBuffer(bytes: bytes))
  }

  func answer(status: String = "200 OK", fields: String = "", body: String = "") async throws {
    try await write(
      "HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  /// Copies in both directions until one side closes.
  func relay(toPort port: Int) async throws {
    let upstream = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    let back = outgoing
    try await upstream.executeThenClose { answers, requests in
      let returning = Task {
        for try await piece in answers { try await back.write(piece) }
        back.finish()
      }
      while let piece = try await read() { try await requests.write(piece) }
      returning.cancel()
    }
  }
}

/// Runs a server on an ephemeral port of 127.0.0.1 while `body` runs.
///
/// - Parameters:
///   - tls: nil for bytes in the clear.
///   - script: Called for each connection, which closes when it returns.
func withScriptedServer<Result: Sendable>(
  _ tls: TLSConfiguration?,
  script: @escaping @Sendable (ScriptedConnection) async throws -> Void,
  body: (Int) async throws -> Result
) async throws -> Result {
  let context = try tls.map { try NIOSSLContext(configuration: $0) }
  let connections = Mutex<[Task<Void, Never>]>([])
  let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    .childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        if let context {
          try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }
        let connection = try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
          wrappingChannelSynchronously: channel)
        let task = Task {
          _ = try? await connection.executeThenClose { incoming, outgoing in
            try await script(ScriptedConnection(incoming, outgoing))
          }
        }
        connections.withLock { $0.append(task) }
      }
    }
    .bind(host: "127.0.0.1", port: 0).get()
  func stop() async throws {
    try await server.close()
    for task in connections.withLock({ $0 }) {
      task.cancel()
      await task.value
    }
  }
  do {
    let result = try await body(server.localAddress?.port ?? 0)
    try await stop()
    return result
  } catch {
    try await stop()
    throw error
  }
}

/// A port of 127.0.0.1 where nothing listens.
func unusedPort() async throws -> Int {
  let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .bind(host: "127.0.0.1", port: 0).get()
  let port = channel.localAddress?.port ?? 0
  try await channel.close()
  return port
}
