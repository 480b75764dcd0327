// SPDX-License-Identifier: EUPL-1.2

/// A recurrence rule as German text, for the words around the times of day.
///
/// What offices have reads as they write it; every other rule is described part by part.
struct RuleText {
  /// Before the days, `ungerade Kalenderwochen`; empty if there is nothing to say.
  private(set) var rhythm = ""
  /// The days, `jeden letzten Montag im Monat`.
  private(set) var days = ""
  /// After the times: `nur von März bis Oktober`, `gezählt ab der Woche vom 5.1.2026`.
  private(set) var remarks: [String] = []

  private let rule: RecurrenceRule
  private let start: CivilDate?
  private let weekdays: [Weekday]
  private let hasOrdinals: Bool

  init(_ rule: RecurrenceRule, start: CivilDate?) {
    let rule = start.map { rule.completed(by: $0) } ?? rule
    self.rule = rule
    self.start = start
    weekdays = Weekday.allCases.filter { day in rule.days.contains { $0.weekday == day } }
    hasOrdinals = rule.days.contains { $0.ordinal != nil }
    if rule.interval > 1 { describeInterval() }
    if rule.leavesDayOpen {
      days = "am Tag des ersten Termins, der fehlt"
    } else if let weekNumbers {
      rhythm = weekNumbers
      days = GermanText.weekdays(weekdays)
    } else if needsParts {
      describeParts()
    } else if hasOrdinals || !rule.positions.isEmpty {
      describePlaces()
    } else if !rule.monthDays.isEmpty {
      days = monthDays
    } else if rule.frequency != .daily || rule.interval == 1 {
      days = weekdays.isEmpty || weekdays.count == 7 ? "täglich" : GermanText.weekdays(weekdays)
      describeMonths()
    }
  }

  /// Whether the parts go together in a way that has no short form.
  private var needsParts: Bool {
    let hasBoth = !rule.days.isEmpty && !rule.monthDays.isEmpty
    if !rule.weekNumbers.isEmpty || !rule.yearDays.isEmpty || hasBoth { return true }
    if hasOrdinals { return !rule.positions.isEmpty }
    if !rule.positions.isEmpty {
      return rule.frequency != .monthly || !(weekdays.count == 1 || isWorkdays)
    }
    let isFiltered = !rule.days.isEmpty || !rule.monthDays.isEmpty || !rule.months.isEmpty
    return rule.frequency == .daily && rule.interval > 1 && isFiltered
  }

  private var isWorkdays: Bool { weekdays == Array(Weekday.allCases.prefix(5)) }

  // MARK: - The rhythm

  private mutating func describeInterval() {
    let unit =
      switch rule.frequency {
      case .daily: "Tage"
      case .weekly: "Wochen"
      case .monthly: "Monate"
      case .yearly: "Jahre"
      }
    rhythm = "alle \(GermanText.number(rule.interval)) \(unit)"
    remarks.append("gezählt ab " + (start.map(origin) ?? "dem ersten Termin, der fehlt"))
  }

  /// The first of the days, weeks, months or years that are counted.
  private func origin(_ start: CivilDate) -> String {
    let (year, month, _) = start.parts
    switch rule.frequency {
    case .daily: return GermanText.date(start)
    case .weekly:
      return "der Woche vom \(GermanText.date(start.startOfWeek(beginning: rule.weekStart)))"
    case .monthly: return "\(GermanText.month(month)) \(year)"
    case .yearly: return "\(year)"
    }
  }

  /// `ungerade Kalenderwochen`; `nil` if other parts narrow them, or weeks do not begin on Monday.
  private var weekNumbers: String? {
    guard !rule.weekNumbers.isEmpty, rule.weekStart == .monday, rule.interval == 1,
      rule.months.isEmpty, rule.yearDays.isEmpty, rule.monthDays.isEmpty, rule.positions.isEmpty,
      rule.weekNumbers.allSatisfy({ $0 > 0 })
    else { return nil }
    switch rule.weekNumbers {
    case Set(stride(from: 1, through: 53, by: 2)): return "ungerade Kalenderwochen"
    case Set(stride(from: 2, through: 52, by: 2)): return "gerade Kalenderwochen"
    default:
      let word = rule.weekNumbers.count == 1 ? "Kalenderwoche" : "Kalenderwochen"
      return "\(word) \(GermanText.numbers(rule.weekNumbers))"
    }
  }

  // MARK: - Days

  private mutating func describeMonths() {
    if !rule.months.isEmpty { remarks.insert("nur " + GermanText.inMonths(rule.months), at: 0) }
  }

  /// `jeden ersten und dritten Montag und jeden letzten Freitag im Monat`,
  /// `jeden letzten Werktag (Montag bis Freitag) im Monat`
  private mutating func describePlaces() {
    let period: String
    if rule.months.count == 1 {
      period = GermanText.inMonths(rule.months)
    } else {
      period = rule.countsWithinMonth ? "im Monat" : "im Jahr"
      describeMonths()
    }
    if isWorkdays, !hasOrdinals {
      let places = GermanText.ordinals(rule.positions, "en")
      days = "jeden \(places) Werktag (Montag bis Freitag) \(period)"
      return
    }
    let groups = weekdays.map { day in
      // BYSETPOS counts the days of the only weekday; else BYDAY has the places.
      let places = rule.positions.isEmpty ? places(of: day) : rule.positions
      return "jeden " + (places.isEmpty ? "" : GermanText.ordinals(places, "en") + " ") + day.label
    }
    days = GermanText.list(groups) + " " + period
  }

  /// The ordinals of a weekday; none if it is also meant without one, that is every time.
  private func places(of weekday: Weekday) -> Set<Int> {
    let own = rule.days.filter { $0.weekday == weekday }
    let ordinals = own.compactMap(\.ordinal)
    return ordinals.count == own.count ? Set(ordinals) : []
  }

  /// `am 1. und 15. jedes Monats`, `am 24. Dezember`, `am letzten Tag im Februar`
  private var monthDays: String {
    let fromStart = rule.monthDays.filter { $0 > 0 }.sorted().map { "\($0)." }
    let fromEnd = GermanText.inTime(rule.monthDays.filter { $0 < 0 })
      .map { GermanText.ordinal($0, "en") }
    if rule.months.count == 1, fromEnd.isEmpty, let month = rule.months.first {
      return "am \(GermanText.list(fromStart)) \(GermanText.month(month))"
    }
    let words = GermanText.list(fromStart + fromEnd) + (fromEnd.isEmpty ? "" : " Tag")
    let months = rule.months.isEmpty ? "jedes Monats" : GermanText.inMonths(rule.months)
    return "am \(words) \(months)"
  }

  // MARK: - All parts

  private mutating func describeParts() {
    let parts = [weekPart, yearDayPart, monthPart, monthDayPart, weekdayPart].compactMap(\.self)
    let fit = parts.count == 1 ? "die zutrifft" : "die alles zutrifft"
    let list = "(" + parts.joined(separator: "; ") + ")"
    guard !rule.positions.isEmpty else {
      days = "an den Tagen, auf \(fit) \(list)"
      return
    }
    if rhythm.isEmpty { rhythm = period }
    days = "am \(GermanText.ordinals(rule.positions, "en")) der Tage, auf \(fit) \(list)"
  }

  private var period: String {
    switch rule.frequency {
    case .daily: "jeden Tag"
    case .weekly: "jede Woche" + (rule.weekStart == .monday ? "" : " (ab \(rule.weekStart.label))")
    case .monthly: "jeden Monat"
    case .yearly: "jedes Jahr"
    }
  }

  private var weekPart: String? {
    guard !rule.weekNumbers.isEmpty else { return nil }
    let fromStart = rule.weekNumbers.filter { $0 > 0 }
    let fromEnd = rule.weekNumbers.subtracting(fromStart)
    let words = [
      fromStart.isEmpty ? nil : "Kalenderwoche \(GermanText.numbers(fromStart, "oder"))",
      fromEnd.isEmpty
        ? nil : "\(GermanText.ordinals(fromEnd, "e", "oder")) Kalenderwoche des Jahres",
    ]
    return words.compactMap(\.self).joined(separator: " oder ")
      + (rule.weekStart == .monday ? "" : ", Wochen ab \(rule.weekStart.label)")
  }

  private var yearDayPart: String? {
    rule.yearDays.isEmpty ? nil : places(rule.yearDays) + " Tag des Jahres"
  }

  private var monthPart: String? {
    rule.months.isEmpty ? nil : GermanText.inMonths(rule.months)
  }

  private var monthDayPart: String? {
    rule.monthDays.isEmpty ? nil : places(rule.monthDays) + " Tag des Monats"
  }

  private func places(_ numbers: Set<Int>) -> String { GermanText.ordinals(numbers, "er", "oder") }

  private var weekdayPart: String? {
    guard !rule.days.isEmpty else { return nil }
    guard hasOrdinals else { return GermanText.weekdays(weekdays, "oder") }
    let words = weekdays.map { day in
      let numbers = places(of: day)
      return (numbers.isEmpty ? "" : places(numbers) + " ") + day.label
    }
    return GermanText.list(words, "oder") + (rule.countsWithinMonth ? " im Monat" : " im Jahr")
  }
}

extension RecurrenceRule {
  /// On which days, in German; `nil` where its first day has to say that.
  package var words: String? {
    guard !leavesDayOpen else { return nil }
    let text = RuleText(self, start: nil)
    let main = [text.rhythm, text.days].filter { !$0.isEmpty }.joined(separator: ": ")
    return ([main] + text.remarks).filter { !$0.isEmpty }.joined(separator: ", ")
  }
}
