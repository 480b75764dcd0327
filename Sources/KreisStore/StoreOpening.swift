// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import GRDB
import GRDBSQLite
package import KreisCore

extension Store {
  /// Schema versions that this program can open; migrations run forward only.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { try $0.execute(sql: Schema1.sql) }
    migrator.registerMigration("2") { try $0.execute(sql: Schema2.sql) }
    migrator.registerMigration("3", migrate: Schema3.migrate)
    return migrator
  }

  /// Makes the database of a new replica at `path`.
  ///
  /// - Throws: `StoreError.rejected` if there is one already.
  package static func create(
    at path: String, identity: Identity, key: SigningKey, schema: Schema = .directory,
    random: @escaping @Sendable () -> UInt64
  ) throws(StoreError) -> Store {
    guard !exists(path) else {
      throw .rejected("there is a replica already: \(path)")
    }
    do {
      let progress = WriterProgress()
      let pool = try openPool(path, progress)
      try migrator.migrate(pool)
      try pool.write { try identity.insert(into: $0, key: VerifyingKey(of: key)) }
      return try finish(pool, progress, key, schema, random)
    } catch { throw StoreError(error) }
  }

  /// Opens the database at `path` for writing, brings its schema up to date and folds anew what was
  /// folded by another version.
  ///
  /// - Parameter forRepair: whether to open what is damaged as far as it can be read.
  /// - Throws: `StoreError.rejected` if a newer version wrote it; `StoreError.damaged` if what lies
  ///   there would be a past state, or if it cannot be told who the members are.
  package static func open(
    at path: String, key: SigningKey, schema: Schema = .directory,
    random: @escaping @Sendable () -> UInt64, forRepair: Bool = false
  ) throws(StoreError) -> Store {
    guard exists(path) else {
      throw .rejected("there is no replica at \(path)")
    }
    do {
      // What a newer version wrote is refused before anything of it is touched.
      try openQueue(path).close()
      let doubt = try forRepair ? mendWriteAheadLog(of: path) : checkWriteAheadLog(of: path)
      let progress = WriterProgress()
      let pool = try openPool(path, progress)
      try migrator.migrate(pool)
      let store = try finish(pool, progress, key, schema, random, forRepair: forRepair)
      if let doubt { store.note(doubt) }
      return store
    } catch { throw StoreError(error) }
  }

  /// - Returns: what is doubtful about it.
  private static func checkWriteAheadLog(
    of path: String, isStrict: Bool = true
  ) throws -> Damage? {
    switch WriteAheadLog.look(at: path) {
    case .sound: return nil
    case .doubtful:
      return Damage(
        .file,
        "was cut off in its last transaction, by a power cut or a damaged bit; what was written last "
          + "may be missing")
    case .damaged(let commits):
      let damage = Damage(
        .file, "has a damaged write-ahead log, behind which \(commits) transactions stand")
      guard isStrict else { return damage }
      throw StoreError.damaged(damage)
    }
  }

  private static func mendWriteAheadLog(of path: String) throws -> Damage? {
    guard case .damaged = WriteAheadLog.look(at: path), var log = WriteAheadLog(of: path) else {
      return nil
    }
    try log.mend()
    return Damage(.file, "had a damaged write-ahead log; its transactions were taken all the same")
  }

  /// Opens the database at `path` for reading, beside whoever writes. What would write fails.
  ///
  /// - Parameters:
  ///   - key: for whoever signs requests to the hub.
  ///   - forRepair: whether to open what is damaged as far as it can be read.
  package static func openReadOnly(
    at path: String, key: SigningKey = SigningKey(), schema: Schema = .directory,
    forRepair: Bool = false
  ) throws(StoreError) -> Store {
    do {
      let doubt = try checkWriteAheadLog(of: path, isStrict: !forRepair)
      let queue = try openQueue(path)
      guard try queue.read({ try migrator.hasCompletedMigrations($0) }) else {
        throw StoreError.retryLater(
          "\(path) was written by an older version of kreisnetz; it is brought up to date when the "
            + "daemon, or any command that writes, opens it once")
      }
      let store = try Store(
        queue, key: key, schema: schema, random: { 0 }, forRepair: forRepair)
      if let doubt { store.note(doubt) }
      return store
    } catch { throw StoreError(error) }
  }

  /// Whose replica the database at `path` is, whatever version of this program wrote it: who opens it
  /// for writing must know which generation's key to bring.
  package static func identity(at path: String) throws(StoreError) -> Identity {
    guard exists(path) else {
      throw .rejected("there is no replica at \(path)")
    }
    do {
      let queue = try openQueue(path)
      return try queue.read { try Identity.read(from: $0) }
    } catch { throw StoreError(error) }
  }

  /// Whether there is a database at `path`: asked of what SQLite opens files with, which in tests is
  /// not the system's file system.
  private static func exists(_ path: String) -> Bool {
    guard let files = sqlite3_vfs_find(nil) else { return false }
    var answer: Int32 = 0
    let code = files.pointee.xAccess?(files, path, SQLITE_ACCESS_EXISTS, &answer)
    return code == SQLITE_OK && answer != 0
  }

  static func openQueue(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA temp_store = MEMORY") }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try refuseNewer(queue, path)
    return queue
  }

  private static func refuseNewer(_ database: any DatabaseReader, _ path: String) throws {
    guard try database.read({ try migrator.hasBeenSuperseded($0) }) else { return }
    throw StoreError.rejected(
      "\(path) was written by a newer version of kreisnetz, and was not touched; install that version "
        + "or a later one")
  }

  private static func openPool(
    _ path: String, _ progress: WriterProgress
  ) throws -> DatabasePool {
    var configuration = Configuration()
    progress.count(&configuration)
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { db in
      // Deleted values must not stay readable in free pages (I7).
      try db.execute(sql: "PRAGMA secure_delete = ON")
      if isPlanted(.leavesDeletedBytes) { try db.execute(sql: "PRAGMA secure_delete = OFF") }
      // Nor in temporary files.
      try db.execute(sql: "PRAGMA temp_store = MEMORY")
    }
    let pool = try DatabasePool(path: path, configuration: configuration)
    // After opening, because DatabasePool sets NORMAL once `prepareDatabase` has run; NORMAL loses
    // acknowledged commits on power loss (I1). Read back, because a pragma fails silently.
    try pool.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA synchronous = FULL")
      if isPlanted(.synchronousNormal) { try db.execute(sql: "PRAGMA synchronous = NORMAL") }
      guard
        try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 || isPlanted(.synchronousNormal)
      else {
        throw StoreError.stateUnknown("SQLite does not accept synchronous=FULL for \(path)")
      }
      try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
      try db.execute(sql: "PRAGMA cache_size = -16000")
    }
    return pool
  }

  private static func finish(
    _ pool: DatabasePool, _ progress: WriterProgress, _ key: SigningKey, _ schema: Schema,
    _ random: @escaping @Sendable () -> UInt64, forRepair: Bool = false
  ) throws -> Store {
    #if PlantedBugs
      if isPlanted(.reusesSequence) { try pool.write { try $0.execute(sql: forgettingTails) } }
    #endif
    let store = try Store(
      pool, progress, key: key, schema: schema, random: random, forRepair: forRepair)
    let made = try pool.read { try String.fetchOne($0, sql: "SELECT tables FROM replica") }
    if made != store.tables.fingerprint { _ = try store.blockingWrite { try $0.rebuild() } }
    return store
  }
}

extension Transaction {
  /// Folds every record anew from the log into the directory tables (I3).
  ///
  /// - Returns: how many records were folded.
  package func rebuild() throws -> Int {
    try tables.create(in: db)
    if isPlanted(.keepsOldFold) {
      try db.execute(sql: "UPDATE replica SET tables = ?", arguments: [tables.fingerprint])
      return 0
    }
    try tables.clear(in: db)
    // In no sum before they are folded again.
    try db.execute(sql: "UPDATE record SET seal = NULL, shown = 0, kind = 0")
    try ledger.countAnew()
    let records = try Int64.fetchAll(db, sql: "SELECT record FROM record ORDER BY record")
    try fold(records)
    try db.execute(sql: "UPDATE replica SET tables = ?", arguments: [tables.fingerprint])
    return records.count
  }

  /// SQLite's `synchronous` on the writing connection; 2 is FULL.
  package func synchronousMode() throws -> Int? {
    try Int.fetchOne(db, sql: "PRAGMA synchronous")
  }
}

#if PlantedBugs
  /// Forgets the last entry of every own log that the hub's feed has not brought back.
  private let forgettingTails = """
    CREATE TEMP TABLE tail AS SELECT log, sequence FROM log
      WHERE sequence > pushed AND sequence > 1 AND member = (SELECT member FROM replica)
        AND scope <> 4 AND (SELECT role FROM replica) = 'town';
    DELETE FROM entry WHERE entry IN (SELECT log << 40 | sequence FROM tail);
    UPDATE log SET sequence = sequence - 1,
      hash = (SELECT hash FROM entry WHERE entry = log.log << 40 | log.sequence - 1)
      WHERE log IN (SELECT log FROM tail);
    DROP TABLE tail
    """
#endif
