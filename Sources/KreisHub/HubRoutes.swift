// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisStore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The hub's addresses.
///
/// | | |
/// |---|---|
/// | `POST /v1/bundles` | push |
/// | `GET /v1/bundles/MEMBER/GENERATION/SCOPE?from=N` | entries of one log, for repair |
/// | `GET /v1/branches?after=CURSOR` | what stands beside the caller's own logs |
/// | `GET /v1/feed` | `FeedRoute` |
/// | `GET /v1/feed/SCOPE/POSITION` | the signed head there, to find where two feeds part |
/// | `POST /v1/statements`, `GET /v1/statements` | what members verified |
/// | `POST /v1/generations` | a member's next key generation |
/// | `POST /v1/farewell` | a member leaves the realm |
/// | `GET /v1/tls` | by which TLS keys the hub is reached; open to all |
/// | `POST /v1/members` | join, by proof of an invite instead of a signature |
/// | `GET /healthz`, `GET /readyz` | for operations, open to all |
final class HubRoutes: Sendable {
  let store: Store
  let clock: HubClock
  let logger: Logger
  /// For the hub's own statements: name and version.
  let software: String
  let named: NamedTLSKeys
  let authenticator: Authenticator
  let instances = Instances()
  let visits = GatheringVisits()
  let presence: Presence
  private let feed: FeedRoute
  /// By address: who is not a member yet has no other name.
  let joins = Mutex(RateLimiter<String>(perSecond: 2, burst: 50))
  /// The same, who brings the hub's own logs to a hub that gathers.
  let strangers = Mutex(RateLimiter<String>(perSecond: 4, burst: 200))

  init(
    store: Store, configuration: HubServerConfiguration, named: NamedTLSKeys, clock: HubClock,
    logger: Logger
  ) {
    self.store = store
    self.clock = clock
    self.logger = logger
    self.named = named
    software = configuration.software
    authenticator = Authenticator(clock: clock, configuration: configuration)
    presence = Presence(clock)
    feed = FeedRoute(
      store: store, instances: instances, presence: presence, configuration: configuration)
  }

  /// Answers a request.
  ///
  /// - Throws: `Problem`; `StoreError` where the hub itself fails; or what reading the content
  ///   throws when the connection breaks.
  func respond(to request: HubRequest) async throws -> Response {
    switch (request.method, request.path) {
    case (.get, "/healthz"): return Self.text(.ok, "alive")
    case (.get, "/readyz"): return readiness
    // Whatever state the hub is in: before it knows this, a town says nothing.
    case (.get, "/v1/tls"): return try request.answer(named.notice(by: store, at: clock.now))
    case _ where Task.isShuttingDownGracefully: throw Problem.stopping
    case _ where store.isGathering:
      guard request.method == .post, request.path == "/v1/bundles" else { throw Problem.gathering }
      return try await collect(request)
    case _ where store.halted != nil: throw Problem.hubRestored
    case (.post, "/v1/members"): return try await join(request)
    case (.post, "/v1/generations"): return try await openGeneration(request)
    case (.post, "/v1/farewell"): return try await farewell(request)
    case (.post, "/v1/bundles"): return try await push(request)
    case (.get, "/v1/feed"):
      return try await feed.respond(to: request, from: caller(of: request))
    case (.get, let path) where path.hasPrefix("/v1/feed/"):
      return try await feedHead(request, for: caller(of: request))
    case (.get, "/v1/branches"): return try await branch(request, of: caller(of: request))
    case (.post, "/v1/statements"): return try await state(request, from: caller(of: request))
    case (.get, "/v1/statements"): return try await statements(request, for: caller(of: request))
    case (.get, let path) where path.hasPrefix("/v1/bundles/"):
      return try await repair(request, for: caller(of: request))
    case (_, "/healthz"), (_, "/readyz"), (_, "/v1/members"), (_, "/v1/bundles"), (_, "/v1/feed"),
      (_, "/v1/statements"), (_, "/v1/generations"), (_, "/v1/branches"), (_, "/v1/tls"),
      (_, "/v1/farewell"):
      throw Problem.methodNotAllowed
    default: throw Problem.notFound
    }
  }

  private func caller(of request: HubRequest) throws(Problem) -> Caller {
    try authenticator.authenticate(request, under: store.membership)
  }

  private var readiness: Response {
    if Task.isShuttingDownGracefully { return Self.text(.serviceUnavailable, "stopping") }
    if store.isGathering { return Self.text(.serviceUnavailable, "gathering") }
    if store.halted != nil { return Self.text(.serviceUnavailable, "halted") }
    return Self.text(.ok, "ready")
  }

  private static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
  }
}
