// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import HummingbirdHTTP2
package import KreisStore
import KreisTransport
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Where the hub listens, and its limits (I5).
package struct HubServerConfiguration: Sendable {
  package var address: String
  /// 0: any free one.
  package var port: Int
  package var maximumConnections = 1_024
  /// For the TLS handshake.
  package var handshakeTimeout: Duration = .seconds(10)
  /// Without a request, or within one whose content stops coming. Longer than `heartbeat` and
  /// `pollTimeout`, and than any answer takes to begin.
  package var idleTimeout: Duration = .seconds(60)
  /// For one request and its answer, followed feeds excepted.
  package var requestTimeout: Duration = .seconds(300)
  /// How long a stop waits for answers in progress.
  package var stopTimeout: Duration = .seconds(4)
  /// Requests of one member, and how many it may send at once. Over the time that `ReplayWindow`
  /// covers this is less than the requests it can remember.
  package var requestsPerSecond = 30.0
  package var requestBurst = 300.0
  /// Between two signs of life on a followed feed.
  package var heartbeat: Duration = .seconds(20)
  /// Name and version, for the hub's own statements.
  package var software = "kreisnetz"
  /// How long a poll of the feed waits for news.
  package var pollTimeout: Duration = .seconds(25)

  package init(address: String = "127.0.0.1", port: Int) {
    self.address = address
    self.port = port
  }
}

/// The hub's HTTPS server: TLS 1.3, HTTP/2 and HTTP/1.1 by ALPN.
///
/// On graceful shutdown it takes no more connections, ends followed feeds at once, waits for answers
/// in progress and is done within five seconds.
package struct HubServer: Service {
  typealias Handler = @Sendable (HubRequest) async throws -> Response

  package let storeTrouble = StoreTrouble()
  package let visits: GatheringVisits
  package let presence: Presence
  private let configuration: HubServerConfiguration
  package let certificate: ServedCertificate
  private let limit: @Sendable (_ requestsPerSecond: Double) -> Void
  private let clock: HubClock
  private let logger: Logger
  private let onReady: @Sendable (Int) -> Void
  private let handler: Handler
  private let registry = ConnectionRegistry()

  /// - Throws: what the TLS library says against the certificate.
  init(
    configuration: HubServerConfiguration, certificate: HubCertificate, clock: HubClock,
    logger: Logger, routes: HubRoutes? = nil, onReady: @escaping @Sendable (Int) -> Void,
    handler: @escaping Handler
  ) throws {
    visits = routes?.visits ?? GatheringVisits()
    presence = routes?.presence ?? Presence(clock)
    limit = { routes?.authenticator.limit(perSecond: $0) }
    self.configuration = configuration
    self.certificate = try ServedCertificate(certificate, named: routes?.named)
    self.clock = clock
    self.logger = logger
    self.onReady = onReady
    self.handler = handler
  }

  /// Serves the hub whose replica is `store`.
  ///
  /// - Parameters:
  ///   - named: the TLS keys by which it is reached; the certificate's alone unless it is given.
  ///   - onReady: Called once, with the port, when connections are accepted.
  /// - Throws: what the TLS library says against the certificate.
  package init(
    store: Store, configuration: HubServerConfiguration, certificate: HubCertificate,
    named: NamedTLSKeys? = nil, clock: HubClock, logger: Logger,
    onReady: @escaping @Sendable (Int) -> Void
  ) throws {
    let routes = HubRoutes(
      store: store, configuration: configuration,
      named: named ?? NamedTLSKeys(keys: [certificate.keyHash]), clock: clock, logger: logger)
    try self.init(
      configuration: configuration, certificate: certificate, clock: clock, logger: logger,
      routes: routes, onReady: onReady, handler: routes.respond)
  }

  /// Changes how many requests one member may send a second, on the average, from now on.
  package func limitMembers(toRequestsPerSecond rate: Double) { limit(rate) }

  /// Serves until a graceful shutdown or the task's cancellation.
  ///
  /// - Throws: What stands in the way of listening, for example that the port is taken; or
  ///   `StoreError.stateUnknown` as soon as a request met it: recovery is the normal start-up path.
  package func run() async throws {
    let (failures, fail) = AsyncStream<StoreError>.makeStream()
    let server = try makeServer(fail)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      group.addTask { await stopWhenAsked() }
      group.addTask { for await error in failures { throw error } }
      defer {
        registry.abortAll()
        group.cancelAll()
      }
      try await group.next()
    }
  }

  /// Returns when every event loop that serves connections has answered.
  package func probe() async throws {
    for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
      try await loop.submit {}.get()
    }
  }

  private func stopWhenAsked() async {
    do { try await gracefulShutdown() } catch { return }
    await registry.end(limit: configuration.stopTimeout)
  }

  private func makeServer(
    _ fail: AsyncStream<StoreError>.Continuation
  ) throws -> any Service {
    let tls = try certificate.tlsConfiguration()
    var stream = HTTP1Channel.Configuration(
      idleTimeout: TimeAmount(configuration.idleTimeout),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 16_384, maxHeaderListSize: 16_384, maxHeaderFieldCount: 64))
    stream.idleTimeout = TimeAmount(configuration.idleTimeout)
    let channelConfiguration = HTTP2ChannelConfiguration(
      idleTimeout: configuration.idleTimeout, gracefulCloseTimeout: configuration.stopTimeout,
      streamConfiguration: stream)
    let builder = HTTPServerBuilder { [registry, configuration] responder in
      GuardedChannel(
        base: try HTTP2UpgradeChannel(
          tlsConfiguration: tls, configuration: channelConfiguration, responder: responder),
        registry: registry, handshakeTimeout: TimeAmount(configuration.handshakeTimeout),
        silenceTimeout: TimeAmount(configuration.idleTimeout * 1.5))
    }
    let timeout = TimeAmount(configuration.requestTimeout)
    return try builder.buildServer(
      configuration: ServerConfiguration(
        address: .hostname(configuration.address, port: configuration.port),
        availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: logger)),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
      responder: { request, writer, channel in
        let deadline = channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        try await respond(to: HubRequest(request, on: channel, deadline: deadline), writer, fail)
      },
      onServerRunning: { channel in
        onReady(channel.localAddress?.port ?? configuration.port)
      })
  }

  private func respond(
    to request: HubRequest, _ writer: consuming ResponseWriter,
    _ fail: AsyncStream<StoreError>.Continuation
  ) async throws {
    registry.requestBegan()
    defer { registry.requestEnded() }
    var response: Response
    do { response = try await handler(request) } catch let problem as Problem {
      response = problem.response
    } catch let error as StoreError {
      report(error, request, fail)
      response = Problem.unavailable.response
    }
    // An answer that overtakes the content makes clients break off, and HTTP/2 connections with them.
    do { try await request.discardBody() } catch {
      request.channel.close(promise: nil)
      throw error
    }
    response.headers[.date] = HTTPDate.text(clock.now)
    response.headers[.cacheControl] = "no-store"
    do { try await writer.write(response: response.head, body: response.body) } catch {
      if let error = error as? StoreError { report(error, request, fail) }
      throw error
    }
  }

  private func report(
    _ error: StoreError, _ request: HubRequest, _ fail: AsyncStream<StoreError>.Continuation
  ) {
    logger.error(
      "A request failed in the hub.", metadata: ["path": "\(request.path)", "reason": "\(error)"])
    switch error {
    case .stateUnknown: fail.yield(error)
    case .retryLater(let trouble): storeTrouble.note(trouble)
    case .rejected, .damaged: break
    }
  }
}
