// SPDX-License-Identifier: EUPL-1.2

/// The hub's time, which its `Date` field tells and requests are signed in.
///
/// Read from the wall clock once and then counted on: a clock that is corrected while the hub runs
/// can neither bring a request back into the replay window nor lock everybody out (I6).
package struct HubClock: Sendable {
  /// When the hub started, seconds since 1970.
  package let start: UInt64
  private let instant = ContinuousClock.now

  /// - Parameter start: The wall clock now, seconds since 1970.
  package init(start: UInt64) { self.start = start }

  /// Seconds since 1970.
  package var now: UInt64 {
    start + UInt64(max(0, (ContinuousClock.now - instant).components.seconds))
  }
}
