// SPDX-License-Identifier: EUPL-1.2

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
  /// Tells of each durable commit.
  package let commits = CommitSignal()
  /// How long pushes, pulls and their verification took since this was opened.
  package let timings = Timings()
  /// Tells, once, that a write failed so that what is on disk is not known: whoever runs the store
  /// must end, and start anew. For one listener.
  package let failures: AsyncStream<StoreError>

  let database: any DatabaseWriter
  let tables: DirectoryTables
  /// Whether what is damaged is read as far as it can be.
  let isForRepair: Bool
  private let progress: WriterProgress
  private let random: @Sendable () -> UInt64
  private let cache: Mutex<Cache>
  let failed: AsyncStream<StoreError>.Continuation
  /// Held while a database that was set aside follows this one, which must not happen twice at once.
  let obeying = Mutex(())

  struct Cache {
    var replica: ReplicaState
    var key: SigningKey
    var feedHeads: [Scope: FeedHead] = [:]
    /// Own entries that the hub acknowledged but whose feed item has not come back yet.
    var acknowledged: [LogID: UInt64] = [:]
    /// Where the hub said that it holds less than its feed showed here.
    var rewound: [LogID: UInt64] = [:]
    /// The last entries of own logs, as they are to be pushed, where they are few and nothing was
    /// destroyed since (I7).
    var fresh: [LogID: UnverifiedBundle] = [:]
    var damages: Set<Damage> = []
    /// Commits that destroyed values, and how many of them left no trace in any file. One more from
    /// the start: the process may have died between the two.
    var destructions = 1
    var cleaned = 0

    /// How far the hub has an own log, given how far its feed shows it.
    func sent(_ log: LogID, fed: UInt64) -> UInt64 {
      rewound[log] ?? max(fed, acknowledged[log] ?? 0)
    }

    /// The next bundle of an own log without a look at what is on disk, where that can be known.
    func freshBundle(of log: LogID) -> UnverifiedBundle? {
      guard rewound[log] == nil, let bundle = fresh[log], acknowledged[log] == bundle.first - 1
      else {
        return nil
      }
      return bundle
    }
  }

  /// Who this replica is, as of the last commit: its generation grows.
  package var identity: Identity { cache.withLock { $0.replica.identity } }
  /// The hub generation whose feeds this replica holds, as of the last commit; 0 before the first.
  package var feedGeneration: UInt32 { cache.withLock { $0.replica.feedGeneration } }
  /// Who belongs to the realm, as of the last commit.
  package var membership: Membership { cache.withLock { $0.replica.membership } }
  /// Who this replica is and the key it signs with, as of the last commit.
  package var signer: Signer {
    cache.withLock { Signer(identity: $0.replica.identity, key: $0.key) }
  }

  init(
    _ database: any DatabaseWriter, _ progress: WriterProgress = WriterProgress(), key: SigningKey,
    schema: Schema, random: @escaping @Sendable () -> UInt64, forRepair: Bool = false
  ) throws {
    self.database = database
    self.progress = progress
    self.random = random
    (failures, failed) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    tables = DirectoryTables(schema)
    isForRepair = forRepair
    var damages: Set<Damage> = []
    let replica = try database.read { db in
      try ReplicaState.read(from: db, onDamage: forRepair ? { damages.insert($0) } : nil)
    }
    cache = Mutex(Cache(replica: replica, key: key, damages: damages))
  }

  func withCache<T: Sendable>(_ body: (inout sending Cache) -> sending T) -> T {
    cache.withLock(body)
  }

  // MARK: - Transactions

  /// Runs `body` in one transaction: everything it appended is signed, folded and durable when this
  /// returns (I1), or nothing of it happened.
  package func blockingWrite<T>(_ body: (Transaction) throws -> T) throws(StoreError) -> T {
    do {
      return try database.writeWithoutTransaction { db in
        try sortingFailures { try commit(db, body) }
      }
    } catch { throw noted(error) }
  }

  /// The same, without blocking the calling thread. Cancellation of the task does not roll back.
  package func write<T: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> T
  ) async throws(StoreError) -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      database.asyncWriteWithoutTransaction { db in
        continuation.resume(
          returning: Result { try self.sortingFailures { try self.commit(db, body) } })
      }
    }
    return try unwrap(result)
  }

  private func commit<T>(_ db: Database, _ body: (Transaction) throws -> T) throws -> T {
    let (before, key) = withCache { ($0.replica, $0.key) }
    let transaction = Transaction(db, before, tables: tables, key: key, random: random)
    var result: T?
    let changes = db.totalChangesCount
    try db.inTransaction(.immediate) {
      result = try body(transaction)
      try transaction.foldTouched()
      if transaction.membership != before.membership {
        try transaction.cutBeyondClosings(from: before.membership)
        try transaction.foldTouched()
        try transaction.foldConcerned(by: before.membership)
      }
      try transaction.seal()
      if transaction.replica.differs(from: before) { try transaction.replica.save(in: db) }
      try transaction.ledger.writeTallies()
      // Before anybody sees the commit: whoever states that he executed it looks here.
      if transaction.hasDestroyed { withCache { $0.destructions += 1 } }
      if isPlanted(.acknowledgesBeforeCommit), transaction.movedFeeds, random() % 3 == 0 {
        return .rollback
      }
      return .commit
    }
    for damage in transaction.damages { note(damage) }
    let (replica, newKey) = (transaction.replica, transaction.key)
    let (fresh, hasDestroyed) = (transaction.freshBundles, transaction.hasDestroyed)
    withCache {
      // What was acknowledged and signed belongs to one generation.
      if replica.identity != before.identity || replica.feedGeneration != before.feedGeneration {
        $0.acknowledged = [:]
        $0.rewound = [:]
        $0.feedHeads = [:]
        $0.fresh = [:]
      }
      if hasDestroyed { $0.fresh = [:] } else { $0.fresh.merge(fresh) { $1 } }
      $0.replica = replica
      $0.key = newKey
    }
    // A push that was refused must not wake every follower.
    if db.totalChangesCount != changes {
      commits.send(
        Commit(
          ownLogs: transaction.ownLogs, movedFeeds: transaction.movedFeeds,
          records: transaction.changedRecords, concerning: transaction.concerning,
          destroyed: transaction.hasDestroyed))
    }
    guard let result else { throw StoreError.stateUnknown("a transaction without a result") }
    return result
  }

  /// Writes what changes nothing, to learn whether writing is possible.
  ///
  /// - Returns: why it is not, if only for now; `nil` if it is.
  /// - Throws: `StoreError` of the other kinds.
  package func blockingTrouble() throws(StoreError) -> String? {
    do {
      try database.writeWithoutTransaction { db in
        try sortingFailures {
          try db.inTransaction(.immediate) {
            // Twice, because SQLite does not write a row that stays the same.
            try db.execute(sql: "UPDATE replica SET tables = tables || ' '")
            try db.execute(sql: "UPDATE replica SET tables = substr(tables, 1, length(tables) - 1)")
            return .commit
          }
        }
      }
      return nil
    } catch {
      guard case .retryLater(let reason) = StoreError(error) else { throw StoreError(error) }
      return reason
    }
  }

  /// Returns when the database has answered on both of its ways: it read, and what was being written is
  /// done or gets on. An error is an answer, too.
  package func probe() async {
    _ = try? await read { _ in }
    await progress.wait(database)
  }

  /// Runs `body` on one consistent snapshot.
  package func blockingRead<T>(_ body: (Snapshot) throws -> T) throws(StoreError) -> T {
    do { return try database.read { try body(try Snapshot($0, self)) } } catch {
      throw noted(error)
    }
  }

  /// The same, without blocking the calling thread.
  package func read<T: Sendable>(
    _ body: @escaping @Sendable (Snapshot) throws -> T
  ) async throws(StoreError) -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      database.asyncRead { access in
        continuation.resume(
          returning: Result { try body(try Snapshot(try access.get(), self)) })
      }
    }
    return try unwrap(result)
  }

  func unwrap<T>(_ result: Result<T, any Error>) throws(StoreError) -> T {
    switch result {
    case .success(let value): return value
    case .failure(let error): throw noted(error)
    }
  }
}

/// A consistent view of the replica, for reading.
package struct Snapshot {
  let db: Database
  let ledger: Ledger
  let tables: DirectoryTables
  let replica: ReplicaState
  let store: Store

  package var identity: Identity { replica.identity }
  package var membership: Membership { replica.membership }

  /// Who belongs to the realm is read with the rest, so that nobody is shown by an older membership
  /// what the logs in this view close to him (I7).
  init(_ db: Database, _ store: Store) throws {
    let cached = store.withCache { $0.replica }
    let isCurrent = try ReplicaState.revision(in: db) == cached.revision
    self.init(
      db, store,
      isCurrent
        ? cached : try ReplicaState.read(from: db, onDamage: store.isForRepair ? { _ in } : nil))
  }

  init(_ db: Database, _ store: Store, _ replica: ReplicaState) {
    self.db = db
    self.store = store
    self.replica = replica
    ledger = Ledger(db, in: replica.identity.realm)
    tables = store.tables
  }
}
