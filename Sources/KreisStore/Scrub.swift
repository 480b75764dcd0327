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
  enum Part: CaseIterable, Sendable {
    case entries, records, feeds, logs, aside, sums, file, again
  }

  /// What is neither an entry nor a record.
  static let frame: [Part] = [.feeds, .logs, .aside, .file]

  /// Entries of one slice; of records half as many.
  private static let sliceRows = 1_000
  /// Damages that are kept: one bad page can spoil thousands of entries.
  private static let limit = 1_000

  package private(set) var found: Set<Damage> = []
  package private(set) var entries = 0
  package private(set) var records = 0
  private var parts: ArraySlice<Part>
  /// The last row of the part that was looked at.
  private var last: Int64 = 0

  package init() { self.init(of: Part.allCases) }

  init(of parts: [Part]) { self.parts = parts[...] }

  package var isComplete: Bool { parts.isEmpty }
  /// Whether more rows of the same sort follow.
  package var isAmidRows: Bool { last > 0 }

  private mutating func add(_ damage: Damage) {
    if found.count < Self.limit { found.insert(damage) }
  }

  private mutating func finishPart() {
    last = 0
    parts = parts.dropFirst()
  }

  /// Looks at the next rows.
  ///
  /// - Throws: `StoreError`, for what is no damage of single rows.
  package mutating func slice(_ snapshot: Snapshot) throws {
    guard let part = parts.first else { return }
    do {
      switch part {
      case .entries: try sliceEntries(snapshot)
      case .records: try sliceRecords(snapshot)
      case .feeds: try sliceFeeds(snapshot)
      case .logs: try checkLogs(snapshot)
      case .aside:
        for damage in try snapshot.checkBranches() { add(damage) }
        finishPart()
      case .sums:
        for damage in try Self.missingRows(snapshot, found) { add(damage) }
        finishPart()
      case .file: try checkFile(snapshot)
      case .again: lookAgain(snapshot)
      }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      add(.pages(error))
      finishPart()
    } catch StoreError.damaged(let damage) {
      // What is damaged itself is caught row by row; this stands in the way of the rest.
      add(damage)
      finishPart()
    }
  }

  // MARK: - Entries

  private mutating func sliceEntries(_ snapshot: Snapshot) throws {
    let checked = try snapshot.checkEntries(last + 1...Int64.max, limit: Self.sliceRows)
    last = checked.last ?? last
    for damage in checked.damages { add(damage) }
    entries += checked.count
    if checked.count < Self.sliceRows { finishPart() }
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
        for damage in try snapshot.folded(snapshot.sealed(row)).damages { add(damage) }
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
    for damage in try snapshot.checkFeedHeads() { add(damage) }
    finishPart()
  }

  /// What was written and is not there.
  ///
  /// - Parameter found: the damages so far.
  static func missingRows(_ snapshot: Snapshot, _ found: Set<Damage>) throws -> [Damage] {
    var damages: [Damage] = []
    _ = try snapshot.ledger.control { damages.append($0) }
    // A record that could not be folded is known already and in no sum.
    let hidesRows = found.contains { if case .record = $0.place { true } else { false } }
    guard !hidesRows else { return damages }
    let tables =
      [("record", TallyName.records, "")]
      + [("record", .conflicts, "WHERE conflicts > 0")]
      + snapshot.tables.schema.kinds.map { (name: $0.name, .kind($0.tag), "") }
    for (table, name, condition) in tables {
      let sql =
        name == .records
        ? "SELECT count(*) FROM record WHERE seal IS NOT NULL"
        : "SELECT count(*) FROM \(DirectoryTables.quoted(table)) \(condition)"
      let count = try Int64.fetchOne(snapshot.db, sql: sql) ?? 0
      let written = try snapshot.ledger.tally(name).count
      if count != written {
        damages.append(Damage(.table(table), "shows \(count) rows where \(written) were written"))
      }
    }
    return damages
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
