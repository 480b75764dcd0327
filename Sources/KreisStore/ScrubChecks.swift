// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// The checks of single rows that a scrub makes.
extension Ledger {
  /// From the columns entry, hash, body, block, commitment, the previous entry's hash, and the id of
  /// the record that it is filed under.
  ///
  /// - Returns: its log.
  func check(_ row: Row) throws -> LogID {
    let (name, sequence, _, entry) = try checkedAlone(row)
    do {
      let header = try EntryBody(decoding: entry.body)
      guard header.record?.bytes == (try row.bytes(6)) else {
        throw StoreError.damaged(
          Damage(.entry(name, sequence: sequence), "is filed under another record"))
      }
      return name
    } catch let error as MalformedBytes {
      throw StoreError.damaged(
        Damage(.entry(name, sequence: sequence), "cannot be read: \(error)"))
    }
  }

  /// The end of a feed: where it was written, and in a town signed by the hub.
  func checkFeedHead(
    of scope: Scope, asReadBy identity: Identity, under membership: Membership
  ) throws {
    let end = try feedEnd(of: scope)
    let columns = scope.columns
    guard identity.role == .town,
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT hub_generation, position, hash, signature FROM feed_head
          WHERE scope = ? AND town = ?
          """, arguments: [columns.kind, columns.town])
    else { return }
    let head = FeedHead(
      hubGeneration: try row.unsigned32(0), scope: scope,
      at: FeedPosition(position: try row.unsigned(1), hash: try row.hash(2)),
      signature: try row.bytes(3) ?? [])
    let damaged = { (what: String) in
      StoreError.damaged(Damage(.feed(scope, position: head.at.position), what))
    }
    guard head.at == end else { throw damaged("is not where the head ends that the hub signed") }
    guard let hub = membership.hub,
      let key = membership.key(of: hub, generation: head.hubGeneration),
      head.isValid(in: realm, by: key)
    else { throw damaged("has a head that is not signed by the hub") }
  }
}

extension Snapshot {
  /// Checks entries by themselves, at most `limit` of them.
  ///
  /// - Parameter visit: told the log of each that is right.
  func checkEntries(
    _ keys: ClosedRange<Int64>, limit: Int = .max, _ visit: (LogID) -> Void = { _ in }
  ) throws -> (count: Int, last: Int64?, damages: [Damage]) {
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: """
          SELECT one.entry, one.hash, one.body, one.block, one.commitment, previous.hash, record.id
          FROM entry AS one LEFT JOIN entry AS previous ON previous.entry = one.entry - 1
          LEFT JOIN record ON record.record = one.record
          WHERE one.entry BETWEEN ? AND ? ORDER BY one.entry LIMIT ?
          """), arguments: [keys.lowerBound, keys.upperBound, limit])
    var out: (count: Int, last: Int64?, damages: [Damage]) = (0, nil, [])
    while let row = try rows.next() {
      out.count += 1
      out.last = try row.integer(0)
      do { visit(try ledger.check(row)) } catch StoreError.damaged(let damage) {
        out.damages.append(damage)
      }
    }
    return out
  }

  /// Folds a record anew and compares the result with what its row says.
  ///
  /// - Returns: its state; as damages the row, if it differs, and entries whose values are missing
  ///   although nothing destroyed them.
  /// - Throws: `StoreError.damaged` if the entries cannot be read.
  func folded(_ record: SealedRecord) throws -> (state: RecordState, damages: [Damage]) {
    let entries = try ledger.entries(ofRecord: record.key)
    let state = Fold.record(record.seal.id, entries, under: membership)
    let row = tables.row(record.key, state)
    var damages: [Damage] = []
    if row?.values != record.seal.row || state.kind ?? 0 != record.seal.kind
      || state.isDeleted != record.seal.isDeleted || state.conflicts.count != record.seal.conflicts
    {
      damages.append(
        Damage(.record(record.seal.id), "has a row that differs from what its entries make"))
    }
    for entry in entries
    where entry.values == nil && entry.header.hasBlock && !state.destroyed.contains(entry.hash) {
      damages.append(
        Damage(
          .entry(entry.log, sequence: entry.sequence),
          "has lost its values, which nothing destroyed"
        ))
    }
    return (state, damages)
  }

  /// From the columns arrival, scope, town, position, log, last, hash, and the previous hash.
  func checkFeedRow(_ row: Row) throws {
    let scope = try row.scope(1)
    let position = try row.unsigned(3)
    var before: FeedPosition?
    if position > 1 {
      guard try row.bytes(7) != nil else {
        throw StoreError.damaged(Damage(.feed(scope, position: position - 1), "is missing"))
      }
      before = FeedPosition(position: position - 1, hash: try row.hash(7))
    }
    var chain = FeedChain(
      of: scope, in: identity.realm, hubGeneration: replica.feedGeneration, after: before)
    try ledger.checkFeed(
      &chain, ledger.name(of: row.integer(4)), last: row.unsigned(5),
      stored: FeedPosition(position: position, hash: row.hash(6)))
  }

  /// The head of a log: where its entries end, and signed by its author.
  func checkHead(ofKey key: Int64) throws {
    let log = try ledger.name(of: key)
    let damaged = { (what: String) in StoreError.damaged(Damage(.log(log), what)) }
    let head = try ledger.head(ofKey: key)
    let last = try Int64.fetchOne(
      db, sql: "SELECT max(entry) FROM entry WHERE entry BETWEEN ? AND ?",
      arguments: [EntryKey.all(of: key).lowerBound, EntryKey.all(of: key).upperBound])
    guard last.map(EntryKey.sequence) ?? 0 == head?.sequence ?? 0 else {
      throw damaged("does not end where its head says")
    }
    guard log.scope != .local, let head,
      let author = membership.key(of: log.member, generation: log.generation)
    else { return }
    let signature = try Row.fetchOne(
      db, sql: "SELECT signature FROM log WHERE log = ?", arguments: [key])?.bytes(0)
    guard
      SignedHead(log: log, head: head, signature: signature ?? [])
        .isValid(in: identity.realm, by: author)
    else { throw damaged("has a head that is not signed by its author") }
  }

  /// Checks the ends of all feeds, also of those that should have rows and have none.
  ///
  /// - Returns: what is damaged. What a hub gathers is no feed yet.
  func checkFeedHeads() throws -> [Damage] {
    guard !replica.isGathering else { return [] }
    return try membership.readableScopes(of: identity.member).compactMap { scope in
      do {
        try ledger.checkFeedHead(of: scope, asReadBy: identity, under: membership)
        return nil
      } catch StoreError.damaged(let damage) { return damage }
    }
  }

  /// What stands beside the chains: evidence, or to be issued again.
  func checkBranches() throws -> [Damage] {
    try branches().compactMap { branch in
      let damaged = { (what: String) in
        Damage(.table("branch"), "has a stretch of the log \(branch.log) that \(what)")
      }
      do { _ = try ledger.entries(of: branch) } catch StoreError.damaged {
        return damaged("does not hash to its head, from entry \(branch.first) on")
      }
      // What this replica signed itself with a key that nobody announced, nobody can check.
      guard let signature = branch.signature, branch.log.member != identity.member else {
        return nil
      }
      let signed = SignedHead(log: branch.log, head: branch.head, signature: signature)
      let log = branch.log
      let keys =
        membership.keys(of: log.member, generation: log.generation)
        + (try ledger.keysAside(of: log.member, generation: log.generation))
      guard !keys.contains(where: { signed.isValid(in: identity.realm, by: $0) }) else {
        return nil
      }
      return damaged("is not signed by its author under entry \(branch.head.sequence)")
    }
  }

  /// - Throws: `StoreError.damaged` if the place is damaged now.
  func lookAgain(at place: Damage.Place) throws {
    let still = StoreError.damaged(Damage(place, "is still damaged"))
    switch place {
    case .entry(let log, let sequence):
      guard let key = try ledger.key(of: log) else { return }
      // A tail that was moved away meanwhile is no damage.
      guard sequence <= (try ledger.head(ofKey: key))?.sequence ?? 0 else { return }
      let entry = try ledger.entries(ofKey: key, from: sequence, through: sequence).first
      guard let header = try entry.map({ try EntryBody(decoding: $0.body) }),
        let id = header.record
      else { return }
      guard let record = try ledger.key(of: id) else { throw still }
      guard try folded(sealed(record)).damages.allSatisfy({ $0.place != place }) else {
        throw still
      }
    case .record(let id):
      guard let key = try ledger.key(of: id) else { throw still }
      guard try folded(sealed(key)).damages.allSatisfy({ $0.place != place }) else { throw still }
    case .log(let log): if let key = try ledger.key(of: log) { try checkHead(ofKey: key) }
    case .feed, .table, .file: throw still
    }
  }
}
