// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import GRDB
package import KreisCore

/// What a replica holds of one scope, in figures that two replicas can compare.
package struct ScopeDigest: Hashable, Sendable {
  package let scope: Scope
  package var entries = 0
  package var records = 0
  /// Values that are missing although no destruction covers them.
  package var missingValues = 0
  /// The end of the feed; `nil` before its first item, and for `local`.
  package var feed: FeedPosition?
  /// Over all log heads of the scope.
  package var logs: Hash256
  /// Over the folded state of all records.
  package var state: Hash256
}

/// What re-reading and re-computing everything found.
package struct Verification: Sendable {
  package var entriesHashed = 0
  package var recordsFolded = 0
  package var scopes: [ScopeDigest] = []
  /// What is not as it must be, as sentences. Empty: the replica is sound.
  package var differences: [String] = []

  package init() {}

  /// Whether nothing differs and no value is missing that no destruction covers.
  package var isSound: Bool {
    differences.isEmpty && scopes.allSatisfy { $0.missingValues == 0 }
  }
}

extension Snapshot {
  /// Re-hashes every entry, checks every chain, commitment and signature and the feed hashes, folds
  /// every record anew and compares the directory tables with the result. Reads everything from the
  /// file; believes nothing that was computed before.
  ///
  /// - Parameter progress: called now and then with what is being done and how far it is.
  package func verify(
    progress: (_ what: String, _ done: Int) -> Void = { _, _ in }
  ) throws -> Verification {
    var verifier = Verifier(self)
    do {
      try verifier.checkFile()
      try verifier.checkLogs(progress)
      try verifier.checkBranches()
      try verifier.checkFeeds()
      try verifier.checkRecords(progress)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      verifier.report.differences.append("the database file is damaged: \(error.message ?? "")")
    }
    return verifier.finished()
  }
}

private struct Verifier {
  let snapshot: Snapshot
  var report = Verification()
  private var digests: [Scope: ScopeDigest] = [:]
  private var stateHashers: [Scope: SHA256] = [:]

  /// One damaged page can break thousands of entries; the first few say enough.
  private static let limit = 100

  init(_ snapshot: Snapshot) { self.snapshot = snapshot }

  private var db: Database { snapshot.db }
  private var ledger: Ledger { snapshot.ledger }

  private mutating func differs(_ sentence: String) {
    if report.differences.count < Self.limit { report.differences.append(sentence) }
  }

  private mutating func digest(_ scope: Scope, _ change: (inout ScopeDigest) -> Void) {
    let empty = Hash256(of: [])
    change(&digests[scope, default: ScopeDigest(scope: scope, logs: empty, state: empty)])
  }

  mutating func checkFile() throws {
    for line in try String.fetchAll(db, sql: "PRAGMA integrity_check(10)") where line != "ok" {
      differs("the database file: \(line)")
    }
  }

  // MARK: - Logs

  mutating func checkLogs(_ progress: (String, Int) -> Void) throws {
    let rows = try Row.fetchAll(
      db, sql: "SELECT log, member, generation, scope, town, sequence, hash, signature FROM log")
    var heads: [(log: LogID, head: LogHead)] = []
    for row in rows {
      guard let member = try MemberID(row.unsigned(1)), let scope = try? row.scope(3) else {
        differs("a log with an impossible name")
        continue
      }
      let log = LogID(member: member, generation: try row.unsigned32(2), scope: scope)
      let head = try checkChain(of: log, key: row.integer(0), progress)
      guard try head.sequence == row.unsigned(5), try row.hash(6) == head.hash else {
        differs("log \(log): its entries end at \(head.sequence), not where its head says")
        continue
      }
      if scope != .local { try checkSignature(of: log, head, row.bytes(7)) }
      if head.sequence > 0 { heads.append((log, head)) }
    }
    for (scope, members) in Dictionary(grouping: heads, by: \.log.scope) {
      var bytes: [UInt8] = []
      for (log, head) in members.sorted(by: { $0.log < $1.log }) {
        bytes += log.canonical(in: snapshot.identity.realm)
        bytes.appendBigEndian(head.sequence)
        head.hash.append(to: &bytes)
      }
      digest(scope) { $0.logs = Hash256(of: bytes) }
    }
  }

  private mutating func checkChain(
    of log: LogID, key: Int64, _ progress: (String, Int) -> Void
  ) throws -> LogHead {
    var chain = LogChain(log, in: snapshot.identity.realm)
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT entry, hash, body, block, commitment, record.id FROM entry
        LEFT JOIN record USING (record) WHERE entry BETWEEN ? AND ? ORDER BY entry
        """, arguments: [EntryKey.all(of: key).lowerBound, EntryKey.all(of: key).upperBound])
    while let row = try rows.next() {
      let sequence = EntryKey.sequence(try row.integer(0))
      guard sequence == chain.head.sequence + 1 else {
        differs("log \(log): entry \(chain.head.sequence + 1) is missing")
        return chain.head
      }
      let entry = try Ledger.entry(row, 2)
      do {
        let header = try EntryBody(decoding: entry.body)
        if header.record?.bytes != (try row.bytes(5)) {
          differs("log \(log), entry \(sequence): filed under another record")
        }
      } catch { differs("log \(log), entry \(sequence): \(error)") }
      if chain.append(body: entry.body, commitment: entry.commitment) != (try row.hash(1)) {
        differs("log \(log), entry \(sequence): does not hash to what the chain says")
        return chain.head
      }
      report.entriesHashed += 1
      digest(log.scope) { $0.entries += 1 }
      if report.entriesHashed.isMultiple(of: 10_000) {
        progress("entries re-hashed", report.entriesHashed)
      }
    }
    return chain.head
  }

  private mutating func checkSignature(
    of log: LogID, _ head: LogHead, _ signature: [UInt8]?
  ) throws {
    guard head.sequence > 0 else { return }
    guard let key = snapshot.membership.key(of: log.member, generation: log.generation) else {
      differs("log \(log): its author's key is not known")
      return
    }
    let signed = SignedHead(log: log, head: head, signature: signature ?? [])
    if !signed.isValid(in: snapshot.identity.realm, by: key) {
      differs("log \(log): the signature under entry \(head.sequence) is not its author's")
    }
  }

  /// What stands beside the chains: evidence, or to be issued again.
  mutating func checkBranches() throws {
    for branch in try snapshot.branches() {
      do { report.entriesHashed += try ledger.entries(of: branch).count } catch StoreError.damaged {
        differs(
          "log \(branch.log): what was set aside from entry \(branch.first) on does not hash to its "
            + "head")
        continue
      }
      // What this replica signed itself with a key that nobody announced, nobody can check.
      guard let signature = branch.signature, branch.log.member != snapshot.identity.member else {
        continue
      }
      let signed = SignedHead(log: branch.log, head: branch.head, signature: signature)
      let (log, realm) = (branch.log, snapshot.identity.realm)
      let keys =
        snapshot.membership.keys(of: log.member, generation: log.generation)
        + (try ledger.keysAside(of: log.member, generation: log.generation))
      if !keys.contains(where: { signed.isValid(in: realm, by: $0) }) {
        differs(
          "log \(log): the signature under entry \(branch.head.sequence), which was set aside, is not "
            + "its author's")
      }
    }
  }

  // MARK: - Feeds

  mutating func checkFeeds() throws {
    let generation = snapshot.replica.feedGeneration
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT scope, town, position, log, last, hash FROM feed ORDER BY scope, town, position
        """)
    var chain: FeedChain?
    while let row = try rows.next() {
      let scope = try row.scope(0)
      if chain?.scope != scope {
        try finish(chain)
        chain = FeedChain(of: scope, in: snapshot.identity.realm, hubGeneration: generation)
      }
      let log = try ledger.name(of: row.integer(3))
      let last = try row.unsigned(4)
      guard let hash = try ledger.hash(of: log, at: last) else {
        differs("feed of \(scope): names entry \(last) of \(log), which is not held")
        continue
      }
      let end = chain?.append(log, LogHead(sequence: last, hash: hash))
      let stored = FeedPosition(position: try row.unsigned(2), hash: try row.hash(5))
      if end != stored {
        differs("feed of \(scope): position \(stored.position) does not hash to what it should")
        chain = nil
      }
    }
    try finish(chain)
  }

  /// Compares a feed's computed end with what the hub signed.
  private mutating func finish(_ chain: FeedChain?) throws {
    guard let chain else { return }
    digest(chain.scope) { $0.feed = chain.end }
    let columns = chain.scope.columns
    guard snapshot.identity.role == .town,
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT hub_generation, position, hash, signature FROM feed_head
          WHERE scope = ? AND town = ?
          """, arguments: [columns.kind, columns.town])
    else { return }
    let head = FeedHead(
      hubGeneration: try row.unsigned32(0), scope: chain.scope,
      at: FeedPosition(position: try row.unsigned(1), hash: try row.hash(2)),
      signature: try row.bytes(3) ?? [])
    guard head.at == chain.end else {
      differs("feed of \(chain.scope): ends elsewhere than the head that the hub signed")
      return
    }
    guard let hub = snapshot.membership.hub,
      let key = snapshot.membership.key(of: hub, generation: head.hubGeneration),
      head.isValid(in: snapshot.identity.realm, by: key)
    else {
      differs("feed of \(chain.scope): its head is not signed by the hub")
      return
    }
  }

  // MARK: - Records

  mutating func checkRecords(_ progress: (String, Int) -> Void) throws {
    let rows = try Row.fetchCursor(
      db, sql: "SELECT record, id, kind, deleted, conflicts FROM record ORDER BY id")
    var shown: [UInt32: Int] = [:]
    while let row = try rows.next() {
      guard let id = try row.bytes(1).flatMap({ RecordID($0) }) else {
        differs("a record without a valid id")
        continue
      }
      let entries: [LoggedEntry]
      do { entries = try ledger.entries(ofRecord: row.integer(0)) } catch let error
        as StoreError
      {
        differs("record \(id): \(error)")
        continue
      }
      let state = Fold.record(id, entries, under: snapshot.membership)
      report.recordsFolded += 1
      add(state, entries)
      let expected = try snapshot.tables.row(row.integer(0), state)
      if let kind = expected?.kind { shown[kind, default: 0] += 1 }
      let kind = try row.unsigned32(2)
      let stored = try snapshot.tables.storedRow(row.integer(0), kind: kind, in: db)
      let isRight =
        try kind == state.kind ?? 0 && row.flag(3) == state.isDeleted
        && row.integer(4) == state.conflicts.count && stored == expected?.values
      if !isRight { differs("record \(id): the directory tables differ from the log") }
      if report.recordsFolded.isMultiple(of: 10_000) {
        progress("records re-folded", report.recordsFolded)
      }
    }
    for (kind, count) in try snapshot.counts() where count != shown[kind.tag] ?? 0 {
      differs("table \(kind.name): \(count) rows, but the log makes \(shown[kind.tag] ?? 0)")
    }
  }

  private mutating func add(_ state: RecordState, _ entries: [LoggedEntry]) {
    for entry in entries
    where entry.values == nil && entry.header.hasBlock && !state.destroyed.contains(entry.hash) {
      digest(entry.log.scope) { $0.missingValues += 1 }
    }
    for (scope, part) in state.scopes {
      digest(scope) { $0.records += 1 }
      stateHashers[scope, default: SHA256()].update(data: part.canonical(of: state.record))
    }
  }

  func finished() -> Verification {
    var report = report
    report.scopes = digests.values.sorted { $0.scope < $1.scope }.map { digest in
      var digest = digest
      if let hasher = stateHashers[digest.scope],
        let hash = Hash256(Array(hasher.finalize()))
      {
        digest.state = hash
      }
      return digest
    }
    return report
  }
}
