// SPDX-License-Identifier: EUPL-1.2

/// Short codes as canonical text.
enum Codes {
  /// A primary language of two or three letters and at most three subtags, all in lower case.
  static func language(_ text: String) -> String? {
    let parts = text.lowercased().split(separator: "-", omittingEmptySubsequences: false)
    guard let primary = parts.first, (2...3).contains(primary.utf8.count), parts.count <= 4,
      primary.utf8.allSatisfy(isLetter),
      parts.dropFirst().allSatisfy({
        (2...8).contains($0.utf8.count) && $0.utf8.allSatisfy { isLetter($0) || isDigit($0) }
      })
    else { return nil }
    return parts.joined(separator: "-")
  }

  static func ags(_ text: String) -> String? {
    [2, 3, 5, 8].contains(text.utf8.count) && Numerals.isDigits(text) ? text : nil
  }

  static func term(_ text: String) -> String? {
    guard let first = text.utf8.first, isLetter(first) || isDigit(first),
      text.utf8.count <= FieldType.largestElement,
      text.utf8.allSatisfy({
        isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      })
    else { return nil }
    return text
  }

  static func timezone(_ text: String) -> String? {
    if text == "UTC" { return text }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), text.utf8.count <= 64,
      parts.allSatisfy({ part in
        guard let first = part.utf8.first, (0x41...0x5A).contains(first) else { return false }
        return part.utf8.allSatisfy {
          isLetter($0 | 0x20) || isDigit($0) || "_-+".utf8.contains($0)
        }
      })
    else { return nil }
    return text
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
