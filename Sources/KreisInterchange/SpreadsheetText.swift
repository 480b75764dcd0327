// SPDX-License-Identifier: EUPL-1.2

/// Text that a spreadsheet neither computes nor changes.
///
/// Excel takes a cell of a text file for a formula if it starts with `=`, `+`, `-`, `@`, a tab or a
/// carriage return, and for a number or date if it looks like one: `+492214710244` becomes 4,92E+11,
/// the municipality key `05962008` loses its zero, the room `2-12` becomes 2 December. Such text gets
/// an apostrophe in front: it stays readable, `'+49 221 4710-244`, and what is read back is the same.
enum SpreadsheetText {
  private static let apostrophe: Character = "'"
  /// With the full-width forms, which spreadsheets read alike.
  private static let starts: Set<Unicode.Scalar> = [
    "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
  ]
  /// Digits up to which Excel shows a number as it was typed.
  private static let plainDigits = 11

  static func protected(_ text: String) -> String {
    needsProtection(text) ? String(apostrophe) + text : text
  }

  /// The inverse of `protected`, and what other programs' apostrophes mean.
  static func unprotected(_ text: String) -> String {
    guard text.first == apostrophe else { return text }
    let rest = String(text.dropFirst())
    return needsProtection(rest) ? rest : text
  }

  /// Apostrophes in front do not count, so that none that was there before is lost.
  private static func needsProtection(_ text: String) -> Bool {
    let rest = text.drop { $0 == apostrophe }
    guard let first = rest.unicodeScalars.first else { return false }
    return starts.contains(first) || isNumberLike(rest.utf8)
  }

  /// Digits alone that lose zeros or places, `2E3`, and up to three groups of at most four digits,
  /// `2-12`, `02/2014`, `1.5.26`.
  private static func isNumberLike(_ text: Substring.UTF8View) -> Bool {
    var groups = [0]
    var hasExponent = false
    for byte in text {
      switch byte {
      case 0x30...0x39: groups[groups.count - 1] += 1
      case UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: ":"):
        groups.append(0)
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        hasExponent = true
        groups.append(0)
      default: return false
      }
      if groups.count > 3 { return false }
    }
    if hasExponent { return groups.count == 2 && !groups.contains(0) }
    if groups.count == 1 {
      return groups[0] > plainDigits || (groups[0] > 1 && text.first == UInt8(ascii: "0"))
    }
    return groups.dropLast().allSatisfy { (1...4).contains($0) }
      && (groups.last.map { $0 <= 4 } ?? false)
  }
}
