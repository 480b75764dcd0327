// SPDX-License-Identifier: EUPL-1.2

/// A quick look at the bytes of a text, because an import has it done with every one: most have nothing
/// that a sign of a case would need.
///
/// It may see a hint where there is no sign, never the other way round: every way to a sign in
/// `CaseNote` needs one of the hints here.
struct CaseNoteHints {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var hasDigit = false
  /// Four digits and no more.
  private var hasYear = false
  private var hasMonth = false
  private var hasFileWord = false

  /// Whether to look closer.
  static func mayHold(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var hints = CaseNoteHints(bytes: bytes)
      return hints.find()
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private mutating func find() -> Bool {
    var index = 0
    while index < bytes.count {
      if Self.isDigit(bytes[index]) {
        let start = index
        while index < bytes.count, Self.isDigit(bytes[index]) { index += 1 }
        if note(number: start..<index) { return true }
        continue
      }
      if isReportWord(at: index) { return true }
      if index == 0 || !Self.isLetter(bytes[index - 1]) { note(wordAt: index) }
      index += 1
    }
    return hasDigit && hasFileWord || hasYear && hasMonth
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

  /// Whether these letters, of either case, stand at `index`.
  private func stands(_ letters: StaticString, at index: Int) -> Bool {
    guard letters.utf8CodeUnitCount <= bytes.count - index else { return false }
    return (0..<letters.utf8CodeUnitCount).allSatisfy {
      bytes[index + $0] | 0x20 == letters.utf8Start[$0]
    }
  }

  /// - Returns: whether it is part of a day (12.3.2015, 2015-03-12), of a court's file number (345/20),
  ///   or the paragraph of a report (8a-Meldung).
  private mutating func note(number: Range<Int>) -> Bool {
    hasDigit = true
    if number.count == 4 { hasYear = true }
    guard number.upperBound + 1 < bytes.count else { return false }
    let next = bytes[number.upperBound + 1]
    switch bytes[number.upperBound] {
    case UInt8(ascii: "."), UInt8(ascii: "/"): return Self.isDigit(next)
    case UInt8(ascii: "-"): return number.count == 4 && Self.isDigit(next)
    case UInt8(ascii: "a"), UInt8(ascii: "A"): return next == UInt8(ascii: "-")
    default: return false
    }
  }

  /// Parts of the words for what is reported, without umlauts, which have two spellings.
  private func isReportWord(at index: Int) -> Bool {
    switch bytes[index] | 0x20 {
    case UInt8(ascii: "b"): stands("brauch", at: index)
    case UInt8(ascii: "h"):
      stands("hrdung", at: index) || stands("handl", at: index) || stands("hutnahme", at: index)
    case UInt8(ascii: "n"): stands("nachl", at: index)
    default: false
    }
  }

  /// Beginnings of the words for files and of the months.
  private mutating func note(wordAt index: Int) {
    switch bytes[index] | 0x20 {
    case UInt8(ascii: "a"):
      hasFileWord = hasFileWord || stands("az", at: index) || stands("akten", at: index)
      hasMonth = hasMonth || stands("apr", at: index) || stands("aug", at: index)
    case UInt8(ascii: "d"): hasMonth = hasMonth || stands("dez", at: index)
    case UInt8(ascii: "f"):
      hasFileWord = hasFileWord || stands("fall", at: index)
      hasMonth = hasMonth || stands("feb", at: index)
    case UInt8(ascii: "g"):
      hasFileWord = hasFileWord || stands("gz", at: index) || stands("gesch", at: index)
    case UInt8(ascii: "j"):
      hasMonth =
        hasMonth || stands("jan", at: index) || stands("jun", at: index) || stands("jul", at: index)
    // März and Mai; the umlaut may come as one character or as two.
    case UInt8(ascii: "m"): hasMonth = hasMonth || stands("mai", at: index) || isMarch(at: index)
    case UInt8(ascii: "n"): hasMonth = hasMonth || stands("nov", at: index)
    case UInt8(ascii: "o"): hasMonth = hasMonth || stands("okt", at: index)
    case UInt8(ascii: "s"): hasMonth = hasMonth || stands("sep", at: index)
    default: break
    }
  }

  private func isMarch(at index: Int) -> Bool {
    guard index + 2 < bytes.count else { return false }
    return bytes[index + 1] >= 0x80 || bytes[index + 1] | 0x20 == 0x61 && bytes[index + 2] >= 0x80
  }
}
