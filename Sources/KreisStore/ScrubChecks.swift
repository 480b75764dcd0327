// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// The checks of single rows that a scrub makes.
extension Ledger {
  /// From the columns entry, hash, body, block, commitment, the previous entry's hash, the id of
  /// the record that it is filed under, and that record's key.
  func check(_ row: Row) throws {
    let (name, sequence, _, entry) = try checkedAlone(row)
    do {
      let header = try EntryBody(decoding: entry.body)
      guard header.record?.bytes == (try row.bytes(6)) else {
        throw StoreError.damaged(
          Damage(.entry(name, sequence: sequence), "is filed under another record"))
      }
    } catch let error as MalformedBytes {
      throw StoreError.damaged(
        Damage(.entry(name, sequence: sequence), "cannot be read: \(error)"))
    }
  }
}

extension Snapshot {
  /// Folds a record anew and compares the result with what its row says.
  ///
  /// - Returns: the row, if it differs; entries whose values are missing although nothing destroyed
  ///   them.
  /// - Throws: `StoreError.damaged` if the entries cannot be read.
  func compare(_ record: SealedRecord) throws -> [Damage] {
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
    return damages
      + entries.filter {
        $0.values == nil && $0.header.hasBlock && !state.destroyed.contains($0.hash)
      }.map {
        Damage(
          .entry($0.log, sequence: $0.sequence), "has lost its values, which nothing destroyed")
      }
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
      guard try compare(sealed(record)).allSatisfy({ $0.place != place }) else { throw still }
    case .record(let id):
      guard let key = try ledger.key(of: id) else { throw still }
      guard try compare(sealed(key)).allSatisfy({ $0.place != place }) else { throw still }
    case .log(let log): if let key = try ledger.key(of: log) { try checkHead(ofKey: key) }
    case .feed, .table, .file: throw still
    }
  }
}
