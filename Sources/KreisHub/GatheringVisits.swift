// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
import Synchronization

/// When each member last offered something to a hub that gathers, since the daemon started.
package final class GatheringVisits: Sendable {
  private let times = Mutex<[MemberID: UInt64]>([:])

  package init() {}

  /// Seconds since 1970.
  package func last(of member: MemberID) -> UInt64? { times.withLock { $0[member] } }

  func note(_ member: MemberID, at now: UInt64) { times.withLock { $0[member] = now } }
}
