// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisLocal
import KreisService
import KreisStore
import KreisTown
import KreisTransport

/// A town's connection to its hub, from what its state directory and settings say.
enum TownConnection {
  /// - Throws: `TransportError.misconfigured`, `StateDirectoryError`.
  static func client(
    store: Store, directory: StateDirectory, configuration: TownConfiguration
  ) throws -> HubClient {
    client(store: store, over: try transport(of: store, directory, configuration))
  }

  static func client(store: Store, over transport: any Transport) -> HubClient {
    HubClient(
      store: store, transport: transport, time: HubTime(wallClock: SystemClock.now),
      random: SystemClock.random)
  }

  /// The way from a replica to its hub.
  ///
  /// - Throws: `TransportError.misconfigured`, `StateDirectoryError`.
  static func transport(
    of store: Store, _ directory: StateDirectory, _ configuration: TownConfiguration
  ) throws -> any Transport {
    let identity = store.identity
    return try transport(
      to: HubEndpoint(url: identity.hubURL, pin: identity.hubPin, configuration: configuration),
      realm: identity.realm, hubGeneration: { store.membership.hubGeneration },
      keeper: NamedKeyTransport.Keeper(
        kept: try directory.readSecret(StateDirectory.namedKeys),
        keep: { try directory.write($0, to: StateDirectory.namedKeys) }))
  }

  /// - Parameter realm: whose hub names its keys where authorities vouch for them; `nil`: not known
  ///   yet.
  /// - Throws: `TransportError.misconfigured`.
  static func transport(
    to endpoint: HubEndpoint, realm: RealmID?,
    hubGeneration: @escaping @Sendable () -> UInt32 = { 0 },
    keeper: NamedKeyTransport.Keeper = NamedKeyTransport.Keeper()
  ) throws(TransportError) -> any Transport {
    guard case .authorities(let caFile, _) = endpoint.trust, let realm else {
      return try CurlTransport(endpoint: endpoint)
    }
    return try NamedKeyTransport(
      to: endpoint, caFile: caFile, realm: realm, hubGeneration: hubGeneration, keeper: keeper)
  }
}

extension HubEndpoint {
  /// The hub as a town's settings reach it.
  ///
  /// - Parameters:
  ///   - pin: SHA-256 of the hub's TLS key; `nil` where an authority vouches for it.
  ///   - configuration: `nil` at the hub's own machine, which has no such settings.
  /// - Throws: `TransportError.misconfigured`.
  init(
    url: String, pin: [UInt8]?, configuration: TownConfiguration?
  ) throws(TransportError) {
    let proxy: Proxy =
      switch configuration?.proxy {
      case nil, .fromEnvironment: .fromEnvironment
      case .none?: .none
      case .url(let url): .url(url)
      }
    let login: ProxyLogin? =
      switch configuration?.proxyLogin {
      case nil: nil
      case .kerberos: .kerberos
      case .password(let user, let password): .password(user: user, password: password)
      }
    try self.init(
      url: url,
      trust: pin.map { .pinned(sha256: $0) } ?? .authorities(caFile: configuration?.caFile),
      proxy: proxy, proxyLogin: login)
  }
}
