// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

extension Transaction {
  /// Destroys what this member wrote on a record in one scope so far, and supplies anew what stays.
  ///
  /// - Parameter occasion: its role and reason stay.
  /// - Returns: how many entries were written: what does not fit one entry is written anew after it.
  @discardableResult
  func restate(
    _ record: RecordID, _ restate: Forgetting.Restate, _ occasion: Occasion
  ) throws -> Int {
    var values = Values(values: [], role: occasion.role, reason: occasion.reason)
    var writes: [Write] = []
    var size = values.role.utf8.count + values.reason.utf8.count + 64
    let fitting = restate.live.prefix { item in
      size += item.value.utf8.count + 8
      return size <= Limits.block
    }.prefix(Limits.writes)
    for item in fitting {
      writes.append(
        Write(register: item.register, content: .value, origin: item.head.hash.reference))
      values.values.append(item.value)
    }
    try append(
      EntryBody(
        recordedAt: occasion.at, kind: .restate, recordKind: restate.kind, record: record,
        writes: writes), values: values, to: restate.scope)
    let rest = restate.live.dropFirst(fitting.count)
    for item in rest {
      let write = Write(
        register: item.register, content: .value, bases: [item.head.hash.reference])
      try append(
        EntryBody(
          recordedAt: item.head.recordedAt, kind: .write, recordKind: restate.kind,
          record: record, writes: [write]), values: Values(values: [item.value]),
        to: restate.scope)
    }
    return 1 + rest.count
  }

  /// Destroys a record's values. At the hub this is the end of the record on every replica; of a
  /// steward it destroys what it wrote itself at once, and is an order that the hub answers.
  ///
  /// - Parameter occasion: its role and reason stay, in the hub's answer; they must not name anybody.
  /// - Throws: `StoreError.rejected` if there is no such record, it was erased before, or only others
  ///   may erase it.
  package func erase(_ id: RecordID, _ occasion: Occasion) throws {
    guard let state = try state(of: id), let kind = state.kind else {
      throw StoreError.rejected("there is no record \(id)", .missing)
    }
    guard state.erasedIn == nil else {
      throw StoreError.rejected("\(id) was erased already", .destroyed)
    }
    let entries = try ledger.key(of: id).map { try ledger.entries(ofRecord: $0) } ?? []
    let widest = ErasureOrders.widestScopes(of: entries)
    let isShared = widest.contains { $0 != .local }
    guard !isShared || membership.mayWrite(identity.member, id) else {
      let owner = membership.keeper(of: id)?.title ?? "another member"
      throw StoreError.rejected("only \(owner) and the hub may have \(id) erased", .notKeeper)
    }
    var scopes = widest
    if identity.role == .town {
      scopes.formUnion(
        entries.filter { $0.log.member == identity.member }.map(\.log.scope))
    }
    if isShared, identity.role == .hub { scopes.remove(.local) }
    for scope in scopes.sorted() {
      try append(
        EntryBody(
          recordedAt: occasion.at, kind: .erase, recordKind: kind, record: id, writes: []),
        values: Values(values: [], role: occasion.role, reason: occasion.reason), to: scope)
    }
    try foldTouched()
  }

  /// Does what destruction asks of this member on one record: at the hub it answers a steward's order
  /// to erase; everywhere it restates what somebody's narrowing, or the period that the Kreis set,
  /// leaves no reason to keep. Doing it again does nothing.
  ///
  /// - Parameters:
  ///   - period: how long superseded values are kept, in seconds; `nil`: not looked at.
  ///   - now: seconds since 1970.
  /// - Returns: how many entries were written.
  @discardableResult
  package func doDuties(on id: RecordID, period: UInt64?, at now: UInt64) throws -> Int {
    guard let key = try ledger.key(of: id) else { return 0 }
    let entries = try ledger.entries(ofRecord: key)
    let duties = RecordDuties(
      id, entries, identity, membership, retention: period.map { (period: $0, now: now) })
    var written = 0
    if let answer = duties.answer {
      for scope in answer.scopes {
        try append(
          EntryBody(
            recordedAt: now, kind: .erase, recordKind: answer.kind, record: id, writes: []),
          values: Values(values: [], role: answer.role, reason: answer.reason), to: scope)
        written += 1
      }
    } else {
      for restate in duties.restates {
        written += try self.restate(id, restate, Occasion(at: now))
      }
    }
    try foldTouched()
    return written
  }
}

/// What a record's entries ask of one member.
struct RecordDuties {
  /// The hub's answer to a steward's order.
  struct Answer {
    let scopes: [Scope]
    let kind: UInt32
    let role: String
    let reason: String
  }

  var answer: Answer?
  var restates: [Forgetting.Restate] = []

  var isEmpty: Bool { answer == nil && restates.isEmpty }

  /// Whether somebody ordered a destruction: without it nothing but the Kreis's period asks for one.
  static func mayArise(from entries: [LoggedEntry]) -> Bool {
    entries.contains { $0.header.kind == .restate || $0.header.kind == .erase }
  }

  init(
    _ id: RecordID, _ entries: [LoggedEntry], _ identity: Identity, _ membership: Membership,
    retention: (period: UInt64, now: UInt64)?
  ) {
    let state = Fold.record(id, entries, under: membership)
    if identity.role == .hub, let orders = ErasureOrders(id, entries, membership),
      !orders.unanswered.isEmpty
    {
      let order = orders.latest
      answer = Answer(
        scopes: orders.unanswered, kind: order.header.recordKind, role: order.values?.role ?? "",
        reason: order.values?.reason ?? "")
      return
    }
    restates = Forgetting(of: identity.member, in: entries, state, retention: retention).restates
      .filter { isOpen($0.scope, identity, membership) }
  }

  /// A closed log takes nothing any more; what it asks for is done in the next key generation.
  private func isOpen(_ scope: Scope, _ identity: Identity, _ membership: Membership) -> Bool {
    membership.closing(of: identity.log(scope)) == nil
      && (scope == .local || membership.mayHold(identity.log(scope)))
  }
}

/// The orders to erase a record that count: those of its stewards and the hub.
struct ErasureOrders {
  /// In the order of their time; never empty.
  let orders: [LoggedEntry]
  /// The hub's own, which every replica obeys; empty before it answered.
  let answers: [LoggedEntry]
  /// Where the hub has not erased although it should.
  let unanswered: [Scope]

  /// `nil` if nobody ordered anything.
  init?(_ id: RecordID, _ entries: [LoggedEntry], _ membership: Membership) {
    orders = entries.filter { entry in
      entry.header.kind == .erase && entry.log.scope != .local
        && membership.inertness(of: entry.log, entry.sequence, on: id) == nil
    }.sorted { ($0.header.recordedAt, $0.hash) < ($1.header.recordedAt, $1.hash) }
    guard !orders.isEmpty else { return nil }
    answers = orders.filter { $0.log.member == membership.hub }
    let answered = answers
    // A record may come to stand in a wider scope later, when somebody who was away pushes.
    unanswered = Self.widestScopes(of: entries).filter { scope in
      scope != .local && !answered.contains { $0.log.scope == scope }
        && !answered.contains { $0.log.scope.kind < scope.kind }
    }.sorted()
  }

  /// The one with a role and a reason that can still be read, else the last.
  var latest: LoggedEntry { orders.last { $0.values != nil } ?? orders[orders.count - 1] }

  /// The widest scope of the record; several where it stands in the coordination of several towns
  /// and in nothing wider. An `erase` does not count: it may stand wider than what it is about.
  static func widestScopes(of entries: [LoggedEntry]) -> Set<Scope> {
    let scopes = Set(entries.filter { $0.header.kind != .erase }.map(\.log.scope))
    guard let widest = scopes.map(\.kind).min() else { return [] }
    return scopes.filter { $0.kind == widest }
  }
}

extension Snapshot {
  /// Whether destruction asks something of this member on a record; see `Transaction.doDuties`.
  package func hasDuties(
    on id: RecordID, period: UInt64?, at now: UInt64
  ) throws -> Bool {
    guard let key = try ledger.key(of: id) else { return false }
    return try hasDuties(key, id, period, now)
  }

  private func hasDuties(
    _ key: Int64, _ id: RecordID, _ period: UInt64?, _ now: UInt64
  ) throws -> Bool {
    !RecordDuties(
      id, try ledger.entries(ofRecord: key), identity, membership,
      retention: period.map { (period: $0, now: now) }
    ).isEmpty
  }

  /// Looks at the next records in the order of their keys here.
  ///
  /// - Parameter after: where the last call stopped; 0 to begin.
  /// - Returns: records of which destruction asks something, and where to go on; `nil` at the end.
  package func duties(
    after key: Int64, count: Int = 500, period: UInt64?, at now: UInt64
  ) throws -> (records: [RecordID], next: Int64?) {
    // The hub answers others; a town can only destroy what it wrote itself.
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT record, id FROM record WHERE record > ? AND (? OR EXISTS (
            SELECT 1 FROM entry JOIN log ON log.log = entry.entry >> 40
            WHERE entry.record = record.record AND log.member = ?))
          ORDER BY record LIMIT ?
          """),
      arguments: [key, identity.role == .hub, Int64(identity.member.rawValue), count])
    var found: [RecordID] = []
    for row in rows {
      guard let id = try row.bytes(1).flatMap({ RecordID($0) }) else { continue }
      // One that is damaged waits for its repair.
      let isDue = (try? hasDuties(try row.integer(0), id, period, now)) ?? false
      if isDue { found.append(id) }
    }
    return (found, rows.count < count ? nil : try rows.last?.integer(0))
  }

  /// Whether this replica may act by itself: it knows all that it may know, and may write.
  package func mayActAlone() throws -> Bool {
    guard replica.halted == nil, !replica.isGathering, membership.members[identity.member] != nil
    else { return false }
    return try !isRestored() && recovery() == .none
  }
}
