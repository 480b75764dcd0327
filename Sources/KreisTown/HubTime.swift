import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The hub's time as its answers tell it, counted on by the monotonic clock: a wrong clock in the
/// town hall locks nobody out (I6).
package final class HubTime: Sendable {
  private struct Reading {
    let seconds: Int64
    let at: ContinuousClock.Instant
  }

  private let reading = Mutex<Reading?>(nil)
  private let wallClock: @Sendable () -> UInt64

  /// - Parameter wallClock: seconds since 1970, used until the hub has answered once.
  package init(wallClock: @escaping @Sendable () -> UInt64) { self.wallClock = wallClock }

  /// Seconds since 1970 in the hub's time.
  package var now: UInt64 {
    guard let reading = reading.withLock({ $0 }) else { return wallClock() }
    let elapsed = (ContinuousClock.now - reading.at).components.seconds
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
    guard let date, let seconds = Self.seconds(of: date) else { return 0 }
    let before = Int64(clamping: now)
    reading.withLock { $0 = Reading(seconds: seconds, at: .now) }
    return (seconds - before).magnitude
  }

  /// Reads the one form that a server may send: "Sun, 06 Nov 1994 08:49:37 GMT".
  static func seconds(of date: String) -> Int64? {
    let parts = date.split(separator: " ")
    guard parts.count == 6, parts[5] == "GMT",
      let month = months.firstIndex(of: String(parts[2])), let day = Int32(parts[1]),
      let year = Int32(parts[3]), (1970...9_999).contains(year), (1...31).contains(day)
    else { return nil }
    let clock = parts[4].split(separator: ":").compactMap { Int32($0) }
    guard clock.count == 3, clock.allSatisfy({ (0...60).contains($0) }) else { return nil }
    var time = tm()
    (time.tm_year, time.tm_mon, time.tm_mday) = (year - 1_900, Int32(month), day)
    (time.tm_hour, time.tm_min, time.tm_sec) = (clock[0], clock[1], clock[2])
    return Int64(timegm(&time))
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
