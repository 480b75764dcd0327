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
      to: identity.hubURL, pin: identity.hubPin, realm: identity.realm, configuration,
      hubGeneration: { store.membership.hubGeneration },
      keeper: NamedKeyTransport.Keeper(
        kept: try directory.readSecret(StateDirectory.namedKeys),
        keep: { try directory.write($0, to: StateDirectory.namedKeys) }))
  }

  /// - Parameter pin: SHA-256 of the hub's TLS key; `nil` where an authority vouches for it, and the
  ///   hub names its keys.
  /// - Throws: `TransportError.misconfigured`.
  static func transport(
    to url: String, pin: [UInt8]?, realm: RealmID, _ configuration: TownConfiguration,
    hubGeneration: @escaping @Sendable () -> UInt32 = { 0 },
    keeper: NamedKeyTransport.Keeper = NamedKeyTransport.Keeper()
  ) throws(TransportError) -> any Transport {
    let endpoint = try HubEndpoint(url: url, pin: pin, configuration: configuration)
    guard pin == nil else { return try CurlTransport(endpoint: endpoint) }
    return try NamedKeyTransport(
      to: endpoint, caFile: configuration.caFile, realm: realm, hubGeneration: hubGeneration,
      keeper: keeper)
  }
}
