// SPDX-License-Identifier: EUPL-1.2

/// One field of a kind of record: a line of the directory's table.
package struct Field: Hashable, Sendable {
  /// The register's number in headers. Never reused for another meaning.
  package let tag: UInt32
  package let name: String
  package let type: FieldType
  /// A set has one register per element; its elements are keys or references, never free text.
  package let isSet: Bool
  /// Where a value goes if its author names no other scope.
  package let scope: ScopeKind
  /// Whether a new record must have it.
  package let required: Bool
  /// The German name shown to people.
  package let label: String

  init(
    _ tag: UInt32, _ name: String, _ type: FieldType, _ scope: ScopeKind, _ label: String,
    set isSet: Bool = false, required: Bool = false
  ) {
    self.tag = tag
    self.name = name
    self.type = type
    self.isSet = isSet
    self.scope = scope
    self.required = required
    self.label = label
  }

  /// The canonical text of a value, or of one element of a set.
  ///
  /// - Throws: `InvalidValue`, which names the field, what was given and what is allowed.
  package func validate(_ raw: String) throws(InvalidValue) -> String {
    let text: String
    do {
      text = try type.canonical(raw)
    } catch {
      throw InvalidValue(field: name, given: raw, reason: error.reason)
    }
    if isSet, text.utf8.count > FieldType.largestElement {
      throw InvalidValue(
        field: name, given: raw,
        reason: "ist zu lang (\(text.utf8.count) Bytes, erlaubt sind \(FieldType.largestElement))")
    }
    return text
  }

  /// How a canonical value reads for people: labels of vocabulary keys, ja and nein.
  package func display(_ value: String) -> String {
    switch type {
    case .vocabulary(let vocabulary): vocabulary.label(of: value) ?? value
    case .boolean: value == "true" ? "ja" : "nein"
    default: value
    }
  }
}
