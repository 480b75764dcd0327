// SPDX-License-Identifier: EUPL-1.2

/// German names in a form in which spellings of one name are equal.
package enum GermanName {
  /// Lower case, umlauts written out, without accents, words separated by single spaces.
  package static func plain(_ text: String) -> String {
    words(text).joined(separator: " ")
  }

  /// The words that tell names apart, in alphabetical order, abbreviations written out, without legal
  /// forms, titles and fill words: `Städt. Kita „Löwenzahn“ e.V.` is `kita loewenzahn staedtisch`.
  package static func key(_ text: String) -> [String] {
    let meaningful = words(text).map { abbreviations[$0] ?? $0 }.filter { !fillers.contains($0) }
    return Set(meaningful).sorted()
  }

  /// A street with its number, `Str.` written out.
  package static func street(_ text: String) -> String {
    var out = ""
    for word in words(text) {
      out += word.hasSuffix("str") ? word + "asse" : abbreviations[word] ?? word
    }
    return out
  }

  /// The words in this form, in their order.
  package static func words(_ text: String) -> [String] { germanWords(text) ?? allWords(text) }

  /// The same of a text that has no other letters than German ones, as nearly all have: by its bytes.
  ///
  /// - Returns: `nil` for any other.
  private static func germanWords(_ text: String) -> [String]? {
    var words: [String] = []
    var word: [UInt8] = []
    var bytes = text.utf8.makeIterator()
    func end() {
      guard !word.isEmpty else { return }
      words.append(String(decoding: word, as: UTF8.self))
      word.removeAll(keepingCapacity: true)
    }
    while let byte = bytes.next() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        word.append(byte)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(byte | 0x20)
      case 0..<0x80: end()
      case 0xC3:
        switch bytes.next() {
        case 0xA4, 0x84: word += "ae".utf8
        case 0xB6, 0x96: word += "oe".utf8
        case 0xBC, 0x9C: word += "ue".utf8
        case 0x9F: word += "ss".utf8
        default: return nil
        }
      // U+2000 to U+203F: blanks, dashes and quotation marks.
      case 0xE2:
        guard bytes.next() == 0x80 else { return nil }
        _ = bytes.next()
        end()
      default: return nil
      }
    }
    end()
    return words
  }

  private static func allWords(_ text: String) -> [String] {
    var words: [String] = []
    var word = ""
    for scalar in text.lowercased().unicodeScalars {
      let isLetterOrDigit: Bool
      if scalar.isASCII {
        // Most are; what Unicode says of the others is looked up in tables.
        isLetterOrDigit = ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar)
      } else if let plain = letters[scalar] {
        word += plain
        continue
      } else {
        isLetterOrDigit = scalar.properties.isAlphabetic
        if !isLetterOrDigit, scalar.properties.generalCategory == .nonspacingMark { continue }
      }
      if isLetterOrDigit {
        word.unicodeScalars.append(scalar)
      } else if !word.isEmpty {
        words.append(word)
        word = ""
      }
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  private static let letters: [Unicode.Scalar: String] = [
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "á": "a", "à": "a", "â": "a", "é": "e", "è": "e",
    "ê": "e", "í": "i", "ó": "o", "ô": "o", "ú": "u", "ç": "c", "ğ": "g", "ı": "i", "ş": "s",
    "ł": "l", "ń": "n", "ś": "s", "ż": "z", "ź": "z", "č": "c", "š": "s", "ž": "z", "ć": "c",
    "ø": "oe", "å": "a", "ñ": "n",
  ]

  private static let abbreviations = [
    "str": "strasse", "st": "sankt", "kath": "katholisch", "katholische": "katholisch",
    "katholischer": "katholisch", "katholisches": "katholisch", "ev": "evangelisch",
    "evangelische": "evangelisch", "evangelischer": "evangelisch", "evangelisches": "evangelisch",
    "staedt": "staedtisch", "staedtische": "staedtisch", "staedtischer": "staedtisch",
    "staedtisches": "staedtisch", "kindertagesstaette": "kita", "kindertageseinrichtung": "kita",
    "kindergarten": "kita", "tageseinrichtung": "kita", "famz": "familienzentrum",
    "fz": "familienzentrum", "gs": "grundschule", "dr": "", "med": "", "prof": "",
  ]

  private static let fillers: Set<String> = [
    "", "der", "die", "das", "des", "dem", "den", "und", "fuer", "in", "im", "am", "an", "zu",
    "zur",
    "zum", "von", "vom", "bei", "e", "v", "ggmbh", "gmbh", "mbh", "g", "gag", "gug", "kg", "frau",
    "herr", "herrn", "dipl", "paed",
  ]
}
