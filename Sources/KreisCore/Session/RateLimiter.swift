// SPDX-License-Identifier: EUPL-1.2

/// A token bucket for each caller: so many requests at once, then so many a second.
///
/// A pure value with bounded memory (I5): it forgets callers whose bucket is full again, and where
/// too many are left, it turns new ones away.
package struct RateLimiter<Caller: Hashable & Sendable>: Sendable {
  package let perSecond: Double
  package let burst: Double
  /// Callers remembered.
  let capacity: Int
  private var buckets: [Caller: (tokens: Double, at: ContinuousClock.Instant)] = [:]

  package init(perSecond: Double, burst: Double, capacity: Int = 4_096) {
    self.perSecond = perSecond
    self.burst = burst
    self.capacity = capacity
  }

  /// Takes a token, or says in how many seconds there will be one.
  package mutating func take(_ caller: Caller, now: ContinuousClock.Instant) -> UInt64? {
    guard makeRoom(for: caller, now: now) else { return 1 }
    let tokens = tokens(of: caller, now: now)
    guard tokens >= 1 else { return UInt64(((1 - tokens) / perSecond).rounded(.up)) }
    buckets[caller] = (tokens - 1, now)
    return nil
  }

  private func tokens(of caller: Caller, now: ContinuousClock.Instant) -> Double {
    guard let bucket = buckets[caller] else { return burst }
    return min(burst, bucket.tokens + max(0, (now - bucket.at) / .seconds(1)) * perSecond)
  }

  private mutating func makeRoom(for caller: Caller, now: ContinuousClock.Instant) -> Bool {
    guard buckets.count >= capacity, buckets[caller] == nil else { return true }
    for caller in Array(buckets.keys) where tokens(of: caller, now: now) >= burst {
      buckets[caller] = nil
    }
    return buckets.count < capacity
  }
}
