// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

/// An order to erase a record, and who confirmed that he obeyed.
package struct Erasure: Sendable {
  /// One member that reads the scope in which the record was erased.
  package struct Reader: Sendable {
    package let member: Member
    /// When it stated that it executed the order, by its own clock; `nil`: it has not yet.
    package let confirmedAt: UInt64?
  }

  package let record: RecordID
  /// The record kind's tag.
  package let kind: UInt32
  /// Who ordered it, and when by his clock; seconds since 1970.
  package let orderedBy: MemberID
  package let orderedAt: UInt64
  /// Of the hub's erase, or of the order before it is answered.
  package let role: String
  package let reason: String
  /// When and in which scope the hub erased the record; `nil`: it has not answered yet.
  package let executed: (scope: Scope, at: UInt64)?
  /// By name, this replica included.
  package let readers: [Reader]

  /// Whether everybody confirmed.
  package var isConfirmed: Bool {
    executed != nil && readers.allSatisfy { $0.confirmedAt != nil }
  }
}

extension Snapshot {
  /// Every order to erase that counts, the oldest first.
  ///
  /// - Parameter now: seconds since 1970; when this replica confirms its own part.
  package func erasures(at now: UInt64) throws -> [Erasure] {
    try erasures(of: erasedRecords(), at: now)
  }

  /// A part of the orders to erase that count, the newest first, and how many there are.
  package func latestErasures(
    _ part: ListPart, at now: UInt64
  ) throws -> (total: Int, erasures: [Erasure]) {
    let records = try erasedRecords()
    return (records.count, try erasures(of: Array(part.of(records.reversed())), at: now))
  }

  /// The orders to erase these records, in their order, as far as there are any.
  package func erasures(of records: [RecordID], at now: UInt64) throws -> [Erasure] {
    let statements = try currentStatements()
    return try records.compactMap { id in
      guard let key = try ledger.certainKey(of: id),
        let orders = ErasureOrders(id, try ledger.entries(ofRecord: key), membership)
      else { return nil }
      return try erasure(of: id, orders, statements, now)
    }
  }

  /// The records that somebody ordered to erase so that it counts, the oldest order first: of each is
  /// read only what tells that.
  private func erasedRecords() throws -> [RecordID] {
    var first: [RecordID: UInt64] = [:]
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT entry, id, body FROM entry JOIN record ON record.record = entry.record
        WHERE \(ReadingIndexes.isShort)
        """)
    while let row = try rows.next() {
      let entry = try row.integer(0)
      guard let id = try row.bytes(1).flatMap({ RecordID($0) }), let body = try row.bytes(2)
      else { throw StoreError.impossible("an entry") }
      guard let header = try? EntryBody(decoding: body), header.kind == .erase else { continue }
      let log = try ledger.name(of: EntryKey.log(entry))
      guard log.scope != .local,
        membership.inertness(of: log, EntryKey.sequence(entry), on: id) == nil
      else { continue }
      first[id] = min(first[id] ?? .max, header.recordedAt)
    }
    return first.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
  }

  private typealias Stated = [MemberID: [Scope: (position: UInt64, at: UInt64)]]

  /// What members stated about the present feeds.
  private func currentStatements() throws -> Stated {
    var out: Stated = [:]
    for stored in try statements(for: identity.member) {
      let signed = try? SignedStatement(reading: stored.statement, signature: stored.signature)
      guard let signed, signed.statement.head.hubGeneration == feedGeneration else { continue }
      out[stored.member, default: [:]][stored.scope] = (stored.position, stored.at)
    }
    return out
  }

  private func erasure(
    of id: RecordID, _ orders: ErasureOrders, _ statements: Stated, _ now: UInt64
  ) throws -> Erasure {
    let first = orders.orders[0]
    let answer = orders.answers.min { $0.log.scope < $1.log.scope }
    let told = answer ?? orders.latest
    var readers: [Erasure.Reader] = []
    for member in membership.members.values.sorted(by: { $0.name < $1.name }) {
      let seen = orders.answers.filter { membership.mayRead(member.id, $0.log.scope) }
      guard membership.mayRead(member.id, told.log.scope) || !seen.isEmpty else { continue }
      readers.append(
        Erasure.Reader(
          member: member,
          confirmedAt: try confirmation(of: member.id, seen, statements, now)))
    }
    return Erasure(
      record: id, kind: first.header.recordKind, orderedBy: first.log.member,
      orderedAt: first.header.recordedAt, role: told.values?.role ?? "",
      reason: told.values?.reason ?? "",
      executed: answer.map { ($0.log.scope, $0.header.recordedAt) }, readers: readers)
  }

  /// When a member stated that it executed all of the hub's answers that it reads.
  private func confirmation(
    of member: MemberID, _ answers: [LoggedEntry], _ statements: Stated, _ now: UInt64
  ) throws -> UInt64? {
    guard !answers.isEmpty else { return nil }
    if member == identity.member { return store.isDestructionComplete ? now : nil }
    var latest: UInt64 = 0
    for answer in answers {
      guard let position = try feedPosition(of: answer),
        let stated = statements[member]?[answer.log.scope], stated.position >= position
      else { return nil }
      latest = max(latest, stated.at)
    }
    return latest
  }

  private func feedPosition(of entry: LoggedEntry) throws -> UInt64? {
    guard let key = try ledger.key(of: entry.log) else { return nil }
    return try Row.fetchOne(
      db.cachedStatement(
        sql: "SELECT position FROM feed WHERE log = ? AND last >= ? ORDER BY last LIMIT 1"),
      arguments: [key, Int64(entry.sequence)]
    )?.unsigned(0)
  }
}
