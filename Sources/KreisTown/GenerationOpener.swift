// SPDX-License-Identifier: EUPL-1.2

import Crypto
package import KreisCore
package import KreisStore
import KreisTransport
import SwiftProtobuf

/// Opens this town's next key generation: at the hub, then here.
package struct GenerationOpener: Sendable {
  private let client: HubClient
  private let store: Store
  /// The key of a generation, made durable if it is new.
  private let key: @Sendable (UInt32) throws(StateDirectoryError) -> SigningKey

  /// - Parameter key: the key of a generation; a new one must be durable when it returns.
  package init(
    client: HubClient, store: Store,
    key: @escaping @Sendable (UInt32) throws(StateDirectoryError) -> SigningKey
  ) {
    self.client = client
    self.store = store
    self.key = key
  }

  package init(client: HubClient, store: Store, directory: StateDirectory) {
    self.init(client: client, store: store) { generation throws(StateDirectoryError) in
      if let key = try directory.signingKey(generation: generation) { return key }
      let key = SigningKey()
      try directory.write(key, generation: generation)
      return key
    }
  }

  /// The new key is on disk before the hub hears of it, and a repetition takes the same key: an
  /// answer that was lost is given again.
  ///
  /// - Throws: `StoreError.stateUnknown`: the daemon must stop.
  package func open() async throws -> TownSession.OpenResult {
    do {
      let identity = store.identity
      let generation = identity.generation + 1
      let key = try key(generation)
      var request = WireGenerationRequest()
      request.member = identity.member.rawValue
      request.generation = generation
      request.key = .init(VerifyingKey(of: key).bytes)
      request.signatureByNew = .init(
        try GenerationProof.make(
          realm: identity.realm, member: identity.member, generation: generation, key: key))
      let answer = try await client.post(request, to: "/v1/generations")
      guard try WireGenerationReply(serializedBytes: answer.body).generation == generation else {
        return .unavailable(reason: "the hub's answer makes no sense", retryAfterSeconds: nil)
      }
      try await store.write { try $0.openGeneration(generation, key: key) }
      return .opened(generation: generation, unsent: try await store.unsent().logs)
    } catch { return try Self.result(for: error) }
  }

  private static func result(for error: any Error) throws -> TownSession.OpenResult {
    switch error {
    case HubFailure.unavailable(let reason, let seconds):
      return .unavailable(reason: reason, retryAfterSeconds: seconds)
    case HubFailure.refused(let refusal): return TownSession.OpenResult(refusal)
    case HubFailure.untrusted(let reason), StoreError.retryLater(let reason),
      StoreError.rejected(let reason, _):
      return .unavailable(reason: reason, retryAfterSeconds: nil)
    case StoreError.damaged(let damage):
      return .unavailable(reason: damage.description, retryAfterSeconds: nil)
    case let error as StateDirectoryError:
      return .unavailable(reason: error.description, retryAfterSeconds: nil)
    case is MalformedBytes, is BinaryDecodingError:
      return .unavailable(reason: "the hub's answer cannot be read", retryAfterSeconds: nil)
    default: throw error
    }
  }
}
