// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// Offers the hub what it may lack: everything, when it gathers, or what came too late for that.
struct Relay: Sendable {
  let client: HubClient
  let store: Store

  /// Offers log by log; what the hub has already costs one request a log.
  ///
  /// - Returns: a sentence for each log that the hub refuses.
  /// - Throws: `HubFailure`, `StoreError`.
  func offer(all: Bool) async throws -> [String] {
    var refusals: [String] = []
    for log in try await store.read({ try $0.relayableLogs(all: all) }) {
      if let reason = try await store.relay(log, offer: send) {
        refusals.append("\(log): \(reason)")
      }
    }
    return refusals
  }

  private func send(_ bundle: UnverifiedBundle) async throws -> RelayAnswer {
    do {
      let answer = try await client.post(WireBundle(bundle), to: "/v1/bundles", also: [409])
      guard answer.status == 409 else { return .taken }
      guard let wire = try? WireSignedHead(serializedBytes: answer.body) else {
        throw HubFailure.unavailable(
          reason: "the hub's answer cannot be read", retryAfterSeconds: nil)
      }
      return .held(wire.sequence > 0 ? try SignedHead(wire) : nil)
    } catch HubFailure.refused(let refusal) where !refusal.isPassing {
      return .refused(reason: refusal.reason)
    }
  }
}
