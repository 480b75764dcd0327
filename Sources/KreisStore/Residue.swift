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
  package func blockingFinishDestruction() throws(StoreError) -> Bool {
    let target = withCache { $0.cleaned == $0.destructions ? nil : $0.destructions }
    guard let target else { return true }
    do {
      let isBusy = try database.writeWithoutTransaction { db -> Bool in
        try db.execute(sql: "PRAGMA busy_timeout = \(Self.patience)")
        defer { try? db.execute(sql: "PRAGMA busy_timeout = 10000") }
        // Overwrites the database's pages and cuts the log to nothing.
        let row = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        return (row?[0] as Int64?) != 0
      }
      guard !isBusy else { return false }
    } catch {
      let error = StoreError(error)
      if case .retryLater = error { return false }
      throw error
    }
    for database in setAside { _ = database.obey(self) }
    withCache { $0.cleaned = max($0.cleaned, target) }
    return true
  }

  /// The same, without blocking the calling thread.
  package func finishDestruction() async throws(StoreError) -> Bool {
    if isDestructionComplete { return true }
    let result: Result<Bool, StoreError> = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        do throws(StoreError) {
          continuation.resume(returning: .success(try self.blockingFinishDestruction()))
        } catch { continuation.resume(returning: .failure(error)) }
      }
    }
    return try result.get()
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
