// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import Synchronization

/// A database that another one replaced, kept for a while in case something is missed.
///
/// It counts as a replica (I7): what is destroyed in the present database is destroyed here as well,
/// and a file that is too damaged for that is deleted instead.
package struct SetAsideDatabase: Hashable, Sendable {
  package let path: String
  /// When it was set aside; seconds since 1970.
  package let at: UInt64
  /// The schema version that a newer program was about to bring up to date (`keepOlderVersion`).
  let schema: Int?

  /// `nil` for the name of another file.
  init?(name: String, in directory: String) {
    guard name.hasPrefix("kreisnetz-"), name.hasSuffix(".sqlite") else { return nil }
    let parts = name.dropFirst(10).dropLast(7).split(
      separator: "-schema", maxSplits: 1, omittingEmptySubsequences: false)
    guard let at = Self.time(String(parts[0])) else { return nil }
    schema = parts.count > 1 ? Int(parts[1]) : nil
    guard parts.count == 1 || schema != nil else { return nil }
    path = directory + "/" + name
    self.at = at
  }

  /// How long another program's reading is waited for, in seconds.
  private static let patience: TimeInterval = 5

  private static let format = Date.ISO8601FormatStyle(
    dateSeparator: .omitted, dateTimeSeparator: .standard, timeSeparator: .omitted)

  /// A moment as it stands in a file's name: 20261122T041500Z.
  static func stamp(_ time: UInt64) -> String {
    Date(timeIntervalSince1970: Double(time)).formatted(format)
  }

  private static func time(_ stamp: String) -> UInt64? {
    (try? Date(stamp, strategy: format)).map { UInt64(max(0, $0.timeIntervalSince1970)) }
  }

  /// Deletes the files.
  package func delete() { Self.deleteFiles(path) }

  /// Deletes a database with what SQLite keeps beside it.
  package static func deleteFiles(_ path: String) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
      try? FileManager.default.removeItem(atPath: path + suffix)
    }
  }

  package enum Obedience: Hashable, Sendable {
    /// Nothing stands in it any more that was destroyed.
    case obeyed
    /// It could not be read or written as far as this needs, and was deleted.
    case deleted
    /// Another program reads it: to be called again.
    case busy
  }

  /// Destroys here what must be destroyed by all that `store` knows. One call at a time: others wait.
  package func obey(_ store: Store) -> Obedience {
    store.obeying.withLock { _ in
      do {
        try destroy(store)
        return .obeyed
      } catch let error as DatabaseError
        where [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode)
      { return .busy } catch {
        delete()
        return .deleted
      }
    }
  }

  private func destroy(_ store: Store) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(Self.patience)
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA secure_delete = ON") }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.writeWithoutTransaction { db in
      // No log beside it in which a destroyed value could stay.
      try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
      try db.inTransaction(.immediate) {
        // The folded tables hold the same values once more, and can be made from the log.
        for kind in store.tables.schema.kinds {
          try db.execute(sql: "DROP TABLE IF EXISTS \(DirectoryTables.quoted(kind.name))")
        }
        // Whoever takes it up again makes them.
        try db.execute(sql: "UPDATE replica SET tables = ''")
        try destroyBlocks(store, db)
        return .commit
      }
    }
  }

  /// A record with a damaged entry loses all its values here if it must lose any: which ones, nobody
  /// can tell.
  private func destroyDamaged(
    _ record: Int64, _ id: RecordID, _ store: Store, _ db: Database, hasBranches: Bool
  ) throws {
    let state = try store.blockingRead { snapshot in
      try snapshot.ledger.key(of: id).map { key in
        Fold.record(
          id, try snapshot.ledger.entries(ofRecord: key), under: snapshot.membership)
      }
    }
    guard let state, !state.destroyed.isEmpty || state.erasedIn != nil else { return }
    try db.execute(
      sql: "UPDATE entry SET block = NULL, commitment = zeroblob(32) WHERE record = ?",
      arguments: [record])
    guard hasBranches else { return }
    try db.execute(
      sql: "UPDATE set_aside SET block = NULL, commitment = zeroblob(32) WHERE record = ?",
      arguments: [record])
  }

  private func destroyBlocks(_ store: Store, _ db: Database) throws {
    let ledger = Ledger(db, in: store.identity.realm)
    let schema = try Store.migrator.appliedIdentifiers(db).compactMap { Int($0) }.max() ?? 0
    let hasBranches = schema >= 2
    (ledger.hasSums, ledger.packsBlocks) = (schema >= 2, schema >= 3)
    let records = try Row.fetchAll(db, sql: "SELECT record, id FROM record")
    for row in records {
      guard let id = try row.bytes(1).flatMap({ RecordID($0) }) else {
        throw StoreError.damaged(Damage(.table("record"), "has a record without a valid id"))
      }
      let here: [LoggedEntry]
      do { here = try ledger.entries(ofRecord: row.integer(0)) } catch StoreError.damaged {
        try destroyDamaged(row.integer(0), id, store, db, hasBranches: hasBranches)
        continue
      }
      let state = try store.blockingRead { snapshot -> RecordState in
        var entries = here
        if let key = try snapshot.ledger.key(of: id) {
          let known = Set(entries.map(\.hash))
          entries += try snapshot.ledger.entries(ofRecord: key)
            .filter { !known.contains($0.hash) }
        }
        return Fold.record(id, entries, under: snapshot.membership)
      }
      for entry in here where entry.values != nil && state.destroyed.contains(entry.hash) {
        try ledger.destroyBlock(ofEntry: entry)
      }
      if hasBranches {
        _ = try ledger.destroyAside(row.integer(0), state, hub: store.membership.hub)
      }
    }
  }
}
