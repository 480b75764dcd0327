// SPDX-License-Identifier: EUPL-1.2

/// Remembers the nonces of the requests of the last minutes, so that nobody can send one again.
///
/// A pure value with bounded memory (I5): at most `perMember` nonces for each member that exists.
/// Each member has its own share, so none can crowd out the others'. Only verified requests
/// may be shown to it, or strangers could fill it.
package struct ReplayWindow: Sendable {
  package enum Verdict: Hashable, Sendable {
    case fresh
    /// Seen before.
    case replayed
    /// Created too far from the hub's time, or before the hub began.
    case outOfTime
    /// The member has made more requests than can be remembered; seconds to wait.
    case full(retryAfter: UInt64)
  }

  /// Seconds that a request's time may differ from the hub's.
  package let tolerance: UInt64
  /// Nonces remembered for one member.
  package let perMember: Int

  /// Nothing before is accepted: begins with the hub's start, since what came before was forgotten,
  /// and only grows, so that a clock set back cannot bring forgotten requests into the window again.
  private var floor: UInt64
  private var seen: [MemberID: Share] = [:]

  private struct Share {
    var byTime: [UInt64: Set<RequestNonce>] = [:]
    var count = 0
    /// Nothing older is held.
    var floor: UInt64 = 0

    mutating func forget(before floor: UInt64) {
      guard floor > self.floor else { return }
      self.floor = floor
      for time in byTime.keys where time < floor {
        count -= byTime.removeValue(forKey: time)?.count ?? 0
      }
    }
  }

  /// - Parameter start: when the hub began to listen, in its own time, seconds since 1970.
  package init(start: UInt64, tolerance: UInt64 = 120, perMember: Int = 8_192) {
    self.tolerance = tolerance
    self.perMember = perMember
    floor = start
  }

  /// Accepts a verified request once.
  ///
  /// - Parameter now: the hub's time in seconds since 1970.
  package mutating func accept(
    member: MemberID, created: UInt64, nonce: RequestNonce, now: UInt64
  ) -> Verdict {
    floor = max(floor, now - min(now, tolerance))
    guard created >= floor, created <= now + tolerance else { return .outOfTime }
    var share = seen.removeValue(forKey: member) ?? Share()
    share.forget(before: floor)
    defer { seen[member] = share }
    if share.byTime[created]?.contains(nonce) == true { return .replayed }
    guard share.count < perMember else {
      return .full(retryAfter: (share.byTime.keys.min() ?? floor) + 1 - floor)
    }
    share.byTime[created, default: []].insert(nonce)
    share.count += 1
    return .fresh
  }

  /// Nonces remembered in all; for tests of the bound.
  var count: Int { seen.values.reduce(0) { $0 + $1.count } }
}
