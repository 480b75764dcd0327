// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
import GRDB
import KreisCore
import Synchronization

/// A record that is to be folded, with its entries.
struct UnfoldedRecord: Sendable {
  let key: Int64
  let id: RecordID
  let entries: [LoggedEntry]
  /// Whether it certainly was never folded before.
  let isNew: Bool
}

/// What the fold of a record writes: a pure function of its entries, so that each core can compute its
/// share while none waits for SQLite.
private struct FoldedRecord: Sendable {
  let unfolded: UnfoldedRecord
  let state: RecordState
  /// The row in the table of its kind; `nil` where nothing is shown.
  let row: (kind: UInt32, values: [DatabaseValue])?
  let entries: Mark
  let isDeleted: Bool
  let summed: Summed

  /// What of a record's row the sums are about.
  struct Summed: Sendable {
    let kind: UInt32
    let isShown: Bool
    let conflicts: Int64
    let seal: Mark
  }

  init(_ unfolded: UnfoldedRecord, under membership: Membership, in tables: DirectoryTables) {
    self.unfolded = unfolded
    state = Fold.record(unfolded.id, unfolded.entries, under: membership)
    row = tables.row(unfolded.key, state)
    var sum = Mark()
    for entry in unfolded.entries { sum.toggle(entry.hash) }
    entries = sum
    isDeleted = state.isDeleted
    let (kind, conflicts) = (state.kind ?? 0, Int64(state.conflicts.count))
    summed = Summed(
      kind: kind, isShown: row != nil, conflicts: conflicts,
      seal: RecordSeal(
        id: unfolded.id, entries: sum, kind: kind, isDeleted: isDeleted, conflicts: conflicts,
        row: row?.values
      ).mark)
  }

  /// For fewer, waking another thread takes longer than it saves.
  private static let leastForEachCore = 64
  /// Asked for once: Foundation reads it from files.
  private static let cores = ProcessInfo.processInfo.activeProcessorCount

  /// Folds all, in their order.
  static func all(
    _ records: [UnfoldedRecord], under membership: Membership, in tables: DirectoryTables
  ) -> [FoldedRecord] {
    let shares = min(cores, records.count / leastForEachCore)
    guard shares > 1 else {
      return records.map { FoldedRecord($0, under: membership, in: tables) }
    }
    let folded = Mutex([[FoldedRecord]](repeating: [], count: shares))
    DispatchQueue.concurrentPerform(iterations: shares) { share in
      let bounds = records.count * share / shares..<records.count * (share + 1) / shares
      let own = records[bounds].map { FoldedRecord($0, under: membership, in: tables) }
      folded.withLock { $0[share] = own }
    }
    return folded.withLock { $0.flatMap { $0 } }
  }
}

/// Records that are being folded on other cores, while SQLite goes on on this one.
private final class FoldingGroup: Sendable {
  private let folded = Mutex<[FoldedRecord]>([])
  private let end = DispatchSemaphore(value: 0)

  init(_ records: [UnfoldedRecord], under membership: Membership, in tables: DirectoryTables) {
    DispatchQueue.global().async { [self] in
      let all = FoldedRecord.all(records, under: membership, in: tables)
      folded.withLock { $0 = all }
      end.signal()
    }
  }

  /// Waits for the end; to be asked once.
  func finish() -> [FoldedRecord] {
    end.wait()
    return folded.withLock { $0 }
  }
}

/// Writing what the fold of a record says: its row, its seal and the sums, and what it destroys.
extension Transaction {
  /// So many records, or entries of them, are folded before they are written, whatever the transaction
  /// holds (I5).
  private static let foldedAtOnce = (records: 512, entries: 2_048)

  /// Folds records anew. One with a damaged entry cannot be folded: it waits for its repair, unreadable
  /// so long, and holds up nothing else.
  ///
  /// Of many, a group is read while the one before it is folded, and written after that: writing one
  /// changes nothing that another reads.
  ///
  /// - Parameter records: ascending, so that equal work leaves equal files.
  func fold(_ records: [Int64]) throws {
    var (group, entries): ([UnfoldedRecord], Int) = ([], 0)
    var folding: FoldingGroup?
    for record in records {
      do {
        let next = try unfolded(record)
        group.append(next)
        entries += next.entries.count
      } catch StoreError.damaged(let damage) {
        damages.append(damage)
        try setAside(record)
      }
      if group.count >= Self.foldedAtOnce.records || entries >= Self.foldedAtOnce.entries {
        let next = FoldingGroup(group, under: membership, in: tables)
        (group, entries) = ([], 0)
        try folding?.finish().forEach(write)
        folding = next
      }
    }
    try folding?.finish().forEach(write)
    try FoldedRecord.all(group, under: membership, in: tables).forEach(write)
  }

  private func write(_ folded: FoldedRecord) throws {
    let (unfolded, state, summed) = (folded.unfolded, folded.state, folded.summed)
    let (record, entries) = (unfolded.key, unfolded.entries)
    if RecordDuties.mayArise(from: entries)
      || identity.role == .hub && state.mayConcernHub(membership)
    {
      concerning.insert(unfolded.id)
    }
    for entry in entries
    where entry.values != nil && state.destroyed.contains(entry.hash) && !isPlanted(.keepsDestroyed)
      && !(isPlanted(.republishesDestroyed) && replica.isGathering)
    {
      try ledger.destroyBlock(ofEntry: entry)
      hasDestroyed = true
    }
    try destroyAside(record, state)
    let old = unfolded.isNew ? nil : try foldedBefore(record)
    if !isPlanted(.staleTable) || unfolded.isNew {
      try tables.write(record, folded.row, oldKind: old?.kind ?? 0, in: ledger)
    }
    let update = try ledger.prepared(.updateRecord)
    update.bind(1, Int64(summed.kind))
    update.bind(2, folded.isDeleted ? 1 : 0)
    update.bind(3, summed.conflicts)
    update.bind(4, folded.entries)
    update.bind(5, summed.seal)
    update.bind(6, summed.isShown ? 1 : 0)
    update.bind(7, record)
    try update.run()
    ledger.unfolded[record] = nil
    try old.map { try count($0) { $0.remove($1) } }
    try count(summed) { $0.add($1) }
  }

  /// `nil` if the record was not folded, or is in no sum because it could not be.
  private func foldedBefore(_ record: Int64) throws -> FoldedRecord.Summed? {
    let query = try ledger.prepared(.foldedRecord)
    query.bind(1, record)
    return try query.first { row in
      try row.mark(3).map { seal in
        FoldedRecord.Summed(
          kind: UInt32(truncatingIfNeeded: try row.integer(0)), isShown: try row.integer(1) != 0,
          conflicts: try row.integer(2), seal: seal)
      }
    } ?? nil
  }

  private func count(_ folded: FoldedRecord.Summed, _ change: (inout Tally, Mark) -> Void) throws {
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
    try fold(keys.sorted())
    for key in keys { changedRecords.insert(try ledger.id(of: key)) }
  }
}
