// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// Looks at everything on disk in small slices, so that a daemon can do it beside its work: entries
/// are hashed, records folded and compared with their rows, feeds recomputed, rows counted.
///
/// Knows no time: whoever drives it decides when the next slice comes. Each slice reads a snapshot
/// of its own; what was found is looked at once more at the end, because a log may have changed
/// between two slices.
package struct Scrub: Sendable {
  private enum Part: Int, CaseIterable, Sendable {
    case entries, records, feeds, logs, sums, file, again
  }

  /// Entries of one slice; of records half as many.
  private static let sliceRows = 1_000
  /// Damages that are kept: one bad page can spoil thousands of entries.
  private static let limit = 1_000

  package private(set) var found: Set<Damage> = []
  package private(set) var entries = 0
  package private(set) var records = 0
  private var part: Part? = .entries
  /// The last row of the part that was looked at.
  private var last: Int64 = 0

  package init() {}

  package var isComplete: Bool { part == nil }
  /// Whether more rows of the same sort follow.
  package var isAmidRows: Bool { last > 0 }

  private mutating func add(_ damage: Damage) {
    if found.count < Self.limit { found.insert(damage) }
  }

  private mutating func finishPart() {
    last = 0
    part = part.flatMap { Part(rawValue: $0.rawValue + 1) }
  }

  /// Looks at the next rows.
  ///
  /// - Throws: `StoreError`, for what is no damage of single rows.
  package mutating func slice(_ snapshot: Snapshot) throws {
    guard let part else { return }
    do {
      switch part {
      case .entries: try sliceEntries(snapshot)
      case .records: try sliceRecords(snapshot)
      case .feeds: try sliceFeeds(snapshot)
      case .logs: try checkLogs(snapshot)
      case .sums: try checkSums(snapshot)
      case .file: try checkFile(snapshot)
      case .again: lookAgain(snapshot)
      }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      add(Damage(.file, "has damaged pages (\(error.message ?? "no details"))"))
      finishPart()
    } catch StoreError.damaged(let damage) {
      // What is damaged itself is caught row by row; this stands in the way of the rest.
      add(damage)
      finishPart()
    }
  }

  // MARK: - Entries

  private mutating func sliceEntries(_ snapshot: Snapshot) throws {
    let rows = try Row.fetchCursor(
      snapshot.db.cachedStatement(
        sql: """
          SELECT one.entry, one.hash, one.body, one.block, one.commitment, previous.hash, record.id,
            one.record
          FROM entry AS one LEFT JOIN entry AS previous ON previous.entry = one.entry - 1
          LEFT JOIN record ON record.record = one.record
          WHERE one.entry > ? ORDER BY one.entry LIMIT ?
          """), arguments: [last, Self.sliceRows])
    var count = 0
    while let row = try rows.next() {
      count += 1
      last = try row.integer(0)
      do { try snapshot.ledger.check(row) } catch StoreError.damaged(let damage) { add(damage) }
    }
    entries += count
    if count < Self.sliceRows { finishPart() }
  }

  // MARK: - Records

  private mutating func sliceRecords(_ snapshot: Snapshot) throws {
    let size = Self.sliceRows / 2
    let rows = try Row.fetchCursor(
      snapshot.db.cachedStatement(
        sql: """
          SELECT \(Snapshot.sealColumns) FROM record WHERE record > ? ORDER BY record LIMIT ?
          """), arguments: [last, size])
    var count = 0
    while let row = try rows.next() {
      count += 1
      last = try row.integer(0)
      do {
        for damage in try snapshot.compare(snapshot.sealed(row)) { add(damage) }
      } catch StoreError.damaged(let damage) { add(damage) }
    }
    records += count
    if count < size { finishPart() }
  }

  // MARK: - Feeds

  /// `last` is the place in the order of arrival.
  private mutating func sliceFeeds(_ snapshot: Snapshot) throws {
    // What a hub gathers is no feed yet: it is made when the gathering is closed.
    guard !snapshot.replica.isGathering else { return finishPart() }
    let rows = try Row.fetchCursor(
      snapshot.db.cachedStatement(
        sql: """
          SELECT one.arrival, one.scope, one.town, one.position, one.log, one.last, one.hash,
            previous.hash
          FROM feed AS one LEFT JOIN feed AS previous ON previous.scope = one.scope
            AND previous.town = one.town AND previous.position = one.position - 1
          WHERE one.arrival > ? ORDER BY one.arrival LIMIT ?
          """), arguments: [last, Self.sliceRows])
    var count = 0
    while let row = try rows.next() {
      count += 1
      last = try row.integer(0)
      do { try snapshot.checkFeedRow(row) } catch StoreError.damaged(let damage) { add(damage) }
    }
    if count < Self.sliceRows { finishPart() }
  }

  // MARK: - The whole

  private mutating func checkLogs(_ snapshot: Snapshot) throws {
    var sum = Tally()
    for key in try Int64.fetchAll(snapshot.db, sql: "SELECT log FROM log ORDER BY log") {
      do {
        sum.add(Mark(try snapshot.ledger.start(ofKey: key).head.hash))
        try snapshot.checkHead(ofKey: key)
      } catch StoreError.damaged(let damage) { add(damage) }
    }
    try snapshot.compare(sum, .logs, "log")
    finishPart()
  }

  private mutating func checkSums(_ snapshot: Snapshot) throws {
    do {
      var damages: [Damage] = []
      _ = try snapshot.ledger.control { damages.append($0) }
      for damage in damages { add(damage) }
    }
    for scope in snapshot.membership.readableScopes(of: snapshot.identity.member) {
      do { _ = try snapshot.ledger.feedEnd(of: scope) } catch StoreError.damaged(let damage) {
        add(damage)
      }
    }
    let tables =
      [("record", TallyName.records, "")]
      + [("record", .conflicts, "WHERE conflicts > 0")]
      + snapshot.tables.schema.kinds.map { (name: $0.name, .kind($0.tag), "") }
    for (table, name, condition) in tables {
      // A record that could not be folded is known already and in no sum.
      let sql =
        name == .records
        ? "SELECT count(*) FROM record WHERE seal IS NOT NULL"
        : "SELECT count(*) FROM \(DirectoryTables.quoted(table)) \(condition)"
      let count = try Int64.fetchOne(snapshot.db, sql: sql) ?? 0
      let written = try snapshot.ledger.tally(name).count
      if count != written,
        !found.contains(where: { if case .record = $0.place { true } else { false } })
      {
        add(Damage(.table(table), "shows \(count) rows where \(written) were written"))
      }
    }
    finishPart()
  }

  private mutating func checkFile(_ snapshot: Snapshot) throws {
    for line in try String.fetchAll(snapshot.db, sql: "PRAGMA integrity_check(10)")
    where line != "ok" {
      add(Damage(.file, "is not sound: \(line)"))
    }
    finishPart()
  }

  /// Keeps what still is damaged.
  private mutating func lookAgain(_ snapshot: Snapshot) {
    found = found.filter { damage in
      do {
        try snapshot.lookAgain(at: damage.place)
        return false
      } catch StoreError.damaged { return true } catch { return true }
    }
    finishPart()
  }
}

extension Store {
  /// Looks at everything, slice after slice, and notes what it found.
  ///
  /// - Parameter progress: called now and then with what is being done and how far it is.
  package func scrub(
    progress: @escaping @Sendable (_ what: String, _ done: Int) -> Void = { _, _ in }
  ) async throws(StoreError) -> Scrub {
    var scrub = Scrub()
    while !scrub.isComplete {
      let before = scrub
      scrub = try await read { snapshot in
        var next = before
        try next.slice(snapshot)
        return next
      }
      if scrub.records > 0 {
        progress("records re-folded", scrub.records)
      } else {
        progress("entries re-hashed", scrub.entries)
      }
    }
    noteDamages(scrub.found)
    return scrub
  }
}
