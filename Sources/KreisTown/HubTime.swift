// SPDX-License-Identifier: EUPL-1.2

import KreisTransport
import Synchronization

/// The hub's time as its answers tell it, counted on by the monotonic clock: a wrong clock in the
/// town hall locks nobody out (I6).
package final class HubTime: Sendable {
  private struct Reading {
    let seconds: Int64
    /// By `uptime`.
    let at: Duration
  }

  private let reading = Mutex<Reading?>(nil)
  private let wallClock: @Sendable () -> UInt64
  private let uptime: @Sendable () -> Duration

  /// - Parameters:
  ///   - wallClock: seconds since 1970, used until the hub has answered once.
  ///   - uptime: a clock that never jumps, whatever it counts from.
  package init(
    wallClock: @escaping @Sendable () -> UInt64,
    uptime: @escaping @Sendable () -> Duration = monotonic()
  ) {
    self.wallClock = wallClock
    self.uptime = uptime
  }

  /// The system's monotonic clock, from now.
  package static func monotonic() -> @Sendable () -> Duration {
    let start = ContinuousClock.now
    return { ContinuousClock.now - start }
  }

  /// Seconds since 1970 in the hub's time.
  package var now: UInt64 {
    guard let reading = reading.withLock({ $0 }) else { return wallClock() }
    let elapsed = (uptime() - reading.at).components.seconds
    return UInt64(clamping: reading.seconds + elapsed)
  }

  /// Seconds by which the hub's clock is ahead of this machine's; `nil` before its first answer.
  package var offset: Int64? {
    guard reading.withLock({ $0 != nil }) else { return nil }
    return Int64(clamping: now) - Int64(clamping: wallClock())
  }

  /// Takes the `Date` field of an answer (RFC 9110 §5.6.7).
  ///
  /// - Returns: by how many seconds it changed what was known.
  @discardableResult
  func learn(from date: String?) -> UInt64 {
    guard let date, let seconds = HTTPDate.seconds(of: date) else { return 0 }
    let before = Int64(clamping: now)
    reading.withLock { $0 = Reading(seconds: seconds, at: uptime()) }
    return (seconds - before).magnitude
  }
}
