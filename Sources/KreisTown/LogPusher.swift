// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// Pushes one bundle of an own log at a time.
struct LogPusher: Sendable {
  let client: HubClient
  let store: Store

  /// Pushes the next entries of `log` that the hub has not acknowledged.
  ///
  /// - Throws: `StoreError.stateUnknown`: the daemon must stop.
  func push(_ log: LogID) async throws -> TownSession.PushResult {
    do {
      guard let bundle = try await store.nextBundle(of: log) else {
        return .acknowledged(more: false)
      }
      let start = ContinuousClock.now
      let response = try await client.post(WireBundle(bundle), to: "/v1/bundles", also: [409])
      store.timings.note(.push, since: start)
      guard response.status == 409 else {
        // A hub that gathers holds it, but has no feed yet that would bring it back.
        guard try WirePushReply(serializedBytes: response.body).position > 0 else {
          return .unavailable(reason: "the hub gathers", retryAfterSeconds: nil)
        }
        store.acknowledge(log, through: bundle.last)
        return .acknowledged(more: try await store.unsent()[log] != nil)
      }
      let wire = try WireSignedHead(serializedBytes: response.body)
      // Of a log that the hub holds nothing of, it names sequence 0.
      let held = wire.sequence > 0 ? try SignedHead(wire) : nil
      guard try await isRewound(log, to: held) else { return .diverged }
      // A hub that holds what comes before, and does not take this, has closed the log there.
      return wire.sequence == bundle.first - 1 ? .closed : .rewound
    } catch { return try Self.result(for: error) }
  }

  private func isRewound(_ log: LogID, to held: SignedHead?) async throws -> Bool {
    guard let held else { return try await store.rewind(log, to: nil) }
    guard held.log == log else { return false }
    return try await store.rewind(log, to: held.head)
  }

  private static func result(for error: any Error) throws -> TownSession.PushResult {
    switch error {
    case HubFailure.unavailable(let reason, let seconds):
      return .unavailable(reason: reason, retryAfterSeconds: seconds)
    case HubFailure.untrusted(let reason):
      return .unavailable(reason: reason, retryAfterSeconds: nil)
    case HubFailure.refused(let refusal): return TownSession.PushResult(refusal)
    case StoreError.damaged(let damage): return .refused(reason: damage.description)
    case StoreError.retryLater(let reason), StoreError.rejected(let reason, _):
      return .unavailable(reason: reason, retryAfterSeconds: nil)
    case let error as MalformedBytes:
      return .unavailable(
        reason: "the hub's answer cannot be read: \(error)", retryAfterSeconds: nil)
    case is BinaryDecodingError:
      return .unavailable(reason: "the hub's answer cannot be read", retryAfterSeconds: nil)
    default: throw error
    }
  }
}
