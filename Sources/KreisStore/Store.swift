import Foundation
import GRDB
package import KreisCore
import Synchronization

/// A replica on disk: logs, feeds, and the directory folded from them.
///
/// One process writes (it holds the lock of the state directory); any number may read. What is not
/// `async` blocks on SQLite: call it from an owned thread. The `async` forms run on the database's
/// own queues. The two have different names, because in an `async` function the compiler may pick
/// either of two overloads, and Swift's cooperative pool must never block.
package final class Store: Sendable {
  package let identity: Identity
  /// Tells of each durable commit.
  package let commits = CommitSignal()

  let database: any DatabaseWriter
  let tables: DirectoryTables
  let key: SigningKey
  private let random: @Sendable () -> UInt64
  private let cache: Mutex<Cache>

  struct Cache {
    var membership: Membership
    var control: [ControlEntry]
    var feedHeads: [Scope: FeedHead] = [:]
    /// Own entries that the hub acknowledged but whose feed item has not come back yet.
    var acknowledged: [LogID: UInt64] = [:]
  }

  /// Who belongs to the realm, as of the last commit.
  package var membership: Membership { cache.withLock { $0.membership } }

  init(
    _ database: any DatabaseWriter, identity: Identity, key: SigningKey, schema: Schema,
    random: @escaping @Sendable () -> UInt64
  ) throws {
    self.database = database
    self.identity = identity
    self.key = key
    self.random = random
    tables = DirectoryTables(schema)
    let control = try database.read { try Ledger($0).control(of: identity.realm) }
    cache = Mutex(
      Cache(membership: Membership(realm: identity.realm, control: control), control: control))
  }

  func withCache<T: Sendable>(_ body: (inout sending Cache) -> sending T) -> T {
    cache.withLock(body)
  }

  // MARK: - Transactions

  /// Runs `body` in one transaction: everything it appended is signed, folded and durable when this
  /// returns (I1), or nothing of it happened.
  package func blockingWrite<T>(_ body: (Transaction) throws -> T) throws(StoreError) -> T {
    do { return try database.writeWithoutTransaction { try commit($0, body) } } catch {
      throw StoreError(error)
    }
  }

  /// The same, without blocking the calling thread. Cancellation of the task does not roll back.
  package func write<T: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> T
  ) async throws(StoreError) -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      database.asyncWriteWithoutTransaction { db in
        continuation.resume(returning: Result { try self.commit(db, body) })
      }
    }
    return try Self.unwrap(result)
  }

  private func commit<T>(_ db: Database, _ body: (Transaction) throws -> T) throws -> T {
    let before = withCache { ($0.membership, $0.control) }
    let transaction = Transaction(
      db, identity: identity, tables: tables, membership: before.0, control: before.1, key: key,
      random: random)
    var result: T?
    try db.inTransaction(.immediate) {
      result = try body(transaction)
      try transaction.foldTouched()
      if transaction.membership != before.0 {
        try transaction.foldConcerned(by: before.0)
      }
      try transaction.seal()
      return .commit
    }
    let (membership, control) = (transaction.membership, transaction.control)
    withCache {
      $0.membership = membership
      $0.control = control
    }
    commits.send(
      Commit(
        ownLogs: transaction.ownLogs, movedFeeds: transaction.movedFeeds,
        records: transaction.changedRecords))
    guard let result else { throw StoreError.stateUnknown("a transaction without a result") }
    return result
  }

  /// Writes what changes nothing, to learn whether writing is possible.
  ///
  /// - Returns: why it is not, if only for now; `nil` if it is.
  /// - Throws: `StoreError` of the other kinds.
  package func blockingTrouble() throws(StoreError) -> String? {
    do {
      // Twice, because SQLite does not write a row that stays the same.
      try database.write { db in
        try db.execute(sql: "UPDATE replica SET tables = tables || ' '")
        try db.execute(sql: "UPDATE replica SET tables = substr(tables, 1, length(tables) - 1)")
      }
      return nil
    } catch {
      guard case .retryLater(let reason) = StoreError(error) else { throw StoreError(error) }
      return reason
    }
  }

  /// Runs `body` on one consistent snapshot.
  package func blockingRead<T>(_ body: (Snapshot) throws -> T) throws(StoreError) -> T {
    do { return try database.read { try body(Snapshot($0, self)) } } catch {
      throw StoreError(error)
    }
  }

  /// The same, without blocking the calling thread.
  package func read<T: Sendable>(
    _ body: @escaping @Sendable (Snapshot) throws -> T
  ) async throws(StoreError) -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      database.asyncRead { access in
        continuation.resume(
          returning: Result { try body(Snapshot(try access.get(), self)) })
      }
    }
    return try Self.unwrap(result)
  }

  private static func unwrap<T>(_ result: Result<T, any Error>) throws(StoreError) -> T {
    switch result {
    case .success(let value): return value
    case .failure(let error): throw StoreError(error)
    }
  }
}

/// A consistent view of the replica, for reading.
package struct Snapshot {
  let db: Database
  let ledger: Ledger
  let tables: DirectoryTables
  package let identity: Identity
  package let membership: Membership
  let store: Store

  init(_ db: Database, _ store: Store) {
    self.db = db
    self.store = store
    ledger = Ledger(db)
    tables = store.tables
    identity = store.identity
    membership = store.membership
  }
}
