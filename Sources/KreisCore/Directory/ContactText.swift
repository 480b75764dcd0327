// SPDX-License-Identifier: EUPL-1.2

/// Telephone numbers, e-mail and internet addresses as canonical text.
///
/// These keep what was typed: an address that looks odd may still be the one on the letterhead.
enum ContactText {
  static func phone(_ text: String) -> String? {
    var digits = 0
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39: digits += 1
      case UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "/"),
        UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
        break
      default: return nil
      }
    }
    return digits >= 3 && text.utf8.count <= 40 ? text : nil
  }

  /// At most 15 digits after the plus (ITU-T E.164).
  static func e164(_ text: String) -> String? {
    let digits = text.dropFirst()
    guard text.hasPrefix("+"), Numerals.isDigits(digits), !digits.hasPrefix("0"),
      (7...15).contains(digits.utf8.count)
    else { return nil }
    return text
  }

  /// One `@`, a dot in the domain, no spaces and nothing that ends an address in a header.
  static func email(_ text: String) -> String? {
    let sign = UInt8(ascii: "@")
    guard let place = text.utf8.firstIndex(of: sign), text.utf8.count <= 254,
      (1...64).contains(text.utf8.distance(from: text.startIndex, to: place)),
      isHost(text.utf8[text.utf8.index(after: place)...]), isFree(text, of: "<>,;:\"\\")
    else { return nil }
    return text
  }

  /// At least three bytes, dots inside but none beside another, no second `@`.
  private static func isHost(_ host: Substring.UTF8View) -> Bool {
    var previous = UInt8(ascii: ".")
    var dots = 0
    var count = 0
    for byte in host {
      if byte == UInt8(ascii: "@") { return false }
      if byte == UInt8(ascii: ".") {
        if previous == byte { return false }
        dots += 1
      }
      previous = byte
      count += 1
    }
    return count >= 3 && dots > 0 && previous != UInt8(ascii: ".")
  }

  /// Whether the text has neither white space nor any of these ASCII characters.
  private static func isFree(_ text: some StringProtocol, of delimiters: StaticString) -> Bool {
    var isASCII = true
    for byte in text.utf8 {
      if byte <= 0x20 { return false }
      if byte >= 0x80 { isASCII = false }
      for offset in 0..<delimiters.utf8CodeUnitCount where delimiters.utf8Start[offset] == byte {
        return false
      }
    }
    return isASCII || text.unicodeScalars.allSatisfy { !$0.properties.isWhitespace }
  }

  /// Scheme in lower case, a host, no user information (a page that names a password is a leak).
  static func url(_ text: String) -> String? {
    let bytes = text.utf8
    guard bytes.count <= 2_000, let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
      return nil
    }
    let scheme = text[..<colon].lowercased()
    let rest = text[bytes.index(after: colon)...]
    guard scheme == "http" || scheme == "https", rest.utf8.starts(with: "//".utf8) else {
      return nil
    }
    var hasHost = false
    for byte in rest.utf8.dropFirst(2) {
      if byte == UInt8(ascii: "@") { return nil }
      if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") {
        break
      }
      hasHost = true
    }
    guard hasHost, isFree(rest, of: "<>\"\\") else { return nil }
    return scheme + ":" + rest
  }
}
