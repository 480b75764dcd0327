import KreisCore
import KreisLocal
import KreisService
import KreisStore
import KreisTown
import KreisTransport

/// A town's connection to its hub, from what its state directory and settings say.
enum TownConnection {
  /// - Throws: `CommandError`, `StateDirectoryError`, `TransportError.misconfigured`.
  static func client(
    store: Store, directory: StateDirectory, configuration: TownConfiguration
  ) throws -> HubClient {
    let identity = store.identity
    return HubClient(
      realm: identity.realm, member: identity.member, generation: identity.generation,
      key: try directory.requiredKey(generation: identity.generation),
      transport: try CurlTransport(
        endpoint: HubEndpoint(
          url: identity.hubURL, pin: identity.hubPin, configuration: configuration)),
      time: HubTime(wallClock: SystemClock.now), random: SystemClock.random)
  }
}
