// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

extension Store {
  /// Repairs what needs nobody else: indexes, hashes beside entries that are right, heads, the
  /// records that entries are filed under, feeds. Entries that are damaged themselves stay.
  ///
  /// - Returns: what was done, as sentences.
  package func repairLocally(_ damages: Set<Damage>) async throws(StoreError) -> [String] {
    var done: [String] = []
    if damages.contains(where: { if case .file = $0.place { true } else { false } }) {
      done += try await write { try $0.renewIndexes() }
    }
    done += try await write { try $0.repairChains() }
    done += try await write { try $0.repairFeeds() }
    return done
  }

  /// Takes entries that the hub holds in place of damaged or missing ones.
  ///
  /// - Returns: how many were taken.
  /// - Throws: `StoreError.rejected` if they are not what stood there.
  package func repair(
    _ gap: LogGap, with bundle: UnverifiedBundle
  ) async throws(StoreError) -> Int {
    try await write { try $0.repair(gap, with: bundle) }
  }

  /// Learns anew who the members are, from entries that were repaired.
  package func reloadMembers() async throws(StoreError) {
    let control = try await read { try $0.ledger.control() }
    withCache { $0.replica.replaceControl(with: control) }
  }
}

extension Transaction {
  fileprivate func renewIndexes() throws -> [String] {
    let before = try String.fetchAll(db, sql: "PRAGMA integrity_check(10)")
    guard before != ["ok"] else { return [] }
    try db.execute(sql: "REINDEX")
    guard try String.fetchAll(db, sql: "PRAGMA integrity_check(10)") == ["ok"] else {
      throw StoreError.damaged(
        Damage(
          .file,
          "has pages that cannot be repaired in place (\(before.first ?? "")); fetch everything "
            + "again with: kreisnetz resync --from-scratch"))
    }
    return ["the indexes were made anew: \(before.first ?? "")"]
  }

  fileprivate func repairChains() throws -> [String] {
    var done: [String] = []
    for key in try Int64.fetchAll(db, sql: "SELECT log FROM log ORDER BY log") {
      let log = try ledger.name(of: key)
      let walk = try ChainWalk(ledger, key: key)
      for (sequence, hash) in walk.hashes {
        try db.execute(
          sql: "UPDATE entry SET hash = ? WHERE entry = ?",
          arguments: [hash.data, EntryKey.make(key, sequence)])
        done.append("entry \(sequence) of the log \(log): its hash was computed anew")
      }
      guard let end = walk.end else { continue }
      done += try repairHead(log, key, end)
    }
    return done + (try refile())
  }

  private func repairHead(_ log: LogID, _ key: Int64, _ end: LogHead) throws -> [String] {
    guard
      let row = try Row.fetchOne(
        db, sql: "SELECT sequence, hash, signature FROM log WHERE log = ?", arguments: [key])
    else { return [] }
    let stated = try? LogHead(sequence: row.unsigned(0), hash: row.hash(1))
    var signature = try row.bytes(2)
    var done: [String] = []
    if stated != end {
      done.append("the head of the log \(log) was set to entry \(end.sequence)")
    }
    let isOwn = log == identity.log(log.scope) && log.scope != .local && end.sequence > 0
    let signed = SignedHead(log: log, head: end, signature: signature ?? [])
    if isOwn, !isSigned(signed) {
      signature = try sign(end, of: log)
      done.append("the head of the log \(log) was signed anew")
    }
    if !done.isEmpty { try ledger.setHead(end, signature: signature, ofKey: key) }
    return done
  }

  /// Files every entry under the record that its body names.
  private func refile() throws -> [String] {
    var wrong: [(entry: Int64, id: RecordID, record: Int64)] = []
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT entry, body, entry.record, record.id FROM entry LEFT JOIN record USING (record)
        """)
    while let row = try rows.next() {
      guard let body = try row.bytes(1), let header = try? EntryBody(decoding: body),
        let id = header.record, try row.bytes(3) != id.bytes
      else { continue }
      let record: DatabaseValue = row[2]
      wrong.append((try row.integer(0), id, Int64.fromDatabaseValue(record) ?? 0))
    }
    var done: [String] = []
    for (entry, id, record) in wrong {
      let right: Int64
      if let key = try ledger.key(of: id) {
        right = key
      } else if record > 0, try isRecord(record) {
        // Its id was hit: the entries tell it.
        try db.execute(
          sql: "UPDATE record SET id = ? WHERE record = ?", arguments: [Data(id.bytes), record])
        right = record
      } else {
        right = try ledger.openKey(of: id).key
      }
      try db.execute(
        sql: "UPDATE entry SET record = ? WHERE entry = ?", arguments: [right, entry])
      done.append("an entry of the record \(id) was filed under it again")
    }
    // Set by the fold that follows.
    if !wrong.isEmpty { try db.execute(sql: "UPDATE record SET entries = NULL") }
    return done
  }

  private func isRecord(_ key: Int64) throws -> Bool {
    try Int64.fetchOne(db, sql: "SELECT record FROM record WHERE record = ?", arguments: [key])
      != nil
  }

  // MARK: - Entries

  fileprivate func repair(_ gap: LogGap, with bundle: UnverifiedBundle) throws -> Int {
    guard bundle.log == gap.log, bundle.first == gap.sequence,
      let key = try ledger.key(of: gap.log)
    else {
      throw StoreError.rejected("the hub sent other entries of \(gap.log) than were asked for")
    }
    let chain: ChainedBundle
    do throws(BundleError) {
      chain = try bundle.chained(after: gap.after, in: identity.realm)
    } catch { throw StoreError.rejected("the hub's entries of \(gap.log): \(error)") }
    let signed = SignedHead(log: gap.log, head: chain.head, signature: bundle.signature ?? [])
    let author = membership.key(of: gap.log.member, generation: gap.log.generation)
    let isSigned = author.map { signed.isValid(in: identity.realm, by: $0) } ?? false
    let held = try? ledger.hash(of: gap.log, at: chain.head.sequence)
    guard isSigned || held == chain.head.hash else {
      throw StoreError.rejected(
        "the hub's entries of \(gap.log) from \(gap.sequence) on do not continue what is held here")
    }
    let end =
      try Int64.fetchOne(
        db, sql: "SELECT sequence FROM log WHERE log = ?", arguments: [key]) ?? 0
    var taken = 0
    // What the hub holds beyond this replica's end comes with the feed.
    for entry in chain.entries where entry.sequence <= UInt64(clamping: end) {
      if try replace(entry, key) { taken += 1 }
    }
    if isSigned, chain.head.sequence == UInt64(clamping: end) {
      try ledger.setHead(chain.head, signature: signed.signature, ofKey: key)
    }
    return taken
  }

  /// - Returns: whether what stood there was not this entry, or lacked its values.
  private func replace(_ entry: ChainedEntry, _ log: Int64) throws -> Bool {
    let key = EntryKey.make(log, entry.sequence)
    let row = try Row.fetchOne(
      db, sql: "SELECT hash, body, block, commitment FROM entry WHERE entry = ?", arguments: [key])
    if let row, (try? row.hash(0)) == entry.hash, case let held = try Ledger.entry(row, 1),
      held.body == entry.entry.body, held.commitment == entry.entry.commitment
    {
      // Right as it is, unless its values are gone and the hub has them.
      guard case .destroyed = held.proof, case .block = entry.entry.proof else { return false }
    }
    try db.execute(sql: "DELETE FROM entry WHERE entry = ?", arguments: [key])
    let record = try entry.header.record.map { try ledger.openKey(of: $0).key }
    try ledger.insert(entry, log: log, record: record)
    if let record {
      // Folded anew from all its entries, whatever their sum was.
      try db.execute(sql: "UPDATE record SET entries = NULL WHERE record = ?", arguments: [record])
    }
    return true
  }

  // MARK: - Feeds

  /// At the hub hashes are computed anew where their neighbours vouch for them. A town's feed is cut
  /// off before the damage: the rest comes again.
  fileprivate func repairFeeds() throws -> [String] {
    var done: [String] = []
    for scope in membership.readableScopes(of: identity.member) {
      guard let first = try firstBadPosition(of: scope) else { continue }
      let columns = scope.columns
      guard identity.role == .town else {
        throw StoreError.damaged(
          Damage(
            .feed(scope, position: first),
            "cannot be repaired, as nobody but the hub knows it; restore a backup, or open the "
              + "hub's next generation"))
      }
      try db.execute(
        sql: "DELETE FROM feed WHERE scope = ? AND town = ? AND position >= ?",
        arguments: [columns.kind, columns.town, Int64(first)])
      try db.execute(
        sql: "DELETE FROM feed_head WHERE scope = ? AND town = ?",
        arguments: [columns.kind, columns.town])
      done.append("the feed of \(scope) was cut off before position \(first), to be read again")
    }
    try ledger.countSums()
    for scope in membership.readableScopes(of: identity.member) {
      do {
        try ledger.checkFeedHead(of: scope, asReadBy: identity, under: membership)
      } catch StoreError.damaged {
        let columns = scope.columns
        try db.execute(
          sql: "DELETE FROM feed_head WHERE scope = ? AND town = ?",
          arguments: [columns.kind, columns.town])
        done.append("the head of the feed of \(scope) was dropped, to be asked for again")
      }
    }
    return done
  }

  private func firstBadPosition(of scope: Scope) throws -> UInt64? {
    let columns = scope.columns
    var chain = FeedChain(
      of: scope, in: identity.realm, hubGeneration: replica.feedGeneration)
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT position, log, last, hash FROM feed WHERE scope = ? AND town = ? ORDER BY position
        """, arguments: [columns.kind, columns.town])
    for (index, row) in rows.enumerated() {
      let position = UInt64(index) + 1
      do {
        guard try row.unsigned(0) == position else { return position }
        let log = try ledger.name(of: row.integer(1))
        let last = try row.unsigned(2)
        guard let hash = try ledger.hash(of: log, at: last) else { return position }
        let computed = chain.append(log, LogHead(sequence: last, hash: hash))
        guard (try? row.hash(3)) == computed.hash else {
          guard try isConfirmed(chain, by: rows, at: index) else { return position }
          try db.execute(
            sql: "UPDATE feed SET hash = ? WHERE scope = ? AND town = ? AND position = ?",
            arguments: [computed.hash.data, columns.kind, columns.town, Int64(position)])
          continue
        }
      } catch StoreError.damaged { return position }
    }
    return nil
  }

  /// Whether the next row was chained on this one as it is computed.
  private func isConfirmed(_ chain: FeedChain, by rows: [Row], at index: Int) throws -> Bool {
    guard index + 1 < rows.count else { return false }
    var next = chain
    let row = rows[index + 1]
    let log = try ledger.name(of: row.integer(1))
    let last = try row.unsigned(2)
    guard let hash = try ledger.hash(of: log, at: last) else { return false }
    return next.append(log, LogHead(sequence: last, hash: hash)).hash == (try? row.hash(3))
  }
}
