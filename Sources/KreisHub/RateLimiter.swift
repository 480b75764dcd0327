/// A token bucket for each caller: so many requests at once, then so many a second.
///
/// A pure value. It is shown only callers that exist, so its memory is bounded (I5).
struct RateLimiter<Caller: Hashable & Sendable>: Sendable {
  let perSecond: Double
  let burst: Double
  private var buckets: [Caller: (tokens: Double, at: ContinuousClock.Instant)] = [:]

  init(perSecond: Double, burst: Double) {
    self.perSecond = perSecond
    self.burst = burst
  }

  /// Takes a token, or says in how many seconds there will be one.
  mutating func take(_ caller: Caller, now: ContinuousClock.Instant) -> UInt64? {
    let bucket = buckets[caller] ?? (burst, now)
    let seconds = max(0, (now - bucket.at) / .seconds(1))
    let tokens = min(burst, bucket.tokens + seconds * perSecond)
    guard tokens >= 1 else {
      buckets[caller] = (tokens, now)
      return UInt64(((1 - tokens) / perSecond).rounded(.up))
    }
    buckets[caller] = (tokens - 1, now)
    return nil
  }
}
