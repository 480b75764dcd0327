// SPDX-License-Identifier: EUPL-1.2

/// Which instance of each member is alive: of two daemons with one key, one is a copy, and the two
/// would write two histories.
///
/// Each start of a daemon draws a random instance id and sends it with every request. An instance is
/// alive while it has an answer open, and for a minute after it last asked for the feed. A pure
/// value; time comes in.
package struct InstanceLeases: Sendable {
  private struct Lease: Sendable {
    let instance: UInt64
    let generation: UInt32
    var open = 0
    /// Seconds, by any clock that does not jump.
    var seen: UInt64
  }

  /// Seconds for which an instance counts as alive that has no answer open: longer than from one poll
  /// to the next.
  package static let grace: UInt64 = 60

  private var leases: [MemberID: Lease] = [:]

  package init() {}

  /// Whether a request of `instance` may be answered. A request that names none comes from a program
  /// that nobody can tell from another, and is.
  package mutating func admits(
    _ instance: UInt64?, of member: MemberID, _ generation: UInt32, at now: UInt64
  ) -> Bool {
    if isPlanted(.ignoresLeases) { return true }
    guard let instance, let lease = leases[member], lease.instance != instance else { return true }
    // Whoever was granted a later key is the member now: the other can do nothing any more.
    guard lease.generation < generation || lease.open == 0 && now >= lease.seen + Self.grace else {
      return false
    }
    leases[member] = nil
    return true
  }

  /// An answer to `instance` begins that may stay open; `false` as for `admits`.
  package mutating func open(
    _ instance: UInt64, of member: MemberID, _ generation: UInt32, at now: UInt64
  ) -> Bool {
    guard admits(instance, of: member, generation, at: now) else { return false }
    let open = leases[member]?.open ?? 0
    leases[member] = Lease(instance: instance, generation: generation, open: open + 1, seen: now)
    return true
  }

  /// It has ended. `isPolling`: the instance will ask again soon, and is alive meanwhile.
  package mutating func close(
    _ instance: UInt64, of member: MemberID, isPolling: Bool, at now: UInt64
  ) {
    guard var lease = leases[member], lease.instance == instance else { return }
    lease.open -= 1
    lease.seen = now
    leases[member] = lease.open == 0 && !isPolling ? nil : lease
  }
}
