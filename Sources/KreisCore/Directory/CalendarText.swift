// SPDX-License-Identifier: EUPL-1.2

/// Dates and times as canonical text, in the proleptic Gregorian calendar, years 1000 to 9999.
enum CalendarText {
  /// `2014-05-21`; German order is read too.
  static func date(_ text: String) -> String? {
    guard let day = partialDate(text), day.utf8.count == 10 else { return nil }
    return day
  }

  /// `2014`, `2014-05`, `2014-05-21`, `--09-05`; read as well are `21.5.2014`, `5.2014` and `5.9.`.
  static func partialDate(_ text: String) -> String? {
    if text.contains(".") { return germanDate(text) }
    let isYearless = text.hasPrefix("--")
    let parts = (isYearless ? text.dropFirst(2) : text[...])
      .split(separator: "-", omittingEmptySubsequences: false)
    let widths = isYearless ? [2, 2] : [4, 2, 2]
    guard isYearless ? parts.count == 2 : (1...3).contains(parts.count),
      zip(parts, widths).allSatisfy({ Numerals.isDigits($0) && $0.utf8.count == $1 })
    else { return nil }
    let numbers = parts.compactMap { Int($0) }
    return isYearless
      ? assembled(year: nil, month: numbers[0], day: numbers[1])
      : assembled(
        year: numbers[0], month: numbers.count > 1 ? numbers[1] : nil,
        day: numbers.count > 2 ? numbers[2] : nil)
  }

  private static func germanDate(_ text: String) -> String? {
    var parts = text.split(separator: ".", omittingEmptySubsequences: false)
      .map { CanonicalText.trimmed(String($0)) }
    let isYearless = parts.last?.isEmpty == true
    if isYearless { parts.removeLast() }
    guard parts.allSatisfy({ Numerals.isDigits($0) && $0.utf8.count <= 4 }) else { return nil }
    let numbers = parts.compactMap { Int($0) }
    if isYearless {
      return numbers.count == 2 ? assembled(year: nil, month: numbers[1], day: numbers[0]) : nil
    }
    switch numbers.count {
    case 2: return assembled(year: numbers[1], month: numbers[0], day: nil)
    case 3: return assembled(year: numbers[2], month: numbers[1], day: numbers[0])
    default: return nil
    }
  }

  private static func assembled(year: Int?, month: Int?, day: Int?) -> String? {
    if let year, !(1000...9999).contains(year) { return nil }
    if let month, !(1...12).contains(month) { return nil }
    // Without a year 29 February is possible, as in 2000.
    if let day, let month, !(1...days(in: month, of: year ?? 2000)).contains(day) { return nil }
    let tail = [month, day].compactMap { $0.map(twoDigits) }
    return ([year.map(String.init) ?? "-"] + tail).joined(separator: "-")
  }

  /// How many days a month has.
  static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }

  static func dates(_ text: String) -> String? {
    var days: Set<String> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard days.count < 400, let day = date(String(CanonicalText.trimmed(String(part)))) else {
        return nil
      }
      days.insert(day)
    }
    return days.sorted().joined(separator: ",")
  }

  /// `HH:MM`; read as well are `9:00` and `9.00`, with `Uhr` after it.
  static func time(_ text: String) -> String? {
    var clock = text[...]
    if clock.hasSuffix("Uhr") { clock = CanonicalText.trimmed(String(clock.dropLast(3))) }
    let parts = clock.split(omittingEmptySubsequences: false, whereSeparator: { ":.".contains($0) })
    guard parts.count == 2, Numerals.isDigits(parts[0]), Numerals.isDigits(parts[1]),
      (1...2).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
      let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
    else { return nil }
    return twoDigits(hour) + ":" + twoDigits(minute)
  }

  /// `2026-05-21T14:00:00Z`.
  static func timestamp(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard bytes.count == 20, bytes[10] == UInt8(ascii: "T"), bytes[19] == UInt8(ascii: "Z"),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      date(String(text.prefix(10))) == String(text.prefix(10)),
      time(String(text.dropFirst(11).prefix(5))) != nil,
      Numerals.isDigits(text.dropFirst(17).prefix(2)), bytes[17] < UInt8(ascii: "6")
    else { return nil }
    return text
  }

  private static func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
}
