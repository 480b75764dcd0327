// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB

/// What a destroyed value leaves behind outside of the tables, and its removal: older pages in the
/// write-ahead log, and databases that were set aside. Whoever confirms a destruction does so only
/// after this (I7).
extension Store {
  /// How long a checkpoint waits for readers of older pages, in milliseconds. Writers wait with it;
  /// one that did not get through is tried again.
  private static let patience = 200

  /// Whether every destruction was carried through to the last file.
  package var isDestructionComplete: Bool { withCache { $0.cleaned == $0.destructions } }

  /// Carries destructions through to the last file. Cheap where nothing was destroyed since.
  ///
  /// - Returns: `false` if somebody still reads older pages: to be called again.
  /// - Throws: `StoreError`.
  package func finishDestruction() async throws(StoreError) -> Bool {
    guard let target = pendingDestructions else { return true }
    let result: Result<Bool, any Error> = await withCheckedContinuation { continuation in
      database.asyncWriteWithoutTransaction { db in
        continuation.resume(
          returning: Result { try self.sortingFailures { try Self.checkpoint(db) } })
      }
    }
    guard try unwrap(result) else { return false }
    let databases = setAside
    if !databases.isEmpty {
      let isBusy = await onOwnThread { databases.contains { $0.obey(self) == .busy } }
      if isBusy { return false }
    }
    noteClean(target)
    return true
  }

  /// The same, for an owned thread.
  package func blockingFinishDestruction() throws(StoreError) -> Bool {
    guard let target = pendingDestructions else { return true }
    let result = Result {
      try database.writeWithoutTransaction { db in
        try sortingFailures { try Self.checkpoint(db) }
      }
    }
    guard try unwrap(result) else { return false }
    if setAside.contains(where: { $0.obey(self) == .busy }) { return false }
    noteClean(target)
    return true
  }

  private var pendingDestructions: Int? {
    withCache { $0.cleaned == $0.destructions ? nil : $0.destructions }
  }

  private func noteClean(_ target: Int) { withCache { $0.cleaned = max($0.cleaned, target) } }

  /// Overwrites the database's older pages and cuts the log to nothing.
  ///
  /// - Returns: `false` if somebody reads them.
  static func checkpoint(_ db: Database) throws -> Bool {
    try db.execute(sql: "PRAGMA busy_timeout = \(patience)")
    defer { try? db.execute(sql: "PRAGMA busy_timeout = 10000") }
    do {
      let row = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      return (row?[0] as Int64?) == 0
    } catch let error as DatabaseError
      where [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode)
    { return false }
  }

  /// Databases that this one replaced.
  private var setAside: [SetAsideDatabase] {
    guard let path = (database as? DatabasePool)?.path else { return [] }
    let directory = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    let trimmed = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
    let names = (try? FileManager.default.contentsOfDirectory(atPath: trimmed)) ?? []
    return names.sorted().compactMap { SetAsideDatabase(name: $0, in: trimmed) }
  }
}
