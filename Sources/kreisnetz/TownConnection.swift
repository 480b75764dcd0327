import KreisCore
import KreisLocal
import KreisService
import KreisStore
import KreisTown
import KreisTransport

/// A town's connection to its hub, from what its state directory and settings say.
enum TownConnection {
  /// - Throws: `TransportError.misconfigured`.
  static func client(store: Store, configuration: TownConfiguration) throws -> HubClient {
    let identity = store.identity
    return HubClient(
      store: store,
      transport: try CurlTransport(
        endpoint: HubEndpoint(
          url: identity.hubURL, pin: identity.hubPin, configuration: configuration)),
      time: HubTime(wallClock: SystemClock.now), random: SystemClock.random)
  }
}
