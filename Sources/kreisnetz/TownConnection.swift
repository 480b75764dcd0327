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
    guard let key = try directory.signingKey(generation: identity.generation) else {
      throw CommandError(
        .wrongUse,
        "The key \(StateDirectory.memberKey(generation: identity.generation)) is missing in "
          + "\(directory.path).")
    }
    return HubClient(
      realm: identity.realm, member: identity.member, generation: identity.generation, key: key,
      transport: try CurlTransport(
        endpoint: HubEndpoint(
          url: identity.hubURL, pin: identity.hubPin, configuration: configuration)),
      time: HubTime(wallClock: SystemClock.now), random: SystemClock.random)
  }
}
