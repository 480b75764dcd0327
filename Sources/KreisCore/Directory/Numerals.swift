// SPDX-License-Identifier: EUPL-1.2

/// Numbers and truth values as canonical text.
enum Numerals {
  /// Decimal digits with an optional sign, no leading zeros.
  static func integer(_ text: String, in range: ClosedRange<Int>) -> String? {
    guard text.utf8.count <= 20, let value = Int(text), range.contains(value) else { return nil }
    return String(value)
  }

  /// Digits with an optional point or German comma; `-0` is `0`.
  static func decimal(_ text: String) -> String? {
    var digits = text[...]
    let isNegative = digits.hasPrefix("-")
    if isNegative { digits = digits.dropFirst() }
    let parts = digits.split(
      maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "," })
    guard let whole = parts.first, isDigits(whole) else { return nil }
    let integer = String(whole.drop { $0 == "0" })
    var fraction = ""
    if parts.count == 2 {
      guard isDigits(parts[1]) else { return nil }
      fraction = String(parts[1])
      while fraction.hasSuffix("0") { fraction.removeLast() }
    }
    guard integer.utf8.count <= 12, fraction.utf8.count <= 9 else { return nil }
    let magnitude = (integer.isEmpty ? "0" : integer) + (fraction.isEmpty ? "" : "." + fraction)
    return isNegative && magnitude != "0" ? "-" + magnitude : magnitude
  }

  /// Degrees of arc as a decimal between -limit and limit.
  static func degrees(_ text: String, limit: Double) -> String? {
    guard let canonical = decimal(text), let value = Double(canonical), abs(value) <= limit else {
      return nil
    }
    return canonical
  }

  static func boolean(_ text: String) -> String? {
    switch text.lowercased() {
    case "true", "ja", "wahr", "1": "true"
    case "false", "nein", "falsch", "0": "false"
    default: nil
    }
  }

  /// Whether the text is one or more ASCII digits.
  static func isDigits(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}
