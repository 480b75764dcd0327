// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// Records as the directory tables have them, proven to be what the fold wrote.
///
/// Of the two ways to know that a folded row is right, to fold it anew or to keep a hash beside it,
/// this takes both where they are cheap: whoever shows a record folds it from its checked entries
/// anyway, and the hash covers what only the tables say: which records there are, which ones a
/// filter finds, and the names in lists.
extension Snapshot {
  /// The columns of `sealed(_:)`.
  static let sealColumns = "record.record, id, kind, deleted, conflicts, entries, seal, shown"

  /// - Parameter row: of the table `record`, `sealColumns` first.
  func sealed(_ row: Row) throws -> SealedRecord {
    let key = try row.integer(0)
    guard let id = try row.bytes(1).flatMap({ RecordID($0) }) else {
      throw StoreError.damaged(Damage(.table("record"), "has a record without a valid id"))
    }
    guard let stored = try row.bytes(6) else {
      throw StoreError.damaged(Damage(.record(id), "could not be folded with its newest entries"))
    }
    let kind = try row.integer(2)
    let isShown = try row.flag(7)
    guard let entries = try row.bytes(5).flatMap({ Mark($0) }), let tag = UInt32(exactly: kind)
    else { throw Self.differs(id) }
    let seal = RecordSeal(
      id: id, entries: entries, kind: tag, isDeleted: try row.flag(3),
      conflicts: try row.integer(4),
      row: isShown ? try tables.storedRow(key, kind: tag, in: db) : nil)
    guard Mark(stored) == seal.mark, isShown == (seal.row != nil) else { throw Self.differs(id) }
    return SealedRecord(key: key, seal: seal)
  }

  private static func differs(_ id: RecordID) -> StoreError {
    .damaged(Damage(.record(id), "has a row that differs from what was folded"))
  }

  func sealed(_ key: Int64) throws -> SealedRecord {
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT \(Self.sealColumns) FROM record WHERE record = ?"),
        arguments: [key])
    else { throw StoreError.damaged(Damage(.table("record"), "has lost a record")) }
    return try sealed(row)
  }

  /// Visits every record, and finds that none is missing only at the end: a damaged page may hide
  /// rows.
  func sealedRecords(_ visit: (SealedRecord) throws -> Void) throws {
    let rows = try Row.fetchCursor(
      db, sql: "SELECT \(Self.sealColumns) FROM record ORDER BY record")
    var sum = Tally()
    while let row = try rows.next() {
      let record = try sealed(row)
      sum.add(record.seal.mark)
      try visit(record)
    }
    try compare(sum, .records, "record")
  }

  func compare(_ sum: Tally, _ name: TallyName, _ table: String) throws {
    let stored = try ledger.tally(name)
    guard stored != sum else { return }
    throw StoreError.damaged(
      Damage(
        .table(table),
        stored.count == sum.count
          ? "has rows that were not written so"
          : "shows \(sum.count) rows where \(stored.count) were written"))
  }
}
