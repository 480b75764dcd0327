// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// What an import would do, row by row, kept until its transaction is rolled back: whoever reads
/// slowly must not hold it open.
final class ImportPlan {
  private let spool: Spool
  private var pending: [UInt8] = []

  init(in directory: String) throws { spool = try Spool(in: directory) }

  func create(_ row: DirectoryRow, _ publishing: Publishing) throws {
    var fields: [JSONValue] = []
    for entry in row.values {
      let waits = publishing.waiting.contains { $0.field == entry.field && $0.scope == entry.scope }
      let isWritten = publishing.edits.contains { $0.field == entry.field }
      let texts: [String] =
        switch entry.edit {
        case .set(let value): [value.text]
        case .elements(let elements): elements.map(\.text)
        case .withdraw: []
        }
      for text in texts {
        if waits {
          fields.append(Self.field(entry.field, .public, old: nil, new: text, waits: true))
        }
        // What waits stands meanwhile where it stands by default.
        if !waits || isWritten {
          let scope = waits ? entry.field.scope : entry.scope
          fields.append(Self.field(entry.field, scope, old: nil, new: text))
        }
      }
    }
    try add("new", row, id: nil, fields)
  }

  func change(
    _ row: DirectoryRow, _ id: RecordID, _ writes: [PlannedWrite], waiting: [Edit]
  ) throws {
    var fields = writes.map { write in
      Self.field(
        write.field, write.scope, old: write.old, new: write.new, alternatives: write.alternatives)
    }
    for value in waiting.flatMap(\.fieldValues) {
      fields.append(Self.field(value.field, .public, old: nil, new: value.text, waits: true))
    }
    try add(fields.isEmpty ? "unchanged" : "changed", row, id: id, fields)
  }

  /// Gives the rows in the order of the file: `line`, `change` (new, changed or unchanged), `kind`,
  /// `external_id`, `id`, and `fields` with `field`, `scope`, `old`, `new`, if it waits for another
  /// role's release, `waits` and, if it decides a conflict, `alternatives`: what else stands there.
  func send(_ call: LocalCall) throws {
    try flush()
    var reader = NDJSONReader(read: spool.source())
    while let (_, bytes) = try reader.next() {
      try call.checkCancelled()
      try call.row(try JSONParser.parse(bytes, limit: NDJSONReader.lineLimit))
    }
  }

  private func add(
    _ change: String, _ row: DirectoryRow, id: RecordID?, _ fields: [JSONValue]
  ) throws {
    pending += JSONWriter.bytes(
      of: [
        "line": .integer(row.line), "change": .string(change), "kind": .string(row.kind.name),
        "external_id": row.externalID.map { .string($0) } ?? .null,
        "id": id.map { .string($0.description) } ?? .null, "fields": .array(fields),
      ])
    pending.append(0x0A)
    if pending.count >= 262_144 { try flush() }
  }

  private func flush() throws {
    try spool.append(pending)
    pending.removeAll(keepingCapacity: true)
  }

  private static func field(
    _ field: Field, _ scope: ScopeKind, old: String?, new: String?, waits: Bool = false,
    alternatives: [String?] = []
  ) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("field", .string(field.name)), .init("scope", .string(scope.rawValue)),
      .init("old", old.map { .string($0) } ?? .null),
      .init("new", new.map { .string($0) } ?? .null),
    ]
    if waits { members.append(.init("waits", .bool(true))) }
    if !alternatives.isEmpty {
      let texts = alternatives.map { text in text.map { JSONValue.string($0) } ?? .null }
      members.append(.init("alternatives", .array(texts)))
    }
    return .object(members)
  }
}
