/// The recurrence rule of RFC 5545, section 3.3.10, as canonical text.
///
/// Only the form is checked here, part by part. Parts are put into one order, so that two spellings
/// of a rule are one value.
enum RecurrenceText {
  private static let order = [
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY",
    "BYDAY", "BYHOUR", "BYMINUTE", "BYSETPOS",
  ]
  private static let weekdays: Set<Substring> = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

  static func canonical(_ text: String) -> String? {
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
    return order.compactMap { name in parts[name[...]].map { "\(name)=\($0)" } }
      .joined(separator: ";")
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
    let hasValidClock =
      clock.isEmpty
      || (clock.hasPrefix("T") && Numerals.isDigits(clock.dropFirst().prefix(6))
        && (clock.utf8.count == 7 || clock.utf8.count == 8 && clock.hasSuffix("Z")))
    return CalendarText.date(iso) != nil && hasValidClock
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
