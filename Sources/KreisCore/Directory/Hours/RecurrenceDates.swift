// SPDX-License-Identifier: EUPL-1.2

/// The days of a recurrence rule within a range, ascending.
///
/// Days are found by going through the rule's periods (days, weeks, months or years) and asking of
/// each day of a period whether all of the rule's parts fit. Lazy, and never longer than the range;
/// only a rule with COUNT has to go through the days before it.
struct RecurrenceDates: Sequence, IteratorProtocol {
  private let rule: RecurrenceRule
  private let start: CivilDate
  private let range: ClosedRange<CivilDate>
  private var period: Int
  private var remaining: Int
  /// Days of the current period that are still to come, the next one last.
  private var pending: [CivilDate] = []

  /// - Parameter start: the first day that can be one; from it INTERVAL and COUNT are counted.
  init(_ rule: RecurrenceRule, from start: CivilDate, in range: ClosedRange<CivilDate>) {
    self.rule = rule.completed(by: start)
    self.start = start
    self.range = range
    remaining = rule.count ?? .max
    let first = rule.periodNumber(of: start)
    period = first
    if rule.count == nil, range.lowerBound > start {
      let distance = rule.periodNumber(of: range.lowerBound) - first
      period = first + distance / rule.interval * rule.interval
    }
  }

  mutating func next() -> CivilDate? {
    while remaining > 0 {
      while pending.isEmpty {
        let days = rule.days(ofPeriod: period)
        guard days.lowerBound <= range.upperBound else { return nil }
        pending = chosen(from: days).reversed()
        period += rule.interval
      }
      let date = pending.removeLast()
      if date > range.upperBound { return nil }
      remaining -= 1
      if date >= range.lowerBound { return date }
    }
    return nil
  }

  /// The rule's days of one period, not before the first of all.
  private func chosen(from days: ClosedRange<CivilDate>) -> [CivilDate] {
    let fitting = (days.lowerBound.dayNumber...days.upperBound.dayNumber)
      .map(CivilDate.init(dayNumber:)).filter(rule.accepts)
    guard !rule.positions.isEmpty else { return fitting.filter { $0 >= start } }
    return fitting.enumerated().filter { index, date in
      date >= start
        && (rule.positions.contains(index + 1) || rule.positions.contains(index - fitting.count))
    }.map(\.element)
  }
}

extension RecurrenceRule {
  /// Numbers the periods in which the rule counts, ascending in time.
  fileprivate func periodNumber(of date: CivilDate) -> Int {
    let (year, month, _) = date.parts
    return switch frequency {
    case .daily: date.dayNumber
    // Weeks are numbered by a day that begins one: all such days differ by whole weeks.
    case .weekly: (date.startOfWeek(beginning: weekStart).dayNumber - weekOrigin) / 7
    case .monthly: year * 12 + month - 1
    case .yearly: year
    }
  }

  /// A day that begins a week and lies before all dates there are.
  private var weekOrigin: Int {
    CivilDate(year: 0, month: 1, day: 1).startOfWeek(beginning: weekStart).dayNumber
  }

  fileprivate func days(ofPeriod number: Int) -> ClosedRange<CivilDate> {
    switch frequency {
    case .daily:
      let day = CivilDate(dayNumber: number)
      return day...day
    case .weekly:
      let first = CivilDate(dayNumber: weekOrigin + number * 7)
      return first...first.adding(days: 6)
    case .monthly:
      let (year, month) = (number / 12, number % 12 + 1)
      return CivilDate(
        year: year, month: month, day: 1)...CivilDate(
          year: year, month: month, day: CalendarText.days(in: month, of: year))
    case .yearly:
      return CivilDate(year: number, month: 1, day: 1)...CivilDate(year: number, month: 12, day: 31)
    }
  }
}

extension RecurrenceRule {
  /// Whether all parts of the rule fit a day.
  fileprivate func accepts(_ date: CivilDate) -> Bool {
    let (year, month, day) = date.parts
    guard months.isEmpty || months.contains(month) else { return false }
    let monthLength = CalendarText.days(in: month, of: year)
    guard Self.names(monthDays, day, of: monthLength) else { return false }
    let yearLength = 337 + CalendarText.days(in: 2, of: year)
    let yearDay = date.dayNumber - CivilDate(year: year, month: 1, day: 1).dayNumber + 1
    guard Self.names(yearDays, yearDay, of: yearLength) else { return false }
    guard
      countsWithinMonth
        ? names(date.weekday, day, of: monthLength) : names(date.weekday, yearDay, of: yearLength)
    else { return false }
    guard !weekNumbers.isEmpty else { return true }
    let week = date.week(beginning: weekStart)
    return Self.names(weekNumbers, week.number, of: week.count)
  }

  /// Whether a part of numbers, the negative ones counted from the end, names `number`.
  private static func names(_ part: Set<Int>, _ number: Int, of count: Int) -> Bool {
    part.isEmpty || part.contains(number) || part.contains(number - count - 1)
  }

  /// Whether BYDAY names the weekday at this place of a month or year.
  private func names(_ weekday: Weekday, _ position: Int, of length: Int) -> Bool {
    if days.isEmpty || days.contains(Day(weekday: weekday, ordinal: nil)) { return true }
    let fromStart = (position - 1) / 7 + 1
    let fromEnd = -((length - position) / 7 + 1)
    return days.contains(Day(weekday: weekday, ordinal: fromStart))
      || days.contains(Day(weekday: weekday, ordinal: fromEnd))
  }
}
