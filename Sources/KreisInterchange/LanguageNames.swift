// SPDX-License-Identifier: EUPL-1.2

/// Codes of the languages that directories name in words, by their German and English names.
enum LanguageNames {
  /// The code (BCP 47) of a name; `nil` if it is none of these.
  static func code(of name: String) -> String? { codes[name.lowercased()] }

  private static let codes: [String: String] = [
    "albanisch": "sq", "albanian": "sq", "arabisch": "ar", "arabic": "ar", "bulgarisch": "bg",
    "bulgarian": "bg", "chinesisch": "zh", "chinese": "zh", "dari": "prs", "deutsch": "de",
    "german": "de", "englisch": "en", "english": "en", "farsi": "fa", "persisch": "fa",
    "persian": "fa", "französisch": "fr", "french": "fr", "gebärdensprache": "gsg",
    "griechisch": "el", "greek": "el", "hebräisch": "he", "hebrew": "he", "italienisch": "it",
    "italian": "it", "japanisch": "ja", "japanese": "ja", "koreanisch": "ko", "korean": "ko",
    "kroatisch": "hr", "croatian": "hr", "kurdisch": "ku", "kurdish": "ku", "niederländisch": "nl",
    "dutch": "nl", "paschtu": "ps", "pashto": "ps", "polnisch": "pl", "polish": "pl",
    "portugiesisch": "pt", "portuguese": "pt", "rumänisch": "ro", "romanian": "ro",
    "russisch": "ru", "russian": "ru", "serbisch": "sr", "serbian": "sr", "somali": "so",
    "spanisch": "es", "spanish": "es", "tigrinya": "ti", "türkisch": "tr", "turkish": "tr",
    "ukrainisch": "uk", "ukrainian": "uk", "ungarisch": "hu", "hungarian": "hu", "urdu": "ur",
    "vietnamesisch": "vi", "vietnamese": "vi",
  ]
}
