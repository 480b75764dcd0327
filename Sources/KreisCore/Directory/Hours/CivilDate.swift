// SPDX-License-Identifier: EUPL-1.2

/// A day of the proleptic Gregorian calendar, without time zone: what a calendar on the wall shows.
package struct CivilDate: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Days since 1 January 1970.
  package let dayNumber: Int

  package init(dayNumber: Int) { self.dayNumber = dayNumber }

  /// The day with this month (1…12) and day (1…31); days beyond the month's end run into the next.
  package init(year: Int, month: Int, day: Int) {
    // Years begin in March here, so that the leap day is the last of its year and each month's
    // first day is a linear function of its number.
    let shifted = month > 2 ? year : year - 1
    let era = Self.floorDivide(shifted, 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    dayNumber = era * 146_097 + dayOfEra - 719_468
  }

  /// The day of canonical text, `2026-11-24`; `nil` if it is no such text.
  package init?(_ text: String) {
    guard CalendarText.date(text) == text else { return nil }
    let numbers = text.split(separator: "-").compactMap { Int($0) }
    guard numbers.count == 3 else { return nil }
    self.init(year: numbers[0], month: numbers[1], day: numbers[2])
  }

  /// `2026-11-24`
  package var description: String {
    let (year, month, day) = parts
    return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
  }

  package var parts: (year: Int, month: Int, day: Int) {
    let shifted = dayNumber + 719_468
    let era = Self.floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  package var year: Int { parts.year }

  package var weekday: Weekday {
    // 1 January 1970 was a Thursday.
    let index = dayNumber + 3
    return Weekday.allCases[index - Self.floorDivide(index, 7) * 7]
  }

  package func adding(days: Int) -> CivilDate { CivilDate(dayNumber: dayNumber + days) }

  package static func < (lhs: CivilDate, rhs: CivilDate) -> Bool { lhs.dayNumber < rhs.dayNumber }

  /// The first day of the week in which this day lies.
  func startOfWeek(beginning first: Weekday) -> CivilDate {
    adding(days: -((weekday.rawValue - first.rawValue + 7) % 7))
  }

  /// The number of the week in which this day lies, and how many weeks that week's year has.
  ///
  /// Week 1 is the first with at least four days in its year (ISO 8601 with weeks from Monday), so
  /// a week belongs to the year of its fourth day.
  func week(beginning first: Weekday) -> (number: Int, count: Int) {
    let middle = startOfWeek(beginning: first).adding(days: 3)
    let year = middle.year
    // 28 December always lies in the last week.
    let last = CivilDate(year: year, month: 12, day: 28).startOfWeek(beginning: first)
      .adding(days: 3)
    let newYear = CivilDate(year: year, month: 1, day: 1).dayNumber
    return ((middle.dayNumber - newYear) / 7 + 1, (last.dayNumber - newYear) / 7 + 1)
  }

  private static func floorDivide(_ number: Int, _ divisor: Int) -> Int {
    number >= 0 ? number / divisor : -((divisor - 1 - number) / divisor)
  }
}

/// A day of the week.
package enum Weekday: Int, CaseIterable, Hashable, Sendable {
  case monday, tuesday, wednesday, thursday, friday, saturday, sunday

  private static let codes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
  private static let labels = [
    "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag",
  ]

  /// The day with this code of RFC 5545, `MO`.
  init?(code: some StringProtocol) {
    guard let index = Self.codes.firstIndex(where: { $0 == code }) else { return nil }
    self.init(rawValue: index)
  }

  package var label: String { Self.labels[rawValue] }
}

/// A date and time as clock and calendar at one place show them.
package struct LocalTime: Hashable, Comparable, Sendable {
  package let date: CivilDate
  /// Minutes since midnight.
  package let minute: Int

  package init(_ date: CivilDate, minute: Int) {
    self.date = date
    self.minute = minute
  }

  /// The local time where clocks are `offset` seconds ahead of UTC.
  ///
  /// - Parameter seconds: since 1970, in UTC.
  package init(seconds: Int, offset: Int) {
    let minutes = (seconds + offset) / 60
    let day = minutes >= 0 ? minutes / 1_440 : -((1_439 - minutes) / 1_440)
    self.init(CivilDate(dayNumber: day), minute: minutes - day * 1_440)
  }

  package static func < (lhs: LocalTime, rhs: LocalTime) -> Bool {
    (lhs.date, lhs.minute) < (rhs.date, rhs.minute)
  }
}
