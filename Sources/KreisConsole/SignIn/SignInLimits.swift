// SPDX-License-Identifier: EUPL-1.2

/// How often somebody may try a password. Pure: the time is given, in seconds since 1970.
///
/// A stranger's failures shut out strangers only: from a browser in which somebody signed in to the
/// account before, tries are counted by themselves. And a lock has an end that no further try moves.
struct SignInLimits: Sendable {
  /// Who tries.
  struct Attempt: Hashable, Sendable {
    /// As it was typed, whether there is such an account or not.
    let account: String
    let address: String
    /// The hash of a known browser's secret; `nil`: it is none for this account.
    let device: String?
  }

  enum Answer: Hashable, Sendable {
    /// The try counts as a failure until `succeeded`; `locks`: if it is one, it is the last for now.
    case go(locks: Bool)
    case wait(seconds: UInt64)
  }

  private struct Count {
    var failures = 0
    var last: UInt64
    var lockedUntil: UInt64 = 0
  }

  /// Failures until a lock, and how long it lasts; after as long without a try they are forgotten.
  static let perAccount = 10
  static let perAddress = 30
  static let period: UInt64 = 900
  /// What is counted at once; more than an address may add in a period.
  private static let limit = 4_096

  private var counts: [String: Count] = [:]

  /// Asks whether a password may be tried, and counts the try.
  mutating func admit(_ attempt: Attempt, at now: UInt64) -> Answer {
    let keys = Self.keys(attempt)
    let locked = keys.compactMap { counts[$0.name]?.lockedUntil }.max() ?? 0
    // The time of a lock that lies further ahead than any comes from a clock that was set back.
    if locked > now, locked <= now + Self.period { return .wait(seconds: locked - now) }
    makeRoom(at: now)
    var locks = false
    for key in keys {
      var count = counts[key.name] ?? Count(last: now)
      if now >= count.last + Self.period { count = Count(last: now) }
      count.failures += 1
      count.last = now
      if count.failures >= key.limit {
        (count.failures, count.lockedUntil) = (0, now + Self.period)
        locks = true
      }
      counts[key.name] = count
    }
    return .go(locks: locks)
  }

  /// Takes back what `admit` counted: the password was right.
  mutating func succeeded(_ attempt: Attempt) {
    for key in Self.keys(attempt) {
      guard key.isOwn else {
        // Whoever has one account must not get tries at others for it: only this try is taken back.
        guard var count = counts[key.name] else { continue }
        if count.lockedUntil > count.last {
          (count.failures, count.lockedUntil) = (key.limit - 1, 0)
        } else {
          count.failures = max(0, count.failures - 1)
        }
        counts[key.name] = count
        continue
      }
      counts[key.name] = nil
    }
  }

  private static func keys(_ attempt: Attempt) -> [(name: String, limit: Int, isOwn: Bool)] {
    if let device = attempt.device { return [("d \(device)", perAccount, true)] }
    return [
      ("a \(attempt.account)", perAccount, true),
      ("i \(network(attempt.address))", perAddress, false),
    ]
  }

  /// A line of an IPv6 provider has 2^64 addresses.
  private static func network(_ address: String) -> String {
    guard address.contains(":") else { return address }
    let halves = address.split(separator: ":", omittingEmptySubsequences: false)
    guard let gap = halves.firstIndex(of: ""), gap < 4 else {
      return halves.prefix(4).joined(separator: ":")
    }
    return halves.prefix(gap).joined(separator: ":") + "::"
  }

  private mutating func makeRoom(at now: UInt64) {
    guard counts.count >= Self.limit else { return }
    counts = counts.filter { now < $0.value.last + Self.period || now < $0.value.lockedUntil }
    while counts.count >= Self.limit {
      guard let oldest = counts.min(by: { $0.value.last < $1.value.last }) else { return }
      counts[oldest.key] = nil
    }
  }
}
