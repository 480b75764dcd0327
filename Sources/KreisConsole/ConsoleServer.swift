// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
package import KreisLocal
package import KreisPages
package import KreisStore
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Where the console listens, and its limits (I5).
package struct ConsoleConfiguration: Sendable {
  package enum Place: Sendable, Equatable {
    /// A loopback address; port 0: any free one.
    case loopback(String, port: Int)
    case socket(path: String)
  }

  package var place: Place
  package var maximumConnections = 128
  package var idleTimeout: Duration = .seconds(60)
  /// Bytes of a form.
  package var bodyLimit = 256 << 10
  package var signIn = ConsoleSignIn.none
  package var sessions = SessionTimes()
  /// The console's address as browsers have it behind a reverse proxy with TLS: `https://` and a name,
  /// maybe a port, no path. `nil`: it is reached on this machine alone.
  package var address: String?
  /// Whom readers of the pages can turn to.
  package var contact = PageContact()

  package init(_ place: Place) { self.place = place }
}

/// The console of a replica in the browser: a client of its executor, over HTTP on this machine alone.
package struct ConsoleServer: Service {
  private let configuration: ConsoleConfiguration
  private let console: Console
  private let executor: CommandExecutor
  private let logger: Logger
  private let onReady: @Sendable (Int) -> Void
  private let stopping: Stopping

  /// - Parameters:
  ///   - directory: of the replica, where accounts and sessions are kept.
  ///   - now: seconds since 1970.
  ///   - onReady: called once, with the port, when connections are accepted; with 0 on a socket.
  /// - Throws: an error of the templates; `StateDirectoryError`.
  package init(
    executor: CommandExecutor, directory: StateDirectory, configuration: ConsoleConfiguration,
    now: @escaping @Sendable () -> UInt64, logger: Logger,
    onReady: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    self.configuration = configuration
    self.logger = logger
    self.executor = executor
    self.onReady = onReady
    let stopping = Stopping()
    self.stopping = stopping
    console = try Console(
      executor,
      desk: try SignInDesk(
        configuration.signIn, in: directory, times: configuration.sessions, now: now, logger: logger
      ),
      spool: directory.path,
      address: configuration.address, contact: configuration.contact, now: now,
      isStopping: { stopping.isSet },
      log: { logger.warning("the console could not do what was asked: \($0.text)") })
  }

  /// Serves until a graceful shutdown or the task's cancellation.
  ///
  /// - Throws: what stands in the way of listening, for example that the port is taken.
  package func run() async throws {
    let builder = HTTPServerBuilder.http1(
      configuration: HTTP1Channel.Configuration(
        idleTimeout: TimeAmount(configuration.idleTimeout),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 8_192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 64)))
    let address: BindAddress =
      switch configuration.place {
      case .loopback(let host, let port): .hostname(host, port: port)
      case .socket(let path): .unixDomainSocket(path: path)
      }
    let server = try builder.buildServer(
      configuration: ServerConfiguration(
        address: address,
        availableConnectionsDelegate: .maximum(
          configuration.maximumConnections, logger: logger)),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
      responder: { request, writer, channel in
        try await respond(
          to: request, from: Caller(address: channel.remoteAddress?.ipAddress), writer)
      },
      onServerRunning: { channel in onReady(channel.localAddress?.port ?? 0) })
    // Nobody is to wait for it.
    await onOwnThread { [executor] in executor.prepareSearch() }
    try await withTaskCancellationOrGracefulShutdownHandler {
      try await server.run()
    } onCancelOrGracefulShutdown: {
      stopping.set()
      console.events.stop()
    }
  }

  private func respond(
    to request: Request, from caller: Caller, _ writer: consuming ResponseWriter
  ) async throws {
    let head = request.head
    let console = console
    let usual = configuration.bodyLimit
    let limit =
      head.method == .post
      ? await onOwnThread { console.bodyLimit(head, from: caller, usual: usual) } : usual
    let body = try await body(of: request, limit: limit)
    let answer = await onOwnThread { console.answer(head, body: body, from: caller) }
    let response = answer.response
    guard request.method == .head else {
      return try await writer.write(response: response.head, body: response.body)
    }
    try await writer.writeResponse(response.head)
  }

  /// - Returns: `nil` if it is too long; the rest is read as far as the connection's sake is worth it.
  private func body(of request: Request, limit: Int) async throws -> [UInt8]? {
    var bytes: [UInt8] = []
    var isTooLong = false
    for try await piece in request.body {
      guard bytes.count + piece.readableBytes <= limit else {
        guard !isTooLong || piece.readableBytes < limit else {
          throw ContentTooLong()
        }
        isTooLong = true
        continue
      }
      bytes += piece.readableBytesView
    }
    return isTooLong ? nil : bytes
  }

  private struct ContentTooLong: Error {}
}

/// Whether the daemon stops.
private final class Stopping: Sendable {
  private let flag = Mutex(false)

  var isSet: Bool { flag.withLock { $0 } }

  func set() { flag.withLock { $0 = true } }
}
