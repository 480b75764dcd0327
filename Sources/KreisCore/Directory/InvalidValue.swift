// SPDX-License-Identifier: EUPL-1.2

/// Why a type refuses a value, as the German half-sentence after the value.
package struct Refusal: Error, Hashable, Sendable {
  package let reason: String
}

/// A value that a field does not take: which field, what was given, what is allowed.
package struct InvalidValue: Error, Hashable, Sendable, CustomStringConvertible {
  package let field: String
  /// What was given, cut to a length that fits on a line.
  package let given: String
  package let reason: String

  package init(field: String, given: String, reason: String) {
    self.field = field
    self.given = Self.shortened(given)
    self.reason = reason
  }

  package var description: String { "\(field): „\(given)“ \(reason)." }

  static func shortened(_ text: String) -> String {
    let printable = text.unicodeScalars.map { $0.properties.generalCategory == .control ? "␣" : $0 }
    var result = ""
    result.unicodeScalars.append(contentsOf: printable.prefix(60))
    return printable.count > 60 ? result + "…" : result
  }
}
