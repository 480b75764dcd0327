// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

/// A record as the directory tables show it: what looks over the whole directory need not fold it.
package struct ShownRecord: Sendable {
  package let id: RecordID
  package let kind: RecordKind
  fileprivate let columns: [String: Int]
  fileprivate let row: [DatabaseValue]

  /// A field's canonical text; of a set `nil`.
  package subscript(name: String) -> String? {
    guard let index = columns[name], !kind.fields[index].isSet else { return nil }
    // After record and id.
    let value = row[index + 2]
    if kind.fields[index].type == .boolean {
      return Int64.fromDatabaseValue(value).map { $0 == 1 ? "true" : "false" }
    }
    return switch value.storage {
    case .int64(let number): String(number)
    case .double(let number): String(number)
    case .string(let text): text
    case .null, .blob: nil
    }
  }

  /// The elements of a set, ascending. Only those without characters that JSON escapes.
  package func elements(_ name: String) -> [String] {
    guard let index = columns[name], let list = String.fromDatabaseValue(row[index + 2]) else {
      return []
    }
    return list.split { "[]\",".contains($0) }.map(String.init)
  }

  /// What a field refers to.
  package func references(_ field: Field) -> [RecordID] {
    (field.isSet ? elements(field.name) : [self[field.name]].compactMap(\.self))
      .compactMap { RecordID(text: $0) }
  }

  /// The name that people call it by.
  package var name: String? { kind.naming.flatMap { self[$0.name] } }
}

/// What is known of a record that no table shows.
package struct HiddenRecord: Sendable {
  package let id: RecordID
  package let isDeleted: Bool
}

extension Snapshot {
  /// A record as the directory tables show it; `nil` if they do not show it.
  package func shownRecord(_ id: RecordID) throws -> ShownRecord? {
    guard let key = try ledger.certainKey(of: id), case let seal = try sealed(key).seal,
      let row = seal.row, let kind = tables.schema.kind(tag: seal.kind)
    else { return nil }
    return ShownRecord(id: id, kind: kind, columns: Self.columns(of: kind), row: row)
  }

  private static func columns(of kind: RecordKind) -> [String: Int] {
    Dictionary(
      zip(kind.fields.map(\.name), kind.fields.indices), uniquingKeysWith: { first, _ in first })
  }

  /// Visits every record once: those that are shown, and those that are deleted, erased, hidden, or
  /// of a kind that this version does not know.
  package func visitRecords(
    shown: (ShownRecord) throws -> Void, hidden: (HiddenRecord) throws -> Void = { _ in }
  ) throws {
    var columns: [UInt32: [String: Int]] = [:]
    for kind in tables.schema.kinds {
      columns[kind.tag] = Self.columns(of: kind)
    }
    try sealedRecords { record in
      let seal = record.seal
      guard let row = seal.row, let kind = tables.schema.kind(tag: seal.kind),
        let columns = columns[seal.kind]
      else { return try hidden(HiddenRecord(id: seal.id, isDeleted: seal.isDeleted)) }
      try shown(ShownRecord(id: seal.id, kind: kind, columns: columns, row: row))
    }
  }
}
