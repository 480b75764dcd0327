// SPDX-License-Identifier: EUPL-1.2

/// The lines of iCalendar (RFC 5545, section 3.1) and vCard (RFC 6350, section 3.2).
///
///     contentline = name *(";" parameter) ":" value CRLF
enum ContentLine {
  /// Octets that a line has at most, its end not counted.
  static let limit = 75

  /// A line of text, escaped: several texts are the components of one value, separated by
  /// semicolons.
  static func text(_ name: String, _ components: String...) -> [UInt8] {
    line(name, components.map(escaped).joined(separator: ";"))
  }

  /// A line whose value is written as it stands.
  ///
  /// - Parameter name: with its parameters, `DTSTART;VALUE=DATE`.
  static func line(_ name: String, _ value: String) -> [UInt8] { folded("\(name):\(value)") }

  /// A backslash before what separates, and line ends as `\n`.
  static func escaped(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\", ",", ";": out.append(contentsOf: ["\\", scalar])
      case "\n" where previous == "\r": break
      case "\n", "\r": out.append(contentsOf: ["\\", "n"])
      // Neither format has a way to write other control characters.
      case "\u{0}"..."\u{8}", "\u{B}"..."\u{1F}", "\u{7F}": break
      default: out.append(scalar)
      }
      previous = scalar
    }
    return String(out)
  }

  /// The line with its end, in pieces of at most 75 octets that each but the first begin with a
  /// blank; no character is split, which RFC 5545 permits and some programs do not survive.
  private static func folded(_ line: String) -> [UInt8] {
    let bytes = Array(line.utf8)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count + bytes.count / limit * 3 + 2)
    var start = 0
    while bytes.count - start > room(at: start) {
      var end = start + room(at: start)
      while bytes[end] & 0xC0 == 0x80 { end -= 1 }
      out += bytes[start..<end] + [0x0D, 0x0A, 0x20]
      start = end
    }
    return out + bytes[start...] + [0x0D, 0x0A]
  }

  /// The blank counts.
  private static func room(at start: Int) -> Int { start == 0 ? limit : limit - 1 }
}
