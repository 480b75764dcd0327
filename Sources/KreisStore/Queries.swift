import Foundation
import GRDB
package import KreisCore

/// One entry of a record's history.
package struct HistoryEntry: Sendable {
  package let log: LogID
  package let sequence: UInt64
  package let hash: Hash256
  package let header: EntryBody
  /// `nil` where salt and values were destroyed.
  package let values: Values?
  /// Why the entry takes no effect; `nil` if it does.
  package let inertness: Inertness?
}

/// An entry as `log export` shows it.
package struct ExportedEntry: Sendable {
  package let log: LogID
  package let sequence: UInt64
  package let hash: Hash256
  package let header: EntryBody
  package let values: Values?
}

extension Snapshot {
  /// A record's folded state; `nil` if no entry names it.
  package func state(of id: RecordID) throws -> RecordState? {
    try ledger.key(of: id).map { try folded($0, id) }
  }

  private func folded(_ key: Int64, _ id: RecordID) throws -> RecordState {
    Fold.record(id, try ledger.entries(ofRecord: key).map(\.entry), under: membership)
  }

  /// The records of a kind whose fields have these values, in the order of their ids' creation here.
  ///
  /// - Parameters:
  ///   - filters: a field, and its canonical value or one of its elements.
  ///   - visit: called per record, so that a large directory is never held in memory.
  package func list(
    _ kind: RecordKind, where filters: [(field: Field, value: String)] = [],
    _ visit: (RecordState) throws -> Void
  ) throws {
    var sql = "SELECT record FROM \(DirectoryTables.quoted(kind.name))"
    var arguments = StatementArguments()
    var conditions: [String] = []
    for (field, value) in filters {
      let column = DirectoryTables.quoted(field.name)
      if field.isSet {
        conditions.append("EXISTS (SELECT 1 FROM json_each(\(column)) WHERE value = ?)")
        arguments += [value]
      } else {
        conditions.append("\(column) = ?")
        arguments += [DirectoryTables.columnValue(value, field)]
      }
    }
    if !conditions.isEmpty { sql += " WHERE " + conditions.joined(separator: " AND ") }
    let keys = try Int64.fetchCursor(db, sql: sql + " ORDER BY record", arguments: arguments)
    while let key = try keys.next() {
      try visit(folded(key, ledger.id(of: key)))
    }
  }

  /// The records with fields that somebody should look at.
  package func recordsInConflict() throws -> [RecordState] {
    try Int64.fetchAll(db, sql: "SELECT record FROM record WHERE conflicts > 0 ORDER BY record")
      .map { try folded($0, ledger.id(of: $0)) }
  }

  /// Every entry that made the record, oldest first.
  package func history(of id: RecordID) throws -> [HistoryEntry] {
    guard let key = try ledger.key(of: id) else { return [] }
    let entries = try ledger.entries(ofRecord: key).map(\.entry)
    let state = Fold.record(id, entries, under: membership)
    // Within one second a log knows its own order.
    return entries.sorted {
      ($0.header.recordedAt, $0.log, $0.sequence) < ($1.header.recordedAt, $1.log, $1.sequence)
    }
    .map { entry in
      HistoryEntry(
        log: entry.log, sequence: entry.sequence, hash: entry.hash, header: entry.header,
        values: entry.values, inertness: state.inert[entry.hash])
    }
  }

  /// Visits every entry, log by log.
  package func exportLog(_ visit: (ExportedEntry) throws -> Void) throws {
    let rows = try Row.fetchCursor(
      db, sql: "SELECT entry, hash, body, block FROM entry ORDER BY entry")
    while let row = try rows.next() {
      let key: Int64 = row[0]
      try visit(
        ExportedEntry(
          log: try ledger.name(of: EntryKey.log(key)), sequence: EntryKey.sequence(key),
          hash: try row.hash(1), header: try EntryBody(decoding: try row.bytes(2) ?? []),
          values: try row.bytes(3).map { try Values(block: $0) }))
    }
  }

  /// Visits the folded state of every record, by id.
  package func foldAll(_ visit: (RecordState) throws -> Void) throws {
    let keys = try Row.fetchCursor(db, sql: "SELECT record, id FROM record ORDER BY id")
    while let row = try keys.next() {
      guard let id = try row.bytes(1).flatMap({ RecordID($0) }) else {
        throw StoreError.stateUnknown("a record without a valid id")
      }
      try visit(folded(row[0], id))
    }
  }

  /// How many records each kind has, deleted ones not counted.
  package func counts() throws -> [(kind: RecordKind, count: Int)] {
    try tables.schema.kinds.map { kind in
      let sql = "SELECT count(*) FROM \(DirectoryTables.quoted(kind.name))"
      return (kind, try Int.fetchOne(db, sql: sql) ?? 0)
    }
  }

  /// How many records have fields that somebody should look at.
  package func conflictCount() throws -> Int {
    try Int.fetchOne(db, sql: "SELECT count(*) FROM record WHERE conflicts > 0") ?? 0
  }
}
