// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// How offices write what the directory has one spelling for.
enum OfficeSpelling {
  /// A cell's text as a value of the field takes it: telephone numbers with any dash and a word in
  /// front, internet addresses without a scheme, languages by name.
  static func plain(_ text: String, of field: Field) -> String {
    switch field.type {
    case .phone, .e164: phone(text)
    case .language: LanguageNames.code(of: text) ?? text
    case .url: text.wholeMatch(of: /[\w-]+(\.[\w-]+)+(\/\S*)?/) == nil ? text : "https://" + text
    default: text
    }
  }

  private static let words = ["telefon", "tel", "fax", "mobil", "handy", "fon"]

  private static func phone(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x2010...0x2015, 0x2212: out.append("-")
      case 0xA0, 0x2007, 0x2009, 0x202F: out.append(" ")
      default: out.append(scalar)
      }
    }
    let plain = String(out).trimmingBlanks()
    let lowered = plain.lowercased()
    guard let word = words.first(where: { lowered.hasPrefix($0) }) else { return String(plain) }
    return String(plain.dropFirst(word.count).drop { ".: ".contains($0) })
  }
}

extension RecordKind {
  /// The field that a column of somebody's table is called after: by its name, its German label, or
  /// its label without what stands in parentheses where that is clear.
  func field(calling title: String) throws(UnknownName) -> Field {
    if let field = try? field(named: title) { return field }
    let wanted = title.lowercased()
    if let field = fields.first(where: { $0.label.lowercased() == wanted }) { return field }
    let short = fields.filter { field in
      guard let open = field.label.firstIndex(of: "(") else { return false }
      return field.label[..<open].lowercased().split(separator: " ").joined(separator: " ")
        == wanted
    }
    return short.count == 1 ? short[0] : try field(named: title)
  }
}

extension Schema {
  /// The kind of this name or German label.
  func kind(calling title: String) throws(UnknownName) -> RecordKind {
    if let kind = try? kind(named: title) { return kind }
    let wanted = title.lowercased()
    let known = kinds.first {
      $0.label.lowercased() == wanted || $0.pluralLabel.lowercased() == wanted
    }
    if let known { return known }
    return try kind(named: title)
  }
}
