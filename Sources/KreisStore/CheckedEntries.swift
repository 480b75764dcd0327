// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// Entries as they are read for folding and serving: each is hashed anew and compared with what the
/// chain says, so that a flipped bit is neither shown nor sent (I2).
///
/// The stored hash covers header and commitment, and starts from the previous entry's; so header,
/// values, place and previous hash are all proven by one comparison.
extension Ledger {
  /// From the columns entry, hash, body, block, commitment of the next row of a log.
  func checked(_ row: Row, continuing chain: inout LogChain) throws -> Entry {
    try checked(
      Self.entry(row, 2), row.integer(0), continuing: &chain, hash: try row.hash(1))
  }

  func checked(_ row: borrowing HotRow, continuing chain: inout LogChain) throws -> Entry {
    try checked(
      row.entry(2, isPacked: packsBlocks), row.integer(0), continuing: &chain,
      hash: try row.hash(1))
  }

  private func checked(
    _ entry: Entry, _ key: Int64, continuing chain: inout LogChain, hash: Hash256
  ) throws -> Entry {
    let sequence = EntryKey.sequence(key)
    guard sequence == chain.head.sequence + 1 else {
      throw missing(EntryKey.log(key), chain.head.sequence + 1)
    }
    guard chain.append(body: entry.body, commitment: entry.commitment) == hash else {
      throw StoreError.damaged(
        Damage(
          .entry(try name(of: EntryKey.log(key)), sequence: sequence),
          "does not hash to what its chain says"))
    }
    return entry
  }

  /// The chain that an entry continues, given the previous entry's hash as it is stored.
  func chain(before key: Int64, _ previous: Hash256?) throws -> LogChain {
    let start = try start(ofKey: EntryKey.log(key))
    let sequence = EntryKey.sequence(key)
    guard sequence > 1 else { return start }
    guard let previous else { throw missing(EntryKey.log(key), sequence - 1) }
    return start.continued(after: LogHead(sequence: sequence - 1, hash: previous))
  }

  /// All entries of a record: each as it was written, and none missing.
  func entries(ofRecord key: Int64) throws -> [LoggedEntry] {
    let record = try prepared(hasSums ? .recordWithSum : .recordWithoutSum)
    record.bind(1, key)
    guard
      let (id, sum) = try record.first({ (RecordID($0.bytes(0) ?? []), $0.mark(1)) }), let id
    else { throw StoreError.damaged(Damage(.table("record"), "has a record without a valid id")) }
    let query = try prepared(.entriesOfRecord)
    query.bind(1, key)
    var out: [LoggedEntry] = []
    var found = Mark()
    try query.each { row in
      let entry = try logged(row, of: id)
      found.toggle(entry.hash)
      out.append(entry)
      return true
    }
    // Not known before the first fold of this version.
    if var expected = sum {
      expected.toggle(unfolded[key] ?? .none)
      guard found == expected else {
        throw StoreError.damaged(Damage(.record(id), "has lost one of its entries"))
      }
    }
    return out
  }

  /// From the columns entry, hash, body, block, commitment, and the previous entry's hash.
  private func logged(_ row: borrowing HotRow, of id: RecordID) throws -> LoggedEntry {
    let key = try row.integer(0)
    let log = EntryKey.log(key)
    let sequence = EntryKey.sequence(key)
    var chain = try chain(before: key, row.isNull(5) ? nil : row.hash(5))
    let entry = try checked(row, continuing: &chain)
    let damaged = { (what: String) in
      StoreError.damaged(Damage(.entry(try self.name(of: log), sequence: sequence), what))
    }
    do {
      let header = try EntryBody(decoding: entry.body)
      guard header.record == id else { throw try damaged("is filed under another record") }
      return LoggedEntry(
        log: try name(of: log), sequence: sequence, hash: chain.head.hash, header: header,
        values: try entry.values())
    } catch let error as MalformedBytes { throw try damaged("cannot be read: \(error)") }
  }

  /// Rules out that a damaged page or index hides a record; looked at once in a transaction.
  func checkRecordIndex() throws {
    guard !isRecordIndexWhole else { return }
    let hidden = try Int64.fetchOne(
      db,
      sql: """
        SELECT record FROM record AS one NOT INDEXED WHERE NOT EXISTS
          (SELECT 1 FROM record AS same WHERE same.id = one.id AND +same.record = one.record)
        LIMIT 1
        """)
    guard hidden == nil else {
      throw StoreError.damaged(Damage(.table("record"), "has an index that lacks a row"))
    }
    let count =
      try Int64.fetchOne(
        db, sql: "SELECT count(*) FROM record NOT INDEXED WHERE seal IS NOT NULL") ?? 0
    let written = try tally(.records).count
    guard count >= written else {
      throw StoreError.damaged(
        Damage(.table("record"), "shows \(count) rows where \(written) were written"))
    }
    isRecordIndexWhole = true
  }

  /// The record's key for whoever shows it: `nil` only if there certainly is none.
  func certainKey(of id: RecordID) throws -> Int64? {
    if let key = try key(of: id) { return key }
    try checkRecordIndex()
    return nil
  }

  /// The stretch of feed that `rows` continue: a row is what the previous one, its log and the
  /// entry it names hash to.
  func checkFeed(
    _ chain: inout FeedChain, _ log: LogID, last: UInt64, stored: FeedPosition
  ) throws {
    let scope = chain.scope
    let damage = { (what: String) in
      StoreError.damaged(Damage(.feed(scope, position: stored.position), what))
    }
    guard stored.position == chain.end.position + 1 else { throw damage("follows a gap") }
    guard let hash = try hash(of: log, at: last) else {
      throw damage("names entry \(last) of the log \(log), which is not held")
    }
    guard chain.append(log, LogHead(sequence: last, hash: hash)) == stored else {
      throw damage("does not hash to what it should")
    }
  }
}

extension Entry {
  func values() throws(MalformedBytes) -> Values? {
    guard case .block(let block) = proof else { return nil }
    return try Values(block: block)
  }
}
