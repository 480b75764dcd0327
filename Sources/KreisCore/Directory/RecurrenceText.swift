// SPDX-License-Identifier: EUPL-1.2

/// The recurrence rule of RFC 5545, section 3.3.10, as canonical text.
///
/// The form is checked here, part by part; `RecurrenceRule` says whether the parts go together. Parts
/// are put into one order, so that two spellings of a rule are one value.
enum RecurrenceText {
  private static let order = [
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY",
    "BYDAY", "BYHOUR", "BYMINUTE", "BYSETPOS",
  ]
  private static let weekdays: Set<Substring> = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

  static let refusal = Refusal(
    reason: "ist keine Wiederholungsregel (RFC 5545; Beispiel: FREQ=WEEKLY;BYDAY=TU,TH)")

  /// - Throws: `Refusal` if the form is wrong, or the rule is one that cannot be computed.
  static func canonical(_ text: String) throws(Refusal) -> String {
    guard let parts = parts(text) else { throw refusal }
    let rule = order.compactMap { name in parts[name[...]].map { "\(name)=\($0)" } }
      .joined(separator: ";")
    _ = try RecurrenceRule(rule)
    return rule
  }

  /// The parts by their names; `nil` if the form is wrong.
  static func parts(_ text: String) -> [Substring: Substring]? {
    var rule = text.uppercased()[...]
    if rule.hasPrefix("RRULE:") { rule = rule.dropFirst(6) }
    guard rule.utf8.count <= 500 else { return nil }
    var parts: [Substring: Substring] = [:]
    for part in rule.split(separator: ";", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, isValid(pair[0], pair[1]),
        parts.updateValue(pair[1], forKey: pair[0]) == nil
      else { return nil }
    }
    // RFC 5545: FREQ is required, UNTIL and COUNT exclude each other.
    guard parts["FREQ"] != nil, parts["UNTIL"] == nil || parts["COUNT"] == nil else { return nil }
    return parts
  }

  private static func isValid(_ name: Substring, _ value: Substring) -> Bool {
    switch name {
    case "FREQ": ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"].contains(value)
    case "INTERVAL", "COUNT": isNumber(value, in: 1...9_999, signed: false)
    case "UNTIL": isUntil(value)
    case "WKST": weekdays.contains(value)
    case "BYMONTH": isList(value, in: 1...12, signed: false)
    case "BYWEEKNO": isList(value, in: 1...53, signed: true)
    case "BYYEARDAY", "BYSETPOS": isList(value, in: 1...366, signed: true)
    case "BYMONTHDAY": isList(value, in: 1...31, signed: true)
    case "BYHOUR": isList(value, in: 0...23, signed: false)
    case "BYMINUTE": isList(value, in: 0...59, signed: false)
    case "BYDAY": value.split(separator: ",", omittingEmptySubsequences: false).allSatisfy(isDay)
    default: false
    }
  }

  /// `TU`, or with an ordinal `-1MO`.
  private static func isDay(_ text: Substring) -> Bool {
    let ordinal = text.dropLast(2)
    return weekdays.contains(text.suffix(2))
      && (ordinal.isEmpty || isNumber(ordinal, in: 1...53, signed: true))
  }

  private static func isUntil(_ text: Substring) -> Bool {
    let day = text.prefix(8)
    guard Numerals.isDigits(day), day.utf8.count == 8 else { return false }
    let iso = "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))"
    let clock = text.dropFirst(8)
    return CalendarText.date(iso) != nil && (clock.isEmpty || isClock(clock))
  }

  /// `T235959`, or with a `Z`.
  private static func isClock(_ text: Substring) -> Bool {
    let digits = text.dropFirst().prefix(6)
    return text.hasPrefix("T") && digits.utf8.count == 6 && Numerals.isDigits(digits)
      && CalendarText.time("\(digits.prefix(2)):\(digits.dropFirst(2).prefix(2))") != nil
      && ["", "Z"].contains(text.dropFirst(7))
  }

  private static func isList(_ text: Substring, in range: ClosedRange<Int>, signed: Bool) -> Bool {
    text.split(separator: ",", omittingEmptySubsequences: false)
      .allSatisfy { isNumber($0, in: range, signed: signed) }
  }

  private static func isNumber(
    _ text: Substring, in range: ClosedRange<Int>, signed: Bool
  ) -> Bool {
    var digits = text
    if signed, digits.hasPrefix("-") || digits.hasPrefix("+") { digits = digits.dropFirst() }
    guard Numerals.isDigits(digits), digits.utf8.count <= 4, let value = Int(digits) else {
      return false
    }
    return range.contains(value)
  }
}
