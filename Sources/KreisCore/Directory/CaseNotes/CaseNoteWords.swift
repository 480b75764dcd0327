// SPDX-License-Identifier: EUPL-1.2

/// A word of a free text, without the punctuation around it.
struct CaseNoteWord {
  let text: Substring
  let lower: String

  /// Begins with a capital letter and goes on with small ones: `Beispiel`, `Müller-Lüdenscheidt`.
  var isName: Bool {
    guard let first = text.first, first.isUppercase, text.count > 1 else { return false }
    return text.dropFirst().contains(where: \.isLowercase) && !text.contains(where: \.isNumber)
  }

  /// `B.`
  var isInitial: Bool { text.count == 1 && text.first?.isUppercase == true }

  var isNumber: Bool { Numerals.isDigits(text) }

  /// `345/20`
  var isSlashedNumber: Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy(Numerals.isDigits)
  }

  /// A day with its year: `12.3.2015`, `12.03.15`, `2015-03-12`.
  var isFullDate: Bool {
    if CalendarText.date(String(text)) != nil { return true }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3 && parts.allSatisfy(Numerals.isDigits) && parts[2].utf8.count == 2
      && CalendarText.date("\(parts[0]).\(parts[1]).20\(parts[2])") != nil
  }
}

/// The words of a free text.
struct CaseNoteWords {
  private let words: [CaseNoteWord]

  init(_ text: String) {
    var words: [CaseNoteWord] = []
    for part in text.split(whereSeparator: { $0.isWhitespace || "()[]„“”\"»«,;".contains($0) }) {
      if part == "*" {
        words.append(CaseNoteWord(text: part, lower: "*"))
        continue
      }
      var rest = part
      // A birth sign may be glued to the day.
      if rest.hasPrefix("*") {
        words.append(CaseNoteWord(text: rest.prefix(1), lower: "*"))
        rest = rest.dropFirst()
      }
      while let last = rest.last, ".:!?–-".contains(last) { rest = rest.dropLast() }
      guard !rest.isEmpty else { continue }
      // „Az.:51-12/19“ and „geb.12.3.2015“ without a blank.
      if let split = Self.glued(rest) {
        words.append(
          CaseNoteWord(text: split.0, lower: split.0.lowercased()))
        rest = split.1
      }
      words.append(
        CaseNoteWord(text: rest, lower: rest.lowercased()))
    }
    self.words = words
  }

  private static func glued(_ word: Substring) -> (Substring, Substring)? {
    for marker in ["geb.", "Geb.", "Az.:", "AZ.:", "Az:", "AZ:", "Az.", "AZ."] {
      guard word.hasPrefix(marker), word.dropFirst(marker.count).first?.isNumber == true else {
        continue
      }
      let letters = marker.prefix { $0.isLetter }.count
      return (word.prefix(letters), word.dropFirst(marker.count))
    }
    return nil
  }

  var indices: Range<Int> { words.indices }

  subscript(_ index: Int) -> CaseNoteWord { words[index] }

  func optional(_ index: Int) -> CaseNoteWord? {
    words.indices.contains(index) ? words[index] : nil
  }

  private static let months: Set<String> = [
    "januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober",
    "november", "dezember",
  ]

  /// Whether a day with its year begins here: `12.3.2015`, `12. März 2015`.
  func hasDate(at index: Int) -> Bool {
    guard let first = optional(index) else { return false }
    if first.isFullDate { return true }
    guard first.isNumber, first.text.utf8.count <= 2, let month = optional(index + 1),
      Self.months.contains(month.lower), let year = optional(index + 2)
    else { return false }
    return year.isNumber && year.text.utf8.count == 4
  }
}
