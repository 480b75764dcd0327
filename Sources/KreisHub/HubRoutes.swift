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
/// | `GET /v1/feed` | `FeedRoute` |
/// | `GET /v1/feed/SCOPE/POSITION` | the signed head there, to find where two feeds part |
/// | `POST /v1/statements`, `GET /v1/statements` | what members verified |
/// | `POST /v1/generations` | a member's next key generation |
/// | `POST /v1/members` | join, by proof of an invite instead of a signature |
/// | `GET /healthz`, `GET /readyz` | for operations, open to all |
final class HubRoutes: Sendable {
  let store: Store
  let clock: HubClock
  let logger: Logger
  /// For the hub's own statements: name and version, and SHA-256 of the keys it serves TLS with.
  let software: String
  let tlsKeys: [Hash256]
  let authenticator: Authenticator
  let instances = Instances()
  private let feed: FeedRoute
  /// By address: who is not a member yet has no other name.
  let joins = Mutex(RateLimiter<String>(perSecond: 2, burst: 50))

  init(
    store: Store, configuration: HubServerConfiguration, tlsKeys: [Hash256], clock: HubClock,
    logger: Logger
  ) {
    self.store = store
    self.clock = clock
    self.logger = logger
    self.tlsKeys = tlsKeys
    software = configuration.software
    authenticator = Authenticator(clock: clock, configuration: configuration)
    feed = FeedRoute(store: store, instances: instances, configuration: configuration)
  }

  /// Answers a request.
  ///
  /// - Throws: `Problem`; `StoreError` where the hub itself fails; or what reading the content
  ///   throws when the connection breaks.
  func respond(to request: HubRequest) async throws -> Response {
    switch (request.method, request.path) {
    case (.get, "/healthz"): return Self.text(.ok, "alive")
    case (.get, "/readyz"):
      return Task.isShuttingDownGracefully
        ? Self.text(.serviceUnavailable, "stopping") : Self.text(.ok, "ready")
    case _ where Task.isShuttingDownGracefully: throw Problem.stopping
    case (.post, "/v1/members"): return try await join(request)
    case (.post, "/v1/generations"): return try await openGeneration(request)
    case (.post, "/v1/bundles"): return try await push(request, from: caller(of: request))
    case (.get, "/v1/feed"):
      return try await feed.respond(to: request, from: caller(of: request))
    case (.get, let path) where path.hasPrefix("/v1/feed/"):
      return try await feedHead(request, for: caller(of: request))
    case (.post, "/v1/statements"): return try await state(request, from: caller(of: request))
    case (.get, "/v1/statements"): return try await statements(request, for: caller(of: request))
    case (.get, let path) where path.hasPrefix("/v1/bundles/"):
      return try await repair(request, for: caller(of: request))
    case (_, "/healthz"), (_, "/readyz"), (_, "/v1/members"), (_, "/v1/bundles"), (_, "/v1/feed"),
      (_, "/v1/statements"), (_, "/v1/generations"):
      throw Problem.methodNotAllowed
    default: throw Problem.notFound
    }
  }

  private func caller(of request: HubRequest) throws(Problem) -> Caller {
    try authenticator.authenticate(request, under: store.membership)
  }

  private static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
  }
}
