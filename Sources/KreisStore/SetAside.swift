// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// A stretch of a log that stands beside the accepted chain. It has no effect on any record, but
/// destruction reaches its values (I7), and nothing of it is lost (I6).
package struct Branch: Hashable, Sendable {
  package enum Reason: String, Hashable, Sendable {
    /// Own entries that the hub never accepted, until they are issued again.
    case tail
    /// The author signed other entries at the same sequences: with the accepted head, the proof.
    case fork
    /// After the point at which the log was closed.
    case closed
    /// Issued again by its author, who is this replica: only its head is left, so that it is known
    /// when it comes again.
    case issued
  }

  /// Small, local to this database.
  let key: Int64
  package let log: LogID
  package let first: UInt64
  package let head: LogHead
  /// The author's over `head`; `nil` for own entries that were never pushed.
  package let signature: [UInt8]?
  package let reason: Reason
  /// The hash that `first` continues.
  let previous: Hash256
}

extension Ledger {
  /// The branches that fit, in the order in which they continue each other.
  func branches(where condition: String = "TRUE", _ arguments: StatementArguments = []) throws
    -> [Branch]
  {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT branch, branch.log, first, last, branch.hash, branch.signature, reason, previous
          FROM branch JOIN log USING (log) WHERE \(condition)
          ORDER BY member, generation, scope, town, first, branch
          """), arguments: arguments)
    return try rows.map { row in
      let (first, last) = (try row.unsigned(2), try row.unsigned(3))
      guard let reason = Branch.Reason(rawValue: try row.text(6)), first > 0, first <= last else {
        throw StoreError.damaged(Damage(.table("branch"), "has a row that cannot be"))
      }
      return Branch(
        key: try row.integer(0), log: try name(of: row.integer(1)), first: first,
        head: LogHead(sequence: last, hash: try row.hash(4)),
        signature: try row.bytes(5), reason: reason, previous: try row.hash(7))
    }
  }

  func branches(of log: LogID) throws -> [Branch] {
    guard let key = try key(of: log) else { return [] }
    return try branches(where: "branch.log = ?", [key])
  }

  /// The branches of a member's logs that were not issued again.
  func branches(by member: MemberID) throws -> [Branch] {
    try branches(where: "member = ? AND reason <> 'issued'", [Int64(member.rawValue)])
  }

  func branchHeads(of log: LogID) throws -> [LogHead] { try branches(of: log).map(\.head) }

  /// A branch's entries, as they travel.
  func entries(of branch: Branch) throws -> [Entry] {
    let read = try readEntries(of: branch)
    let sound = read.compactMap { $0 }
    let isWhole =
      sound.count == read.count && sound.last?.hash == branch.head.hash
      && branch.first + UInt64(read.count) == branch.head.sequence + 1
    guard isWhole || branch.reason == .issued else { throw StoreError.damaged(.aside(branch.log)) }
    return sound.map(\.entry)
  }

  /// What is held of a branch from its beginning on, with the hashes; `nil` for a damaged entry. Those
  /// after it are judged by what it should hash to.
  func readEntries(of branch: Branch) throws -> [(entry: Entry, hash: Hash256)?] {
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql:
          "SELECT hash, body, block, commitment FROM set_aside WHERE branch = ? ORDER BY sequence"
      ), arguments: [branch.key])
    var before = LogHead(sequence: branch.first - 1, hash: branch.previous)
    var out: [(entry: Entry, hash: Hash256)?] = []
    while let row = try rows.next() {
      var chain = LogChain(branch.log, in: realm, after: before)
      let hash = try row.hash(0)
      let entry = try? Self.entry(row, 1)
      let isSound = entry.map { chain.append(body: $0.body, commitment: $0.commitment) == hash }
      out.append(isSound == true ? entry.map { ($0, hash) } : nil)
      before = LogHead(sequence: before.sequence + 1, hash: hash)
    }
    return out
  }

  func certificatesAside(of generation: UInt32) throws -> [RootCertificate] {
    try certificatesAside().filter { $0.generation == generation }
  }

  /// The keys that the hub announced under a number in a history that was set aside since.
  func keysAside(of member: MemberID, generation: UInt32) throws -> [VerifyingKey] {
    try controlAside().compactMap { control in
      switch control {
      case .root(let certificate)
      where certificate.hub == member && certificate.generation == generation
        && certificate.realm == realm && certificate.isValid:
        return certificate.key
      case .memberAdded(member, _, _, _, let key) where generation == 1: return key
      case .keyAdded(member, generation, let key, _): return key
      default: return nil
      }
    }
  }

  /// The root certificates that stand beside the accepted chains.
  func certificatesAside() throws -> [RootCertificate] {
    try controlAside(through: 1).compactMap { control in
      guard case .root(let certificate) = control, certificate.isValid, certificate.realm == realm
      else { return nil }
      return certificate
    }
  }

  /// What stands beside the accepted public logs as control entries up to a sequence.
  private func controlAside(through last: Int64 = .max) throws -> [Control] {
    try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT body FROM set_aside JOIN branch USING (branch) JOIN log USING (log)
          WHERE set_aside.sequence <= ? AND record IS NULL AND scope = ?
          ORDER BY branch, set_aside.sequence
          """), arguments: [last, Int64(Scope.public.kind)]
    ).compactMap { row in
      guard let body = try row.bytes(0), let header = try? EntryBody(decoding: body),
        header.kind == .control
      else { return nil }
      return try? Control(decoding: header.control)
    }
  }

  func bundle(of branch: Branch) throws -> UnverifiedBundle {
    UnverifiedBundle(
      log: branch.log, first: branch.first, entries: try entries(of: branch),
      signature: branch.signature)
  }

  /// Makes an empty branch; `nil` if it stands there already.
  func insertBranch(
    ofKey log: Int64, first: UInt64, after previous: Hash256, head: LogHead,
    signature: [UInt8]?, size: Int, because reason: Branch.Reason
  ) throws -> Int64? {
    try db.cachedStatement(
      sql: """
        INSERT INTO branch (log, first, last, previous, hash, signature, size, reason)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
        """
    ).execute(arguments: [
      log, Int64(first), Int64(head.sequence), previous.data, head.hash.data,
      signature.map { Data($0) }, size, reason.rawValue,
    ])
    return db.changesCount > 0 ? db.lastInsertedRowID : nil
  }

  /// Empties a branch whose entries were issued again; its head stays known. So does a certificate of
  /// the hub: it proves the signatures under all that comes later of that generation.
  func close(_ branch: Branch) throws {
    let isHubs = branch.log.scope == .public && branch.first == 1
    try db.execute(
      sql: "DELETE FROM set_aside WHERE branch = ? AND NOT (? AND sequence = 1 AND record IS NULL)",
      arguments: [branch.key, isHubs])
    try db.execute(
      sql: "UPDATE branch SET reason = 'issued', size = 0 WHERE branch = ?",
      arguments: [branch.key])
  }

  /// The hash that entry `first` of a log continues.
  func hash(before first: UInt64, of log: LogID, in realm: RealmID) throws -> Hash256? {
    first == 1 ? LogChain(log, in: realm).head.hash : try hash(of: log, at: first - 1)
  }

  /// Sequences from `first` on under which the author's signature is kept.
  fileprivate func signedEnds(from first: UInt64, ofKey key: Int64) throws -> [UInt64] {
    try Row.fetchAll(
      db, sql: "SELECT last FROM signature WHERE log = ? AND last >= ? ORDER BY last",
      arguments: [key, Int64(first)]
    ).map { try $0.unsigned(0) }
  }
}

extension Transaction {
  /// Moves the entries of `log` from `first` on out of the accepted chain: one branch for each
  /// stretch that its author signed. The records are folded without them.
  func setAside(_ log: LogID, from first: UInt64, because reason: Branch.Reason) throws {
    guard let key = try ledger.key(of: log), let head = try ledger.head(ofKey: key),
      first <= head.sequence
    else { return }
    let touched = try Int64.fetchAll(
      db,
      sql: "SELECT DISTINCT record FROM entry WHERE entry BETWEEN ? AND ? AND record IS NOT NULL",
      arguments: [EntryKey.make(key, first), EntryKey.make(key, head.sequence)])
    var start = first
    for end in try ledger.signedEnds(from: first, ofKey: key) + [head.sequence] where end >= start {
      try move(log, key, start, through: end, reason)
      start = end + 1
    }
    try ledger.remove(EntryKey.make(key, first)...EntryKey.make(key, head.sequence))
    try db.execute(
      sql: "DELETE FROM signature WHERE log = ? AND last >= ?", arguments: [key, Int64(first)])
    guard let hash = try ledger.hash(before: first, of: log, in: identity.realm) else {
      throw StoreError.stateUnknown("entry \(first - 1) of \(log) is missing")
    }
    try ledger.setHead(
      LogHead(sequence: first - 1, hash: hash),
      signature: try ledger.signature(under: first - 1, ofKey: key), ofKey: key)
    for record in touched { touch(record, try ledger.id(of: record)) }
    hasAside = true
  }

  private func move(
    _ log: LogID, _ key: Int64, _ first: UInt64, through last: UInt64, _ reason: Branch.Reason
  ) throws {
    guard let previous = try ledger.hash(before: first, of: log, in: identity.realm),
      let hash = try ledger.hash(of: log, at: last)
    else { throw StoreError.stateUnknown("entry \(last) of \(log) is missing") }
    // What was issued again before would be issued again: its log has just lost it.
    try db.execute(
      sql: """
        DELETE FROM set_aside WHERE branch IN (
          SELECT branch FROM branch WHERE log = ? AND last = ? AND hash = ? AND reason = 'issued')
        """, arguments: [key, Int64(last), hash.data])
    try db.execute(
      sql: "DELETE FROM branch WHERE log = ? AND last = ? AND hash = ? AND reason = 'issued'",
      arguments: [key, Int64(last), hash.data])
    let range: StatementArguments = [EntryKey.make(key, first), EntryKey.make(key, last)]
    let rows = try Row.fetchCursor(
      db, sql: "SELECT body, block, commitment FROM entry WHERE entry BETWEEN ? AND ?",
      arguments: range)
    var size = 0
    while let row = try rows.next() { size += try Ledger.entry(row, 0).size }
    guard
      let branch = try ledger.insertBranch(
        ofKey: key, first: first, after: previous, head: LogHead(sequence: last, hash: hash),
        signature: try ledger.signature(under: last, ofKey: key), size: size,
        because: reason)
    else { return }
    try db.execute(
      sql: """
        INSERT INTO set_aside (branch, sequence, record, hash, body, block, commitment)
        SELECT ?, entry & ?, record, hash, body, block, commitment FROM entry
        WHERE entry BETWEEN ? AND ?
        """,
      arguments: [branch, 1 << EntryKey.sequenceBits - 1] + range)
  }

  /// Stores entries that continue `previous` as a branch.
  func keepAside(
    _ entries: [ChainedEntry], after previous: Hash256, _ signed: SignedHead,
    because reason: Branch.Reason
  ) throws {
    guard let first = entries.first else { return }
    let key = try ledger.openKey(of: signed.log, in: identity.realm)
    guard
      let branch = try ledger.insertBranch(
        ofKey: key, first: first.sequence, after: previous, head: signed.head,
        signature: signed.signature, size: entries.reduce(0) { $0 + $1.entry.size },
        because: reason)
    else { return }
    hasAside = true
    for entry in entries {
      let record = try entry.header.record.map { try ledger.openKey(of: $0).key }
      try ledger.insertAside(entry, branch: branch, record: record)
      if let record, let id = entry.header.record { touch(record, id) }
    }
  }

  /// Destroys the values of set-aside entries of a record that `state` says must be destroyed (I7).
  func destroyAside(_ record: Int64, _ state: RecordState) throws {
    guard try anythingAside() else { return }
    if try ledger.destroyAside(record, state, hub: membership.hub) { hasDestroyed = true }
  }

  private func anythingAside() throws -> Bool {
    if let hasAside { return hasAside }
    let found =
      try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM branch)")) ?? false
    hasAside = found
    return found
  }
}

extension Ledger {
  /// - Returns: whether anything was destroyed.
  func destroyAside(_ record: Int64, _ state: RecordState, hub: MemberID?) throws -> Bool {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT branch, sequence, set_aside.hash, body, block, log FROM set_aside
          JOIN branch USING (branch) WHERE record = ? AND block IS NOT NULL
          """), arguments: [record])
    var isAny = false
    for row in rows {
      let log = try name(of: row.integer(5))
      // One whose header cannot be read is taken for no order, so that its values do not outlast it.
      let kind = try? EntryBody(decoding: try row.bytes(3) ?? []).kind
      guard
        state.destroysAside(
          try row.hash(2), of: log, isHubsErase: kind == .erase && log.member == hub)
      else { continue }
      let block = try row.block(4, isPacked: packsBlocks) ?? []
      try db.cachedStatement(
        sql: "UPDATE set_aside SET block = NULL, commitment = ? WHERE branch = ? AND sequence = ?"
      ).execute(arguments: [Hash256(of: block).data, try row.integer(0), try row.integer(1)])
      isAny = true
    }
    return isAny
  }

  func insertAside(_ entry: ChainedEntry, branch: Int64, record: Int64?) throws {
    let (block, commitment) = entry.entry.columns
    try db.cachedStatement(
      sql: """
        INSERT INTO set_aside (branch, sequence, record, hash, body, block, commitment)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      branch, Int64(entry.sequence), record, entry.hash.data, Data(entry.entry.body), block,
      commitment,
    ])
  }
}

extension Snapshot {
  /// What stands beside the accepted chains, as evidence or until it is issued again.
  package func branches() throws -> [Branch] {
    try ledger.branches(where: "reason <> 'issued'")
  }

  /// Logs of which their author signed two histories, as sentences.
  package func forks() throws -> [String] {
    let forks = try ledger.branches(where: "reason = 'fork'")
    let logs = Dictionary(grouping: forks, by: \.log).mapValues { $0.map(\.first).min() ?? 1 }
    return logs.sorted { $0.key < $1.key }.map { log, first in
      let name = membership.members[log.member]?.name ?? log.member.description
      return "\(name) signed two histories of its log \(log.scope) from entry \(first) on, in key "
        + "generation \(log.generation): two machines had that key; both histories are kept"
    }
  }
}
