// SPDX-License-Identifier: EUPL-1.2

/// Words and lists of German text about days.
enum GermanText {
  private static let months = [
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
    "November", "Dezember",
  ]
  private static let stems = ["erst", "zweit", "dritt", "viert", "fünft"]
  private static let numbers = [
    "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
  ]

  /// `a, b und c`
  static func list(_ words: [String], _ conjunction: String = "und") -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }

  static func month(_ number: Int) -> String { months[number - 1] }

  /// `2` → zwei
  static func number(_ number: Int) -> String {
    numbers.indices.contains(number - 2) ? numbers[number - 2] : String(number)
  }

  /// `5.1.2026`
  static func date(_ date: CivilDate) -> String {
    let (year, month, day) = date.parts
    return "\(day).\(month).\(year)"
  }

  /// `9:00`
  static func time(_ minute: Int) -> String {
    "\(minute / 60):" + (minute % 60 < 10 ? "0" : "") + "\(minute % 60)"
  }

  /// `1` → erst and the ending, `-2` → vorletzt, `20` → 20., each with a negative number counted
  /// from the end.
  static func ordinal(_ number: Int, _ ending: String) -> String {
    let place = abs(number)
    if number == -1 { return "letzt" + ending }
    if number == -2 { return "vorletzt" + ending }
    let stem = stems.indices.contains(place - 1) ? stems[place - 1] : nil
    if number < 0 { return (stem ?? "\(place).-") + "letzt" + ending }
    return stem.map { $0 + ending } ?? "\(place)."
  }

  /// Ordinals in the order of time: first those from the start, then those from the end.
  static func ordinals(
    _ numbers: some Sequence<Int>, _ ending: String, _ conjunction: String = "und"
  )
    -> String
  {
    list(inTime(numbers).map { ordinal($0, ending) }, conjunction)
  }

  static func inTime(_ numbers: some Sequence<Int>) -> [Int] {
    numbers.sorted { ($0 < 0 ? 1 : 0, $0) < ($1 < 0 ? 1 : 0, $1) }
  }

  /// `Montag, Mittwoch und Freitag`; three and more in a row as `Montag bis Freitag`.
  static func weekdays(_ days: some Sequence<Weekday>, _ conjunction: String = "und") -> String {
    list(runs(days.map(\.rawValue)) { Weekday(rawValue: $0)?.label ?? "" }, conjunction)
  }

  /// `im Mai und September`, `von November bis März`, `von Januar bis März und im Mai`
  static func inMonths(_ numbers: Set<Int>) -> String {
    // A season over New Year is named as one: counting begins with its first month.
    var first = 1
    if numbers.contains(1), numbers.count < 12 {
      first = 13
      while numbers.contains(first - 1) { first -= 1 }
    }
    let groups = groups(numbers.map { $0 < first ? $0 + 12 : $0 })
    func name(_ number: Int) -> String { month((number - 1) % 12 + 1) }
    let seasons = groups.filter { $0.count > 2 }
      .map { "von \(name($0.lowerBound)) bis \(name($0.upperBound))" }
    let single = groups.filter { $0.count <= 2 }.joined().map(name)
    return list(seasons + (single.isEmpty ? [] : ["im " + list(single)]))
  }

  /// `1, 5 und 10 bis 20`
  static func numbers(_ numbers: some Sequence<Int>, _ conjunction: String = "und") -> String {
    list(runs(numbers.sorted(), String.init), conjunction)
  }

  private static func runs(_ numbers: [Int], _ name: (Int) -> String) -> [String] {
    groups(numbers).flatMap { group in
      group.count > 2
        ? ["\(name(group.lowerBound)) bis \(name(group.upperBound))"] : group.map(name)
    }
  }

  /// Numbers that follow each other, together.
  private static func groups(_ numbers: [Int]) -> [ClosedRange<Int>] {
    var groups: [ClosedRange<Int>] = []
    for number in numbers.sorted() {
      if let last = groups.last, number == last.upperBound + 1 {
        groups[groups.count - 1] = last.lowerBound...number
      } else {
        groups.append(number...number)
      }
    }
    return groups
  }
}
