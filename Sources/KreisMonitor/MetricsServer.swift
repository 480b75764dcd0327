// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import HTTPTypes
import HummingbirdCore
import KreisLocal
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Shows a daemon's metrics at `/metrics` over plain HTTP, to whoever reaches the port: they name the
/// towns, but no person and nothing of the directory.
package struct MetricsServer: Service {
  private let address: String
  private let port: Int
  private let logger: Logger
  private let onReady: @Sendable (Int) -> Void
  private let read: @Sendable () throws -> String
  /// Reading blocks; one after the other, since each has the same to say.
  private let queue = DispatchQueue(label: "kreisnetz.metrics")

  private static let maximumConnections = 16
  private static let idleTimeout: TimeAmount = .seconds(30)

  /// - Parameters:
  ///   - port: 0: any free one.
  ///   - onReady: called once, with the port, when connections are accepted.
  ///   - read: the exposition; may block.
  package init(
    address: String, port: Int, logger: Logger,
    onReady: @escaping @Sendable (Int) -> Void = { _ in },
    read: @escaping @Sendable () throws -> String
  ) {
    self.address = address
    self.port = port
    self.logger = logger
    self.onReady = onReady
    self.read = read
  }

  /// Serves until a graceful shutdown or the task's cancellation.
  ///
  /// - Throws: what stands in the way of listening, for example that the port is taken.
  package func run() async throws {
    let builder = HTTPServerBuilder.http1(
      configuration: HTTP1Channel.Configuration(
        idleTimeout: Self.idleTimeout,
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 8_192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 64)))
    let server = try builder.buildServer(
      configuration: ServerConfiguration(
        address: .hostname(address, port: port),
        availableConnectionsDelegate: .maximum(Self.maximumConnections, logger: logger)),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
      responder: { request, writer, _ in
        let response = await response(to: request.head)
        // Nothing is read that anybody sends.
        for try await _ in request.body {}
        if request.method == .head { return try await writer.writeResponse(response.head) }
        try await writer.write(response: response.head, body: response.body)
      },
      onServerRunning: { channel in onReady(channel.localAddress?.port ?? port) })
    try await server.run()
  }

  private func response(to request: HTTPRequest) async -> Response {
    guard request.path?.split(separator: "?").first == "/metrics" else {
      return Self.text(.notFound, "The metrics are at /metrics.\n")
    }
    guard request.method == .get || request.method == .head else {
      return Self.text(.methodNotAllowed, "Metrics are only read: GET.\n")
    }
    do {
      return Self.text(.ok, try await exposition(), "text/plain; version=0.0.4; charset=utf-8")
    } catch {
      logger.warning("metrics could not be read", metadata: ["reason": "\(error)"])
      return Self.text(.serviceUnavailable, "The metrics cannot be read now: \(error)\n")
    }
  }

  private func exposition() async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try read() }) }
    }
  }

  private static func text(
    _ status: HTTPResponse.Status, _ text: String, _ type: String = "text/plain; charset=utf-8"
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
