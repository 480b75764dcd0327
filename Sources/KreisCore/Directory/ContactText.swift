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
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].utf8.count), text.utf8.count <= 254,
      isHost(parts[1]), isFree(text, of: "<>,;:\"\\")
    else { return nil }
    return text
  }

  private static func isHost(_ host: Substring) -> Bool {
    host.utf8.count >= 3 && host.contains(".") && !host.hasPrefix(".") && !host.hasSuffix(".")
      && !host.contains("..")
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
    guard text.utf8.count <= 2_000, let colon = text.firstIndex(of: ":") else { return nil }
    let scheme = text[..<colon].lowercased()
    let rest = text[text.index(after: colon)...]
    guard scheme == "http" || scheme == "https", rest.hasPrefix("//") else { return nil }
    let host = rest.dropFirst(2).prefix { !"/?#".contains($0) }
    guard !host.isEmpty, !host.contains("@"),
      isFree(rest, of: "<>\"\\")
    else { return nil }
    return scheme + ":" + rest
  }
}
