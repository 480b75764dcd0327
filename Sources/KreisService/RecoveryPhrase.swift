// SPDX-License-Identifier: EUPL-1.2

/// 160 random bits as a person writes them down: eight groups of four characters of Crockford's
/// base 32, which has no letter that looks like another.
///
///     7K3M-Q0ZA-…-…-…-…-…-…
package struct RecoveryPhrase: Sendable, CustomStringConvertible {
  /// 20 bytes.
  let bytes: [UInt8]

  private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
  private static let groups = 8

  package init(using random: inout some RandomNumberGenerator) {
    bytes = (0..<20).map { _ in UInt8.random(in: .min ... .max, using: &random) }
  }

  /// Reads a phrase as it was typed: case, blanks and dashes do not matter, and I, L, O are read as
  /// the digits they look like. `nil` for anything else than 32 such characters.
  package init?(text: String) {
    var values: [UInt8] = []
    for character in text.utf8 where character != 0x2D && character != 0x20 {
      let upper = character >= 0x61 && character <= 0x7A ? character - 0x20 : character
      let digit: UInt8 =
        switch upper {
        case UInt8(ascii: "O"): UInt8(ascii: "0")
        case UInt8(ascii: "I"), UInt8(ascii: "L"): UInt8(ascii: "1")
        default: upper
        }
      guard let value = Self.digits.firstIndex(of: digit) else { return nil }
      values.append(UInt8(value))
    }
    guard values.count == Self.groups * 4 else { return nil }
    var bits: UInt64 = 0
    var out: [UInt8] = []
    for (index, value) in values.enumerated() {
      bits = bits << 5 | UInt64(value)
      // Eight characters are five bytes.
      guard index % 8 == 7 else { continue }
      for shift in stride(from: 32, through: 0, by: -8) {
        out.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
      }
      bits = 0
    }
    bytes = out
  }

  package var description: String {
    var out: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 5) {
      let bits = bytes[start..<start + 5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      for index in 0..<8 {
        if index % 4 == 0, !out.isEmpty { out.append(0x2D) }
        out.append(Self.digits[Int(bits >> UInt64(35 - index * 5) & 31)])
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
