// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisInterchange

/// When the digest is due: once a week, or every day from Monday to Friday, at an hour on the clocks in
/// Germany. Pure: times are given, in seconds since 1970.
package struct DigestSchedule: Hashable, Sendable {
  /// `nil`: Monday to Friday.
  package let weekday: Weekday?
  package let hour: Int

  /// - Parameter hour: 0 to 23.
  package init(weekday: Weekday?, hour: Int) { (self.weekday, self.hour) = (weekday, hour) }

  private func isMeant(_ day: CivilDate) -> Bool {
    weekday.map { $0 == day.weekday } ?? (day.weekday.rawValue < Weekday.saturday.rawValue)
  }

  private func instant(_ day: CivilDate) -> UInt64 {
    // Where clocks skip the hour at night, it is the one before.
    let winter = day.dayNumber * 86_400 + hour * 3_600 - 3_600
    return UInt64(max(0, winter + 3_600 - BerlinTime.offset(at: winter)))
  }

  /// The last time at or before `now` at which a digest was due.
  package func last(before now: UInt64) -> UInt64 {
    let today = BerlinTime.local(Int(clamping: now)).date
    for back in 0...8 {
      let day = today.adding(days: -back)
      if isMeant(day), instant(day) <= now { return instant(day) }
    }
    return 0
  }

  /// The first time after `now`.
  package func next(after now: UInt64) -> UInt64 {
    let today = BerlinTime.local(Int(clamping: now)).date
    for ahead in 0...8 {
      let day = today.adding(days: ahead)
      if isMeant(day), instant(day) > now { return instant(day) }
    }
    return now + 86_400
  }
}

/// What is known of the digests so far.
package struct DigestState: Hashable, Sendable {
  /// Up to when all is done: the last mail, or the first start.
  package var done: UInt64
  /// Attempts since then that failed.
  package var attempts = 0
  package var lastAttempt: UInt64 = 0
  /// Why the last attempt failed, for people.
  package var failure: String?

  package init(done: UInt64) { self.done = done }

  /// After so many seconds the next attempt: minutes first, then hours.
  private var pause: UInt64 { min(300 << UInt64(min(attempts, 6)), 4 * 3_600) }

  /// Whether a digest is to be sent now.
  package func isDue(_ schedule: DigestSchedule, at now: UInt64) -> Bool {
    guard schedule.last(before: now) > done else { return false }
    // A clock that was set back must not keep it from being tried.
    return attempts == 0 || now < lastAttempt || now >= lastAttempt + pause
  }

  package mutating func succeeded(at now: UInt64) { self = DigestState(done: now) }

  package mutating func failed(_ reason: String, at now: UInt64) {
    attempts += 1
    lastAttempt = now
    failure = reason
  }

  /// As a file holds it.
  package var json: JSONValue {
    [
      "done": .integer(Int(clamping: done)), "attempts": .integer(attempts),
      "last_attempt": .integer(Int(clamping: lastAttempt)),
      "failure": failure.map { .string($0) } ?? .null,
    ]
  }

  /// `nil` for what `json` did not write.
  package init?(_ json: JSONValue) {
    guard let done = json["done"]?.unsigned else { return nil }
    self.done = done
    attempts = Int(clamping: json["attempts"]?.unsigned ?? 0)
    lastAttempt = json["last_attempt"]?.unsigned ?? 0
    failure = json["failure"]?.text
  }
}
