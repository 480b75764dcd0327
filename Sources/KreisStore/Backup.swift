// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB

/// A copy of a replica's database in one file: all logs, `local` included, and no key.
extension Store {
  /// Writes a backup of one consistent state, beside whoever writes, and proves it by reading it
  /// again from its first entry to its last. The file is its owner's alone and appears at once and
  /// whole.
  ///
  /// Open invites are left out: their secrets would let whoever has the backup join.
  ///
  /// - Parameter progress: told what is being done.
  /// - Throws: `StoreError`; `StoreError.rejected` if the replica itself is damaged.
  package func blockingBackup(
    to path: String, progress: (String) throws -> Void
  ) throws {
    let draft = path + ".new"
    Self.removeDraft(draft)
    defer { Self.removeDraft(draft) }
    try progress("copying")
    try Self.copy(database, to: draft)
    try progress("reading the copy again")
    let copy = try Store.openReadOnly(at: draft)
    let report = try copy.blockingRead { try $0.verify() }
    try copy.database.close()
    if let what = report.differences.first {
      throw StoreError.rejected(
        "No backup was written, because this replica is damaged: \(what). Repair it with: "
          + "kreisnetz resync")
    }
    do { try DurableFile.move(draft, to: path) } catch {
      throw StoreError.retryLater(error.description)
    }
  }

  private static func removeDraft(_ draft: String) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
      try? FileManager.default.removeItem(atPath: draft + suffix)
    }
  }

  /// - Parameter keepingInvites: whether open invites are in the copy.
  static func copy(
    _ source: any DatabaseReader, to path: String, keepingInvites: Bool = false
  ) throws(StoreError) {
    do {
      let created = FileManager.default.createFile(
        atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
      guard created else { throw StoreError.rejected("\(path) cannot be written") }
      let target = try DatabaseQueue(path: path)
      // All pages in one step: one state, whatever is written meanwhile.
      try source.backup(to: target)
      try target.writeWithoutTransaction { db in
        _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
        try db.execute(sql: "PRAGMA secure_delete = ON")
        if !keepingInvites { try db.execute(sql: "DELETE FROM invite WHERE used_by IS NULL") }
      }
      try target.close()
    } catch { throw StoreError(error) }
  }

  /// Proves a backup, makes a copy of it in a state directory and marks it as restored: what was
  /// erased since the backup is shown by nobody before the hub's feed has told of it (I7), and a hub
  /// serves nobody before its next generation is opened.
  ///
  /// - Parameters:
  ///   - draft: the copy's path.
  ///   - progress: told what is being done.
  /// - Returns: whose backup it is.
  /// - Throws: `StoreError.rejected` if it is none, or damaged.
  package static func blockingRestore(
    _ backup: String, to draft: String, progress: (String) throws -> Void
  ) throws -> Identity {
    try progress("reading the backup")
    let source = try Store.openReadOnly(at: backup)
    let report = try source.blockingRead { try $0.verify() }
    if let what = report.differences.first {
      throw StoreError.rejected("The backup \(backup) is damaged: \(what). Nothing was changed.")
    }
    removeDraft(draft)
    try progress("copying")
    try copy(source.database, to: draft)
    do {
      let target = try DatabaseQueue(path: draft)
      try target.write { db in
        try db.execute(
          sql: """
            UPDATE replica SET revision = revision + 1, restored = role = 'town',
              halted = CASE role WHEN 'hub' THEN
                'it was restored from a backup; its members may have seen more' ELSE halted END
            """)
      }
      try target.close()
    } catch { throw StoreError(error) }
    return source.identity
  }

  /// Writes everything into the database file and closes it. For one that is about to be moved, and
  /// that nobody else has open.
  ///
  /// - Throws: `StoreError`; `StoreError.retryLater` if somebody still reads.
  package func close() throws(StoreError) {
    do {
      let isWhole = try database.writeWithoutTransaction { try Self.checkpoint($0) }
      guard isWhole else { throw StoreError.retryLater("the database is still being read") }
      let path = (database as? DatabasePool)?.path
      try database.close()
      // GRDB closes its readers last, and those may not remove the log (groue/GRDB.swift#739); it is
      // empty.
      for suffix in ["-wal", "-shm"] { path.map { _ = unlink($0 + suffix) } }
    } catch { throw StoreError(error) }
  }
}

extension Snapshot {
  /// Whether this town was restored from a backup and has not read the hub's feed to its end since.
  package func isRestored() throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(sql: "SELECT restored FROM replica WHERE restored <> 0")) ?? false
  }
}
