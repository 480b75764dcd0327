// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisPages

/// On which days office hours are held, as people tick it; the rule of RFC 5545 that says the same.
struct Rhythm: Equatable {
  enum Art: String, CaseIterable {
    case weekly = "woche"
    case oddWeeks = "ungerade"
    case evenWeeks = "gerade"
    case secondWeeks = "zweite"
    case monthly = "monat"
    case once = "einmal"
    case byAppointment = "vereinbarung"
    /// A rule that has no place in the form, and stays as it is.
    case other = "anders"

    var label: String {
      switch self {
      case .weekly: "jede Woche"
      case .oddWeeks: "in ungeraden Kalenderwochen"
      case .evenWeeks: "in geraden Kalenderwochen"
      case .secondWeeks: "alle zwei Wochen, gezählt ab dem ersten Termin"
      case .monthly: "jeden Monat"
      case .once: "nur einmal, am ersten Termin"
      case .byAppointment: "nach Vereinbarung, ohne feste Tage"
      case .other: "so, wie es jetzt eingetragen ist"
      }
    }

    var hasDays: Bool { self != .once && self != .byAppointment && self != .other }
  }

  var art: Art
  /// Codes of RFC 5545.
  var days: Set<String> = []
  /// The first to fourth of a month; -1: the last.
  var weeks: Set<Int> = []
  /// Of `other`.
  private var kept: String?

  static let weekly = Rhythm(art: .weekly)
  static let dayCodes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
  static let weekNames = [
    (1, "ersten"), (2, "zweiten"), (3, "dritten"), (4, "vierten"), (-1, "letzten"),
  ]

  private static let odd = stride(from: 1, through: 53, by: 2).map(String.init).joined(
    separator: ",")
  private static let even = stride(from: 2, through: 52, by: 2).map(String.init)
    .joined(separator: ",")

  init(art: Art) { self.art = art }

  // MARK: - From a rule

  /// - Parameters:
  ///   - rule: canonical; empty if there is none.
  ///   - start: the first day; empty if there is none.
  init(rule: String, start: String) {
    if rule.isEmpty {
      self.init(art: start.isEmpty ? .byAppointment : .once)
    } else if let known = Self.known(rule) {
      self = known
    } else {
      self.init(art: .other)
      kept = rule
    }
  }

  private static func known(_ rule: String) -> Rhythm? {
    var parts: [Substring: Substring] = [:]
    for part in rule.split(separator: ";") {
      let sides = part.split(separator: "=", maxSplits: 1)
      guard sides.count == 2 else { return nil }
      parts[sides[0]] = sides[1]
    }
    guard parts.removeValue(forKey: "WKST") ?? "MO" == "MO" else { return nil }
    let frequency = parts.removeValue(forKey: "FREQ") ?? ""
    let interval = parts.removeValue(forKey: "INTERVAL") ?? "1"
    let days = (parts.removeValue(forKey: "BYDAY") ?? "").split(separator: ",").map(String.init)
    switch (frequency, interval) {
    case ("DAILY", "1") where parts.isEmpty && days.isEmpty:
      return Rhythm(.weekly, Set(dayCodes))
    case ("WEEKLY", "1") where parts.isEmpty && !days.isEmpty: return Rhythm(.weekly, Set(days))
    case ("WEEKLY", "2") where parts.isEmpty && !days.isEmpty:
      return Rhythm(.secondWeeks, Set(days))
    case ("YEARLY", "1") where parts.count == 1 && days.allSatisfy(dayCodes.contains):
      switch parts["BYWEEKNO"].map(String.init) {
      case odd?: return Rhythm(.oddWeeks, Set(days))
      case even?: return Rhythm(.evenWeeks, Set(days))
      default: return nil
      }
    case ("MONTHLY", "1") where parts.isEmpty: return monthly(days)
    default: return nil
    }
  }

  /// `1MO,3MO`, also of several weekdays if each has the same places.
  private static func monthly(_ days: [String]) -> Rhythm? {
    var places: [String: Set<Int>] = [:]
    for day in days {
      guard let place = Int(day.dropLast(2)), weekNames.contains(where: { $0.0 == place }) else {
        return nil
      }
      places[String(day.suffix(2)), default: []].insert(place)
    }
    guard let weeks = places.values.first, places.values.allSatisfy({ $0 == weeks }) else {
      return nil
    }
    return Rhythm(.monthly, Set(places.keys), weeks)
  }

  private init(_ art: Art, _ days: Set<String>, _ weeks: Set<Int> = []) {
    (self.art, self.days, self.weeks) = (art, days, weeks)
  }

  // MARK: - From a form

  init(_ form: FormValues) {
    art = form["r.art"].flatMap { Art(rawValue: $0) } ?? .weekly
    if art.hasDays { days = Set(form.all("r.tag")).intersection(Self.dayCodes) }
    if art == .monthly {
      weeks = Set(form.all("r.woche").compactMap { Int($0) })
        .intersection(Self.weekNames.map(\.0))
    }
    if art == .other { kept = form["r.regel"] }
  }

  // MARK: - To a rule

  /// Why it says nothing yet.
  var missing: String? {
    guard art.hasDays else { return nil }
    if days.isEmpty { return "Bitte mindestens einen Wochentag ankreuzen." }
    if art == .monthly, weeks.isEmpty {
      return "Bitte ankreuzen, der wievielte Wochentag im Monat gemeint ist."
    }
    return nil
  }

  /// `nil` if there is none to write.
  var rule: String? {
    let days = Self.dayCodes.filter(self.days.contains)
    let list = days.joined(separator: ",")
    guard missing == nil else { return nil }
    switch art {
    case .weekly: return "FREQ=WEEKLY;BYDAY=\(list)"
    case .secondWeeks: return "FREQ=WEEKLY;INTERVAL=2;BYDAY=\(list)"
    // A rule for every second week would be wrong after a year of 53 weeks.
    case .oddWeeks: return "FREQ=YEARLY;WKST=MO;BYWEEKNO=\(Self.odd);BYDAY=\(list)"
    case .evenWeeks: return "FREQ=YEARLY;WKST=MO;BYWEEKNO=\(Self.even);BYDAY=\(list)"
    case .monthly:
      let places = Self.weekNames.map(\.0).filter(weeks.contains)
      let each = days.flatMap { day in places.map { "\($0)\(day)" } }
      return "FREQ=MONTHLY;BYDAY=\(each.joined(separator: ","))"
    case .once, .byAppointment: return nil
    case .other: return kept
    }
  }
}
