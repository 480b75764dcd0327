import Foundation
import GRDB
package import KreisCore

/// How the hub answers a push.
package enum PushOutcome: Sendable {
  /// Durable; the feed position that holds the bundle's last entry.
  case accepted(FeedHead)
  /// The bundle does not continue the log that the hub holds; `nil`: it holds nothing of it.
  case conflict(SignedHead?)
  case refused(reason: String)
}

/// What a follower asked for cannot be served.
package enum FeedRefusal: Error, Hashable, Sendable {
  /// The follower verified a feed head that this hub does not have: one of the two was restored.
  case contradiction(Scope, position: UInt64)
  case notEntitled(Scope)
}

extension Store {
  /// Makes a new hub's database with the root certificate as the first entry of its public log.
  package static func createHub(
    at path: String, identity: Identity, key: SigningKey, certificate: RootCertificate,
    at now: UInt64, random: @escaping @Sendable () -> UInt64
  ) throws(StoreError) -> Store {
    let store = try create(at: path, identity: identity, key: key, random: random)
    try store.blockingWrite { try $0.append(.root(certificate), at: now) }
    return store
  }

  /// Takes a bundle that `sender` pushed. Returns after the commit (I1).
  package func accept(
    _ bundle: UnverifiedBundle, from sender: MemberID
  ) async throws(StoreError) -> PushOutcome {
    // Judged on a snapshot first: what must be refused costs no write transaction, and hashing
    // does not hold up other writers.
    let (judged, head) = try await read { snapshot in
      (try snapshot.judge(bundle, from: sender), try snapshot.ledger.head(of: bundle.log))
    }
    if case .append = judged {
    } else {
      return try await read { try $0.outcome(of: judged, for: bundle.log) }
    }
    return try await write { transaction in
      var verdict = judged
      if try transaction.ledger.head(of: bundle.log) != head
        || transaction.membership.closing(of: bundle.log) != nil
      {
        verdict = try HubRules.judge(
          bundle, from: sender, under: transaction.membership, holding: transaction.ledger)
      }
      guard case .append(let chain, let signed) = verdict else {
        return try Snapshot(transaction.db, self, transaction.replica)
          .outcome(of: verdict, for: bundle.log)
      }
      let position = try transaction.append(chain, signed)
      return .accepted(
        try self.feedHead(of: bundle.log.scope, at: position, transaction.identity.generation))
    }
  }

  /// The hub's signature under a feed position; the latest of each scope is kept.
  ///
  /// - Parameter generation: the hub's, as the caller's view of the database has it.
  func feedHead(
    of scope: Scope, at position: FeedPosition, _ generation: UInt32
  ) throws -> FeedHead {
    let (held, signer) = withCache {
      ($0.feedHeads[scope], Signer(identity: $0.replica.identity, key: $0.key))
    }
    if let held, held.at == position || isPlanted(.staleFeedHead), held.hubGeneration == generation
    {
      return held
    }
    guard signer.identity.generation == generation else {
      throw StoreError.retryLater("the hub just opened its next generation; ask again")
    }
    let head = try FeedHead(
      signing: position, of: scope, in: signer.identity.realm, hubGeneration: generation,
      with: signer.key)
    withCache { $0.feedHeads[scope] = head }
    return head
  }

  /// The next chunk for `reader`: everything after `positions` in the scopes it may read, in the
  /// order of acceptance, up to about `bytes`.
  ///
  /// - Parameters:
  ///   - positions: what the reader has verified; a scope not named starts at its beginning.
  ///   - includeOwn: whether the reader's own bundles come whole, or as heads that it holds.
  package func feedChunk(
    for reader: MemberID, after positions: [Scope: FeedPosition], includeOwn: Bool, bytes: Int
  ) async throws(StoreError) -> FeedAnswer {
    try await read { snapshot in
      let scopes = snapshot.membership.readableScopes(of: reader)
      for scope in positions.keys where !scopes.contains(scope) {
        return .refused(.notEntitled(scope))
      }
      var ends: [Scope: FeedPosition] = [:]
      for scope in scopes {
        guard let at = positions[scope], at.position > 0 else { continue }
        guard try snapshot.ledger.feedHash(of: scope, at: at.position) == at.hash else {
          return .refused(.contradiction(scope, position: at.position))
        }
        ends[scope] = at
      }
      return .chunk(
        try snapshot.chunk(for: reader, scopes, after: ends, includeOwn: includeOwn, bytes: bytes))
    }
  }
}

/// The answer to a follower.
package enum FeedAnswer: Sendable {
  case chunk(WireFeedChunk)
  case refused(FeedRefusal)
}

extension Transaction {
  /// Appends a member's bundle to its log and to the feed of its scope.
  func append(_ chain: ChainedBundle, _ signed: SignedHead) throws -> FeedPosition {
    let key = try ledger.openKey(of: chain.log, in: identity.realm)
    for entry in chain.entries {
      try record(entry, log: chain.log, key: key, values: try entry.values())
    }
    try ledger.setHead(chain.head, signature: signed.signature, ofKey: key)
    return try appendToFeed(signed, key: key)
  }
}

extension ChainedEntry {
  func values() throws -> Values? {
    guard case .block(let block) = entry.proof else { return nil }
    return try Values(block: block)
  }
}

extension Snapshot {
  fileprivate func judge(_ bundle: UnverifiedBundle, from sender: MemberID) throws -> PushVerdict {
    try HubRules.judge(bundle, from: sender, under: membership, holding: ledger)
  }

  /// The answer to what appends nothing.
  fileprivate func outcome(of verdict: PushVerdict, for log: LogID) throws -> PushOutcome {
    switch verdict {
    case .refused(let reason): .refused(reason: reason)
    case .known(let head): .accepted(try feedHead(holding: log, head.sequence))
    case .conflict, .append: .conflict(try ledger.signedHead(of: log))
    }
  }

  /// The first feed position that holds entry `sequence` of `log`, signed.
  fileprivate func feedHead(holding log: LogID, _ sequence: UInt64) throws -> FeedHead {
    guard let key = try ledger.key(of: log),
      let row = try Row.fetchOne(
        db.cachedStatement(
          sql: """
            SELECT position, hash FROM feed WHERE log = ? AND last >= ? ORDER BY last LIMIT 1
            """), arguments: [key, Int64(sequence)])
    else { throw StoreError.stateUnknown("an accepted bundle of \(log) is in no feed") }
    let position = FeedPosition(position: UInt64(row[0] as Int64), hash: try row.hash(1))
    let signer = store.signer
    guard signer.identity.generation == identity.generation else {
      throw StoreError.retryLater("the hub just opened its next generation; ask again")
    }
    return try FeedHead(
      signing: position, of: log.scope, in: identity.realm, hubGeneration: identity.generation,
      with: signer.key)
  }

  private struct FeedRow {
    let arrival: Int64
    let scope: Scope
    let at: FeedPosition
    let key: Int64
    let log: LogID
    let last: UInt64
    let signature: [UInt8]
  }

  private struct Taken {
    let row: FeedRow
    let first: UInt64
    /// `nil`: the reader's own, which it holds.
    let entries: [Entry]?
  }

  /// More rows than the limits admit into one chunk are not read.
  private func feedRows(of scope: Scope, after position: UInt64) throws -> [FeedRow] {
    let columns = scope.columns
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: """
          SELECT arrival, position, hash, log, last, signature.signature
          FROM feed LEFT JOIN signature USING (log, last)
          WHERE scope = ? AND town = ? AND position > ? ORDER BY position LIMIT ?
          """),
      arguments: [columns.kind, columns.town, Int64(position), Limits.chunkItems + 1])
    var out: [FeedRow] = []
    while let row = try rows.next() {
      let key: Int64 = row[3]
      out.append(
        FeedRow(
          arrival: row[0], scope: scope,
          at: FeedPosition(position: UInt64(row[1] as Int64), hash: try row.hash(2)), key: key,
          log: try ledger.name(of: key), last: UInt64(row[4] as Int64),
          signature: try row.bytes(5) ?? []))
    }
    return out
  }

  fileprivate func chunk(
    for reader: MemberID, _ scopes: [Scope], after positions: [Scope: FeedPosition],
    includeOwn: Bool, bytes: Int
  ) throws -> WireFeedChunk {
    var rows: [FeedRow] = []
    for scope in scopes {
      rows += try feedRows(of: scope, after: positions[scope]?.position ?? 0)
    }
    rows.sort { $0.arrival < $1.arrival }
    var ends = positions
    var size = 0
    var taken: [Taken] = []
    for row in rows {
      guard taken.count < Limits.chunkItems, size < bytes else { break }
      if row.log.member != reader || includeOwn {
        let first = try ledger.firstEntry(ofBundleEndingAt: row.last, log: row.key)
        let entries = try ledger.entries(ofKey: row.key, from: first, through: row.last)
        size += entries.reduce(0) { $0 + $1.size }
        if size > Limits.bundleBytes, !taken.isEmpty { break }
        taken.append(Taken(row: row, first: first, entries: entries))
      } else if !isPlanted(.skipsHeldItems) {
        taken.append(Taken(row: row, first: 0, entries: nil))
      }
      ends[row.scope] = row.at
    }
    var chunk = WireFeedChunk()
    chunk.items = try wireItems(taken)
    chunk.complete = taken.count == rows.count
    for scope in scopes {
      let end =
        ends[scope]
        ?? FeedChain(of: scope, in: identity.realm, hubGeneration: identity.generation).end
      chunk.heads.append(
        WireFeedHead(try store.feedHead(of: scope, at: end, identity.generation)))
    }
    return chunk
  }

  /// One signature per log is enough: the last bundle's covers the chain before it.
  private func wireItems(_ taken: [Taken]) throws -> [WireFeedItem] {
    var lastOfLog: [Int64: Int] = [:]
    for (index, item) in taken.enumerated() where item.entries != nil {
      lastOfLog[item.row.key] = index
    }
    return try taken.enumerated().map { index, item in
      var wire = WireFeedItem()
      wire.scope = WireScopeName(item.row.scope)
      wire.position = item.row.at.position
      if let entries = item.entries {
        wire.bundle = WireBundle(
          UnverifiedBundle(
            log: item.row.log, first: item.first, entries: entries,
            signature: lastOfLog[item.row.key] == index ? item.row.signature : nil))
      } else {
        guard let hash = try ledger.hash(of: item.row.log, at: item.row.last) else {
          throw StoreError.stateUnknown("the feed names an entry that the hub does not hold")
        }
        wire.held = WireSignedHead(
          SignedHead(
            log: item.row.log, head: LogHead(sequence: item.row.last, hash: hash),
            signature: item.row.signature))
      }
      return wire
    }
  }

  /// Entries of a log from `first` on, as one signed bundle, for repair. `nil` if there are none.
  package func bundle(of log: LogID, from first: UInt64) throws -> UnverifiedBundle? {
    guard let key = try ledger.key(of: log), let head = try ledger.head(ofKey: key),
      first <= head.sequence
    else { return nil }
    // A bundle must end where a signature is: at the end of a feed item.
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(
          sql:
            "SELECT last, signature FROM signature WHERE log = ? AND last >= ? ORDER BY last LIMIT 1"
        ), arguments: [key, Int64(first)])
    else { return nil }
    let entries = try ledger.entries(
      ofKey: key, from: first, through: UInt64(row[0] as Int64))
    return UnverifiedBundle(log: log, first: first, entries: entries, signature: try row.bytes(1))
  }
}
