// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// A record as one sort of readers may see it, for the writers of formats other than rows.
package struct ExportRecord: Sendable {
  package let id: String
  package let kind: RecordKind
  /// Whether the place must not be handed out, whoever may read it here: a women's shelter.
  package let isPlaceProtected: Bool
  /// When somebody last wrote what these readers see of it, seconds since 1970.
  package let modified: UInt64
  private let values: [String: [String]]

  /// - Parameters:
  ///   - values: canonical values by the names of their fields; of a set all elements.
  ///   - isPlaceProtected: whether some scope says so, also one that these values are not from.
  package init(
    id: String, kind: RecordKind, values: [String: [String]], isPlaceProtected: Bool = false,
    modified: UInt64 = 0
  ) {
    self.modified = modified
    self.id = id
    self.kind = kind
    self.values = values
    self.isPlaceProtected = isPlaceProtected
  }

  package var isEmpty: Bool { values.isEmpty }

  /// The value of a field; of a set its first element.
  package subscript(field: String) -> String? { values[field]?.first }

  package func elements(_ field: String) -> [String] { values[field] ?? [] }

  /// How a field's value reads for people.
  func display(_ field: String) -> String? {
    guard let value = self[field] else { return nil }
    return (try? kind.field(named: field))?.display(value) ?? value
  }

  /// The values of all fields that are no sets.
  var singleValues: [String: String] {
    var out: [String: String] = [:]
    for field in kind.fields where !field.isSet { out[field.name] = self[field.name] }
    return out
  }
}

/// Where a writer finds the records that belong to the one it writes.
package struct ExportSource {
  /// The record with this id; `nil` if there is none that may be handed out.
  package let record: (_ id: String) throws -> ExportRecord?
  /// The records of a kind whose field refers to the record with this id.
  package let referring: (_ kind: String, _ field: String, _ id: String) throws -> [ExportRecord]

  package init(
    record: @escaping (_ id: String) throws -> ExportRecord?,
    referring: @escaping (_ kind: String, _ field: String, _ id: String) throws -> [ExportRecord]
  ) {
    self.record = record
    self.referring = referring
  }

  /// The record that a field refers to.
  func target(_ field: String, of record: ExportRecord) throws -> ExportRecord? {
    try record[field].flatMap { try self.record($0) }
  }
}

extension ExportSource {
  /// Whether a location or the organization that it belongs to is protected.
  func isPlaceProtected(_ location: ExportRecord) throws -> Bool {
    if location.isPlaceProtected { return true }
    return try target("organization_id", of: location)?.isPlaceProtected ?? false
  }
}

/// What became of a record in an export.
package enum ExportResult: Hashable, Sendable {
  case written([UInt8])
  /// Why the format cannot say it, as a sentence.
  case leftOut(String)
}
