// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Languages by their German names.
package enum LanguageLabel {
  package static func text(_ code: String) -> String { names[code] ?? code }

  /// The code of a name; what is none as it stands.
  package static func code(_ text: String) -> String {
    let plain = text.trimmingCharacters(in: .whitespaces)
    return names.first { $0.value.lowercased() == plain.lowercased() }?.key ?? plain
  }

  private static let names = [
    "de": "Deutsch", "en": "Englisch", "tr": "Türkisch", "ar": "Arabisch", "ru": "Russisch",
    "uk": "Ukrainisch", "pl": "Polnisch", "ro": "Rumänisch", "bg": "Bulgarisch",
    "it": "Italienisch",
    "es": "Spanisch", "fr": "Französisch", "pt": "Portugiesisch", "el": "Griechisch",
    "sq": "Albanisch", "sr": "Serbisch", "hr": "Kroatisch", "ku": "Kurdisch", "fa": "Persisch",
    "prs": "Dari", "ps": "Paschtu", "ti": "Tigrinya", "so": "Somali", "zh": "Chinesisch",
    "vi": "Vietnamesisch", "hu": "Ungarisch", "nl": "Niederländisch", "ur": "Urdu",
    "gsg": "Deutsche Gebärdensprache",
  ]
}
