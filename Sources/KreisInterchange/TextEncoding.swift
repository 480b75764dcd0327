// SPDX-License-Identifier: EUPL-1.2

/// The encoding of an imported table.
package enum TextEncoding: String, Sendable {
  case utf8 = "UTF-8"
  /// What Excel writes as "CSV" on a German Windows.
  case windows1252 = "Windows-1252"

  /// UTF-8 if the head of a file can be that, Windows-1252 otherwise.
  ///
  /// - Parameter isComplete: whether the file ends with these bytes; else the last character may be
  ///   cut.
  static func detected(in head: some BidirectionalCollection<UInt8>, isComplete: Bool)
    -> TextEncoding
  {
    if String(validating: head, as: UTF8.self) != nil { return .utf8 }
    guard !isComplete else { return .windows1252 }
    let cut = head.reversed().prefix(4).prefix { $0 & 0xC0 == 0x80 }.count
    let whole = head.dropLast(cut + 1)
    return String(validating: whole, as: UTF8.self) != nil ? .utf8 : .windows1252
  }

  /// The text of the bytes; `nil` where a byte has no meaning.
  func decode(_ bytes: [UInt8]) -> String? {
    switch self {
    case .utf8: return String(validating: bytes, as: UTF8.self)
    case .windows1252:
      var scalars = String.UnicodeScalarView()
      for byte in bytes {
        let scalar = (0x80...0x9F).contains(byte) ? Self.upper[Int(byte - 0x80)] : UInt32(byte)
        guard let scalar = Unicode.Scalar(scalar), scalar.value != Self.undefined else {
          return nil
        }
        scalars.append(scalar)
      }
      return String(scalars)
    }
  }

  private static let undefined: UInt32 = 0xFFFD
  /// The meaning of 0x80 to 0x9F (WHATWG Encoding, index windows-1252, less its C1 controls).
  private static let upper: [UInt32] = [
    0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
  ]
}
