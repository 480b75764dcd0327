// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// Copies of the database as an older version of this program left it, so that there is a way back.
///
/// They are named `kreisnetz-STAMP-schemaN.sqlite`, and treated like every database that was set
/// aside: they obey destructions (I7) and are deleted after a set time.
extension StateDirectory {
  /// Copies the database if opening it for writing would bring its schema up to date. Called under
  /// the lock, before that. Can be cut off at any moment and repeated: of each schema version one
  /// copy is kept, the last.
  ///
  /// - Parameter now: seconds since 1970, for the copy's name.
  /// - Throws: `StoreError.rejected` if a newer version wrote the database, `StoreError.retryLater` if
  ///   the disk is full: then nothing was changed; `StateDirectoryError`.
  package func keepOlderVersion(at now: UInt64) throws {
    guard let schema = try Store.olderSchema(at: database) else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasPrefix("kreisnetz-") && name.hasSuffix(Self.draftSuffix) {
      SetAsideDatabase.deleteFiles("\(path)/\(name)")
    }
    let copy = "\(path)/kreisnetz-\(SetAsideDatabase.stamp(now))-schema\(schema).sqlite"
    let draft = copy + ".new"
    try Store.copyWhole(database, to: draft)
    try DurableFile.move(draft, to: copy)
    for older in setAside where older.schema == schema && older.path != copy { older.delete() }
  }

  private static let draftSuffix = ".sqlite.new"
}

extension Store {
  /// The schema version that this program writes.
  static var schemaVersion: Int { migrator.migrations.compactMap { Int($0) }.max() ?? 0 }

  /// The schema version of a database that must be brought up to date; `nil`: it is.
  ///
  /// - Throws: `StoreError.rejected` if a newer version wrote it.
  static func olderSchema(at path: String) throws(StoreError) -> Int? {
    do {
      let queue = try openQueue(path)
      defer { try? queue.close() }
      return try queue.read { db in
        guard try !migrator.hasCompletedMigrations(db) else { return nil }
        return try migrator.appliedIdentifiers(db).compactMap { Int($0) }.max() ?? 0
      }
    } catch { throw StoreError(error) }
  }

  /// Copies one consistent state of a database, open invites included.
  static func copyWhole(_ source: String, to path: String) throws(StoreError) {
    do {
      let queue = try openQueue(source)
      defer { try? queue.close() }
      try copy(queue, to: path, keepingInvites: true)
    } catch { throw StoreError(error) }
  }
}
