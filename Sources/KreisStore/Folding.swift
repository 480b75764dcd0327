// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// Writing what the fold of a record says: its row, its seal and the sums, and what it destroys.
extension Transaction {
  /// Folds one record anew. One with a damaged entry cannot be folded: it waits for its repair,
  /// unreadable so long, and holds up nothing else.
  ///
  /// - Parameters:
  ///   - all: its entries, if they are at hand.
  ///   - isNew: whether it certainly was never folded before.
  func foldUnlessDamaged(
    _ record: Int64, _ id: RecordID, _ all: [LoggedEntry]? = nil, isNew: Bool = false
  ) throws {
    do {
      try fold(record, id, all ?? ledger.entries(ofRecord: record), isNew: isNew)
    } catch StoreError.damaged(let damage) {
      damages.append(damage)
      try setAside(record)
    }
  }

  /// Folds one record anew.
  ///
  /// - Parameter isNew: whether it certainly was never folded before.
  func fold(
    _ record: Int64, _ id: RecordID, _ entries: [LoggedEntry], isNew: Bool = false
  ) throws {
    let state = Fold.record(id, entries, under: membership)
    if RecordDuties.mayArise(from: entries)
      || identity.role == .hub && state.mayConcernHub(membership)
    {
      concerning.insert(id)
    }
    for entry in entries
    where entry.values != nil && state.destroyed.contains(entry.hash) && !isPlanted(.keepsDestroyed)
      && !(isPlanted(.republishesDestroyed) && replica.isGathering)
    {
      try ledger.destroyBlock(ofEntry: entry)
      hasDestroyed = true
    }
    try destroyAside(record, state)
    let old = isNew ? nil : try foldedBefore(record)
    let row = tables.row(record, state)
    if !isPlanted(.staleTable) || isNew {
      try tables.write(record, row, oldKind: old?.kind ?? 0, in: ledger)
    }
    var sum = Mark()
    for entry in entries { sum.toggle(entry.hash) }
    let new = Folded(
      kind: state.kind ?? 0, isShown: row != nil, conflicts: Int64(state.conflicts.count),
      seal: RecordSeal(
        id: id, entries: sum, kind: state.kind ?? 0, isDeleted: state.isDeleted,
        conflicts: Int64(state.conflicts.count), row: row?.values
      ).mark)
    let update = try ledger.prepared(.updateRecord)
    update.bind(1, Int64(new.kind))
    update.bind(2, state.isDeleted ? 1 : 0)
    update.bind(3, new.conflicts)
    update.bind(4, sum)
    update.bind(5, new.seal)
    update.bind(6, new.isShown ? 1 : 0)
    update.bind(7, record)
    try update.run()
    ledger.unfolded[record] = nil
    try old.map { try count($0) { $0.remove($1) } }
    try count(new) { $0.add($1) }
  }

  /// What of a record's row the sums are about.
  private struct Folded {
    let kind: UInt32
    let isShown: Bool
    let conflicts: Int64
    let seal: Mark
  }

  /// `nil` if the record was not folded, or is in no sum because it could not be.
  private func foldedBefore(_ record: Int64) throws -> Folded? {
    let query = try ledger.prepared(.foldedRecord)
    query.bind(1, record)
    return try query.first { row in
      try row.mark(3).map { seal in
        Folded(
          kind: UInt32(truncatingIfNeeded: try row.integer(0)), isShown: try row.integer(1) != 0,
          conflicts: try row.integer(2), seal: seal)
      }
    } ?? nil
  }

  private func count(_ folded: Folded, _ change: (inout Tally, Mark) -> Void) throws {
    try ledger.change(.records) { change(&$0, folded.seal) }
    if folded.isShown { try ledger.change(.kind(folded.kind)) { change(&$0, folded.seal) } }
    if folded.conflicts > 0 { try ledger.change(.conflicts) { change(&$0, folded.seal) } }
  }

  /// Makes a record unreadable that could not be folded with all its entries: the row is out of date.
  private func setAside(_ record: Int64) throws {
    guard let old = try foldedBefore(record) else { return }
    try count(old) { $0.remove($1) }
    try db.execute(sql: "UPDATE record SET seal = NULL WHERE record = ?", arguments: [record])
  }

  /// Folds anew what a change of membership concerns (I3): records whose stewards changed, and
  /// records that a member with a new key or closing wrote on.
  func foldConcerned(by older: Membership) throws {
    let (records, authors) = membership.difference(from: older)
    var keys: Set<Int64> = []
    for id in records { if let key = try ledger.key(of: id) { keys.insert(key) } }
    for author in authors {
      let logs = try Int64.fetchAll(
        db, sql: "SELECT log FROM log WHERE member = ?", arguments: [Int64(author.rawValue)])
      for log in logs {
        keys.formUnion(
          try Int64.fetchAll(
            db,
            sql: """
              SELECT DISTINCT record FROM entry
              WHERE entry BETWEEN ? AND ? AND record IS NOT NULL
              """,
            arguments: [EntryKey.all(of: log).lowerBound, EntryKey.all(of: log).upperBound]))
      }
    }
    for key in keys.sorted() {
      let id = try ledger.id(of: key)
      try foldUnlessDamaged(key, id)
      changedRecords.insert(id)
    }
  }
}
