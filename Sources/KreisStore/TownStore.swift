// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

extension Store {
  /// Verifies a feed chunk and merges it: logs, feed cursors, folded records and what the hub
  /// acknowledged, in one transaction (I1).
  ///
  /// - Returns: whether nothing more is waiting at the hub.
  /// - Throws: `ChunkError` if the chunk does not verify; nothing of it was taken;
  ///   `StoreError`.
  package func merge(_ chunk: UnverifiedChunk) async throws -> Bool {
    if chunk.items.isEmpty {
      let isNoNews: Result<Bool, ChunkError> = try await read { snapshot in
        do { return .success(try !snapshot.isRestored() && snapshot.isNoNews(chunk)) } catch let
          error
          as ChunkError
        {
          return .failure(error)
        }
      }
      if try isNoNews.get() { return chunk.isComplete }
    }
    #if PlantedBugs
      if isPlanted(.cursorOutsideTransaction) { return try await mergeInTwo(chunk) }
    #endif
    let outcome: Result<Bool, ChunkError> = try await write { transaction in
      do { return .success(try transaction.merge(chunk, self.timings)) } catch let error
        as ChunkError
      {
        // Verification comes before the first write, so nothing needs to be rolled back.
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// The next entries of an own log that the hub has not acknowledged, signed; `nil` if none.
  package func nextBundle(of log: LogID) async throws(StoreError) -> UnverifiedBundle? {
    let bundle: UnverifiedBundle?
    if let fresh = withCache({ $0.freshBundle(of: log) }) {
      bundle = fresh
    } else {
      bundle = try await read { snapshot in
        let fed = try snapshot.ledger.fed(log)
        let first = self.withCache { $0.sent(log, fed: fed) } + 1
        return try self.ownBundle(of: log, from: first, in: snapshot)
      }
    }
    if let bundle, isPlanted(.cursorBeforeAcknowledgement) {
      withCache { $0.acknowledged[log] = bundle.last }
    }
    return bundle
  }

  /// Entries of an own log of the present generation from `first` on, signed; `nil` if there are
  /// none. Of an earlier generation nothing is left to push: what the hub lacks of it is set aside.
  func ownBundle(
    of log: LogID, from first: UInt64, in snapshot: Snapshot
  ) throws -> UnverifiedBundle? {
    let signer = signer
    guard log == signer.identity.log(log.scope), let key = try snapshot.ledger.key(of: log),
      let head = try snapshot.ledger.head(ofKey: key), first <= head.sequence
    else { return nil }
    let last = min(head.sequence, first + UInt64(Limits.bundleEntries) - 1)
    let entries = try snapshot.ledger.entries(
      ofKey: key, from: first, through: last, bytes: Limits.bundleBytes)
    let end = first + UInt64(entries.count) - 1
    guard let hash = try snapshot.ledger.hash(of: log, at: end) else {
      throw StoreError.stateUnknown("entry \(end) of \(log) is missing")
    }
    let signed = try SignedHead(
      signing: LogHead(sequence: end, hash: hash), of: log, in: snapshot.identity.realm,
      with: signer.key)
    return UnverifiedBundle(
      log: log, first: first, entries: entries, signature: signed.signature)
  }

  /// Notes what the hub acknowledged. It becomes durable when the feed brings it back; until then a
  /// restart pushes it again, which is harmless.
  package func acknowledge(_ log: LogID, through sequence: UInt64) {
    withCache {
      $0.acknowledged[log] = max($0.acknowledged[log] ?? 0, sequence)
      if let start = $0.rewound[log] { $0.rewound[log] = max(start, sequence) }
      if let fresh = $0.fresh[log], fresh.last <= sequence { $0.fresh[log] = nil }
    }
  }

  /// What the hub acknowledged and its feed has not brought back yet.
  package var acknowledgements: [LogID: UInt64] { withCache { $0.acknowledged } }

  /// Takes back acknowledgements that the hub's feed, asked for after them and read to its end, does
  /// not show: the hub was set back to a backup before anybody saw its signature on them.
  ///
  /// - Returns: the logs that must be pushed again.
  package func withdraw(
    _ acknowledgements: [LogID: UInt64]
  ) async throws(StoreError) -> [LogID] {
    if acknowledgements.isEmpty { return [] }
    let lost = try await read { snapshot in
      try acknowledgements.filter { try snapshot.ledger.fed($0.key) < $0.value }.keys.sorted()
    }
    withCache {
      for log in lost {
        $0.acknowledged[log] = nil
        $0.rewound[log] = nil
      }
    }
    return lost
  }

  /// Sets the push cursor back to what the hub says it holds, if that is part of this log.
  ///
  /// - Returns: `false` if the hub holds other entries than this replica, or more.
  package func rewind(_ log: LogID, to head: LogHead?) async throws(StoreError) -> Bool {
    let sequence = head?.sequence ?? 0
    if let head {
      let own = try await read { try $0.ledger.hash(of: log, at: head.sequence) }
      guard own == head.hash else { return false }
    }
    withCache {
      $0.acknowledged[log] = nil
      $0.rewound[log] = sequence
    }
    return true
  }

  /// Own entries that the hub has not acknowledged.
  package func unsent() async throws(StoreError) -> Unsent {
    try await read { try $0.unsent() }
  }
}

/// Own entries that the hub has not acknowledged.
package struct Unsent: Sendable {
  private let counts: [LogID: UInt64]
  /// The logs that have some, in their order: what is sent does not depend on the process.
  package let logs: [LogID]

  fileprivate init(_ counts: [LogID: UInt64]) {
    self.counts = counts
    logs = counts.keys.sorted()
  }

  package var isEmpty: Bool { logs.isEmpty }
  /// Of all logs.
  package var entries: UInt64 { counts.values.reduce(0, +) }
  /// Of one log; `nil` if none.
  package subscript(_ log: LogID) -> UInt64? { counts[log] }
}

extension Snapshot {
  /// Own entries that the hub has not acknowledged.
  package func unsent() throws -> Unsent {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql:
          "SELECT log, sequence, pushed FROM log WHERE member = ? AND generation = ? AND scope <> ?"
      ),
      arguments: [
        Int64(identity.member.rawValue), Int64(identity.generation), Int64(Scope.local.kind),
      ])
    var out: [LogID: UInt64] = [:]
    for row in rows {
      let key = try row.integer(0)
      let log = try ledger.name(of: key)
      let fed = try ledger.fed(ofKey: key)
      let sent = store.withCache { $0.sent(log, fed: fed) }
      let head = try row.unsigned(1)
      if head > sent { out[log] = head - sent }
    }
    return Unsent(out)
  }

  /// The verified end of every feed this replica follows.
  package func feedCursors() throws -> [Scope: FeedPosition] {
    var out: [Scope: FeedPosition] = [:]
    for scope in membership.followedScopes(of: identity.member) {
      out[scope] = try ledger.feedEnd(of: scope)
    }
    return out
  }

  /// Whether a chunk without items has the heads that the hub signed where the feeds were verified to
  /// before.
  ///
  /// - Throws: `ChunkError` if the heads do not verify. A position alone proves nothing, as the hub was
  ///   told it in the question.
  fileprivate func isNoNews(_ chunk: UnverifiedChunk) throws -> Bool {
    var verifier = ChunkVerifier(
      for: identity.member, holding: ledger, control: [], membership: membership)
    let stored = try feedHeads()
    return try verifier.verify(chunk).feedHeads.allSatisfy { head in
      stored.contains { $0.scope == head.scope && $0.at == head.at }
    }
  }
}

extension Transaction {
  fileprivate func merge(_ chunk: UnverifiedChunk, _ timings: Timings) throws -> Bool {
    let start = ContinuousClock.now
    var verifier = ChunkVerifier(
      for: identity.member, holding: ledger, control: replica.control, membership: membership)
    let verified = try verifier.verify(chunk)
    timings.note(.verify, since: start)
    if verified.startsAnew { try ledger.forgetFeeds() }
    for (log, fork) in verified.forks.sorted(by: { $0.key < $1.key }) {
      try setAside(log, from: fork, because: .fork)
    }
    if let control = verified.control { replica.replaceControl(with: control) }
    for item in verified.items { try take(item) }
    for head in verified.feedHeads { try ledger.setFeedHead(head) }
    replica.feedGeneration = verified.hubGeneration
    if verified.isComplete {
      try db.cachedStatement(sql: "UPDATE replica SET restored = 0 WHERE restored <> 0").execute()
    }
    return verified.isComplete
  }

  fileprivate func take(_ item: VerifiedChunk.Item) throws {
    let key = try ledger.openKey(of: item.log, in: identity.realm)
    for entry in isPlanted(.dropsLastEntry) ? item.entries.dropLast() : item.entries[...] {
      try record(entry, log: item.log, key: key)
    }
    if !item.entries.isEmpty {
      // An item without a signature is covered by a later one of the same log and chunk.
      try ledger.setHead(item.head, signature: item.signature, ofKey: key)
    }
    if !isPlanted(.cursorOutsideTransaction) {
      try ledger.appendToFeed(item.position, of: item.scope, log: key, last: item.head.sequence)
    }
    if let signature = item.signature {
      try ledger.keep(signature, under: item.head.sequence, ofKey: key)
    }
  }
}

#if PlantedBugs
  extension Store {
    /// Moves the cursors first, and takes what they stand for in a transaction of its own.
    fileprivate func mergeInTwo(_ chunk: UnverifiedChunk) async throws -> Bool {
      let verified = try await write { transaction in
        var verifier = ChunkVerifier(
          for: transaction.identity.member, holding: transaction.ledger,
          control: transaction.replica.control, membership: transaction.membership)
        let verified = try verifier.verify(chunk)
        for item in verified.items {
          try transaction.ledger.appendToFeed(
            item.position, of: item.scope,
            log: transaction.ledger.openKey(of: item.log, in: transaction.identity.realm),
            last: item.head.sequence)
        }
        return verified
      }
      return try await write { transaction in
        if let control = verified.control { transaction.replica.replaceControl(with: control) }
        for item in verified.items { try transaction.take(item) }
        for head in verified.feedHeads { try transaction.ledger.setFeedHead(head) }
        transaction.replica.feedGeneration = verified.hubGeneration
        return verified.isComplete
      }
    }
  }
#endif
