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
    let isNoNews: Result<Bool, ChunkError> = try await read { snapshot in
      do { return .success(try snapshot.isNoNews(chunk)) } catch let error as ChunkError {
        return .failure(error)
      }
    }
    if try isNoNews.get() { return chunk.isComplete }
    let outcome: Result<Bool, ChunkError> = try await write { transaction in
      do { return .success(try transaction.merge(chunk)) } catch let error as ChunkError {
        // Verification comes before the first write, so nothing needs to be rolled back.
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// The next entries of an own log that the hub has not acknowledged, signed; `nil` if none.
  package func nextBundle(of log: LogID) async throws(StoreError) -> UnverifiedBundle? {
    let acknowledged = withCache { $0.acknowledged[log] ?? 0 }
    return try await read { snapshot in
      guard let key = try snapshot.ledger.key(of: log),
        let head = try snapshot.ledger.head(ofKey: key)
      else { return nil }
      let first = max(try snapshot.pushed(key), acknowledged) + 1
      guard first <= head.sequence else { return nil }
      let last = min(head.sequence, first + UInt64(Limits.bundleEntries) - 1)
      let entries = try snapshot.ledger.entries(
        ofKey: key, from: first, through: last, bytes: Limits.bundleBytes)
      let end = first + UInt64(entries.count) - 1
      guard let hash = try snapshot.ledger.hash(of: log, at: end) else {
        throw StoreError.stateUnknown("entry \(end) of \(log) is missing")
      }
      let signed = try SignedHead(
        signing: LogHead(sequence: end, hash: hash), of: log, in: snapshot.identity.realm,
        with: self.key)
      return UnverifiedBundle(
        log: log, first: first, entries: entries, signature: signed.signature)
    }
  }

  /// Notes what the hub acknowledged. It becomes durable when the feed brings it back; until then a
  /// restart pushes it again, which is harmless.
  package func acknowledge(_ log: LogID, through sequence: UInt64) {
    withCache { $0.acknowledged[log] = max($0.acknowledged[log] ?? 0, sequence) }
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
    try await write { transaction in
      guard let key = try transaction.ledger.key(of: log) else { return }
      try transaction.db.execute(
        sql: "UPDATE log SET pushed = ? WHERE log = ?", arguments: [Int64(sequence), key])
    }
    withCache { $0.acknowledged[log] = nil }
    return true
  }

  /// Own logs with entries that the hub has not acknowledged, and how many.
  package func unsent() async throws(StoreError) -> [LogID: UInt64] {
    try await read { try $0.unsent() }
  }
}

extension Snapshot {
  fileprivate func pushed(_ key: Int64) throws -> UInt64 {
    UInt64(
      try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT pushed FROM log WHERE log = ?"), arguments: [key]) ?? 0)
  }

  /// Own logs with entries that the hub has not acknowledged, and how many.
  package func unsent() throws -> [LogID: UInt64] {
    let acknowledged = store.withCache { $0.acknowledged }
    let rows = try Row.fetchAll(
      db, sql: "SELECT log, sequence, pushed FROM log WHERE member = ? AND scope <> ?",
      arguments: [Int64(identity.member.rawValue), Int64(Scope.local.kind)])
    var out: [LogID: UInt64] = [:]
    for row in rows {
      let log = try ledger.name(of: row[0])
      let sent = max(UInt64(row[2] as Int64), acknowledged[log] ?? 0)
      let head = UInt64(row[1] as Int64)
      if head > sent { out[log] = head - sent }
    }
    return out
  }

  /// The verified end of every feed this replica follows.
  package func feedCursors() throws -> [Scope: FeedPosition] {
    var out: [Scope: FeedPosition] = [:]
    for scope in membership.followedScopes(of: identity.member) {
      out[scope] = try ledger.feedEnd(of: scope)
    }
    return out
  }

  /// A heartbeat: no items, and heads that the hub signed where the feeds were verified to before.
  ///
  /// - Throws: `ChunkError` if there are no items, but the heads do not verify. A position alone
  ///   proves nothing, as the hub was told it in the question.
  fileprivate func isNoNews(_ chunk: UnverifiedChunk) throws -> Bool {
    guard chunk.items.isEmpty else { return false }
    var verifier = ChunkVerifier(
      for: identity.member, holding: ledger, control: [], membership: membership)
    let stored = try feedHeads()
    return try verifier.verify(chunk).feedHeads.allSatisfy { head in
      stored.contains { $0.scope == head.scope && $0.at == head.at }
    }
  }
}

extension Transaction {
  fileprivate func merge(_ chunk: UnverifiedChunk) throws -> Bool {
    var verifier = ChunkVerifier(
      for: identity.member, holding: ledger, control: control, membership: membership)
    let verified = try verifier.verify(chunk)
    learn(verified.control)
    let signatures = Dictionary(
      verified.signedHeads.map { ($0.log, $0.signature) }, uniquingKeysWith: { _, last in last })
    var heads: [LogID: LogHead] = [:]
    for item in verified.items {
      let key = try ledger.openKey(of: item.log, in: identity.realm)
      for entry in item.entries {
        try record(entry, log: item.log, key: key, values: try entry.values())
      }
      if !item.entries.isEmpty { heads[item.log] = item.head }
      try ledger.appendToFeed(
        item.position, of: item.scope, log: key, last: item.head.sequence, signature: nil)
      if item.log.member == identity.member {
        try db.cachedStatement(sql: "UPDATE log SET pushed = max(pushed, ?) WHERE log = ?")
          .execute(arguments: [Int64(item.head.sequence), key])
      }
    }
    for (log, head) in heads {
      try ledger.setHead(
        head, signature: signatures[log], ofKey: try ledger.openKey(of: log, in: identity.realm))
    }
    for head in verified.feedHeads { try ledger.setFeedHead(head) }
    return verified.isComplete
  }
}
