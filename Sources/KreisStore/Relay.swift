// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

extension Snapshot {
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
      ofKey: key, from: first, through: row.unsigned(0))
    return UnverifiedBundle(log: log, first: first, entries: entries, signature: try row.bytes(1))
  }

  /// The beginning of the hub's public log in the generation that this replica follows, with the root
  /// key's certificate: what a hub must be shown that was set back to before it. `nil` if none is held.
  package func hubsBeginning() throws -> UnverifiedBundle? {
    guard let hub = membership.hub else { return nil }
    return try bundle(
      of: LogID(member: hub, generation: feedGeneration, scope: .public), from: 1)
  }

  /// The logs to offer to a hub that gathers (`all`), or of which this replica holds more than the
  /// hub's feeds show. The hub's public ones come first, because they prove the keys of the others.
  package func relayableLogs(all: Bool) throws -> [LogID] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT log FROM log
        WHERE scope <> ? AND (
          (sequence > 0 AND (? OR (sequence > pushed AND (member, generation) <> (?, ?))))
          OR EXISTS (
            SELECT 1 FROM branch WHERE branch.log = log.log AND offered = 0
              AND signature IS NOT NULL AND reason <> 'issued'))
        """,
      arguments: [
        Int64(Scope.local.kind), all, Int64(identity.member.rawValue), Int64(identity.generation),
      ])
    func isFirst(_ log: LogID) -> Bool { log.member == membership.hub && log.scope == .public }
    return try rows.map { try ledger.name(of: $0.integer(0)) }.sorted { left, right in
      isFirst(left) == isFirst(right) ? left < right : isFirst(left)
    }
  }

  /// The next signed stretch of a log to offer. Of the own open log it is signed now.
  fileprivate func stretch(of log: LogID, from first: UInt64) throws -> UnverifiedBundle? {
    if log == identity.log(log.scope), identity.role == .town {
      return try store.ownBundle(of: log, from: first, in: self)
    }
    return try bundle(of: log, from: first)
  }

  /// The last signed stretch: what a hub answers to it says where its own head is.
  fileprivate func lastStretch(of log: LogID) throws -> UnverifiedBundle? {
    guard let key = try ledger.key(of: log), let head = try ledger.head(ofKey: key) else {
      return nil
    }
    let previous = try Row.fetchOne(
      db, sql: "SELECT coalesce(max(last), 0) FROM signature WHERE log = ? AND last < ?",
      arguments: [key, Int64(head.sequence)])
    return try stretch(of: log, from: (previous?.unsigned(0) ?? 0) + 1)
  }

  fileprivate func unoffered(_ log: LogID) throws -> [Branch] {
    guard let key = try ledger.key(of: log) else { return [] }
    return try ledger.branches(
      where: """
        branch.log = ? AND offered = 0 AND branch.signature IS NOT NULL AND reason <> 'issued'
        """, [key])
  }
}

/// What a hub answered to a bundle offered to it.
package enum RelayAnswer: Sendable {
  /// It has it now.
  case taken
  /// It holds this head of the log, `nil` for nothing; what the log cannot take it kept beside it.
  case held(SignedHead?)
  case refused(reason: String)
}

extension Store {
  /// Offers what is held of `log` to a hub that may lack it: first the last stretch, whose answer says
  /// where the hub's head is, then all after it, then what stands beside the log here.
  ///
  /// - Parameter offer: sends a bundle to the hub. What it throws ends the relay; it can be repeated.
  /// - Returns: why the hub refused; `nil` if it did not.
  package func relay(
    _ log: LogID, offer: (UnverifiedBundle) async throws -> RelayAnswer
  ) async throws -> String? {
    if let last = try await read({ try $0.lastStretch(of: log) }) {
      switch try await offer(last) {
      case .taken: break
      case .refused(let reason): return reason
      case .held(let head):
        let start = try await resume(log, after: head)
        if start <= last.last, let reason = try await relay(log, from: start, offer) {
          return reason
        }
      }
    }
    for branch in try await read({ try $0.unoffered(log) }) {
      let bundle = try await read { try $0.ledger.bundle(of: branch) }
      if case .refused(let reason) = try await offer(bundle) { return reason }
      try await write { transaction in
        try transaction.db.execute(
          sql: "UPDATE branch SET offered = 1 WHERE branch = ?", arguments: [branch.key])
      }
    }
    return nil
  }

  private func relay(
    _ log: LogID, from start: UInt64, _ offer: (UnverifiedBundle) async throws -> RelayAnswer
  ) async throws -> String? {
    var next = start
    while let bundle = try await read({ [next] in try $0.stretch(of: log, from: next) }) {
      switch try await offer(bundle) {
      case .taken: next = bundle.last + 1
      case .refused(let reason): return reason
      case .held(let head):
        // Others may relay the same log at the same time.
        next = max(try await resume(log, after: head), bundle.last + 1)
      }
    }
    return nil
  }

  /// Where to go on, given the head that the hub holds: after it, or, if it is not of this chain,
  /// from the beginning.
  private func resume(_ log: LogID, after head: SignedHead?) async throws(StoreError) -> UInt64 {
    guard let head, head.log == log else { return 1 }
    let own = try await read { try $0.ledger.hash(of: log, at: head.head.sequence) }
    return own == head.head.hash ? head.head.sequence + 1 : 1
  }
}

extension Snapshot {
  /// A stretch that stands beside a log of `member`, for its author, who issues it again.
  ///
  /// - Parameter cursor: of the last stretch got; 0 for the first.
  /// - Returns: the stretch and its cursor; `nil` if there are no more.
  package func branch(
    of member: MemberID, after cursor: Int64
  ) throws -> (bundle: UnverifiedBundle, cursor: Int64)? {
    let next = try ledger.branches(
      where: "member = ? AND branch > ? AND branch.signature IS NOT NULL AND reason <> 'issued'",
      [Int64(member.rawValue), cursor]
    ).min { $0.key < $1.key }
    return try next.map { (try ledger.bundle(of: $0), $0.key) }
  }
}
