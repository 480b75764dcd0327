import Foundation

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

  /// `seconds` as a `Date` field has it (RFC 9110 §5.6.7).
  static func httpDate(_ seconds: UInt64) -> String {
    var time = time_t(clamping: seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return days[Int(parts.tm_wday)] + ", " + two(parts.tm_mday) + " " + months[Int(parts.tm_mon)]
      + " \(parts.tm_year + 1_900) "
      + [parts.tm_hour, parts.tm_min, parts.tm_sec].map(two).joined(separator: ":") + " GMT"
  }

  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
