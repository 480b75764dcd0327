// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// Fetches what the hub keeps beside this member's own logs, because they could not take it: another
/// instance's branch of a forked log, or entries after a closing. It is issued anew like what is set
/// aside here.
struct OwnBranches: Sendable {
  let client: HubClient
  let store: Store

  /// - Returns: why, for each that cannot be taken; the others are.
  /// - Throws: `HubFailure`, `StoreError`.
  func adopt() async throws -> [String] {
    var reasons: [String] = []
    var cursor: UInt64 = 0
    while true {
      let branch: WireBranch
      do throws(HubFailure) {
        let answer = try await client.get("/v1/branches", query: "after=\(cursor)")
        guard let read = try? WireBranch(serializedBytes: answer.body), read.cursor > cursor else {
          throw .unavailable(reason: "the hub's branch cannot be read", retryAfterSeconds: nil)
        }
        branch = read
      } catch {
        if case .refused(let refusal) = error, refusal.status == 404 { return reasons }
        throw error
      }
      guard let bundle = try? UnverifiedBundle(branch.bundle) else {
        throw HubFailure.unavailable(
          reason: "the hub's branch cannot be read", retryAfterSeconds: nil)
      }
      do { try await store.write { try $0.adopt(bundle) } } catch {
        guard case .rejected(let reason, _) = error else { throw error }
        reasons.append(reason)
      }
      cursor = branch.cursor
    }
  }
}
