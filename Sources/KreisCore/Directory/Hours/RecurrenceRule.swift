// SPDX-License-Identifier: EUPL-1.2

/// A recurrence rule of RFC 5545, section 3.3.10, as far as it names days.
///
/// Times are not part of it: office hours have them in fields of their own.
package struct RecurrenceRule: Hashable, Sendable {
  enum Frequency: String, Hashable, Sendable {
    case daily = "DAILY"
    case weekly = "WEEKLY"
    case monthly = "MONTHLY"
    case yearly = "YEARLY"
  }

  /// A weekday, or the n-th of its kind in the month or year, counted from the end if negative.
  struct Day: Hashable, Sendable {
    let weekday: Weekday
    let ordinal: Int?
  }

  /// The last moment; `minute` is `nil` if it is a whole day.
  struct Until: Hashable, Sendable {
    let date: CivilDate
    let minute: Int?
    let isUTC: Bool
  }

  let frequency: Frequency
  let interval: Int
  package let count: Int?
  let until: Until?
  let weekStart: Weekday
  private(set) var months: Set<Int>
  let weekNumbers: Set<Int>
  let yearDays: Set<Int>
  private(set) var monthDays: Set<Int>
  private(set) var days: Set<Day>
  let positions: Set<Int>

  /// - Throws: `Refusal` with what is wrong or cannot be computed, and what to write instead.
  package init(_ text: String) throws(Refusal) {
    guard let parts = RecurrenceText.parts(text),
      let frequency = parts["FREQ"].flatMap({ Frequency(rawValue: String($0)) })
    else { throw RecurrenceText.refusal }
    self.frequency = frequency
    interval = parts["INTERVAL"].flatMap { Int($0) } ?? 1
    count = parts["COUNT"].flatMap { Int($0) }
    until = parts["UNTIL"].flatMap(Self.until)
    weekStart = parts["WKST"].flatMap { Weekday(code: $0) } ?? .monday
    months = Self.numbers(parts["BYMONTH"])
    weekNumbers = Self.numbers(parts["BYWEEKNO"])
    yearDays = Self.numbers(parts["BYYEARDAY"])
    monthDays = Self.numbers(parts["BYMONTHDAY"])
    positions = Self.numbers(parts["BYSETPOS"])
    days = Set((parts["BYDAY"]?.split(separator: ",") ?? []).compactMap(Self.day))
    if let reason = Self.unsupported(parts) ?? contradiction { throw Refusal(reason: reason) }
  }

  /// Whether the days depend on the first one: a rule "every second week" says nothing without.
  package var needsStart: Bool { interval > 1 || count != nil || leavesDayOpen }

  /// Whether the rule leaves it to the first day which day of its week, month or year is meant.
  var leavesDayOpen: Bool {
    frequency != .daily && days.isEmpty && monthDays.isEmpty && yearDays.isEmpty
      && weekNumbers.isEmpty
  }

  /// The same rule, with what it leaves open taken from its first day (RFC 5545, 3.3.10).
  func completed(by start: CivilDate) -> RecurrenceRule {
    guard leavesDayOpen else { return self }
    var rule = self
    let (_, month, day) = start.parts
    switch frequency {
    case .daily: break
    case .weekly: rule.days = [Day(weekday: start.weekday, ordinal: nil)]
    case .monthly: rule.monthDays = [day]
    case .yearly:
      rule.monthDays = [day]
      if months.isEmpty { rule.months = [month] }
    }
    return rule
  }

  /// Whether the n-th weekday is that of a month, else of the year.
  var countsWithinMonth: Bool { frequency == .monthly || !months.isEmpty }

  private static func numbers(_ list: Substring?) -> Set<Int> {
    Set((list?.split(separator: ",") ?? []).compactMap { Int($0) })
  }

  private static func day(_ text: Substring) -> Day? {
    Weekday(code: text.suffix(2)).map { Day(weekday: $0, ordinal: Int(text.dropLast(2))) }
  }

  /// `20261231`, `20261231T120000` or `20261231T110000Z`, whose form was checked.
  private static func until(_ text: Substring) -> Until? {
    let digits = text.filter(\.isNumber).map { Int(String($0)) ?? 0 }
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
    guard digits.count == 8 || digits.count == 14 else { return nil }
    return Until(
      date: CivilDate(year: number(0..<4), month: number(4..<6), day: number(6..<8)),
      minute: digits.count == 8 ? nil : number(8..<10) * 60 + number(10..<12),
      isUTC: text.hasSuffix("Z"))
  }

  // MARK: - What cannot be

  private static func unsupported(_ parts: [Substring: Substring]) -> String? {
    guard parts["BYHOUR"] != nil || parts["BYMINUTE"] != nil else { return nil }
    return "legt Uhrzeiten fest (BYHOUR, BYMINUTE); sie gehören in opens_at und closes_at"
  }

  /// What RFC 5545 forbids, and week numbers without weekdays, which programs read differently.
  private var contradiction: String? {
    let hasOrdinals = days.contains { $0.ordinal != nil }
    let isPlain =
      months.isEmpty && weekNumbers.isEmpty && yearDays.isEmpty && monthDays.isEmpty
      && days.isEmpty
    if !weekNumbers.isEmpty, frequency != .yearly {
      return "nennt Kalenderwochen (BYWEEKNO); das geht nur mit FREQ=YEARLY"
    }
    if !weekNumbers.isEmpty, days.isEmpty {
      return "nennt Kalenderwochen ohne Wochentage (Beispiel: BYWEEKNO=1,3,5;BYDAY=TU)"
    }
    if !yearDays.isEmpty, frequency != .yearly {
      return "nennt Tage des Jahres (BYYEARDAY); das geht nur mit FREQ=YEARLY"
    }
    if !monthDays.isEmpty, frequency == .weekly {
      return "nennt Tage des Monats (BYMONTHDAY); das geht nicht mit FREQ=WEEKLY"
    }
    if hasOrdinals, frequency == .daily || frequency == .weekly || !weekNumbers.isEmpty {
      return "zählt Wochentage ab (wie -1MO); das geht nur mit FREQ=MONTHLY oder FREQ=YEARLY"
        + " und ohne BYWEEKNO"
    }
    if !positions.isEmpty, isPlain {
      return "wählt mit BYSETPOS aus, sagt aber nicht, woraus (Beispiel: BYDAY=MO,TU;BYSETPOS=-1)"
    }
    return nil
  }
}
