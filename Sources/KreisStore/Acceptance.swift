// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// How the hub answers a push.
package enum PushOutcome: Sendable {
  /// Durable; the feed position that holds the bundle's last entry.
  case accepted(UInt64)
  /// Durable; the hub gathers, so there is no feed yet.
  case gathered
  /// The bundle does not continue the log that the hub holds; `nil`: it holds nothing of it. What its
  /// author signed and the log cannot take is kept beside it.
  case conflict(SignedHead?)
  case refused(reason: String)
}

extension ReplicaState {
  /// - Throws: `StoreError.retryLater` while the hub gathers or is halted.
  func checkServing() throws {
    if let halted { throw StoreError.retryLater(halted) }
    guard !isGathering else {
      throw StoreError.retryLater("the hub collects from its members what it lost")
    }
  }
}

extension Store {
  /// Entries that are judged within the write transaction: a live edit's, for which a snapshot of its
  /// own would take longer than it saves.
  private static let liveEntries = 8

  /// Takes a bundle that `sender` pushed, its own or another member's. Returns after the commit (I1).
  ///
  /// - Throws: `StoreError.retryLater` while the hub is halted.
  package func accept(
    _ bundle: UnverifiedBundle, from sender: MemberID
  ) async throws(StoreError) -> PushOutcome {
    guard bundle.entries.count > Self.liveEntries else {
      return try await write { try $0.judge(bundle, from: sender, self) }
    }
    // Judged on a snapshot first: what must be refused costs no write transaction, and hashing
    // does not hold up other writers.
    let seen = try await read { snapshot in
      if !snapshot.replica.isGathering { try snapshot.replica.checkServing() }
      let start = ContinuousClock.now
      let verdict = try HubRules.judge(
        bundle, from: sender, under: snapshot.membership, holding: snapshot.ledger,
        isGathering: snapshot.replica.isGathering)
      self.timings.note(.verify, since: start)
      return (
        verdict: verdict, head: try snapshot.ledger.head(of: bundle.log),
        revision: snapshot.replica.revision,
        isComplete: try snapshot.ledger.lackingValues(of: bundle).isEmpty
      )
    }
    switch seen.verdict {
    case .refused, .conflict,
      .known where seen.isComplete:
      return try await read { try $0.outcome(of: seen.verdict, for: bundle.log) }
    default: break
    }
    return try await write { transaction in
      let isCurrent =
        try transaction.ledger.head(of: bundle.log) == seen.head
        && transaction.replica.revision == seen.revision
      return isCurrent
        ? try transaction.execute(seen.verdict, bundle, self)
        : try transaction.judge(bundle, from: sender, self)
    }
  }

  /// Takes note of a feed head that carries this hub's signature. One that it lacks or contradicts
  /// proves that the hub was restored from a backup: it stops serving until its next generation.
  ///
  /// - Returns: whether the hub is halted by it.
  package func examine(_ head: FeedHead) async throws(StoreError) -> Bool {
    let isStrange = try await read { try $0.contradicts(head) }
    guard isStrange, !isPlanted(.overlooksRestore) else { return false }
    try await write { transaction in
      transaction.halt(
        "the hub signed position \(head.at.position) of the feed of \(head.scope), which it does not "
          + "hold: it was restored from a backup")
    }
    return true
  }

  /// Why this hub must not serve; `nil`: it may.
  package var halted: String? { withCache { $0.replica.halted } }
  /// Whether this hub collects from its members what it lost.
  package var isGathering: Bool { withCache { $0.replica.isGathering } }
}

extension Snapshot {
  /// Whether this hub signed a feed head in its present generation that its feeds do not have.
  fileprivate func contradicts(_ head: FeedHead) throws -> Bool {
    guard !replica.isGathering, head.hubGeneration == identity.generation, head.at.position > 0,
      let key = membership.key(of: identity.member, generation: identity.generation),
      head.isValid(in: identity.realm, by: key)
    else { return false }
    return try ledger.feedHash(of: head.scope, at: head.at.position) != head.at.hash
  }

  /// The answer to what appends nothing.
  func outcome(of verdict: PushVerdict, for log: LogID) throws -> PushOutcome {
    switch verdict {
    case .refused(let reason), .halted(_, _, _, let reason): .refused(reason: reason)
    case .known where replica.isGathering: .gathered
    case .known(let head): .accepted(try feedPosition(holding: log, head.sequence))
    case .conflict, .append, .aside: .conflict(try ledger.signedHead(of: log))
    }
  }

  /// The first feed position that holds entry `sequence` of `log`.
  private func feedPosition(holding log: LogID, _ sequence: UInt64) throws -> UInt64 {
    guard let key = try ledger.key(of: log),
      let row = try Row.fetchOne(
        db.cachedStatement(
          sql: "SELECT position FROM feed WHERE log = ? AND last >= ? ORDER BY last LIMIT 1"),
        arguments: [key, Int64(sequence)])
    else { throw StoreError.stateUnknown("an accepted bundle of \(log) is in no feed") }
    return try row.unsigned(0)
  }
}

extension Transaction {
  func halt(_ reason: String) { replica.halted = replica.halted ?? reason }

  fileprivate func judge(
    _ bundle: UnverifiedBundle, from sender: MemberID, _ store: Store
  ) throws -> PushOutcome {
    if !replica.isGathering { try replica.checkServing() }
    let start = ContinuousClock.now
    let verdict = try HubRules.judge(
      bundle, from: sender, under: membership, holding: ledger, isGathering: replica.isGathering)
    store.timings.note(.verify, since: start)
    return try execute(verdict, bundle, store)
  }

  fileprivate func execute(
    _ verdict: PushVerdict, _ bundle: UnverifiedBundle, _ store: Store
  ) throws -> PushOutcome {
    try fillValues(from: bundle)
    switch verdict {
    case .append(let chain, let signed):
      let position = try append(chain, signed)
      return replica.isGathering ? .gathered : .accepted(position.position)
    case .aside(let chain, let previous, let signed, let isFork):
      try keep(chain, after: previous, signed, isFork: isFork)
    case .halted(let chain, let previous, let signed, let reason):
      // Before anything else is decided: from now on nothing is.
      if try ledger.hasRoomAside(for: bundle.log) {
        try keepAside(chain.entries, after: previous, signed, because: .closed)
      }
      halt(reason)
    case .known, .conflict, .refused: break
    }
    return try Snapshot(db, store, replica).outcome(of: verdict, for: bundle.log)
  }

  /// Keeps what an author signed and its log cannot take. A fork closes the log, so that its author
  /// goes on in its next generation; what the hub itself wrote is issued again at once.
  private func keep(
    _ chain: ChainedBundle, after previous: Hash256, _ signed: SignedHead, isFork: Bool
  ) throws {
    let log = signed.log
    guard try ledger.hasRoomAside(for: log) else { return }
    try keepAside(chain.entries, after: previous, signed, because: isFork ? .fork : .closed)
    guard !replica.isGathering else { return }
    if log.member == identity.member {
      try issueBranches()
    } else if isFork {
      try closeForked(log)
    }
  }

  /// Closes a log of which its author signed two histories, where the feed holds it.
  func closeForked(_ log: LogID) throws {
    guard log.member != membership.hub, membership.closing(of: log) == nil else { return }
    let last = try ledger.head(of: log)?.sequence ?? 0
    try append(
      .closing(
        log.member,
        closes: [ClosedLog(generation: log.generation, scope: log.scope, last: last)],
        revoked: false), at: ledger.latestTime())
  }

  /// Appends a member's bundle to its log and to the feed of its scope.
  func append(_ chain: ChainedBundle, _ signed: SignedHead) throws -> FeedPosition {
    let key = try ledger.openKey(of: chain.log, in: identity.realm)
    for entry in chain.entries { try record(entry, log: chain.log, key: key) }
    try ledger.setHead(chain.head, signature: signed.signature, ofKey: key)
    if replica.isGathering { learn(chain) }
    return try appendToFeed(signed, key: key)
  }

  /// Of a hub that gathers, membership grows as its own old public logs come in.
  private func learn(_ chain: ChainedBundle) {
    guard chain.log.scope == .public, chain.log.member == identity.member else { return }
    replica.learn(
      chain.entries.compactMap { entry in
        guard entry.header.kind == .control,
          let control = try? Control(decoding: entry.header.control)
        else { return nil }
        return ControlEntry(
          hubGeneration: chain.log.generation, sequence: entry.sequence, control: control)
      })
  }

  /// Takes values that held entries lack, where they fit what the headers commit to and no
  /// destruction covers them.
  ///
  /// - Returns: how many entries got their values back.
  @discardableResult
  package func fillValues(from bundle: UnverifiedBundle) throws -> Int {
    var filled = 0
    for (key, block) in try ledger.lackingValues(of: bundle) {
      guard let record = try ledger.record(ofEntry: key),
        let hash = try ledger.hash(of: bundle.log, at: EntryKey.sequence(key)),
        try state(of: ledger.id(of: record))?.destroyed.contains(hash) == false
      else { continue }
      try db.cachedStatement(
        sql: "UPDATE entry SET block = ?, commitment = NULL WHERE entry = ?"
      ).execute(arguments: [Data(PackedBlock.pack(block)), key])
      touch(record, try ledger.id(of: record))
      filled += 1
    }
    return filled
  }
}

extension Ledger {
  /// Held entries without values of which `bundle` has the block that their header commits to.
  fileprivate func lackingValues(of bundle: UnverifiedBundle) throws -> [(Int64, [UInt8])] {
    guard let key = try key(of: bundle.log) else { return [] }
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT entry, commitment FROM entry
          WHERE entry BETWEEN ? AND ? AND block IS NULL AND commitment IS NOT NULL
          """), arguments: [EntryKey.make(key, bundle.first), EntryKey.make(key, bundle.last)])
    return try rows.compactMap { row in
      let key = try row.integer(0)
      let index = Int(EntryKey.sequence(key) - bundle.first)
      guard case .block(let block) = bundle.entries[index].proof,
        Hash256(of: block) == (try row.hash(1))
      else { return nil }
      return (key, block)
    }
  }

  func record(ofEntry key: Int64) throws -> Int64? {
    try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT record FROM entry WHERE entry = ?"), arguments: [key])
  }

  /// Whether more of a log may be kept beside its chain (I5).
  fileprivate func hasRoomAside(for log: LogID) throws -> Bool {
    guard let key = try key(of: log) else { return true }
    let row = try Row.fetchOne(
      db, sql: "SELECT count(*), coalesce(sum(size), 0) FROM branch WHERE log = ?",
      arguments: [key])
    return try row.map {
      try $0.integer(0) < Limits.asideBranches && $0.integer(1) < Limits.asideBytes
    } ?? true
  }

  /// The latest time that a control entry states, in seconds since 1970: what the hub decides by
  /// itself, it decides at no time of its own.
  fileprivate func latestTime() throws -> UInt64 {
    let rows = try Row.fetchCursor(
      db, sql: "SELECT body FROM entry WHERE record IS NULL ORDER BY entry DESC LIMIT 1")
    guard let body = try rows.next()?.bytes(0), let header = try? EntryBody(decoding: body) else {
      return 0
    }
    return header.recordedAt
  }
}
