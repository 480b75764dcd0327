// SPDX-License-Identifier: EUPL-1.2

extension OfficeHours {
  /// Exceptions that are named one by one.
  private static let namedExceptions = 5

  /// The office hours as people write them, `ungerade Kalenderwochen: Dienstag 9:00-11:30 Uhr`.
  ///
  /// - Parameter today: what is over by then is not mentioned.
  /// - Returns: an empty text if nothing about days and times is known.
  package func text(on today: CivilDate) -> String {
    let words = rule.map { RuleText($0, start: start) }
    var days = words?.days ?? ""
    if rule == nil, let start { days = "\(start.weekday.label), \(GermanText.date(start))," }
    if times.isEmpty, days.hasSuffix(",") { days.removeLast() }
    let core = [days, times].filter { !$0.isEmpty }.joined(separator: " ")
    let main = [words?.rhythm ?? "", core].filter { !$0.isEmpty }.joined(separator: ": ")
    let remarks =
      (words?.remarks ?? []) + [holidayText, exceptionText(on: today)].compactMap(\.self)
      + periodText(on: today)
      + (timeZone == Self.defaultTimeZone ? [] : ["Zeitzone \(timeZone)"])
    return ([main] + remarks).filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// `9:00-11:30 Uhr`
  private var times: String {
    switch (opensAt, closesAt) {
    case (let opens?, let closes?):
      "\(GermanText.time(opens))-\(GermanText.time(closes)) Uhr"
    case (let opens?, nil): "ab \(GermanText.time(opens)) Uhr"
    case (nil, let closes?): "bis \(GermanText.time(closes)) Uhr"
    case (nil, nil): ""
    }
  }

  private var holidayText: String? {
    isClosedInSchoolHolidays ? "nicht in den Schulferien" : nil
  }

  private func exceptionText(on today: CivilDate) -> String? {
    let coming = exceptions.filter { $0 >= today }.sorted()
    guard !coming.isEmpty else { return nil }
    var words = coming.prefix(Self.namedExceptions).map(GermanText.date)
    let others = coming.count - words.count
    if others > 0 { words.append(others == 1 ? "einem weiteren Tag" : "\(others) weiteren Tagen") }
    return "nicht am " + GermanText.list(words)
  }

  private func periodText(on today: CivilDate) -> [String] {
    guard let rule else { return [] }
    var words: [String] = []
    let first = [start, validFrom].compactMap(\.self).max()
    if let count = rule.count {
      let from = start.map { " ab \(GermanText.date($0))" } ?? ""
      words.append((count == 1 ? "ein Termin" : "\(count) Termine") + from)
      if let validFrom, validFrom > start ?? validFrom, validFrom > today {
        words.append("ab \(GermanText.date(validFrom))")
      }
    } else if let first, first > today {
      words.append("ab \(GermanText.date(first))")
    }
    if let last { words.append("bis \(GermanText.date(last))") }
    return words
  }

  /// `Dienstag, 24.11.2026, 9:00-11:30 Uhr`
  ///
  /// - Parameter isMarked: whether it says itself that it is going on.
  package func text(of opening: Opening, isMarked: Bool = true) -> String {
    let day = "\(opening.date.weekday.label), \(GermanText.date(opening.date))"
    return [day, times].filter { !$0.isEmpty }.joined(separator: ", ")
      + (opening.isNow && isMarked ? " (jetzt)" : "")
      + (opening.isUncertain ? " (sofern keine Schulferien sind)" : "")
  }
}
