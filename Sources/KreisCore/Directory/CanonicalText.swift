// SPDX-License-Identifier: EUPL-1.2

@_spi(_Unicode) import Swift

/// The one spelling in which text is stored, hashed and compared: NFC, trimmed, no control
/// characters, line ends as `\n`.
///
/// Two towns that type the same word must not differ by an invisible byte (I3 compares text), and
/// nobody may hide or reverse text with bidirectional controls.
package enum CanonicalText {
  /// Canonical text of at most `limit` bytes of UTF-8; `multiline` permits `\n`.
  static func of(_ raw: String, limit: Int, multiline: Bool = false) throws(Refusal) -> String {
    let text = isPlain(raw) ? raw : try normalized(raw, multiline: multiline)
    let size = text.utf8.count
    if size == 0 { throw Refusal(reason: "ist leer; zum Entfernen das Feld zurückziehen") }
    if size > limit {
      throw Refusal(reason: "ist zu lang (\(size) Bytes, erlaubt sind \(limit))")
    }
    return text
  }

  /// Whether the text certainly is canonical on one line; what is not plain is looked at closely.
  ///
  /// Plain is ASCII, Latin letters below U+0300 and the common punctuation of U+2010 to U+2027
  /// and U+2030 to U+205E: all of these are their own NFC.
  private static func isPlain(_ raw: String) -> Bool {
    var copy = raw
    return copy.withUTF8 { bytes in
      guard let first = bytes.first, let last = bytes.last, first > 0x20, last > 0x20 else {
        return bytes.isEmpty
      }
      // A no-break space at either end is C2 A0 and must be trimmed.
      if first == 0xC2 || last == 0xA0 { return false }
      var index = 0
      while index < bytes.count {
        let byte = bytes[index]
        if byte < 0x80 {
          if byte < 0x20 || byte == 0x7F { return false }
          index += 1
        } else if byte < 0xCC {
          if byte == 0xC2, bytes[index + 1] < 0xA0 { return false }
          index += 2
        } else {
          guard byte == 0xE2, isPlainPunctuation(bytes[index + 1], bytes[index + 2]) else {
            return false
          }
          index += 3
        }
      }
      return true
    }
  }

  private static func isPlainPunctuation(_ second: UInt8, _ third: UInt8) -> Bool {
    switch second {
    case 0x80: (0x90...0xA7).contains(third) || third >= 0xB0
    case 0x82: third >= 0xA0
    default: false
    }
  }

  private static func normalized(_ raw: String, multiline: Bool) throws(Refusal) -> String {
    let trimmed = trimmed(raw)
    var scalars = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in String(trimmed)._nfc {
      defer { previous = scalar }
      if multiline, scalar == "\r" || scalar == "\n" {
        if scalar == "\r" || previous != "\r" { scalars.append("\n") }
        continue
      }
      if isForbidden(scalar) {
        let code = String(scalar.value, radix: 16, uppercase: true)
        let name =
          scalar == "\n" || scalar == "\r" ? "einen Zeilenumbruch" : "das Steuerzeichen U+\(code)"
        throw Refusal(reason: "enthält \(name)")
      }
      scalars.append(scalar)
    }
    return String(scalars)
  }

  /// Without white space, line ends and tabs at both ends.
  static func trimmed(_ raw: String) -> Substring {
    let scalars = raw.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return raw[first..<scalars.index(after: last)]
  }

  /// Controls, line and paragraph separators, and what reverses the direction of writing.
  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }
}
