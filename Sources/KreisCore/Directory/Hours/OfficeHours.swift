// SPDX-License-Identifier: EUPL-1.2

/// What a schedule says: on which days, from when to when, and when not.
///
/// All dates and times are those of its own place; a change to summer time moves nothing.
package struct OfficeHours: Hashable, Sendable {
  /// `nil`: only on its first day.
  package let rule: RecurrenceRule?
  /// From here INTERVAL and COUNT are counted, and no day lies before it.
  package let start: CivilDate?
  /// Minutes since midnight.
  package let opensAt: Int?
  package let closesAt: Int?
  package let validFrom: CivilDate?
  /// The last day, by the rule or by the period it is valid in.
  package let last: CivilDate?
  package let exceptions: Set<CivilDate>
  package let isClosedInSchoolHolidays: Bool
  package let timeZone: String

  /// Where a schedule names no zone.
  package static let defaultTimeZone = "Europe/Berlin"

  /// The office hours of a schedule.
  ///
  /// - Parameters:
  ///   - values: a schedule's canonical values by the names of their fields.
  ///   - offset: by how many seconds clocks in its zone are ahead of UTC, at an instant in seconds
  ///     since 1970. Only a rule that ends at an instant asks.
  /// - Returns: `nil` if another version or program wrote what cannot be computed here.
  package init?(_ values: [String: String], offset: (Int) -> Int) {
    rule = values["rrule"].flatMap { try? RecurrenceRule($0) }
    if rule == nil, values["rrule"] != nil { return nil }
    opensAt = values["opens_at"].flatMap(Self.minutes)
    closesAt = values["closes_at"].flatMap(Self.minutes)
    validFrom = values["valid_from"].flatMap { CivilDate($0) }
    start = values["dtstart"].flatMap { CivilDate($0) } ?? validFrom
    exceptions = Set(
      (values["exdates"] ?? "").split(separator: ",").compactMap { CivilDate(String($0)) })
    isClosedInSchoolHolidays = values["closed_in_school_holidays"] == "true"
    timeZone = values["timezone"] ?? Self.defaultTimeZone
    let ends = [
      values["valid_to"].flatMap { CivilDate($0) },
      rule?.until?.lastDay(at: opensAt ?? 0, offset: offset),
    ]
    last = ends.compactMap(\.self).min()
  }

  private static func minutes(_ text: String) -> Int? {
    guard CalendarText.time(text) == text else { return nil }
    let numbers = text.split(separator: ":").compactMap { Int($0) }
    return numbers[0] * 60 + numbers[1]
  }

  /// The days in `range` on which they are held, ascending; days of which it is not known whether
  /// they are school holidays are included.
  package func dates(
    in range: ClosedRange<CivilDate>, except holidays: SchoolHolidays = SchoolHolidays([])
  ) -> [CivilDate] {
    Array(days(in: range, except: holidays))
  }

  private func days(
    in range: ClosedRange<CivilDate>, except holidays: SchoolHolidays
  ) -> some Sequence<CivilDate> {
    ruleDays(in: range).lazy.filter { date in
      !exceptions.contains(date) && !(isClosedInSchoolHolidays && holidays.contains(date))
    }
  }

  private func ruleDays(in range: ClosedRange<CivilDate>) -> AnySequence<CivilDate> {
    let first = max(range.lowerBound, validFrom ?? range.lowerBound)
    let end = min(range.upperBound, last ?? range.upperBound)
    guard first <= end, start != nil || rule?.needsStart == false else { return AnySequence([]) }
    guard let rule else {
      return AnySequence([start].compactMap(\.self).filter((first...end).contains))
    }
    return AnySequence(RecurrenceDates(rule, from: start ?? first, in: first...end))
  }
}

extension OfficeHours {
  /// One day on which they are held.
  package struct Opening: Hashable, Sendable {
    package let date: CivilDate
    /// Whether they are being held at the time asked for.
    package let isNow: Bool
    /// Whether the day may turn out to be one of the school holidays, in which they are not held.
    package let isUncertain: Bool
  }

  private static let midnight = 1_440

  /// `23:59` stands for the end of the day: no time of day names it, so what is open day and night
  /// is written with it.
  private var end: Int? { closesAt == Self.midnight - 1 ? Self.midnight : closesAt }

  /// Whether they are being held at this minute of each of their days; where no end is known, at
  /// none.
  package func covers(minute: Int) -> Bool {
    guard let end else { return false }
    return minute >= opensAt ?? 0 && minute < end
  }

  /// How far ahead a next opening is looked for.
  private static let horizon = 3_660

  /// The opening that is going on or comes next.
  ///
  /// - Parameter now: the time at the place of the office hours.
  /// - Returns: `nil` if there is none within ten years.
  package func next(
    at now: LocalTime, except holidays: SchoolHolidays = SchoolHolidays([])
  ) -> Opening? {
    let end = end ?? opensAt ?? Self.midnight
    for date in days(in: now.date...now.date.adding(days: Self.horizon), except: holidays)
    where date > now.date || now.minute < end {
      return Opening(
        date: date, isNow: date == now.date && covers(minute: now.minute),
        isUncertain: isClosedInSchoolHolidays && !holidays.cover(date))
    }
    return nil
  }
}

extension Collection where Element == OfficeHours {
  /// Of all of them the opening that is going on or comes next, with the hours that it is one of.
  package func next(
    at now: LocalTime, except holidays: SchoolHolidays
  ) -> (hours: OfficeHours, opening: OfficeHours.Opening)? {
    compactMap { hours in
      hours.next(at: now, except: holidays).map { (hours: hours, opening: $0) }
    }.min { left, right in
      (left.opening.isNow ? 0 : 1, left.opening.date, left.hours.opensAt ?? 0)
        < (right.opening.isNow ? 0 : 1, right.opening.date, right.hours.opensAt ?? 0)
    }
  }
}

extension RecurrenceRule.Until {
  /// The last day on which something that begins at `minute` is not later than this.
  fileprivate func lastDay(at minute: Int, offset: (Int) -> Int) -> CivilDate {
    guard var end = self.minute else { return date }
    var day = date
    if isUTC {
      let seconds = date.dayNumber * 86_400 + end * 60
      let local = LocalTime(seconds: seconds, offset: offset(seconds))
      (day, end) = (local.date, local.minute)
    }
    return minute <= end ? day : day.adding(days: -1)
  }
}
