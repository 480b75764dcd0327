// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// When an event takes place: `DTSTART`, `DTEND`, `RRULE` and `EXDATE`.
struct EventSeries {
  let lines: [UInt8]

  /// How far a first day is looked for.
  private static let horizon = 3_660
  private static let lastDay = CivilDate(year: 9999, month: 12, day: 31)

  /// The days of a schedule.
  ///
  /// `DTSTART` is the first day on which it is held, because programs count it even if the rule does
  /// not; without a first day in the record, the first of this year. `UNTIL` is in UTC where there is
  /// a time, as RFC 5545 demands.
  ///
  /// - Returns: `nil` if it is held on no day.
  init?(
    _ values: [String: String], _ hours: OfficeHours, today: CivilDate, holidays: SchoolHolidays
  ) {
    // Exceptions are stated as such; the rule's own days are those without any. School holidays are
    // none unless they are passed on.
    var plain = values
    plain["exdates"] = nil
    guard let rule = OfficeHours(plain, offset: BerlinTime.offset) else { return nil }
    let beginning = [hours.start, hours.validFrom].compactMap(\.self).max()
    let lower = beginning ?? CivilDate(year: today.year, month: 1, day: 1)
    guard let first = rule.dates(in: lower...lower.adding(days: Self.horizon)).first else {
      return nil
    }
    var lines = Self.single(first, opens: hours.opensAt, closes: hours.closesAt)
    if let text = values["rrule"] {
      let isAllDay = hours.opensAt == nil
      lines += ContentLine.line("RRULE", Self.rule(text, hours, rule, first, isAllDay: isAllDay))
      lines += Self.exceptions(hours, rule, first, holidays)
    }
    self.lines = lines
  }

  private static func rule(
    _ text: String, _ hours: OfficeHours, _ plain: OfficeHours, _ first: CivilDate, isAllDay: Bool
  ) -> String {
    var parts = text.split(separator: ";").map(String.init)
      .filter { !$0.hasPrefix("COUNT=") && !$0.hasPrefix("UNTIL=") }
    if hours.rule?.count != nil {
      // Days before the period of validity count in the record and not in the calendar.
      parts.append("COUNT=\(plain.dates(in: first...lastDay).count)")
    } else if let last = hours.last {
      parts.append("UNTIL=" + (isAllDay ? BerlinTime.day(last) : BerlinTime.end(of: last)))
    }
    return parts.joined(separator: ";")
  }

  /// The rule's days on which it is not held.
  private static func exceptions(
    _ hours: OfficeHours, _ rule: OfficeHours, _ first: CivilDate, _ holidays: SchoolHolidays
  ) -> [UInt8] {
    var days = hours.exceptions.filter { $0 >= first && !rule.dates(in: $0...$0).isEmpty }
    if hours.isClosedInSchoolHolidays {
      for range in holidays.ranges where range.upperBound >= first {
        days.formUnion(rule.dates(in: max(range.lowerBound, first)...range.upperBound))
      }
    }
    guard !days.isEmpty else { return [] }
    let sorted = days.sorted()
    guard let opens = hours.opensAt else {
      return ContentLine.line(
        "EXDATE;VALUE=DATE", sorted.map(BerlinTime.day).joined(separator: ","))
    }
    return ContentLine.line(
      "EXDATE;TZID=Europe/Berlin", sorted.map { time($0, opens) }.joined(separator: ","))
  }

  // MARK: - One day

  /// A day with the times that are known; without a beginning it is the whole day.
  static func single(_ date: CivilDate, opens: Int?, closes: Int?) -> [UInt8] {
    guard let opens else { return ContentLine.line("DTSTART;VALUE=DATE", BerlinTime.day(date)) }
    let start = ContentLine.line("DTSTART;TZID=Europe/Berlin", time(date, opens))
    // Concurrent edits may combine to an end before the beginning.
    guard let closes, closes > opens else { return start }
    return start + ContentLine.line("DTEND;TZID=Europe/Berlin", time(date, closes))
  }

  /// Minutes since midnight of `09:30`.
  static func minutes(_ text: String?) -> Int? {
    let numbers = (text ?? "").split(separator: ":").compactMap { Int($0) }
    return numbers.count == 2 ? numbers[0] * 60 + numbers[1] : nil
  }

  private static func time(_ date: CivilDate, _ minute: Int) -> String {
    "\(BerlinTime.day(date))T\(BerlinTime.clock(minute))"
  }
}
