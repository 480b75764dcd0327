// SPDX-License-Identifier: EUPL-1.2

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
    try ledger.certainKey(of: id).map { try state(ofKey: $0) }
  }

  /// The records of a kind whose fields have these values, in the order of their ids' creation here.
  ///
  /// - Parameters:
  ///   - filters: a field, and canonical values or elements of which it has one.
  ///   - choices: fields and values, of which at least one must fit, unless there are none.
  ///   - visit: called per record, so that a large directory is never held in memory.
  package func list(
    _ kind: RecordKind, where filters: [(field: Field, values: [String])] = [],
    any choices: [(field: Field, value: String)] = [],
    _ visit: (RecordState) throws -> Void
  ) throws {
    var arguments = StatementArguments()
    func condition(_ field: Field, _ value: String) -> String {
      let column = DirectoryTables.quoted(field.name)
      guard field.isSet else {
        arguments += [DirectoryTables.columnValue(value, field)]
        return "\(column) IS ?"
      }
      arguments += [value]
      return "EXISTS (SELECT 1 FROM json_each(\(column)) WHERE value = ?)"
    }
    func conditions(_ alternatives: [String]) -> String {
      "(\(alternatives.joined(separator: " OR ")))"
    }
    var parts = filters.map { filter in
      conditions(filter.values.map { condition(filter.field, $0) })
    }
    if !choices.isEmpty { parts.append(conditions(choices.map { condition($0.field, $0.value) })) }
    let table = DirectoryTables.quoted(kind.name)
    let isWanted = parts.isEmpty ? "1" : parts.joined(separator: " AND ")
    // Rows that the filter passes over are checked as well: a damaged one may belong to it.
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT record.record, record.id, kind, deleted, conflicts, entries, seal, shown, \(isWanted)
        FROM \(table) JOIN record ON record.record = \(table).record ORDER BY \(table).record
        """, arguments: arguments)
    var sum = Tally()
    while let row = try rows.next() {
      let record = try sealed(row)
      sum.add(record.seal.mark)
      guard try row.flag(8) else { continue }
      try visit(
        Fold.record(
          record.seal.id, ledger.entries(ofRecord: record.key), under: membership))
    }
    try compare(sum, .kind(kind.tag), kind.name)
  }

  /// The records with fields that somebody should look at.
  package func recordsInConflict() throws -> [RecordState] {
    var out: [RecordState] = []
    var sum = Tally()
    let keys = try Int64.fetchAll(
      db, sql: "SELECT record FROM record WHERE conflicts > 0 ORDER BY record")
    for key in keys {
      let record = try sealed(key)
      sum.add(record.seal.mark)
      out.append(
        Fold.record(
          record.seal.id, try ledger.entries(ofRecord: key), under: membership))
    }
    try compare(sum, .conflicts, "record")
    return out
  }

  /// Every entry that made the record, oldest first.
  package func history(of id: RecordID) throws -> [HistoryEntry] {
    guard let key = try ledger.certainKey(of: id) else { return [] }
    let entries = try ledger.entries(ofRecord: key)
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
    var sum = Tally()
    for log in try Int64.fetchAll(db, sql: "SELECT log FROM log ORDER BY log") {
      var chain = try ledger.start(ofKey: log)
      sum.add(Mark(chain.head.hash))
      let end = try ledger.head(ofKey: log)?.sequence ?? 0
      let rows = try Row.fetchCursor(
        db.cachedStatement(
          sql: """
            SELECT entry, hash, body, block, commitment FROM entry
            WHERE entry BETWEEN ? AND ? ORDER BY entry
            """), arguments: [EntryKey.all(of: log).lowerBound, EntryKey.all(of: log).upperBound])
      let name = try ledger.name(of: log)
      while let row = try rows.next() {
        let entry = try ledger.checked(row, continuing: &chain)
        try visit(
          ExportedEntry(
            log: name, sequence: chain.head.sequence, hash: chain.head.hash,
            header: try EntryBody(decoding: entry.body), values: try entry.values()))
      }
      guard chain.head.sequence == end else {
        throw ledger.missing(log, min(chain.head.sequence, end) + 1)
      }
    }
    try compare(sum, .logs, "log")
  }

  /// Visits the folded state of every record, by id.
  package func foldAll(_ visit: (RecordState) throws -> Void) throws {
    let rows = try Row.fetchCursor(db, sql: "SELECT \(Self.sealColumns) FROM record ORDER BY id")
    var sum = Tally()
    while let row = try rows.next() {
      let record = try sealed(row)
      sum.add(record.seal.mark)
      try visit(
        Fold.record(
          record.seal.id, ledger.entries(ofRecord: record.key), under: membership))
    }
    try compare(sum, .records, "record")
  }

  /// How many records each kind has, deleted ones not counted.
  package func counts() throws -> [(kind: RecordKind, count: Int)] {
    try tables.schema.kinds.map { kind in
      let sql = "SELECT count(*) FROM \(DirectoryTables.quoted(kind.name))"
      let count = try Int.fetchOne(db, sql: sql) ?? 0
      try noteUnless(count, .kind(kind.tag), kind.name)
      return (kind, count)
    }
  }

  /// How many records have fields that somebody should look at.
  package func conflictCount() throws -> Int {
    let sql = "SELECT count(*) FROM record WHERE conflicts > 0"
    let count = try Int.fetchOne(db, sql: sql) ?? 0
    try noteUnless(count, .conflicts, "record")
    return count
  }

  /// A figure for people is shown as it is counted, beside the damage that makes it doubtful.
  func noteUnless(_ count: Int, _ name: TallyName, _ table: String) throws {
    let written = try ledger.tally(name).count
    guard written != count else { return }
    store.note(Damage(.table(table), "shows \(count) rows where \(written) were written"))
  }
}
