// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

@Suite struct RateLimiterTests {
  private let start = ContinuousClock.now

  @Test func `A caller has its burst, then its rate, and never more`() {
    var limiter = RateLimiter<String>(perSecond: 2, burst: 3)
    for _ in 0..<3 { #expect(limiter.take("a", now: start) == nil) }
    #expect(limiter.take("a", now: start) == 1)
    #expect(limiter.take("b", now: start) == nil)
    #expect(limiter.take("a", now: start + .milliseconds(499)) == 1)
    #expect(limiter.take("a", now: start + .milliseconds(500)) == nil)
    #expect(limiter.take("a", now: start + .milliseconds(500)) == 1)
    for _ in 0..<3 { #expect(limiter.take("a", now: start + .seconds(100)) == nil) }
    #expect(limiter.take("a", now: start + .seconds(100)) == 1)
  }

  @Test func `Asking while waiting does not lengthen the wait`() {
    var limiter = RateLimiter<String>(perSecond: 1, burst: 1)
    #expect(limiter.take("a", now: start) == nil)
    for step in 1..<10 {
      #expect(limiter.take("a", now: start + .milliseconds(100 * step)) == 1)
    }
    #expect(limiter.take("a", now: start + .seconds(1)) == nil)
  }

  @Test func `Callers that are quiet again make room for new ones`() {
    var limiter = RateLimiter<Int>(perSecond: 1, burst: 1, capacity: 2)
    #expect(limiter.take(1, now: start) == nil)
    #expect(limiter.take(2, now: start) == nil)
    #expect(limiter.take(3, now: start) == 1)
    #expect(limiter.take(1, now: start + .seconds(1)) == nil)
    #expect(limiter.take(3, now: start + .seconds(1)) == nil)
    #expect(limiter.take(4, now: start + .seconds(1)) == 1)
  }
}
