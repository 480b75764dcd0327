// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

/// A part of a list: of the rest is read only how much there is, so that a page takes as long as it is,
/// however long the list.
package struct ListPart: Sendable {
  /// How many come before it.
  let offset: Int
  /// How many it has at most.
  let limit: Int

  package init(offset: Int, limit: Int) {
    (self.offset, self.limit) = (Self.bounded(offset), Self.bounded(limit))
  }

  /// Sums of two must not overflow.
  private static func bounded(_ number: Int) -> Int { min(max(0, number), 1 << 40) }

  private var range: Range<Int> { offset..<offset + limit }

  /// Which of `count` that begin at a place are in it, counted from there.
  fileprivate func places(from first: Int, count: Int) -> Range<Int> {
    let own = range.clamped(to: first..<first + count)
    return own.isEmpty ? 0..<0 : own.lowerBound - first..<own.upperBound - first
  }

  func of<Rows: Collection>(_ rows: Rows) -> Rows.SubSequence {
    rows.dropFirst(offset).prefix(limit)
  }
}

extension Snapshot {
  /// A part of the records of a kind, in the order of their ids' creation here, and how many it has.
  package func list(
    _ kind: RecordKind, _ part: ListPart
  ) throws -> (total: Int, states: [RecordState]) {
    let table = DirectoryTables.quoted(kind.name)
    let total = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
    try compare(count: total, .kind(kind.tag), kind.name)
    let keys = try Int64.fetchAll(
      db, sql: "SELECT record FROM \(table) ORDER BY record LIMIT ? OFFSET ?",
      arguments: [part.limit, part.offset])
    return (total, try keys.map { try state(ofKey: $0) })
  }

  /// A part of what somebody should look at, record by record, and how much there is. What is restricted
  /// is not in it.
  package func conflicts(
    _ part: ListPart
  ) throws -> (total: Int, found: [(state: RecordState, conflict: Conflict)]) {
    let (rows, read) = try conflictRows()
    try compare(count: read, .conflicts, "record")
    var total = 0
    var found: [(state: RecordState, conflict: Conflict)] = []
    for (key, _, count) in rows {
      let places = part.places(from: total, count: count)
      if !places.isEmpty {
        let state = try state(ofKey: key)
        let all = state.conflicts
        found += places.clamped(to: all.indices).map { (state, all[$0]) }
      }
      total += count
    }
    return (total, found)
  }

  /// How much of that this member may decide: the fields in conflict of the records that it keeps.
  package func conflictsToDecide() throws -> Int {
    let (rows, read) = try conflictRows()
    try noteUnless(read, .conflicts, "record")
    return rows.reduce(0) { sum, row in
      let isKeeper = membership.steward(of: row.id) == identity.member
      return identity.role == .hub || isKeeper ? sum + row.count : sum
    }
  }

  /// The records with conflicts that are not restricted and how many each has, and how many rows were
  /// read. Of the others nothing is read: there is an index of these.
  private func conflictRows() throws -> (
    rows: [(key: Int64, id: RecordID, count: Int)], read: Int
  ) {
    let rows = try Row.fetchAll(
      db,
      sql:
        "SELECT record, conflicts, shown, kind, id FROM record WHERE conflicts > 0 ORDER BY record"
    )
    let shown = try rows.compactMap { row -> (key: Int64, id: RecordID, count: Int)? in
      let key = try row.integer(0)
      if try !row.flag(2), try isRestricted(key, kind: row.integer(3)) { return nil }
      guard let id = try row.bytes(4).flatMap({ RecordID($0) }) else {
        throw StoreError.impossible("a record's id")
      }
      return (key, id, Int(try row.unsigned32(1)))
    }
    return (shown, rows.count)
  }

  private func isRestricted(_ key: Int64, kind tag: Int64) throws -> Bool {
    guard let kind = UInt32(exactly: tag).flatMap({ tables.schema.kind(tag: $0) }),
      kind.restriction != nil
    else { return false }
    return try state(ofKey: key).isRestricted(kind)
  }

  /// The state of a record whose row is proven to be what was folded from its entries.
  func state(ofKey key: Int64) throws -> RecordState {
    let record = try sealed(key)
    return Fold.record(record.seal.id, try ledger.entries(ofRecord: key), under: membership)
  }

  /// Finds that rows are missing, or too many, where not all are read.
  func compare(count: Int, _ name: TallyName, _ table: String) throws {
    let written = try ledger.tally(name).count
    guard written != count else { return }
    throw StoreError.damaged(
      Damage(.table(table), "shows \(count) rows where \(written) were written"))
  }
}
