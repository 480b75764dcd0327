// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// The sums in the table `tally`, read and written with the rows they are about.
extension Ledger {
  /// As it stands in this transaction; nothing where there is none.
  func tally(_ name: TallyName) throws -> Tally {
    try changedTallies[name] ?? storedTally(name) ?? Tally()
  }

  /// `nil` where there is none, or none that can be read.
  func storedTally(_ name: TallyName) throws -> Tally? {
    try Row.fetchOne(
      db.cachedStatement(sql: "SELECT count, mark FROM tally WHERE name = ?"),
      arguments: [name.text]
    ).flatMap { row in
      try row.bytes(1).flatMap { Mark($0) }.map { Tally(count: try row.integer(0), mark: $0) }
    }
  }

  func change(_ name: TallyName, _ body: (inout Tally) -> Void) throws {
    if changedTallies[name] == nil { changedTallies[name] = try storedTally(name) ?? Tally() }
    body(&changedTallies[name, default: Tally()])
  }

  /// Writes the sums that changed; the last step of a transaction.
  func writeTallies() throws {
    for (name, tally) in changedTallies.sorted(by: { $0.key.text < $1.key.text }) {
      try db.cachedStatement(
        sql: "INSERT OR REPLACE INTO tally (name, count, mark) VALUES (?, ?, ?)"
      ).execute(arguments: [name.text, tally.count, tally.mark.data])
    }
    changedTallies.removeAll(keepingCapacity: true)
  }

  /// Sums up logs, control entries and feeds anew, from tables that were verified or are only now
  /// summed up for the first time. The records' sums are the fold's, and start from nothing.
  func countAnew() throws {
    try db.execute(sql: "DELETE FROM tally")
    changedTallies.removeAll()
    try countSums()
  }

  /// Sums up logs, control entries and feeds.
  func countSums() throws {
    try db.execute(sql: "DELETE FROM tally WHERE name LIKE 'feed %'")
    var logs = Tally()
    for key in try Int64.fetchAll(db, sql: "SELECT log FROM log") {
      logs.add(Mark(try start(ofKey: key).head.hash))
    }
    changedTallies[.logs] = logs
    var control = Tally()
    let entries = try Row.fetchCursor(db, sql: "SELECT hash FROM entry WHERE record IS NULL")
    while let row = try entries.next() { control.add(Mark(try row.hash(0))) }
    changedTallies[.control] = control
    let ends = try Row.fetchCursor(
      db, sql: "SELECT scope, town, max(position), hash FROM feed GROUP BY scope, town")
    while let row = try ends.next() {
      changedTallies[.feed(try row.scope(0))] = Tally(
        count: try row.integer(2), mark: Mark(try row.hash(3)))
    }
  }
}
