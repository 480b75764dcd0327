// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
package import KreisStore
import KreisTransport
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Where the API listens, and its limits (I5).
package struct ReadServerConfiguration: Sendable {
  package var address: String
  /// 0: any free one.
  package var port: Int
  /// The address as clients have it, without slash at its end; `nil`: this machine's.
  package var publicURL: String?
  package var requestsPerSecond = 20.0
  package var requestBurst = 200.0
  package var maximumConnections = 256
  package var idleTimeout: Duration = .seconds(30)
  /// Pages for families; `nil`: there are none.
  package var pages: PublicPageConfiguration?
  /// For one request and its answer, the first after a change included.
  package var requestTimeout: Duration = .seconds(120)

  package init(address: String, port: Int) {
    self.address = address
    self.port = port
  }
}

/// Serves the public part of a replica as HSDS 3.0 over HTTP/1.1, to anybody who reaches it: for the
/// world put a reverse proxy with TLS in front.
package struct ReadServer: Service {
  private let store: Store
  private let configuration: ReadServerConfiguration
  private let now: @Sendable () -> UInt64
  private let logger: Logger
  private let onReady: @Sendable (Int) -> Void
  private let source: CatalogueSource
  private let limiter: Limiter
  private let pages: PublicPages?

  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - onReady: called once, with the port, when connections are accepted.
  /// - Throws: an error of the pages' templates.
  package init(
    store: Store, configuration: ReadServerConfiguration, now: @escaping @Sendable () -> UInt64,
    logger: Logger, onReady: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    self.store = store
    self.configuration = configuration
    self.now = now
    self.logger = logger
    self.onReady = onReady
    source = CatalogueSource(store, hasPages: configuration.pages != nil, now: now)
    limiter = Limiter(configuration)
    pages = try configuration.pages.map { [source] pages in
      try PublicPages(
        source, contact: pages.contact, kreis: store.identity.kreis,
        isTraining: store.identity.isTraining, now: now)
    }
  }

  /// Serves until a graceful shutdown or the task's cancellation.
  ///
  /// - Throws: what stands in the way of listening, for example that the port is taken.
  package func run() async throws {
    let shared = PortNumber()
    let builder = HTTPServerBuilder.http1(
      configuration: HTTP1Channel.Configuration(
        idleTimeout: TimeAmount(configuration.idleTimeout),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 8_192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 64)))
    let timeout = TimeAmount(configuration.requestTimeout)
    let server = try builder.buildServer(
      configuration: ServerConfiguration(
        address: .hostname(configuration.address, port: configuration.port),
        availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: logger)),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
      responder: { request, writer, channel in
        let deadline = channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        try await respond(to: request, on: channel, port: shared.value, writer)
      },
      onServerRunning: { channel in
        shared.set(channel.localAddress?.port ?? configuration.port)
        onReady(shared.value)
      })
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { [source] in await source.run() }
      try await withTaskCancellationOrGracefulShutdownHandler {
        try await server.run()
      } onCancelOrGracefulShutdown: {
        source.stop()
      }
      group.cancelAll()
    }
  }

  private func respond(
    to request: Request, on channel: any Channel, port: Int, _ writer: consuming ResponseWriter
  ) async throws {
    var response: Response
    let isPage = pages?.serves(request.head) == true
    do {
      if let seconds = limiter.take(request.head, channel.remoteAddress?.ipAddress ?? "") {
        throw Problem.tooMany(retryAfter: seconds)
      }
      if isPage, let pages {
        response = try await pages.respond(to: request.head, base: base(port))
      } else {
        response = try await routes(port).respond(to: request.head)
      }
    } catch let problem as Problem {
      response = refusal(problem, isPage, port)
    } catch {
      logger.error("A request to the read API failed.", metadata: ["reason": "\(error)"])
      response = refusal(.unavailable, isPage, port)
    }
    try await discard(request.body)
    response.headers[.date] = HTTPDate.text(now())
    // What is public may be shown by any page.
    response.headers[.accessControlAllowOrigin] = "*"
    response.headers[.xContentTypeOptions] = "nosniff"
    guard request.method == .head else {
      return try await writer.write(response: response.head, body: response.body)
    }
    try await writer.writeResponse(response.head)
  }

  private func refusal(_ problem: Problem, _ isPage: Bool, _ port: Int) -> Response {
    guard isPage, let pages else { return problem.response }
    return pages.page(for: problem, base: base(port))
  }

  /// The address of `/` as clients have it.
  private func base(_ port: Int) -> String {
    let host =
      configuration.address.contains(":")
      ? "[\(configuration.address)]" : configuration.address
    return configuration.publicURL ?? "http://\(host):\(port)"
  }

  private func routes(_ port: Int) -> ReadRoutes {
    ReadRoutes(
      source: source, base: base(port),
      title: store.identity.isTraining && store.identity.role == .town
        ? TrainingRealm.marked(name: store.identity.title) : store.identity.title)
  }

  /// Nothing is read that anybody sends; a little is taken for the sake of the connection.
  private func discard(_ body: RequestBody) async throws {
    var count = 0
    for try await piece in body {
      count += piece.readableBytes
      guard count <= 65_536 else { throw ContentTooLong() }
    }
  }

  private struct ContentTooLong: Error {}
}

/// The port that the kernel chose.
private final class PortNumber: Sendable {
  private let number = Mutex(0)

  var value: Int { number.withLock { $0 } }

  func set(_ value: Int) { number.withLock { $0 = value } }
}

/// How many requests an address may send.
private final class Limiter: Sendable {
  private let limiter: Mutex<RateLimiter<String>>

  init(_ configuration: ReadServerConfiguration) {
    limiter = Mutex(
      RateLimiter(
        perSecond: configuration.requestsPerSecond, burst: configuration.requestBurst))
  }

  /// - Returns: after how many seconds the client may go on; `nil` if at once.
  func take(_ request: HTTPRequest, _ peer: String) -> UInt64? {
    // A reverse proxy on this machine says last whom it speaks for; nobody else is believed.
    let isLocal = peer == "::1" || peer.hasPrefix("127.")
    let forwarded = request.headerFields[values: .forwardedFor].last?.split(separator: ",").last
    let client = isLocal ? forwarded.map { String($0.filter { $0 != " " }.prefix(64)) } : nil
    return limiter.withLock { $0.take(client ?? peer, now: .now) }
  }
}

extension HTTPField.Name {
  fileprivate static let forwardedFor = HTTPField.Name("X-Forwarded-For") ?? .via
}
