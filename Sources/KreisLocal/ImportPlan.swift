import KreisCore
import KreisInterchange
import KreisStore

/// What an import would do, row by row, kept until its transaction is rolled back: whoever reads
/// slowly must not hold it open.
final class ImportPlan {
  private let spool: Spool
  private var pending: [UInt8] = []

  init(in directory: String) throws { spool = try Spool(in: directory) }

  func create(_ row: DirectoryRow) throws {
    var fields: [JSONValue] = []
    for entry in row.values {
      switch entry.edit {
      case .set(let value):
        fields.append(Self.field(entry.field, entry.scope, old: nil, new: value.text))
      case .elements(let elements):
        fields += elements.map {
          Self.field(entry.field, entry.scope, old: nil, new: $0.text)
        }
      case .withdraw: break
      }
    }
    try add("new", row, id: nil, fields)
  }

  func change(_ row: DirectoryRow, _ id: RecordID, _ writes: [PlannedWrite]) throws {
    let fields = writes.map { Self.field($0.field, $0.scope, old: $0.old, new: $0.new) }
    try add(writes.isEmpty ? "unchanged" : "changed", row, id: id, fields)
  }

  /// Gives the rows in the order of the file: `line`, `change` (new, changed or unchanged), `kind`,
  /// `external_id`, `id`, and `fields` with `field`, `scope`, `old` and `new`.
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
    _ field: Field, _ scope: ScopeKind, old: String?, new: String?
  ) -> JSONValue {
    [
      "field": .string(field.name), "scope": .string(scope.rawValue),
      "old": old.map { .string($0) } ?? .null, "new": new.map { .string($0) } ?? .null,
    ]
  }
}
