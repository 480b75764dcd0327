// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

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

  /// The signed head of a feed at `position`; `nil` if the feed does not reach it.
  package func feedHead(
    of scope: Scope, at position: UInt64
  ) async throws(StoreError) -> FeedHead? {
    try await read { snapshot -> FeedHead? in
      guard let hash = try snapshot.ledger.feedHash(of: scope, at: position) else { return nil }
      try snapshot.checkFeed(of: scope, at: position)
      return try self.feedHead(
        of: scope, at: FeedPosition(position: position, hash: hash), snapshot.identity.generation)
    }
  }

  /// The next chunk for `reader`: everything after `positions` in the scopes it may read, in the
  /// order of acceptance, up to about `bytes`.
  ///
  /// - Parameters:
  ///   - positions: what the reader has verified; a scope not named starts at its beginning.
  ///   - includeOwn: whether the reader's own bundles come whole, or as heads that it holds.
  ///   - headsOnly: whether all bundles come as heads: the reader holds most of them, from an earlier
  ///     generation of this hub, and fetches the others.
  ///   - continues: whether it continues an answer: what the reader was shown last still stands of the
  ///     scopes in which nothing came, so their signed heads are left out. Without items they all come.
  /// - Throws: `StoreError.retryLater` while the hub gathers or is halted.
  package func feedChunk(
    for reader: MemberID, after positions: [Scope: FeedPosition], includeOwn: Bool,
    headsOnly: Bool = false, continues: Bool = false, bytes: Int
  ) async throws(StoreError) -> FeedAnswer {
    try await read { snapshot in
      try snapshot.replica.checkServing()
      let scopes = snapshot.membership.readableScopes(of: reader)
      for scope in positions.keys where !scopes.contains(scope) {
        return .refused(.notEntitled(scope))
      }
      var ends: [Scope: FeedPosition] = [:]
      for scope in scopes {
        guard let at = positions[scope], at.position > 0 else { continue }
        guard try snapshot.ledger.feedHash(of: scope, at: at.position) == at.hash else {
          // Only a hub that is sure of its own feed may say that somebody was restored.
          try snapshot.checkFeed(of: scope, at: at.position)
          return .refused(.contradiction(scope, position: at.position))
        }
        ends[scope] = at
      }
      return .chunk(
        try snapshot.chunk(scopes, after: ends, bytes: bytes, continues: continues) { log in
          !headsOnly && (includeOwn || log.member != reader)
        })
    }
  }
}

/// The answer to a follower.
package enum FeedAnswer: Sendable {
  case chunk(WireFeedChunk)
  case refused(FeedRefusal)
}

extension Snapshot {
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
  private func feedRows(of scope: Scope, after position: FeedPosition?) throws -> [FeedRow] {
    let columns = scope.columns
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: """
          SELECT arrival, position, hash, log, last, signature.signature
          FROM feed LEFT JOIN signature USING (log, last)
          WHERE scope = ? AND town = ? AND position > ? ORDER BY position LIMIT ?
          """),
      arguments: [
        columns.kind, columns.town, Int64(position?.position ?? 0), Limits.chunkItems + 1,
      ])
    var chain = feedChain(of: scope, after: position)
    var out: [FeedRow] = []
    while let row = try rows.next() {
      let key = try row.integer(3)
      let item = FeedRow(
        arrival: try row.integer(0), scope: scope,
        at: FeedPosition(position: try row.unsigned(1), hash: try row.hash(2)), key: key,
        log: try ledger.name(of: key), last: try row.unsigned(4),
        signature: try row.bytes(5) ?? [])
      try ledger.checkFeed(&chain, item.log, last: item.last, stored: item.at)
      out.append(item)
    }
    if out.count <= Limits.chunkItems {
      let end = try ledger.feedEnd(of: scope)
      guard end ?? feedChain(of: scope).end == chain.end else {
        throw StoreError.damaged(
          Damage(.feed(scope, position: chain.end.position + 1), "is not found"))
      }
    }
    return out
  }

  private func feedChain(of scope: Scope, after position: FeedPosition? = nil) -> FeedChain {
    let isStart = position.map { $0.position == 0 } ?? true
    return FeedChain(
      of: scope, in: identity.realm, hubGeneration: identity.generation,
      after: isStart ? nil : position)
  }

  /// Proves that the feed row at `position` is what was written, as far as the row before it and
  /// its entry can tell.
  fileprivate func checkFeed(of scope: Scope, at position: UInt64) throws {
    let end = try ledger.feedEnd(of: scope)
    guard position <= end?.position ?? 0, position > 0 else { return }
    let before = try ledger.feedHash(of: scope, at: position - 1)
    let columns = scope.columns
    guard
      position == 1 || before != nil,
      let row = try Row.fetchOne(
        db,
        sql: "SELECT log, last, hash FROM feed WHERE scope = ? AND town = ? AND position = ?",
        arguments: [columns.kind, columns.town, Int64(position)])
    else {
      throw StoreError.damaged(Damage(.feed(scope, position: position), "is not found"))
    }
    var chain = feedChain(
      of: scope, after: before.map { FeedPosition(position: position - 1, hash: $0) })
    try ledger.checkFeed(
      &chain, ledger.name(of: row.integer(0)), last: try row.unsigned(1),
      stored: FeedPosition(position: position, hash: row.hash(2)))
  }

  fileprivate func chunk(
    _ scopes: [Scope], after positions: [Scope: FeedPosition], bytes: Int, continues: Bool,
    isWhole: (LogID) -> Bool
  ) throws -> WireFeedChunk {
    var rows: [FeedRow] = []
    for scope in scopes {
      do { rows += try feedRows(of: scope, after: positions[scope]) } catch StoreError.damaged(
        let damage)
      {
        store.note(damage)
      }
    }
    rows.sort { $0.arrival < $1.arrival }
    var ends = positions
    var size = 0
    var taken: [Taken] = []
    var isCut = false
    var stopped: Set<Scope> = []
    for row in rows where !stopped.contains(row.scope) {
      guard taken.count < Limits.chunkItems, size < bytes else {
        isCut = true
        break
      }
      if isWhole(row.log) {
        let first = try ledger.firstEntry(ofBundleEndingAt: row.last, log: row.key)
        let entries: [Entry]
        do {
          entries = try ledger.entries(ofKey: row.key, from: first, through: row.last)
        } catch StoreError.damaged(let damage) {
          // This feed ends before it until it is repaired; the others go on.
          store.note(damage)
          stopped.insert(row.scope)
          continue
        }
        size += entries.reduce(0) { $0 + $1.size }
        if size > Limits.bundleBytes, !taken.isEmpty {
          isCut = true
          break
        }
        taken.append(Taken(row: row, first: first, entries: entries))
      } else if !isPlanted(.skipsHeldItems) {
        taken.append(Taken(row: row, first: 0, entries: nil))
      }
      ends[row.scope] = row.at
    }
    var chunk = WireFeedChunk()
    chunk.items = try wireItems(taken)
    chunk.complete = !isCut
    let moved = Set(taken.map(\.row.scope))
    for scope in scopes where !continues || moved.isEmpty || moved.contains(scope) {
      let end =
        ends[scope]
        ?? FeedChain(of: scope, in: identity.realm, hubGeneration: identity.generation).end
      chunk.heads.append(
        WireFeedHead(try store.feedHead(of: scope, at: end, identity.generation)))
    }
    return chunk
  }

  /// The items under as many signatures as it takes: a signature covers the chain before it, but what
  /// lies between two must fit one bundle, or nobody could pass the log on.
  private func wireItems(_ taken: [Taken]) throws -> [WireFeedItem] {
    let signed = Self.signed(taken)
    return try taken.enumerated().map { index, item in
      var wire = WireFeedItem()
      wire.scope = WireScopeName(item.row.scope)
      wire.position = item.row.at.position
      if let entries = item.entries {
        wire.bundle = WireBundle(
          UnverifiedBundle(
            log: item.row.log, first: item.first, entries: entries,
            signature: signed.contains(index) ? item.row.signature : nil))
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

  /// Which items carry their signature, counted from the last of each log.
  private static func signed(_ taken: [Taken]) -> Set<Int> {
    var out: Set<Int> = []
    var open: [Int64: (entries: Int, bytes: Int)] = [:]
    for (index, item) in taken.enumerated().reversed() {
      guard let entries = item.entries else { continue }
      let bytes = entries.reduce(0) { $0 + $1.size }
      let sum = open[item.row.key].map { ($0.entries + entries.count, $0.bytes + bytes) }
      if let sum, sum.0 <= Limits.bundleEntries, sum.1 <= Limits.bundleBytes {
        open[item.row.key] = sum
      } else {
        out.insert(index)
        open[item.row.key] = (entries.count, bytes)
      }
    }
    return out
  }
}
